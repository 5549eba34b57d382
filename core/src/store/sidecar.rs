//! The file `store.check`: tells a wrong key from a damaged database, which SQLCipher answers alike.
//!
//! It holds a one-way value of the key (HKDF of 32 random bytes), no key. A store without it still opens.

use std::path::Path;

use minicbor::{Decode, Encode};

use super::StoreError;
use crate::base::{Digest, codec};
use crate::vault::{DatabaseKey, file};

pub(super) const SIDECAR: &str = "store.check";
const VERSION: u16 = 1;
const LIMIT: u64 = 256;

#[derive(Encode, Decode)]
#[cbor(array)]
struct Sidecar {
    #[n(0)]
    version: u16,
    #[n(1)]
    check: Digest,
}

/// What the sidecar says about a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Right,
    Wrong,
    /// There is no sidecar.
    Absent,
    /// There is one that says nothing this release understands.
    Unreadable,
}

pub(super) fn judge(dir: &Path, key: &DatabaseKey) -> Result<Verdict, StoreError> {
    let bytes =
        file::read(&dir.join(SIDECAR), LIMIT).map_err(StoreError::io("reading the key check"))?;
    Ok(match bytes.map(|bytes| codec::decode::<Sidecar>(&bytes)) {
        None => Verdict::Absent,
        Some(Ok(sidecar)) if sidecar.version == VERSION => {
            if sidecar.check == key.check() {
                Verdict::Right
            } else {
                Verdict::Wrong
            }
        }
        Some(_) => Verdict::Unreadable,
    })
}

pub(super) fn write(dir: &Path, key: &DatabaseKey) -> Result<(), StoreError> {
    let bytes = codec::encode(&Sidecar {
        version: VERSION,
        check: key.check(),
    });
    file::replace(dir, SIDECAR, &bytes).map_err(StoreError::io("writing the key check"))
}
