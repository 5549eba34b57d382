//! The roster as one device knows it: what replaying the log up to a position came to.

use std::collections::BTreeMap;
use std::fmt;

use minicbor::{Decode, Encode};

use super::authorize::{Action, Actor, Refusal, Scope, View};
use super::entry::Owner;
use super::head::{HeadRelation, RosterHead};
use super::kind::{PartnerChanged, Policy, RelayDescriptor, RoleDefinition, SealingPublic};
use super::oversight::Oversight;
use super::record::{
    DeviceRecord, DutyRecord, Grant, InvitationRecord, KeyRecord, PersonRecord, PlaceRecord,
    ProposalRecord, Taken,
};
use super::root_seal::RootSeal;
use super::{FORMAT, Name, RosterError, Versioned};
use crate::base::digest::sha256_parts;
use crate::base::{
    DeviceId, Digest, DutyId, InvitationId, OrganisationId, PersonId, PlaceId, RoleId, Timestamp,
    VerifyingKey, codec, sha256,
};

/// What a device was told before it read a word of the log: which organisation, and which root key founded it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Anchor {
    /// The organisation.
    #[n(0)]
    pub organisation: OrganisationId,
    /// Fingerprint of the root key that founded it ([`root_fingerprint`]). Root rotation does not change it.
    #[n(1)]
    pub root: Digest,
}

/// The fingerprint of a root key, as links and stubs carry it.
#[must_use]
pub fn root_fingerprint(root: &VerifyingKey) -> Digest {
    sha256_parts(&[b"sotto/root fingerprint\0", root.as_bytes()])
}

/// What the founding entry set, as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Organisation {
    /// Its name.
    #[n(0)]
    pub name: Name,
    /// Its current root key.
    #[n(1)]
    pub root: VerifyingKey,
    /// Its current relay.
    #[n(2)]
    pub relay: RelayDescriptor,
    /// Its current roster key.
    #[n(3)]
    pub key: KeyRecord,
    /// Its rules.
    #[n(4)]
    pub policy: Versioned<Policy>,
    /// What is sealed to it, the current root key opens.
    #[n(5)]
    pub root_sealing: Option<SealingPublic>,
    /// The newest administration capability that was sealed to it.
    #[n(6)]
    pub root_seal: Option<RootSeal>,
}

/// The replayed log. Built by [`Roster::apply`], entry by entry; equal logs give equal rosters, byte for byte.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Roster {
    #[n(0)]
    pub(super) format: u16,
    #[n(1)]
    pub(super) anchor: Anchor,
    #[n(2)]
    pub(super) next_position: u64,
    #[n(3)]
    pub(super) junk: u64,
    #[n(4)]
    pub(super) hashes: Vec<Digest>,
    #[n(5)]
    pub(super) times: Vec<Timestamp>,
    #[n(6)]
    pub(super) organisation: Option<Organisation>,
    #[n(7)]
    pub(super) persons: BTreeMap<PersonId, PersonRecord>,
    #[n(8)]
    pub(super) places: BTreeMap<PlaceId, PlaceRecord>,
    #[n(9)]
    pub(super) devices: BTreeMap<DeviceId, DeviceRecord>,
    #[n(10)]
    pub(super) invitations: BTreeMap<InvitationId, InvitationRecord>,
    #[n(11)]
    pub(super) roles: BTreeMap<RoleId, Versioned<RoleDefinition>>,
    #[n(12)]
    pub(super) duties: BTreeMap<DutyId, DutyRecord>,
    #[n(13)]
    pub(super) proposals: BTreeMap<u64, ProposalRecord>,
    #[n(14)]
    pub(super) partners: BTreeMap<OrganisationId, PartnerChanged>,
    #[n(15)]
    pub(super) taken: Taken,
    #[n(16)]
    pub(super) oversight: Oversight,
}

impl Roster {
    /// Before the first entry.
    #[must_use]
    pub fn new(anchor: Anchor) -> Self {
        Self {
            format: FORMAT,
            anchor,
            next_position: 0,
            junk: 0,
            hashes: Vec::new(),
            times: Vec::new(),
            organisation: None,
            persons: BTreeMap::new(),
            places: BTreeMap::new(),
            devices: BTreeMap::new(),
            invitations: BTreeMap::new(),
            roles: BTreeMap::new(),
            duties: BTreeMap::new(),
            proposals: BTreeMap::new(),
            partners: BTreeMap::new(),
            taken: Taken::default(),
            oversight: Oversight::default(),
        }
    }
    /// Everything as bytes, for storing. Equal rosters give equal bytes.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        codec::encode(self)
    }
    /// Reads back what [`Roster::snapshot`] of the same release wrote into the device's own store. Nothing is
    /// verified again, so only an authenticated store may keep it.
    ///
    /// # Errors
    /// [`RosterError::Snapshot`]: then the log is replayed.
    pub fn restore(bytes: &[u8]) -> Result<Self, RosterError> {
        let roster: Self = codec::decode(bytes).map_err(|_| RosterError::Snapshot)?;
        if roster.format == FORMAT {
            Ok(roster)
        } else {
            Err(RosterError::Snapshot)
        }
    }
    /// Digest of the whole state: equal on every device that replayed the same log.
    #[must_use]
    pub fn digest(&self) -> Digest {
        sha256(&self.snapshot())
    }
    /// What was pinned.
    #[must_use]
    pub const fn anchor(&self) -> &Anchor {
        &self.anchor
    }
    /// The position of the relay's log to apply next.
    #[must_use]
    pub const fn next_position(&self) -> u64 {
        self.next_position
    }
    /// How many positions held junk.
    #[must_use]
    pub const fn junk(&self) -> u64 {
        self.junk
    }
    /// The newest valid entry; `None` before founding.
    #[must_use]
    pub fn head(&self) -> Option<RosterHead> {
        let seq = u64::try_from(self.hashes.len()).ok()?.checked_sub(1)?;
        self.hashes
            .last()
            .map(|hash| RosterHead { seq, hash: *hash })
    }
    /// The hash of a valid entry.
    #[must_use]
    pub fn hash_at(&self, seq: u64) -> Option<Digest> {
        self.hashes.get(usize::try_from(seq).ok()?).copied()
    }
    /// How another's head relates to this log. For a link's minimum and for heads inside messages.
    #[must_use]
    pub fn compare(&self, head: &RosterHead) -> HeadRelation {
        match (self.hash_at(head.seq), self.head()) {
            (Some(hash), Some(own)) if hash == head.hash => HeadRelation::Known {
                by: own.seq - head.seq,
            },
            (Some(_), _) => HeadRelation::Fork,
            (None, _) => HeadRelation::Ahead,
        }
    }
    /// Time of the newest valid entry: what expiry is judged against.
    #[must_use]
    pub fn log_time(&self) -> Option<Timestamp> {
        self.times.last().copied()
    }
    /// What the founding entry set, as it is now.
    ///
    /// # Errors
    /// [`RosterError::NotFounded`].
    pub fn organisation(&self) -> Result<&Organisation, RosterError> {
        self.organisation.as_ref().ok_or(RosterError::NotFounded)
    }
    /// The rules in force.
    ///
    /// # Errors
    /// [`RosterError::NotFounded`].
    pub fn policy(&self) -> Result<&Policy, RosterError> {
        self.organisation()?
            .policy
            .now()
            .ok_or(RosterError::NotFounded)
    }
    /// The roster at its head.
    ///
    /// # Errors
    /// [`RosterError::NotFounded`].
    pub fn view(&self) -> Result<View<'_>, RosterError> {
        self.head()
            .and_then(|head| self.at(head.seq))
            .ok_or(RosterError::NotFounded)
    }
    /// The roster as it was after an entry; `None` where that was not replayed yet.
    #[must_use]
    pub fn at(&self, seq: u64) -> Option<View<'_>> {
        let time = self.times.get(usize::try_from(seq).ok()?)?;
        Some(View::new(self, seq, *time))
    }
    /// Whether an actor may do something, at the head.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn may(&self, actor: Actor, action: Action, scope: &Scope) -> Result<(), Refusal> {
        self.view()
            .map_err(|_| Refusal::UnknownDevice)?
            .may(actor, action, scope)
    }
    /// The roles of a person or place, ended ones included.
    #[must_use]
    pub fn grants_of(&self, holder: Owner) -> &[Grant] {
        match holder {
            Owner::Person(id) => self.persons.get(&id).map_or(&[], |p| &p.grants),
            Owner::Place(id) => self.places.get(&id).map_or(&[], |p| &p.grants),
        }
    }
}

/// Counts only: names and keys do not belong in logs.
impl fmt::Debug for Roster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roster")
            .field("position", &self.next_position)
            .field("entries", &self.hashes.len())
            .field("persons", &self.persons.len())
            .field("devices", &self.devices.len())
            .finish_non_exhaustive()
    }
}
