//! Duties: who is on call. Data for routing and escalation; a duty gives no right.

use minicbor::{Decode, Encode};

use crate::base::{DutyId, PersonId, PlaceId, Timestamp};
use crate::roster::entry::Owner;
use crate::roster::{Name, Text, Unit};

/// A duty exists with these properties, replacing earlier ones.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DutyDefined {
    /// Its id.
    #[n(0)]
    pub duty: DutyId,
    /// As it is shown ("medicine on call, 5W").
    #[n(1)]
    pub name: Name,
    /// The unit it serves, if one.
    #[n(2)]
    pub unit: Option<Unit>,
    /// The staffed desk that is its last step.
    #[n(3)]
    pub desk: Option<PlaceId>,
    /// Directory number.
    #[n(4)]
    pub phone: Option<Text<64>>,
    /// `false` ends it.
    #[n(5)]
    pub active: bool,
}

/// One holder for one stretch of time.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Shift {
    /// Who holds the duty.
    #[n(0)]
    pub holder: Owner,
    /// From (inclusive).
    #[n(1)]
    pub from: Timestamp,
    /// Until (exclusive).
    #[n(2)]
    pub until: Timestamp,
}

/// The plan for a window: what was planned inside it before is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DutyScheduled {
    /// Which duty.
    #[n(0)]
    pub duty: DutyId,
    /// Window's begin (inclusive).
    #[n(1)]
    pub from: Timestamp,
    /// Window's end (exclusive).
    #[n(2)]
    pub until: Timestamp,
    /// Shifts inside the window. At most 512.
    #[n(3)]
    pub shifts: Vec<Shift>,
}

/// From this entry's time to the end of the running shift somebody else holds the duty.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DutyHandedOff {
    /// Which duty.
    #[n(0)]
    pub duty: DutyId,
    /// Who holds it now.
    #[n(1)]
    pub from: Owner,
    /// Who holds it then.
    #[n(2)]
    pub to: Owner,
}

/// Whether a person can be reached, and who stands in.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Availability {
    /// Who.
    #[n(0)]
    pub person: PersonId,
    /// Can be reached.
    #[n(1)]
    pub available: bool,
    /// Until when this holds; open if absent.
    #[n(2)]
    pub until: Option<Timestamp>,
    /// Who stands in.
    #[n(3)]
    pub deputy: Option<PersonId>,
}
