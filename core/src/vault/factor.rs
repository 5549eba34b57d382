//! What a key record may ask for, and who can bring it.

use minicbor::{Decode, Encode};

use super::passphrase::Stretch;
use super::{VaultError, error};
use crate::base::{Random, Secret, random};

/// Names one record's place in a keyring: 16 random bytes, new with every wrapping.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct SlotId(#[cbor(with = "minicbor::bytes")] [u8; 16]);

impl SlotId {
    /// Draws a new one.
    #[must_use]
    pub fn random(source: &dyn Random) -> Self {
        Self(random::array(source))
    }
    /// The raw bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl std::fmt::Debug for SlotId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SlotId(..)")
    }
}

/// The set of factors that a record asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Factors(#[n(0)] u8);

impl Factors {
    /// None: of a folder whose record is gone or cannot be read.
    pub const NONE: Self = Self(0);
    /// A random secret kept outside the store: the operating system's keyring, hardware, memory.
    pub const KEPT: Self = Self(1);
    /// A PIN or passphrase, stretched by Argon2id.
    pub const PASSPHRASE: Self = Self(2);
    /// A share kept by the relay, which forgets it when the device is revoked: an older image of the disk and the
    /// passphrase then open nothing.
    pub const UNLOCK_SHARE: Self = Self(4);

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    /// Whether all of `other` is in this set.
    #[must_use]
    pub const fn contain(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
    pub(super) const fn bits(self) -> u8 {
        self.0
    }
}

/// What a record asks of a [`KeyVault`] when it is opened.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Where a kept secret lies.
    pub slot: &'a SlotId,
    /// What the record needs; a vault stays quiet about the rest.
    pub factors: Factors,
    /// How the passphrase is stretched, where one is needed.
    pub stretch: Option<&'a Stretch>,
}

/// What a [`KeyVault`] brought.
#[derive(Debug, Default)]
pub struct Part {
    kept: Option<Secret<32>>,
    stretched: Option<(Secret<32>, Stretch)>,
    share: Option<Secret<32>>,
}

impl Part {
    /// Nothing.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            kept: None,
            stretched: None,
            share: None,
        }
    }
    /// A secret kept outside the store.
    #[must_use]
    pub const fn from_kept(secret: Secret<32>) -> Self {
        Self {
            kept: Some(secret),
            stretched: None,
            share: None,
        }
    }
    /// A stretched passphrase, and how it was stretched.
    #[must_use]
    pub const fn from_stretched(secret: Secret<32>, how: Stretch) -> Self {
        Self {
            kept: None,
            stretched: Some((secret, how)),
            share: None,
        }
    }
    /// The relay's share.
    #[must_use]
    pub const fn from_share(share: Secret<32>) -> Self {
        Self {
            kept: None,
            stretched: None,
            share: Some(share),
        }
    }
    /// Both parts together; where both brought the same factor, the first one counts.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            kept: self.kept.or(other.kept),
            stretched: self.stretched.or(other.stretched),
            share: self.share.or(other.share),
        }
    }
    pub(super) const fn kept(&self) -> Option<&Secret<32>> {
        self.kept.as_ref()
    }
    pub(super) const fn share(&self) -> Option<&Secret<32>> {
        self.share.as_ref()
    }
    pub(super) fn stretched(&self) -> Option<&Secret<32>> {
        self.stretched.as_ref().map(|(secret, _)| secret)
    }
    pub(super) fn stretch(&self) -> Option<&Stretch> {
        self.stretched.as_ref().map(|(_, how)| how)
    }
    pub(super) const fn factors(&self) -> Factors {
        let kept = if self.kept.is_some() {
            Factors::KEPT.0
        } else {
            0
        };
        let stretched = if self.stretched.is_some() {
            Factors::PASSPHRASE.0
        } else {
            0
        };
        let share = if self.share.is_some() {
            Factors::UNLOCK_SHARE.0
        } else {
            0
        };
        Factors(kept | stretched | share)
    }
    /// Refuses a part that lacks something the record asks for.
    pub(super) fn covers(&self, needed: Factors) -> Result<(), error::VaultError> {
        let brought = self.factors();
        if needed.contain(Factors::KEPT) && !brought.contain(Factors::KEPT) {
            return Err(VaultError::MissingFactor("keyring"));
        }
        if needed.contain(Factors::PASSPHRASE) && !brought.contain(Factors::PASSPHRASE) {
            return Err(VaultError::MissingFactor("passphrase"));
        }
        if needed.contain(Factors::UNLOCK_SHARE) && !brought.contain(Factors::UNLOCK_SHARE) {
            return Err(VaultError::MissingFactor("unlock share"));
        }
        if brought.contain(needed) {
            Ok(())
        } else {
            Err(VaultError::MissingFactor("of a newer release"))
        }
    }
}

/// Someone who can bring a factor: a keyring, a person with a passphrase, a chip.
pub trait KeyVault: Send + Sync {
    /// Makes this vault's part for a record that is about to be written. What must outlive the process (an entry in a
    /// keyring) is in place when this returns.
    ///
    /// # Errors
    /// [`VaultError`]; then nothing was kept.
    fn establish(&self, slot: &SlotId, random: &dyn Random) -> Result<Part, VaultError>;

    /// Brings this vault's part for an existing record: at most what it asks for, [`Part::none`] where that is nothing
    /// of this vault's.
    ///
    /// # Errors
    /// [`VaultError`]: the keyring is locked, has no entry, does not answer; the cost is out of bounds.
    fn recall(&self, ask: &Ask<'_>) -> Result<Part, VaultError>;

    /// Forgets what [`KeyVault::establish`] kept under this slot. An absent entry is no error.
    ///
    /// # Errors
    /// [`VaultError`]: the keyring is locked or does not answer.
    fn forget(&self, slot: &SlotId) -> Result<(), VaultError>;
}
