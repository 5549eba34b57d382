//! What administrators hand in.

use std::time::Duration;

use crate::base::{DeviceId, Owner, Timestamp};

redacted!(RevokeDevice, GrantRole, DefineRole, ImportPeople);

/// A device to be excluded.
#[derive(Clone)]
pub struct RevokeDevice {
    /// Which.
    pub device: DeviceId,
    /// What it is to do.
    pub mode: Exclude,
    /// From this entry of the roster on, what the device signed there is suspended with it.
    pub suspect_since: Option<u64>,
    /// For the record. Every member can read it.
    pub reason: Option<String>,
}

/// What an excluded device is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exclude {
    /// Nothing more: it loses its mailbox and the roster key.
    Only,
    /// Destroy its key and its data, and certify it.
    Wipe,
    /// The same, ordered by one administrator where policy asks for two. Everybody sees it, and it is counted.
    EmergencyWipe,
}

/// A role to be given.
#[derive(Clone)]
pub struct GrantRole {
    /// To whom.
    pub holder: Owner,
    /// The role's name; `charge nurse@5W` holds in that unit only.
    pub role: String,
    /// From when; at once if absent.
    pub from: Option<Timestamp>,
    /// Until when; no end if absent.
    pub until: Option<Timestamp>,
    /// For whoever is asked to agree.
    pub reason: Option<String>,
}

/// A role of the organisation's own.
#[derive(Clone)]
pub struct DefineRole {
    /// Its name: a new one, or one that was defined before and is replaced.
    pub name: String,
    /// Names of permissions; `unmask with relation` only with a relation to the patient.
    pub permissions: Vec<String>,
}

/// The personnel office's table, to be applied.
#[derive(Clone)]
pub struct ImportPeople {
    /// CSV: `staff number, name, unit, roles, phone, action`.
    pub table: String,
    /// The system of the numbers; `staff number` if absent.
    pub system: Option<String>,
    /// How long invitations are good.
    pub valid: Duration,
    /// Invitations are shown face to face: their links hold the six words too.
    pub in_person: bool,
    /// Who has a number that the table does not name is let go too.
    pub orphans_leave: bool,
}
