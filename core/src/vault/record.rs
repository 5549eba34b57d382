//! The file `vault.cbor`: what the database key is wrapped under, and the wrapped key.

use std::path::Path;

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use super::error::while_doing;
use super::passphrase::Stretch;
use super::{Factors, SlotId, VaultError, file};
use crate::base::{Digest, codec, sha256};

/// Name of the record's file.
pub(crate) const RECORD: &str = "vault.cbor";
const VERSION: u16 = 1;
/// A record has some 250 bytes; anything far beyond is not one.
const LIMIT: u64 = 4096;

/// The outermost layer, which no version may change: so that damage and a newer release are told apart.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Outer {
    #[n(0)]
    version: u16,
    #[n(1)]
    body: ByteVec,
    #[n(2)]
    digest: Digest,
}

/// Version 1 of a record.
#[derive(Debug, Encode, Decode)]
#[cbor(map)]
pub(super) struct Record {
    /// Where a kept secret lies; salt of the key-encryption key.
    #[n(0)]
    pub(super) slot: SlotId,
    /// What must be brought.
    #[n(1)]
    pub(super) factors: Factors,
    /// How the passphrase is stretched.
    #[n(2)]
    pub(super) stretch: Option<Stretch>,
    /// Tells a wrong kept secret from a wrong passphrase; a one-way value of 32 random bytes.
    #[n(3)]
    pub(super) kept_check: Option<Digest>,
    /// The database key, sealed.
    #[n(4)]
    pub(super) wrapped: ByteVec,
    /// Tells a wrong unlock share from a wrong passphrase; a one-way value of 32 random bytes.
    #[n(5)]
    pub(super) share_check: Option<Digest>,
}

impl Record {
    pub(super) fn read(dir: &Path) -> Result<Self, VaultError> {
        match Self::read_once(dir) {
            // One that was replaced under the reader's hands has been overwritten; the new one is in place.
            Err(VaultError::Damaged) => Self::read_once(dir),
            other => other,
        }
    }

    fn read_once(dir: &Path) -> Result<Self, VaultError> {
        let bytes = file::read(&dir.join(RECORD), LIMIT)
            .map_err(while_doing("reading the key record"))?
            .ok_or(VaultError::NotFound)?;
        let outer: Outer = codec::decode(&bytes).map_err(|_| VaultError::Damaged)?;
        if sha256(&outer.body) != outer.digest || outer.version < VERSION {
            return Err(VaultError::Damaged);
        }
        if outer.version > VERSION {
            return Err(VaultError::NewerVersion {
                found: outer.version,
                known: VERSION,
            });
        }
        codec::decode(&outer.body).map_err(|_| VaultError::Damaged)
    }

    pub(super) fn write(&self, dir: &Path) -> Result<(), VaultError> {
        let body = codec::encode(self);
        let digest = sha256(&body);
        let outer = codec::encode(&Outer {
            version: VERSION,
            body: body.into(),
            digest,
        });
        let before = before(dir);
        file::replace(dir, RECORD, &outer).map_err(while_doing("writing the key record"))?;
        if let Some((mut file, length)) = before {
            // The new record is in place; of the one before, which asked for less, this is what can be done.
            let _ = file::zeros(&mut file, length);
        }
        Ok(())
    }
}

/// The record in place, open so that its bytes can be reached once it has lost its name. Elsewhere than on Unix an open
/// file could not be replaced.
fn before(dir: &Path) -> Option<(std::fs::File, u64)> {
    let path = dir.join(RECORD);
    if !cfg!(unix) || !std::fs::symlink_metadata(&path).ok()?.is_file() {
        return None;
    }
    let file = std::fs::OpenOptions::new().write(true).open(path).ok()?;
    let length = file.metadata().ok()?.len();
    Some((file, length))
}
