//! A new roster key: who gets it, sealed one by one, and the entry that commits to it.

use minicbor::{Decode, Encode};

use super::authorize::{Action, Actor, Scope};
use super::head::RosterHead;
use super::key::{KeyGift, RosterKey};
use super::kind::{KeyRotated, SealingPublic, Setting};
use super::merkle::{self, Proof};
use super::root_seal::RootSeal;
use super::{ContactAlias, Roster, RosterError};
use crate::base::seal::SealingKey;
use crate::base::{DeviceId, Digest, OrganisationId, Random, Secret, Timestamp, codec};

/// A device that gets the next key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Which.
    pub device: DeviceId,
    /// Its sealing key.
    pub sealing_key: SealingPublic,
    /// Where the relay reaches it.
    pub contact_alias: ContactAlias,
    /// May rotate, so gets the administration capability too.
    pub administers: bool,
}

/// A device's own record beside the log: the sealed key, and that it is among the rotation's. It does not say whose it
/// is: the relay keeps it in a mailbox, and must not learn which device that is.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SealRecord {
    /// The epoch of the key inside.
    #[n(0)]
    pub epoch: u64,
    /// A sealed [`KeyGift`].
    #[cbor(n(1), with = "minicbor::bytes")]
    pub sealed: Vec<u8>,
    /// Place under the rotation's Merkle root.
    #[n(2)]
    pub proof: Proof,
}

/// Redacted: the sealed key.
impl std::fmt::Debug for SealRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealRecord")
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

fn leaf(device: &DeviceId, epoch: u64, sealed: &[u8]) -> Digest {
    merkle::leaf(&[device.as_bytes().as_slice(), &epoch.to_be_bytes(), sealed].concat())
}

impl SealRecord {
    /// Reads a record that the relay kept.
    ///
    /// # Errors
    /// [`RosterError::Codec`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RosterError> {
        Ok(codec::decode(bytes)?)
    }
    /// Opens a device's own record. Put the key into the keyring, replay the rotation entry, then ask
    /// [`SealRecord::belongs_to`].
    ///
    /// # Errors
    /// [`RosterError::Crypto`] where it is another device's, [`RosterError::Seal`] where it is another epoch's.
    pub fn open(&self, key: &SealingKey) -> Result<KeyGift, RosterError> {
        let gift = KeyGift::open(key, &self.sealed)?;
        if gift.key.epoch() == self.epoch {
            Ok(gift)
        } else {
            Err(RosterError::Seal)
        }
    }
    /// Whether the rotation that is now in force was made with this record for this device.
    ///
    /// # Errors
    /// [`RosterError::Seal`], [`RosterError::NotFounded`].
    pub fn belongs_to(&self, device: &DeviceId, roster: &Roster) -> Result<(), RosterError> {
        let key = &roster.organisation()?.key;
        let root = key.seals_root.as_ref().ok_or(RosterError::Seal)?;
        let proven = key.epoch == self.epoch
            && self
                .proof
                .verify(&leaf(device, self.epoch, &self.sealed), root);
        if proven {
            Ok(())
        } else {
            Err(RosterError::Seal)
        }
    }
}

/// A prepared rotation: one relay operation takes the entry, the seals and the new bearer together.
#[derive(Clone)]
pub struct Rotation {
    /// The new key.
    pub key: RosterKey,
    /// The relay's next administration capability.
    pub admin_capability: Secret<32>,
    /// Per device: where to, and the encoded [`SealRecord`].
    pub seals: Vec<(ContactAlias, Vec<u8>)>,
    /// The body of the entry, which is sealed under the *new* key.
    pub body: KeyRotated,
}

/// Redacted: keys, and whom they go to.
impl std::fmt::Debug for Rotation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rotation(..)")
    }
}

impl Rotation {
    /// Draws the next key and seals it to each recipient.
    ///
    /// # Errors
    /// [`RosterError::Crypto`].
    pub fn prepare(
        organisation: &OrganisationId,
        current: &RosterKey,
        recipients: &[Recipient],
        random: &dyn Random,
    ) -> Result<Self, RosterError> {
        let key = RosterKey::random(current.epoch() + 1, random);
        let epoch = key.epoch();
        let admin_capability = Secret::random(random);
        let mut sealed = Vec::with_capacity(recipients.len());
        for recipient in recipients {
            let capability = recipient.administers.then(|| admin_capability.clone());
            let gift = KeyGift {
                key: key.clone(),
                admin_capability: capability,
            };
            sealed.push(gift.seal(&recipient.sealing_key)?);
        }
        let leaves: Vec<Digest> = recipients
            .iter()
            .zip(&sealed)
            .map(|(to, sealed)| leaf(&to.device, epoch, sealed))
            .collect();
        let mut seals = Vec::with_capacity(sealed.len());
        for (index, (to, sealed)) in recipients.iter().zip(sealed).enumerate() {
            let proof = Proof::make(&leaves, index).ok_or(RosterError::Seal)?;
            let record = SealRecord {
                epoch,
                sealed,
                proof,
            };
            seals.push((to.contact_alias, codec::encode(&record)));
        }
        let body = KeyRotated {
            epoch,
            commitment: key.commitment(),
            previous: key.wrap(organisation, current, random)?,
            seals_root: merkle::root(&leaves),
            seals: u32::try_from(leaves.len()).map_err(|_| RosterError::Oversize)?,
            root_seal: None,
        };
        Ok(Self {
            key,
            admin_capability,
            seals,
            body,
        })
    }
    /// Seals the capability to the organisation's root key too, where the log knows its sealing key.
    ///
    /// # Errors
    /// [`RosterError::NotFounded`], [`RosterError::Crypto`].
    pub fn for_root(mut self, roster: &Roster) -> Result<Self, RosterError> {
        let own = roster.organisation()?;
        self.body.root_seal = own
            .root_sealing
            .as_ref()
            .map(|to| {
                let organisation = &roster.anchor().organisation;
                RootSeal::seal(to, organisation, self.body.epoch, &self.admin_capability)
            })
            .transpose()?;
        Ok(self)
    }
}

impl Roster {
    /// Devices that count now, in order of their ids: who gets the next key.
    ///
    /// # Errors
    /// [`RosterError::NotFounded`].
    pub fn recipients(&self) -> Result<Vec<Recipient>, RosterError> {
        let view = self.view()?;
        let confirmed = self
            .devices
            .iter()
            .filter(|(id, _)| view.confirmed(**id).is_ok());
        Ok(confirmed
            .map(|(id, record)| Recipient {
                device: *id,
                sealing_key: record.details.sealing_key.clone(),
                contact_alias: record.details.contact_alias,
                administers: view
                    .may(
                        Actor::device(*id),
                        Action::RotateKey,
                        &Scope::organisation(),
                    )
                    .is_ok(),
            })
            .collect())
    }
    /// Whether a new roster key should be made: a device was excluded since the last, or policy's time is up.
    #[must_use]
    pub fn rotation_due(&self, now: Timestamp) -> bool {
        let (Ok(own), Ok(policy)) = (self.organisation(), self.policy()) else {
            return false;
        };
        own.key.due || now.since(own.key.time) >= policy.duration(Setting::KeyRotation)
    }
    /// Whether a key is the one in force.
    #[must_use]
    pub fn key_in_force(&self, key: &RosterKey) -> bool {
        self.organisation().is_ok_and(|own| {
            own.key.epoch == key.epoch() && own.key.commitments.last() == Some(&key.commitment())
        })
    }
    /// Minimum for links made now.
    ///
    /// # Errors
    /// [`RosterError::NotFounded`].
    pub fn minimum(&self) -> Result<RosterHead, RosterError> {
        self.head().ok_or(RosterError::NotFounded)
    }
}
