//! What administrators are shown. Plain data; field names are stable.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::client::InvitationView;

redacted!(
    ExcludedView,
    ExclusionView,
    DryRunView,
    WipeStatusView,
    CertificateView,
    ErasedView,
    ExposureView,
    ProposalView,
    PolicyView,
    RuleView,
    RoleView,
    HolderView,
    ElevationView,
    ExceptionView,
    PersonDifference,
    PeopleView,
    ImportView,
    SecurityEventView,
);

/// What an act came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum OutcomeView {
    /// It stands in the organisation's log.
    Done {
        /// The entry.
        seq: u64,
    },
    /// It waits for a second administrator.
    Proposed {
        /// The proposal's number, for [`Client::countersign`](crate::client::Client::countersign).
        seq: u64,
    },
}

/// A device that was excluded.
#[derive(Clone, Serialize)]
pub struct ExcludedView {
    /// Identifier.
    pub device: String,
    /// The device in words.
    pub words: String,
    /// `revoke`, `wipe` or `emergency wipe`.
    pub mode: &'static str,
    /// How it gets its order: `none asked`, `laid`, `no channel`, or `later` (an administrator's device lays it).
    pub order: &'static str,
    /// The same as a sentence.
    pub sentence: &'static str,
}

/// What an exclusion came to.
#[derive(Clone, Serialize)]
pub struct ExclusionView {
    /// Whether it stands or waits.
    #[serde(flatten)]
    pub outcome: OutcomeView,
    /// The devices.
    pub devices: Vec<ExcludedView>,
}

/// What a wipe would do.
#[derive(Clone, Serialize)]
pub struct DryRunView {
    /// Identifier.
    pub device: String,
    /// The device in words.
    pub words: String,
    /// Owner's identifier.
    pub owner: String,
    /// Owner's name.
    pub owner_name: String,
    /// `revoke`, `wipe` or `emergency wipe`.
    pub mode: &'static str,
    /// `done`, `proposed` (a second administrator must agree) or `refused`.
    pub would: &'static str,
    /// Why it would be refused.
    pub why: Option<String>,
    /// Proposals about this device that wait already.
    pub pending: Vec<u64>,
    /// Whether an order reaches it while it is locked.
    pub channel: bool,
    /// The last sign of life that reached this device.
    pub last_contact: Option<String>,
    /// Devices of the same owner that stay.
    pub other_devices: usize,
    /// Conversations known here that would drop it.
    pub conversations: Vec<String>,
    /// Critical results known here that wait for its owner.
    pub open_results: Vec<String>,
    /// Whether those move to their next step, because no other device of the owner stays.
    pub open_results_move: bool,
    /// Devices that fall with it, in words; absent where that shows only once a second administrator agrees.
    pub falling_devices: Option<Vec<String>>,
    /// Roles that fall with it, in words.
    pub falling_roles: Option<Vec<String>>,
    /// Invitations that fall with it.
    pub falling_invitations: Option<usize>,
}

/// A place on a certificate.
#[derive(Clone, Serialize)]
pub struct ErasedView {
    /// Which.
    pub place: String,
    /// What became of it.
    pub outcome: &'static str,
}

/// A verified certificate.
#[derive(Clone, Serialize)]
pub struct CertificateView {
    /// SHA-256 of the encoded certificate.
    pub sha256: String,
    /// When the device began, by its clock.
    pub began: String,
    /// When it ended, by its clock.
    pub ended: String,
    /// How it was done, in the terms of NIST SP 800-88 Rev. 1.
    pub method: &'static str,
    /// What protected the key.
    pub protection: String,
    /// When the store was last opened, by the device's clock.
    pub unlocked: Option<String>,
    /// Whether every place is erased.
    pub complete: bool,
    /// What became of each place.
    pub erased: Vec<ErasedView>,
    /// The encoded certificate, hexadecimal: with the device's receipt key anybody can verify it.
    pub encoded: String,
}

/// How a wipe stands.
#[derive(Clone, Serialize)]
pub struct WipeStatusView {
    /// Identifier.
    pub device: String,
    /// The device in words.
    pub words: String,
    /// `not ordered`, `ordered`, `reached` or `certified`.
    pub stage: &'static str,
    /// `wipe` or `emergency wipe`.
    pub mode: Option<&'static str>,
    /// The order's entry.
    pub entry: Option<u64>,
    /// The hash of that entry.
    pub entry_hash: Option<String>,
    /// Who ordered it, in words.
    pub by: Option<String>,
    /// Log time of the order.
    pub ordered: Option<String>,
    /// When the relay got it, by the relay's word.
    pub laid: Option<String>,
    /// When the device fetched it, by the relay's word.
    pub reached: Option<String>,
    /// Whether an order reaches it while it is locked.
    pub channel: bool,
    /// What it certified.
    pub certificate: Option<CertificateView>,
    /// Certificates that did not verify.
    pub refused_certificates: u32,
    /// All of this for print.
    pub text: String,
}

/// What a lost device may hold, as far as this device can know.
#[derive(Clone, Serialize)]
pub struct ExposureView {
    /// Identifier.
    pub device: String,
    /// The device in words.
    pub words: String,
    /// Owner's name.
    pub owner_name: String,
    /// Conversations known here that its owner took part in.
    pub conversations: Vec<String>,
    /// Messages in them.
    pub messages: u64,
    /// Result cards among them.
    pub results: u64,
    /// Patients these are about, at most.
    pub patients: u64,
    /// Tokens of those patients.
    pub tokens: Vec<String>,
    /// Attachments.
    pub attachments: u64,
    /// Their bytes.
    pub attachment_bytes: u64,
    /// The last sign of life that reached this device.
    pub last_contact: Option<String>,
    /// When it was excluded, by log time.
    pub excluded: Option<String>,
    /// When it fetched its order, by the relay's word.
    pub reached: Option<String>,
    /// What protected its key, by its certificate.
    pub protection: Option<String>,
    /// When it was last unlocked, by its certificate.
    pub last_unlocked: Option<String>,
    /// When it destroyed its data, by its certificate.
    pub destroyed: Option<String>,
    /// What this report cannot know.
    pub unknown: Vec<&'static str>,
}

/// A proposal.
#[derive(Clone, Serialize)]
pub struct ProposalView {
    /// Its number.
    pub seq: u64,
    /// What it is, in words.
    pub what: String,
    /// Who proposed it: identifier.
    pub by: String,
    /// Who proposed it: name.
    pub by_name: String,
    /// Why.
    pub reason: Option<String>,
    /// When, by log time.
    pub made: String,
    /// After this nobody can agree.
    pub expires: String,
    /// `open`, `carried`, `refused` or `expired`.
    pub state: &'static str,
    /// Whether I proposed it.
    pub mine: bool,
    /// Whether this device may countersign it.
    pub may_countersign: bool,
    /// Why not.
    pub why_not: Option<String>,
}

/// One rule.
#[derive(Clone, Serialize)]
pub struct RuleView {
    /// Its name, as it is typed.
    pub name: String,
    /// Its value, as it is typed.
    pub value: String,
    /// The rule in words.
    pub words: String,
    /// What it may say.
    pub bounds: String,
    /// Nothing was set: the default holds.
    pub default: bool,
}

/// The rules in force.
#[derive(Clone, Serialize)]
pub struct PolicyView {
    /// Counts changes.
    pub version: u32,
    /// Version of the table of rights in force.
    pub rules_version: u16,
    /// The newest that this release knows.
    pub newest_rules_version: u16,
    /// Every rule.
    pub rules: Vec<RuleView>,
}

/// Somebody who holds a role.
#[derive(Clone, Serialize)]
pub struct HolderView {
    /// Identifier.
    pub id: String,
    /// Name.
    pub name: String,
    /// Only in this unit; empty for everywhere.
    pub unit: String,
    /// From when, where that was said.
    pub from: Option<String>,
    /// Until when, where that was said.
    pub until: Option<String>,
}

/// A role.
#[derive(Clone, Serialize)]
pub struct RoleView {
    /// Identifier.
    pub id: String,
    /// Name.
    pub name: String,
    /// Every organisation has it.
    pub of_the_pack: bool,
    /// Holds privileged permissions.
    pub privileged: bool,
    /// What it permits, as it is typed.
    pub permissions: BTreeSet<String>,
    /// Who holds it.
    pub holders: Vec<HolderView>,
}

/// A request for a role for some hours.
#[derive(Clone, Serialize)]
pub struct ElevationView {
    /// Its number.
    pub seq: u64,
    /// Who asks: identifier.
    pub person: String,
    /// Who asks: name.
    pub name: String,
    /// For which role.
    pub role: String,
    /// For how long, in seconds.
    pub seconds: u64,
    /// Why.
    pub reason: String,
    /// After this nobody can agree.
    pub expires: String,
    /// `open`, `granted`, `ended`, `refused` or `expired`.
    pub state: &'static str,
    /// Until when the role holds.
    pub until: Option<String>,
}

/// An exception from the table of roles that exclude each other.
#[derive(Clone, Serialize)]
pub struct ExceptionView {
    /// Its entry.
    pub seq: u64,
    /// Whose: identifier.
    pub holder: String,
    /// Whose: name.
    pub name: String,
    /// One role.
    pub first: String,
    /// The other.
    pub second: String,
    /// Until when.
    pub until: String,
    /// Why.
    pub reason: String,
    /// Whether its time is over.
    pub ended: bool,
}

/// One person in a comparison.
#[derive(Clone, Serialize)]
pub struct PersonDifference {
    /// The line of the table; 0 where they are not in it.
    pub line: u64,
    /// Identifier, where they are in the roster.
    pub person: Option<String>,
    /// Their number.
    pub number: String,
    /// Their name.
    pub name: String,
    /// What is different, or what to look at.
    pub what: Vec<String>,
}

/// The personnel office's table compared with the roster.
#[derive(Clone, Serialize)]
pub struct PeopleView {
    /// To be invited.
    pub joins: Vec<PersonDifference>,
    /// Who had left and is back.
    pub returns: Vec<PersonDifference>,
    /// Details or roles differ.
    pub changes: Vec<PersonDifference>,
    /// The table says that they leave.
    pub leavers: Vec<PersonDifference>,
    /// They have a number that the table does not name.
    pub orphans: Vec<PersonDifference>,
    /// They have no such number.
    pub without_number: Vec<PersonDifference>,
    /// How many are the same.
    pub unchanged: usize,
}

/// What applying the table came to.
#[derive(Clone, Serialize)]
pub struct ImportView {
    /// The comparison before.
    pub before: PeopleView,
    /// Invitations that were made.
    pub invitations: Vec<InvitationView>,
    /// Entries that were made, invitations included.
    pub done: usize,
    /// Proposals that wait for a second administrator.
    pub proposed: Vec<u64>,
    /// What is different now.
    pub after: PeopleView,
}

/// Something to look at.
#[derive(Clone, Serialize)]
pub struct SecurityEventView {
    /// `refused`, `no right`, `junk`, `fork`, `device` or `certificate`.
    pub kind: &'static str,
    /// When, where known.
    pub at: Option<String>,
    /// In words, without content.
    pub words: String,
    /// The conversation's identifier.
    pub conversation: Option<String>,
    /// How often.
    pub count: u64,
}

/// How far a renewal of all keys has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RekeyView {
    /// The roster key's epoch.
    pub epoch: u64,
    /// Conversations of this device.
    pub conversations: usize,
    /// Those still to be renewed.
    pub waiting: usize,
}
