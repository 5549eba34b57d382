//! What the roster remembers to keep those who administer in check: which rules are in force, exceptions, elevations,
//! campaigns and recoveries.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};

use super::entry::Owner;
use super::kind::{
    CampaignOpened, Decision, ElevationRequested, ExceptionGranted, RecoveryAnnounced,
};
use super::{Text, Versioned};
use crate::base::{DeviceId, PersonId, RoleId, Timestamp};

/// The rules of release 0.1.
const FIRST_RULES: u16 = 1;

/// An exception from the table of roles that exclude each other.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ExceptionRecord {
    /// What was granted.
    #[n(0)]
    pub exception: ExceptionGranted,
    /// The granting entry.
    #[n(1)]
    pub seq: u64,
    /// By which device.
    #[n(2)]
    pub by: DeviceId,
    /// Who agreed; absent where nobody else could.
    #[n(3)]
    pub second: Option<DeviceId>,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum ElevationState {
    /// Waits for another person.
    #[n(0)]
    Open,
    /// The role holds until then.
    #[n(1)]
    Granted(#[n(0)] Timestamp),
    /// Refused or taken back.
    #[n(2)]
    Refused,
}

/// A request for a role for some hours.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ElevationRecord {
    /// What was asked.
    #[n(0)]
    pub request: ElevationRequested,
    /// By whom.
    #[n(1)]
    pub person: PersonId,
    /// After this log time nobody can agree any more.
    #[n(2)]
    pub expires: Timestamp,
    /// What became of it.
    #[n(3)]
    pub state: ElevationState,
}

/// The answer about one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Answer {
    /// What was decided.
    #[n(0)]
    pub decision: Decision,
    /// By which device.
    #[n(1)]
    pub by: DeviceId,
    /// Who agreed, where two were needed.
    #[n(2)]
    pub second: Option<DeviceId>,
    /// With which entry.
    #[n(3)]
    pub seq: u64,
    /// At what log time.
    #[n(4)]
    pub time: Timestamp,
}

/// One person of a campaign.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Reviewed {
    /// The answer, if there is one.
    #[n(0)]
    pub answer: Option<Answer>,
    /// The entry from which on the campaign holds nothing against them: their answer, or their return after leaving.
    #[n(1)]
    pub settled: Option<u64>,
}

/// A campaign and its answers: the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct CampaignRecord {
    /// Name, unit, date.
    #[n(0)]
    pub campaign: CampaignOpened,
    /// The opening entry.
    #[n(1)]
    pub seq: u64,
    /// Its log time.
    #[n(2)]
    pub opened: Timestamp,
    /// By which device.
    #[n(3)]
    pub by: DeviceId,
    /// Everybody it covers.
    #[n(4)]
    pub persons: BTreeMap<PersonId, Reviewed>,
}

/// What became of an announced recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum RecoveryState {
    /// Waits for its time.
    #[n(0)]
    Announced,
    /// Vetoed by this device.
    #[n(1)]
    Vetoed(#[n(0)] DeviceId),
    /// Done with this entry.
    #[n(2)]
    Done(#[n(0)] u64),
}

/// An announced recovery.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RecoveryRecord {
    /// What was announced.
    #[n(0)]
    pub announced: RecoveryAnnounced,
    /// Log time of the announcement.
    #[n(1)]
    pub time: Timestamp,
    /// How many others must have seen the delay pass.
    #[n(2)]
    pub quorum: u8,
    /// Persons and places whose own clocks have seen it pass.
    #[n(3)]
    pub witnesses: BTreeSet<Owner>,
    /// What became of it.
    #[n(4)]
    pub state: RecoveryState,
}

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct Oversight {
    #[n(0)]
    pub(super) rules: Option<Versioned<u16>>,
    /// Retired roles and the entry that did it.
    #[n(1)]
    pub(super) retired: BTreeMap<RoleId, u64>,
    #[n(2)]
    pub(super) exceptions: Vec<ExceptionRecord>,
    /// By the request's entry.
    #[n(3)]
    pub(super) elevations: BTreeMap<u64, ElevationRecord>,
    #[n(4)]
    pub(super) campaigns: BTreeMap<Text<64>, CampaignRecord>,
    /// By the announcement's entry.
    #[n(5)]
    pub(super) recoveries: BTreeMap<u64, RecoveryRecord>,
    /// The newest time to which each device itself has moved log time on.
    #[n(6)]
    pub(super) clocks: BTreeMap<DeviceId, Timestamp>,
}

impl Oversight {
    /// Version of the rules after an entry.
    pub(super) fn rules_at(&self, seq: u64) -> u16 {
        self.rules
            .as_ref()
            .and_then(|rules| rules.at(seq))
            .copied()
            .unwrap_or(FIRST_RULES)
    }
    /// Whether a campaign's date passed without an answer about a person.
    pub(super) fn lapsed(&self, person: &PersonId, seq: u64, time: Timestamp) -> bool {
        self.campaigns.values().any(|record| {
            record.seq <= seq
                && record.campaign.due <= time
                && record
                    .persons
                    .get(person)
                    .is_some_and(|reviewed| reviewed.settled.is_none_or(|since| since > seq))
        })
    }
    /// Who returns begins anew: open campaigns hold nothing against them.
    pub(super) fn excuse(&mut self, person: &PersonId, seq: u64) {
        for record in self.campaigns.values_mut() {
            if let Some(reviewed) = record.persons.get_mut(person) {
                reviewed.settled.get_or_insert(seq);
            }
        }
    }
}
