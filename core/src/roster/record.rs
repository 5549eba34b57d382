//! What the roster remembers about each person, place, device, invitation, duty and proposal.

use std::collections::BTreeSet;

use minicbor::{Decode, Encode};

use super::Versioned;
use super::entry::{Author, Owner};
use super::kind::{
    ApprovalMode, Availability, DeviceDetails, DutyDefined, GrantRef, PersonDetails, PlaceDetails,
    Proposal, Recertified, RevocationMode, RoleTerms, SealingPublic, Shift,
};
use crate::base::{DeviceId, InvitationId, PersonId, Timestamp, VerifyingKey};

/// Whether a person (or, without the middle one, a place) takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum PersonState {
    /// Takes part.
    #[n(0)]
    Present,
    /// May do nothing until readmitted.
    #[n(1)]
    Suspended,
    /// Left; a place: closed.
    #[n(2)]
    Left,
}

/// Whether a granted role counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum GrantState {
    /// Counts within its validity.
    #[n(0)]
    Live,
    /// Fell with the device that signed it.
    #[n(1)]
    Suspended,
    /// Ended.
    #[n(2)]
    Withdrawn,
}

/// A role that somebody holds.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Grant {
    /// Its name.
    #[n(0)]
    pub id: GrantRef,
    /// What, where, when.
    #[n(1)]
    pub terms: RoleTerms,
    /// Who signed it.
    #[n(2)]
    pub by: Author,
    /// Whether it counts.
    #[n(3)]
    pub state: Versioned<GrantState>,
}

impl Grant {
    /// Whether its validity covers a log time.
    #[must_use]
    pub fn holds_at(&self, time: Timestamp) -> bool {
        self.terms.from.is_none_or(|from| from <= time)
            && self.terms.until.is_none_or(|until| time < until)
    }
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PersonRecord {
    /// What the directory says.
    #[n(0)]
    pub details: PersonDetails,
    /// Whether they take part.
    #[n(1)]
    pub state: Versioned<PersonState>,
    /// Their roles, ended ones included.
    #[n(2)]
    pub grants: Vec<Grant>,
    /// Their devices, revoked ones included, oldest first.
    #[n(3)]
    pub devices: Vec<DeviceId>,
    /// Whether they can be reached.
    #[n(4)]
    pub availability: Option<Availability>,
    /// The last review of their roles.
    #[n(5)]
    pub recertified: Option<Recertified>,
}

/// A place.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PlaceRecord {
    /// What the directory says.
    #[n(0)]
    pub details: PlaceDetails,
    /// Open or closed.
    #[n(1)]
    pub state: Versioned<PersonState>,
    /// Its roles, ended ones included.
    #[n(2)]
    pub grants: Vec<Grant>,
    /// Its devices, revoked ones included, oldest first.
    #[n(3)]
    pub devices: Vec<DeviceId>,
}

/// Whether a device counts (if its owner does).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum DeviceState {
    /// Waits for approval.
    #[n(0)]
    Pending,
    /// Counts.
    #[n(1)]
    Confirmed,
    /// Its enrolment or approval came from a device that is suspect since before.
    #[n(2)]
    Suspended,
    /// Excluded for good.
    #[n(3)]
    Revoked,
}

/// How a device was excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Revocation {
    /// The entry that did it.
    #[n(0)]
    pub seq: u64,
    /// By whom.
    #[n(1)]
    pub by: Author,
    /// What the device is to do.
    #[n(2)]
    pub mode: RevocationMode,
    /// What it signed from this entry on is not trusted.
    #[n(3)]
    pub suspect_since: Option<u64>,
}

/// A device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DeviceRecord {
    /// Its keys and owner.
    #[n(0)]
    pub details: DeviceDetails,
    /// Whether it counts.
    #[n(1)]
    pub state: Versioned<DeviceState>,
    /// The invitation it took; absent for the founder's.
    #[n(2)]
    pub invitation: Option<InvitationId>,
    /// The entry that enrolled it.
    #[n(3)]
    pub enrolled: u64,
    /// The last approval: by which device, at which entry.
    #[n(4)]
    pub approved: Option<(DeviceId, u64)>,
    /// How it was excluded.
    #[n(5)]
    pub revocation: Option<Revocation>,
}

/// What became of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum InvitationState {
    /// May be taken until it expires.
    #[n(0)]
    Open,
    /// Taken by a device.
    #[n(1)]
    Used(#[n(0)] DeviceId),
    /// Taken back, or fell with the device that signed it.
    #[n(2)]
    Void,
}

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct InvitationRecord {
    /// Signature key.
    #[n(0)]
    pub key: VerifyingKey,
    /// Sealing key.
    #[n(1)]
    pub sealing_key: SealingPublic,
    /// For whom.
    #[n(2)]
    pub owner: Owner,
    /// Whether the enrolment waits for approval.
    #[n(3)]
    pub mode: ApprovalMode,
    /// Judged against log time.
    #[n(4)]
    pub expires: Timestamp,
    /// Who invited.
    #[n(5)]
    pub by: Author,
    /// The inviting entry.
    #[n(6)]
    pub seq: u64,
    /// What became of it.
    #[n(7)]
    pub state: InvitationState,
}

/// A duty.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DutyRecord {
    /// Its properties.
    #[n(0)]
    pub definition: DutyDefined,
    /// The plan, in order of begin. What ended long ago is dropped.
    #[n(1)]
    pub shifts: Vec<Shift>,
}

/// What became of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum ProposalState {
    /// Waits for a second person.
    #[n(0)]
    Open,
    /// Happened.
    #[n(1)]
    Carried,
    /// Refused or taken back.
    #[n(2)]
    Refused,
}

/// An act that waits, or waited, for a second person.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ProposalRecord {
    /// What is proposed.
    #[n(0)]
    pub proposal: Proposal,
    /// The proposing device.
    #[n(1)]
    pub device: DeviceId,
    /// Whose it was then.
    #[n(2)]
    pub person: PersonId,
    /// What became of it.
    #[n(3)]
    pub state: ProposalState,
}

/// The roster key's place in the log.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct KeyRecord {
    /// The current epoch.
    #[n(0)]
    pub epoch: u64,
    /// Commitment of each epoch's key, by epoch.
    #[n(1)]
    pub commitments: Vec<crate::base::Digest>,
    /// The entry that began it.
    #[n(2)]
    pub since: u64,
    /// Log time of that entry.
    #[n(3)]
    pub time: Timestamp,
    /// A device was excluded since: rotation is due.
    #[n(4)]
    pub due: bool,
    /// Merkle root over the seals of this rotation; absent for the founding key.
    #[n(5)]
    pub seals_root: Option<crate::base::Digest>,
}

/// Accounts kept so that nothing is used twice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct Taken {
    /// Every signature and receipt key that ever stood in the log.
    #[n(0)]
    pub(super) keys: BTreeSet<VerifyingKey>,
    /// Every contact alias.
    #[n(1)]
    pub(super) aliases: std::collections::BTreeMap<super::ContactAlias, DeviceId>,
    /// External ids of persons who have not left.
    #[n(2)]
    pub(super) external: std::collections::BTreeMap<super::kind::ExternalId, PersonId>,
}
