//! Persons: invited, added, changed, suspended, gone.

use std::collections::BTreeSet;

use minicbor::{Decode, Encode};

use super::{RoleTerms, SealingPublic};
use crate::base::{InvitationId, PersonId, PlaceId, Timestamp, VerifyingKey};
use crate::roster::{Name, Text, Unit};

/// How another system calls a person or place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(array)]
pub struct ExternalId {
    /// The assigning system as a URI (`http://hl7.org/fhir/sid/us-npi`).
    #[n(0)]
    pub system: Text<128>,
    /// The identifier there.
    #[n(1)]
    pub value: Text<64>,
}

/// What the directory says about a person.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PersonDetails {
    /// As it is shown.
    #[n(0)]
    pub name: Name,
    /// Where they work, if at one unit.
    #[n(1)]
    pub unit: Option<Unit>,
    /// Profession or title, as shown.
    #[n(2)]
    pub title: Option<Name>,
    /// The number to call when nothing else answers.
    #[n(3)]
    pub phone: Option<Text<64>>,
    /// NPI, staff number and the like; each belongs to one human. At most 16.
    #[n(4)]
    pub external: BTreeSet<ExternalId>,
}

/// Whether an enrolment counts at once or waits for an administrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum ApprovalMode {
    /// Confirmed at once: works while every administrator sleeps.
    #[n(0)]
    Instant,
    /// Pending until an administrator has compared the short code.
    #[n(1)]
    Approval,
}

/// For whom an invitation is.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Subject {
    /// A person who is not in the roster yet.
    #[n(0)]
    NewPerson(#[n(0)] PersonId, #[n(1)] PersonDetails),
    /// A person of the roster: their first or next device, or their return.
    #[n(1)]
    Person(#[n(0)] PersonId),
    /// A place of the roster.
    #[n(2)]
    Place(#[n(0)] PlaceId),
}

/// One device may be enrolled with these keys, once, until `expires`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Invited {
    /// The invitation, and its rendezvous at the relay.
    #[n(0)]
    pub invitation: InvitationId,
    /// Signature key derived from the link and the words.
    #[n(1)]
    pub key: VerifyingKey,
    /// Sealing key derived from the same.
    #[n(2)]
    pub sealing_key: SealingPublic,
    /// For whom.
    #[n(3)]
    pub subject: Subject,
    /// Roles that the person or place gets with this entry. At most 32.
    #[n(4)]
    pub roles: Vec<RoleTerms>,
    /// Whether the enrolment waits for an administrator.
    #[n(5)]
    pub mode: ApprovalMode,
    /// Judged against log time.
    #[n(6)]
    pub expires: Timestamp,
}

/// An unused invitation is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct InvitationWithdrawn {
    /// Which.
    #[n(0)]
    pub invitation: InvitationId,
}

/// A person enters the directory without a device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PersonAdded {
    /// The new id.
    #[n(0)]
    pub person: PersonId,
    /// Who that is.
    #[n(1)]
    pub details: PersonDetails,
}

/// The directory says something else about a person now.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PersonChanged {
    /// Whom.
    #[n(0)]
    pub person: PersonId,
    /// All details, replacing the earlier ones.
    #[n(1)]
    pub details: PersonDetails,
}

/// A person left: devices revoked, roles ended, their unused invitations void.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PersonLeft {
    /// Who.
    #[n(0)]
    pub person: PersonId,
}

/// A person may do nothing until readmitted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PersonSuspended {
    /// Who.
    #[n(0)]
    pub person: PersonId,
    /// `true` suspends, `false` readmits.
    #[n(1)]
    pub suspended: bool,
    /// For the record.
    #[n(2)]
    pub reason: Option<Text<256>>,
}

/// A reviewer confirmed that a person still needs their roles.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Recertified {
    /// Who was reviewed.
    #[n(0)]
    pub person: PersonId,
    /// The campaign.
    #[n(1)]
    pub campaign: Text<64>,
    /// When the next review is due.
    #[n(2)]
    pub due: Timestamp,
}

/// A review begins: each person of the organisation, or of one unit, who holds a role must be answered for by the
/// date, and is suspended from then on until the answer comes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct CampaignOpened {
    /// Its name, used once.
    #[n(0)]
    pub campaign: Text<64>,
    /// Only persons of this unit; all if absent.
    #[n(1)]
    pub unit: Option<Unit>,
    /// The date; one day to 400 days ahead. Judged against log time.
    #[n(2)]
    pub due: Timestamp,
}

/// What a reviewer decided about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Decision {
    /// The roles are still needed.
    #[n(0)]
    Keep,
    /// All roles end.
    #[n(1)]
    Withdraw,
}

/// The answer about one person. May come late.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct CampaignAnswered {
    /// Which campaign.
    #[n(0)]
    pub campaign: Text<64>,
    /// About whom.
    #[n(1)]
    pub person: PersonId,
    /// What.
    #[n(2)]
    pub decision: Decision,
}
