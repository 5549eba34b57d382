//! The roster keys a device holds, one per epoch.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use super::RosterError;
use super::entry::Entry;
use super::key::{RosterKey, SealedAs, split};
use super::kind::Body;
use crate::base::{OrganisationId, Random};

/// Keys by epoch. Encodes for the encrypted store; Debug shows epochs only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Keyring {
    #[n(0)]
    keys: BTreeMap<u64, RosterKey>,
}

impl Keyring {
    /// Holds no key.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
    /// Takes a key in, in place of another of the same epoch.
    pub fn insert(&mut self, key: RosterKey) {
        self.keys.insert(key.epoch(), key);
    }
    /// The key of an epoch.
    #[must_use]
    pub fn get(&self, epoch: u64) -> Option<&RosterKey> {
        self.keys.get(&epoch)
    }
    /// The key of the highest epoch held.
    #[must_use]
    pub fn newest(&self) -> Option<&RosterKey> {
        self.keys.values().next_back()
    }
    /// All keys, the highest epoch first.
    pub fn newest_first(&self) -> impl Iterator<Item = &RosterKey> {
        self.keys.values().rev()
    }
    /// Seals an encoded entry under the key of an epoch.
    ///
    /// # Errors
    /// [`RosterError::NoKey`], and as [`RosterKey::seal`].
    pub fn seal_entry(
        &self,
        epoch: u64,
        organisation: &OrganisationId,
        entry: &[u8],
        random: &dyn Random,
    ) -> Result<Vec<u8>, RosterError> {
        let key = self.get(epoch).ok_or(RosterError::NoKey { epoch })?;
        key.seal(SealedAs::Entry, organisation, entry, random)
    }
    /// Recovers the earlier keys of a log from the newest key: each rotation entry carries the key before it.
    ///
    /// The first entry, in the relay's order, that opens under a key *is* its rotation entry: nobody but its maker
    /// held the key before. Whether the rotations were valid is found out by replaying. Returns the lowest epoch now
    /// held.
    pub fn unwind<'a, I>(&mut self, organisation: &OrganisationId, log: I) -> Option<u64>
    where
        I: Iterator<Item = &'a [u8]> + Clone,
    {
        let mut epoch = self.newest()?.epoch();
        while epoch > 0 {
            let key = self.get(epoch)?;
            let claims = log
                .clone()
                .filter(|sealed| split(sealed).is_some_and(|(claimed, _)| claimed == epoch));
            let first = claims
                .filter_map(|sealed| key.open(SealedAs::Entry, organisation, sealed).ok())
                .next();
            let entry = first.and_then(|plain| Entry::from_bytes(&plain).ok());
            let body =
                entry.and_then(|entry| Body::from_bytes(entry.kind, &entry.body).ok().flatten());
            let Some(Body::KeyRotated(rotation)) = body else {
                return Some(epoch);
            };
            let Some(previous) = key.unwrap_previous(organisation, &rotation.previous) else {
                return Some(epoch);
            };
            self.insert(previous);
            epoch -= 1;
        }
        Some(epoch)
    }
}
