//! Places: ward stations, benches, desks, agents.

use std::collections::BTreeSet;

use minicbor::{Decode, Encode};

use super::ExternalId;
use crate::base::PlaceId;
use crate::roster::{Name, Text, Unit};

/// What sort of place it is. A number this release does not name is kept and shown as "other".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct PlaceKind(#[n(0)] pub u16);

impl PlaceKind {
    /// A shared computer on a ward.
    pub const WARD_STATION: Self = Self(1);
    /// A laboratory or imaging workplace that sends results.
    pub const BENCH: Self = Self(2);
    /// A staffed desk: the last step of every escalation.
    pub const DESK: Self = Self(3);
    /// An always-on device without a screen.
    pub const AGENT: Self = Self(4);
}

/// A declared duty of a place device, as data. Numbers this release does not name are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct PlaceDuty(#[n(0)] pub u16);

impl PlaceDuty {
    /// Grants emergency access.
    pub const EMERGENCY_ACCESS: Self = Self(1);
    /// Countersigns audit heads.
    pub const AUDIT_CUSTODY: Self = Self(2);
    /// Keeps records to their schedule.
    pub const ARCHIVE: Self = Self(3);
    /// Staffed around the clock.
    pub const STAFFED_DESK: Self = Self(4);
    /// Speaks HL7 v2 and FHIR with other systems.
    pub const GATEWAY: Self = Self(5);
}

/// What the directory says about a place.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PlaceDetails {
    /// As it is shown.
    #[n(0)]
    pub name: Name,
    /// What sort of place.
    #[n(1)]
    pub kind: PlaceKind,
    /// The unit it serves, if one.
    #[n(2)]
    pub unit: Option<Unit>,
    /// Directory number.
    #[n(3)]
    pub phone: Option<Text<64>>,
    /// Declared duties. At most 16.
    #[n(4)]
    pub duties: BTreeSet<PlaceDuty>,
    /// How other systems call it. At most 16.
    #[n(5)]
    pub external: BTreeSet<ExternalId>,
}

/// A new place.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PlaceAdded {
    /// The new id.
    #[n(0)]
    pub place: PlaceId,
    /// What it is.
    #[n(1)]
    pub details: PlaceDetails,
}

/// The directory says something else about a place now.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PlaceChanged {
    /// Which.
    #[n(0)]
    pub place: PlaceId,
    /// All details, replacing the earlier ones.
    #[n(1)]
    pub details: PlaceDetails,
}

/// A place closed: devices revoked, roles ended.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PlaceClosed {
    /// Which.
    #[n(0)]
    pub place: PlaceId,
}
