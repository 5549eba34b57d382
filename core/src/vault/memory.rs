//! A keyring that lasts as long as the process: for tests, and for hosts that keep the secret themselves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Ask, Factors, KeyVault, Part, SlotId, VaultError};
use crate::base::{Random, Secret};

/// The factor [`Factors::KEPT`] in memory. Clones share what they keep.
#[derive(Debug, Clone, Default)]
pub struct MemoryVault(Arc<Mutex<HashMap<SlotId, Secret<32>>>>);

impl KeyVault for MemoryVault {
    fn establish(&self, slot: &SlotId, random: &dyn Random) -> Result<Part, VaultError> {
        let secret = Secret::random(random);
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(*slot, secret.clone());
        Ok(Part::from_kept(secret))
    }
    fn recall(&self, ask: &Ask<'_>) -> Result<Part, VaultError> {
        if !ask.factors.contain(Factors::KEPT) {
            return Ok(Part::none());
        }
        let kept = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(ask.slot)
            .cloned();
        kept.map(Part::from_kept)
            .ok_or(VaultError::KeyringEntryMissing)
    }
    fn forget(&self, slot: &SlotId) -> Result<(), VaultError> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(slot);
        Ok(())
    }
}
