//! The roster key of one epoch: reads and writes the log, and yields what the relay asks for.

use std::fmt;

use minicbor::{Decode, Encode};

use super::RosterError;
use super::entry::MAX_ENTRY;
use super::kind::SealingPublic;
use crate::base::digest::sha256_parts;
use crate::base::seal::{self, SealingKey};
use crate::base::{Digest, OrganisationId, Random, Secret, aead, codec, hkdf};

/// First byte of the AEAD part of a sealed entry or attestation.
const VERSION: u8 = 3;
/// Bytes before it: the epoch, big endian, in clear. The relay sees rotations anyhow, and readers must know the key.
const PREFIX: usize = 8;
/// Plaintext sizes, so that the relay cannot tell an approval from a tick. The last is [`MAX_ENTRY`] and its length.
const BUCKETS: [usize; 4] = [1024, 4 * 1024, 16 * 1024, MAX_ENTRY + 4];
const SEAL_INFO: &str = "roster key";

/// 32 random bytes and the epoch they belong to.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RosterKey {
    #[n(0)]
    epoch: u64,
    #[n(1)]
    secret: Secret<32>,
}

/// What is sealed under a roster key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedAs {
    /// An entry of the log.
    Entry,
    /// The newest attestation.
    Attestation,
}

impl SealedAs {
    const fn label(self) -> &'static str {
        match self {
            Self::Entry => "roster entry",
            Self::Attestation => "roster attestation",
        }
    }
}

impl RosterKey {
    /// Draws the key of an epoch.
    #[must_use]
    pub fn random(epoch: u64, source: &dyn Random) -> Self {
        Self {
            epoch,
            secret: Secret::random(source),
        }
    }
    /// The epoch.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }
    fn derive(&self, label: &str) -> Secret<32> {
        hkdf(self.secret.expose(), &self.epoch.to_be_bytes(), label)
    }
    /// What the rotation entry says about the key without giving it away.
    #[must_use]
    pub fn commitment(&self) -> Digest {
        sha256_parts(&[
            b"sotto/roster key commitment\0",
            self.derive("roster key commitment").expose(),
        ])
    }
    /// The relay's submit bearer of this epoch, the same on every device.
    #[must_use]
    pub fn submit_bearer(&self) -> Secret<32> {
        self.derive("submit bearer")
    }
    /// Key under which key packages are sealed in this epoch.
    #[must_use]
    pub fn key_package_key(&self) -> Secret<32> {
        self.derive("key package")
    }

    fn aad(&self, organisation: &OrganisationId) -> Vec<u8> {
        [
            organisation.as_bytes().as_slice(),
            &self.epoch.to_be_bytes(),
        ]
        .concat()
    }
    /// Seals an encoded entry or attestation, padded to 1, 4, 16 or 64 KiB.
    ///
    /// # Errors
    /// [`RosterError::Oversize`], [`RosterError::Crypto`].
    pub fn seal(
        &self,
        what: SealedAs,
        organisation: &OrganisationId,
        plain: &[u8],
        random: &dyn Random,
    ) -> Result<Vec<u8>, RosterError> {
        let needed = plain.len() + 4;
        let bucket = *BUCKETS
            .iter()
            .find(|size| **size >= needed)
            .ok_or(RosterError::Oversize)?;
        let length = u32::try_from(plain.len()).map_err(|_| RosterError::Oversize)?;
        let mut padded = Vec::with_capacity(bucket);
        padded.extend_from_slice(&length.to_be_bytes());
        padded.extend_from_slice(plain);
        padded.resize(bucket, 0);
        let sealed = aead::seal(
            &self.secret,
            VERSION,
            what.label(),
            &self.aad(organisation),
            &padded,
            random,
        )?;
        Ok([self.epoch.to_be_bytes().as_slice(), &sealed].concat())
    }
    /// Opens what [`RosterKey::seal`] made with the same key.
    ///
    /// # Errors
    /// [`RosterError::Crypto`] where it does not authenticate or its padding is wrong.
    pub fn open(
        &self,
        what: SealedAs,
        organisation: &OrganisationId,
        sealed: &[u8],
    ) -> Result<Vec<u8>, RosterError> {
        let malformed = RosterError::Crypto(crate::base::CryptoError::Malformed);
        let (epoch, body) = split(sealed).ok_or(malformed)?;
        if epoch != self.epoch {
            return Err(RosterError::NoKey { epoch });
        }
        let mut plain = aead::open(
            &self.secret,
            VERSION,
            what.label(),
            &self.aad(organisation),
            body,
        )?;
        let (length, rest) = plain.split_first_chunk::<4>().ok_or(malformed)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| malformed)?;
        let proper = BUCKETS.contains(&plain.len())
            && length <= rest.len()
            && rest[length..].iter().all(|b| *b == 0);
        if !proper {
            return Err(malformed);
        }
        plain.drain(..4);
        plain.truncate(length);
        Ok(plain)
    }
    /// Seals the previous epoch's key under this one.
    pub(super) fn wrap(
        &self,
        organisation: &OrganisationId,
        previous: &Self,
        random: &dyn Random,
    ) -> Result<Vec<u8>, RosterError> {
        let plain = previous.secret.expose();
        Ok(aead::seal(
            &self.secret,
            VERSION,
            "previous roster key",
            &self.aad(organisation),
            plain,
            random,
        )?)
    }
    /// Opens the previous epoch's key; `None` where it does not open, or this is the first epoch.
    pub(super) fn unwrap_previous(
        &self,
        organisation: &OrganisationId,
        wrapped: &[u8],
    ) -> Option<Self> {
        let plain = aead::open(
            &self.secret,
            VERSION,
            "previous roster key",
            &self.aad(organisation),
            wrapped,
        )
        .ok()?;
        Some(Self {
            epoch: self.epoch.checked_sub(1)?,
            secret: Secret::from_slice(&plain)?,
        })
    }
}

impl fmt::Debug for RosterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RosterKey")
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

/// The epoch a sealed entry claims, and the rest.
pub(crate) fn split(sealed: &[u8]) -> Option<(u64, &[u8])> {
    let (epoch, body) = sealed.split_first_chunk::<PREFIX>()?;
    Some((u64::from_be_bytes(*epoch), body))
}

/// What a device, or an invitation, gets sealed to it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct KeyGift {
    /// The key of the current epoch; it opens the earlier ones.
    #[n(0)]
    pub key: RosterKey,
    /// The relay's administration capability, for devices that may rotate.
    #[n(1)]
    pub admin_capability: Option<Secret<32>>,
}

/// The gift as it is sealed. One length for all: whoever stores seals must not see by their size who administers.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Wrapped {
    #[n(0)]
    key: RosterKey,
    #[n(1)]
    administers: bool,
    /// Zeros where there is none.
    #[n(2)]
    capability: Secret<32>,
}

impl KeyGift {
    /// Seals to a device's or an invitation's sealing key.
    ///
    /// # Errors
    /// [`RosterError::Crypto`].
    pub fn seal(&self, to: &SealingPublic) -> Result<Vec<u8>, RosterError> {
        let wrapped = Wrapped {
            key: self.key.clone(),
            administers: self.admin_capability.is_some(),
            capability: self
                .admin_capability
                .clone()
                .unwrap_or_else(|| Secret::new([0; 32])),
        };
        Ok(seal::seal(
            to.as_bytes(),
            SEAL_INFO,
            &codec::encode(&wrapped),
        )?)
    }
    /// Opens what was sealed to this key. The key counts only if its commitment stands in the log.
    ///
    /// # Errors
    /// [`RosterError::Crypto`], [`RosterError::Codec`].
    pub fn open(key: &SealingKey, sealed: &[u8]) -> Result<Self, RosterError> {
        let wrapped: Wrapped = codec::decode(&key.open(SEAL_INFO, sealed)?)?;
        Ok(Self {
            key: wrapped.key,
            admin_capability: wrapped.administers.then_some(wrapped.capability),
        })
    }
}
