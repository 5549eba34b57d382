//! A PIN or passphrase as a factor, stretched by Argon2id (RFC 9106).

use argon2::{Algorithm, Argon2, Block, Params, Version};
use minicbor::{Decode, Encode};
use zeroize::{Zeroize, Zeroizing};

use super::{Ask, Factors, KeyVault, Part, SlotId, VaultError};
use crate::base::{Random, Secret, random};

/// What a person types. Erased on drop, redacted in Debug; taken byte for byte as UTF-8.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Takes the text over.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// What one guess costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Argon2Cost {
    #[n(0)]
    memory_kib: u32,
    #[n(1)]
    passes: u32,
    #[n(2)]
    lanes: u32,
}

impl Argon2Cost {
    /// 64 MiB, three passes, one lane: the second recommendation of RFC 9106 §4, with the lanes a phone can spare.
    pub const STANDARD: Self = Self {
        memory_kib: 64 * 1024,
        passes: 3,
        lanes: 1,
    };
    /// The most this release computes: a record is foreign input and must not exhaust the machine.
    const MOST: Self = Self {
        memory_kib: 1024 * 1024,
        passes: 16,
        lanes: 4,
    };

    /// A cost by its three parameters: memory in KiB, passes, lanes.
    ///
    /// # Errors
    /// [`VaultError::CostOutOfBounds`] above 1 GiB, 16 passes or 4 lanes, or below what RFC 9106 allows.
    pub const fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, VaultError> {
        let cost = Self {
            memory_kib,
            passes,
            lanes,
        };
        if cost.is_in_bounds() {
            Ok(cost)
        } else {
            Err(VaultError::CostOutOfBounds)
        }
    }
    const fn is_in_bounds(&self) -> bool {
        let most = Self::MOST;
        self.lanes >= 1
            && self.lanes <= most.lanes
            && self.passes >= 1
            && self.passes <= most.passes
            && self.memory_kib >= 8 * self.lanes
            && self.memory_kib <= most.memory_kib
    }
}

/// How a record's passphrase is stretched: cost and salt.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Stretch {
    #[n(0)]
    cost: Argon2Cost,
    #[cbor(n(1), with = "minicbor::bytes")]
    salt: [u8; 16],
}

impl Stretch {
    /// A cost with a fresh salt.
    #[must_use]
    pub fn new(cost: Argon2Cost, source: &dyn Random) -> Self {
        Self {
            cost,
            salt: random::array(source),
        }
    }
    /// 32 bytes from a passphrase.
    ///
    /// # Errors
    /// [`VaultError::EmptyPassphrase`], [`VaultError::CostOutOfBounds`].
    pub fn apply(&self, passphrase: &Passphrase) -> Result<Secret<32>, VaultError> {
        if passphrase.0.is_empty() {
            return Err(VaultError::EmptyPassphrase);
        }
        let Argon2Cost {
            memory_kib,
            passes,
            lanes,
        } = self.cost;
        if !self.cost.is_in_bounds() {
            return Err(VaultError::CostOutOfBounds);
        }
        let params = Params::new(memory_kib, passes, lanes, Some(32))
            .map_err(|_| VaultError::CostOutOfBounds)?;
        // The working memory is ours, so that it can be erased: whoever holds it needs no passphrase.
        let mut memory = vec![Block::new(); params.block_count()];
        let mut out = [0u8; 32];
        let done = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(
                passphrase.0.as_bytes(),
                &self.salt,
                &mut out,
                &mut memory,
            );
        for block in &mut memory {
            block.as_mut().zeroize();
        }
        let secret = Secret::new(out);
        out.zeroize();
        done.map(|()| secret)
            .map_err(|_| VaultError::CostOutOfBounds)
    }
}

/// The factor [`Factors::PASSPHRASE`].
#[derive(Debug, Clone)]
pub struct PassphraseVault {
    passphrase: Passphrase,
    cost: Argon2Cost,
}

impl PassphraseVault {
    /// With [`Argon2Cost::STANDARD`] for records it makes; existing ones name their own cost.
    #[must_use]
    pub const fn new(passphrase: Passphrase) -> Self {
        Self::with_cost(passphrase, Argon2Cost::STANDARD)
    }
    /// With another cost for records it makes.
    #[must_use]
    pub const fn with_cost(passphrase: Passphrase, cost: Argon2Cost) -> Self {
        Self { passphrase, cost }
    }
}

impl KeyVault for PassphraseVault {
    fn establish(&self, _: &SlotId, source: &dyn Random) -> Result<Part, VaultError> {
        let how = Stretch::new(self.cost, source);
        Ok(Part::from_stretched(how.apply(&self.passphrase)?, how))
    }
    fn recall(&self, ask: &Ask<'_>) -> Result<Part, VaultError> {
        match ask.stretch {
            Some(how) if ask.factors.contain(Factors::PASSPHRASE) => Ok(Part::from_stretched(
                how.apply(&self.passphrase)?,
                how.clone(),
            )),
            _ => Ok(Part::none()),
        }
    }
    fn forget(&self, _: &SlotId) -> Result<(), VaultError> {
        Ok(())
    }
}
