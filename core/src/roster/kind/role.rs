//! Roles as data: defined, granted, withdrawn.

use std::collections::BTreeSet;

use minicbor::{Decode, Encode};

use crate::base::{RoleId, Timestamp};
use crate::roster::entry::Owner;
use crate::roster::{Name, Text, Unit};

/// One permission of a role. Codes this release does not know grant nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(array)]
pub struct RoleRule {
    /// Code of an [`Action`](crate::roster::Action).
    #[n(0)]
    pub action: u16,
    /// Only where the actor has a relation to the patient.
    #[n(1)]
    pub needs_relation: bool,
}

/// A role of the organisation's own.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RoleDefinition {
    /// As it is shown.
    #[n(0)]
    pub name: Name,
    /// What it permits; nothing else. At most 64.
    #[n(1)]
    pub rules: BTreeSet<RoleRule>,
}

/// Defines a role, or replaces its definition from here on.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RoleDefined {
    /// Its id; ids of the role pack are taken.
    #[n(0)]
    pub role: RoleId,
    /// What it is.
    #[n(1)]
    pub definition: RoleDefinition,
}

/// Where and when a granted role holds.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RoleTerms {
    /// Which role.
    #[n(0)]
    pub role: RoleId,
    /// Only for this unit; everywhere if absent.
    #[n(1)]
    pub unit: Option<Unit>,
    /// Not before; at once if absent. Judged against log time.
    #[n(2)]
    pub from: Option<Timestamp>,
    /// Not any more from here on; no end if absent. Judged against log time.
    #[n(3)]
    pub until: Option<Timestamp>,
}

/// Names a grant: the entry that made it and its place in that entry's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(array)]
pub struct GrantRef {
    /// The granting entry.
    #[n(0)]
    pub seq: u64,
    /// Place in that entry's list of roles.
    #[n(1)]
    pub index: u16,
}

/// A person or place gets a role.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RoleGranted {
    /// Who.
    #[n(0)]
    pub holder: Owner,
    /// What, where, when.
    #[n(1)]
    pub terms: RoleTerms,
}

/// A granted role ends.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RoleWithdrawn {
    /// Whose.
    #[n(0)]
    pub holder: Owner,
    /// Which grant.
    #[n(1)]
    pub grant: GrantRef,
}

/// A role of the organisation's own ends: nobody holds it any more and nobody gets it again.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RoleRetired {
    /// Which.
    #[n(0)]
    pub role: RoleId,
}

/// One human may hold two roles that exclude each other ([`toxic`](crate::roster::authorize::toxic)), until a date.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ExceptionGranted {
    /// Who.
    #[n(0)]
    pub holder: Owner,
    /// One role.
    #[n(1)]
    pub first: RoleId,
    /// The other.
    #[n(2)]
    pub second: RoleId,
    /// One of the two grants must end by then; at most a year ahead. Judged against log time.
    #[n(3)]
    pub until: Timestamp,
    /// Why.
    #[n(4)]
    pub reason: Text<256>,
}

/// A person asks for a role for some hours. Nothing happens yet.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ElevationRequested {
    /// Which role.
    #[n(0)]
    pub role: RoleId,
    /// Only for this unit; everywhere if absent.
    #[n(1)]
    pub unit: Option<Unit>,
    /// For how long, counted in log time from the approval; at most twelve hours.
    #[n(2)]
    pub seconds: u32,
    /// Why.
    #[n(3)]
    pub reason: Text<256>,
}

/// Another person, who may grant the role, agrees.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ElevationGranted {
    /// The request's entry number.
    #[n(0)]
    pub request: u64,
}
