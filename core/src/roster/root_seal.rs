//! What the offline root key can open: the relay's administration capability.
//!
//! The capability is otherwise sealed only to the devices of those who may rotate the roster key. When they are all
//! lost, nobody could exclude their devices any more. So a second key pair is derived from the root key; its public half
//! stands in the log, and each rotation seals the new capability to it as well. The seal lies inside entries, which are
//! encrypted under the roster key: the root file alone opens nothing, a device of the organisation alone neither.

use std::fmt;

use minicbor::{Decode, Encode};

use super::RosterError;
use super::kind::SealingPublic;
use crate::base::seal::{self, SealingKey};
use crate::base::{OrganisationId, Secret, SigningKey, codec, hkdf};

const INFO: &str = "administration capability for the root key";
/// Longest seal in bytes that an entry holds.
const LONGEST: usize = 2 * 1024;

/// The administration capability of one roster epoch, sealed to the root.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct RootSeal(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>);

/// Redacted: a sealed secret.
impl fmt::Debug for RootSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootSeal(..)")
    }
}

/// What is inside, bound to where it belongs.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Inside {
    #[n(0)]
    organisation: OrganisationId,
    #[n(1)]
    epoch: u64,
    #[n(2)]
    capability: Secret<32>,
}

fn key(root: &SigningKey) -> SealingKey {
    SealingKey::from_seed(hkdf(root.seed().expose(), &[], "root sealing key"))
}

/// The public half of a root key's sealing key.
///
/// # Errors
/// [`RosterError::Crypto`].
pub fn public(root: &SigningKey) -> Result<SealingPublic, RosterError> {
    SealingPublic::new(&key(root).public()?)
}

impl RootSeal {
    /// Seals the capability of a roster epoch.
    ///
    /// # Errors
    /// [`RosterError::Crypto`].
    pub fn seal(
        to: &SealingPublic,
        organisation: &OrganisationId,
        epoch: u64,
        capability: &Secret<32>,
    ) -> Result<Self, RosterError> {
        let inside = codec::encode(&Inside {
            organisation: *organisation,
            epoch,
            capability: capability.clone(),
        });
        Ok(Self(seal::seal(to.as_bytes(), INFO, &inside)?))
    }
    /// Opens it with the root key. The epoch must be the one in force: an older capability is worth nothing.
    ///
    /// # Errors
    /// [`RosterError::Crypto`] where it was sealed to another root, [`RosterError::Seal`] where it belongs elsewhere.
    pub fn open(
        &self,
        root: &SigningKey,
        organisation: &OrganisationId,
        epoch: u64,
    ) -> Result<Secret<32>, RosterError> {
        let inside: Inside = codec::decode(&key(root).open(INFO, &self.0)?)?;
        if inside.organisation == *organisation && inside.epoch == epoch {
            Ok(inside.capability)
        } else {
            Err(RosterError::Seal)
        }
    }
    /// Whether it has a size that a seal can have.
    pub(super) const fn fits(&self) -> bool {
        !self.0.is_empty() && self.0.len() <= LONGEST
    }
}
