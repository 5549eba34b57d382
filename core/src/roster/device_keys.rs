//! The keys a device makes for itself before anybody knows it.

use super::entry::Owner;
use super::kind::{DeviceDetails, SealingPublic};
use super::{ChannelSecret, ContactAlias, RosterError, Text};
use crate::base::seal::SealingKey;
use crate::base::{DeviceId, Random, Secret, SigningKey};

/// The private half of what [`DeviceDetails`] shows.
#[derive(Debug, Clone)]
pub struct DeviceSecrets {
    /// MLS leaf, roster entries, statements.
    pub signature: SigningKey,
    /// Roster keys, Welcomes, grants.
    pub sealing: SealingKey,
    /// The certificate of a wipe; kept apart from the data and destroyed last.
    pub receipt: SigningKey,
    /// Where Welcomes and roster keys reach it.
    pub contact_alias: ContactAlias,
    /// Where an order to wipe itself reaches it; absent where release 0.1 drew the others.
    pub channel: Option<ChannelSecret>,
}

impl DeviceSecrets {
    /// Draws new ones.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        Self {
            signature: SigningKey::random(random),
            sealing: SealingKey::from_seed(Secret::random(random)),
            receipt: SigningKey::random(random),
            contact_alias: ContactAlias::random(random),
            channel: Some(ChannelSecret::random(random)),
        }
    }
    /// The public half, as the roster carries it.
    ///
    /// # Errors
    /// [`RosterError::Crypto`].
    pub fn details(
        &self,
        device: DeviceId,
        owner: Owner,
        label: Text<64>,
    ) -> Result<DeviceDetails, RosterError> {
        Ok(DeviceDetails {
            device,
            owner,
            label,
            signature_key: self.signature.verifying_key(),
            sealing_key: SealingPublic::new(&self.sealing.public()?)?,
            receipt_key: self.receipt.verifying_key(),
            contact_alias: self.contact_alias,
            channel: self.channel.as_ref().map(ChannelSecret::details),
        })
    }
}
