//! Two vaults as one: a keyring and a passphrase, either and the relay's share; and a vault behind a pointer.

use super::{Ask, KeyVault, Part, SlotId, VaultError};
use crate::base::Random;

/// Brings what both bring. A record that asks for one of them only opens as well.
#[derive(Debug, Clone)]
pub struct CombinedVault<A, B> {
    first: A,
    second: B,
}

impl<A: KeyVault, B: KeyVault> CombinedVault<A, B> {
    /// Both together.
    #[must_use]
    pub const fn new(first: A, second: B) -> Self {
        Self { first, second }
    }
}

impl<A: KeyVault, B: KeyVault> KeyVault for CombinedVault<A, B> {
    fn establish(&self, slot: &SlotId, random: &dyn Random) -> Result<Part, VaultError> {
        let first = self.first.establish(slot, random)?;
        match self.second.establish(slot, random) {
            Ok(second) => Ok(first.and(second)),
            Err(error) => {
                // An orphan in a keyring opens nothing; the second vault's answer is the one that matters.
                let _ = self.first.forget(slot);
                Err(error)
            }
        }
    }
    fn recall(&self, ask: &Ask<'_>) -> Result<Part, VaultError> {
        Ok(self.first.recall(ask)?.and(self.second.recall(ask)?))
    }
    fn forget(&self, slot: &SlotId) -> Result<(), VaultError> {
        self.first.forget(slot)?;
        self.second.forget(slot)
    }
}

impl<V: KeyVault + ?Sized> KeyVault for Box<V> {
    fn establish(&self, slot: &SlotId, random: &dyn Random) -> Result<Part, VaultError> {
        (**self).establish(slot, random)
    }
    fn recall(&self, ask: &Ask<'_>) -> Result<Part, VaultError> {
        (**self).recall(ask)
    }
    fn forget(&self, slot: &SlotId) -> Result<(), VaultError> {
        (**self).forget(slot)
    }
}

impl<V: KeyVault + ?Sized> KeyVault for &V {
    fn establish(&self, slot: &SlotId, random: &dyn Random) -> Result<Part, VaultError> {
        (**self).establish(slot, random)
    }
    fn recall(&self, ask: &Ask<'_>) -> Result<Part, VaultError> {
        (**self).recall(ask)
    }
    fn forget(&self, slot: &SlotId) -> Result<(), VaultError> {
        (**self).forget(slot)
    }
}
