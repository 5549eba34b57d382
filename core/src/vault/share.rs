//! The relay's part of a key: brought by whoever asked the relay for it, kept nowhere on the device.

use super::{Ask, Factors, KeyVault, Part, SlotId, VaultError};
use crate::base::{Random, Secret};

/// The factor [`Factors::UNLOCK_SHARE`]. It never stands alone: see [`super::CombinedVault`].
#[derive(Debug, Clone)]
pub struct ShareVault(Secret<32>);

impl ShareVault {
    /// Over a share that the relay handed out, or that it is about to be given.
    #[must_use]
    pub const fn new(share: Secret<32>) -> Self {
        Self(share)
    }
}

impl KeyVault for ShareVault {
    fn establish(&self, _: &SlotId, _: &dyn Random) -> Result<Part, VaultError> {
        Ok(Part::from_share(self.0.clone()))
    }
    fn recall(&self, ask: &Ask<'_>) -> Result<Part, VaultError> {
        Ok(if ask.factors.contain(Factors::UNLOCK_SHARE) {
            Part::from_share(self.0.clone())
        } else {
            Part::none()
        })
    }
    fn forget(&self, _: &SlotId) -> Result<(), VaultError> {
        Ok(())
    }
}
