//! What keeps an administrator from acting.

use sotto_wire::ErrorCode;

use crate::base::CryptoError;
use crate::roster::{Junk, Refusal, RosterError};
use crate::store::StoreError;
use crate::sync::SyncError;

/// An act was refused, or failed. Whether it reached the log is then known, except where the relay was not heard.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The store, the relay or the exchange with it failed.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// A key, an entry or a text could not be made.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// A primitive failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// No role of this person permits it.
    #[error("{0}")]
    NotPermitted(Refusal),
    /// Policy asks for a second administrator.
    #[error("this needs a second administrator")]
    NeedsTwo,
    /// Nobody would be left who could grant rights.
    #[error("no administrator would be left")]
    LastAdministrator,
    /// An identifier in the request belongs to another person.
    #[error("another person has one of these identifiers")]
    ExternalIdTaken,
    /// The roster would not take the entry for another reason.
    #[error("the roster does not take this: {0}")]
    Refused(Junk),
    /// A text is empty, too long, or holds characters that are not shown.
    #[error("the {0} is empty, too long, or holds characters that cannot be shown")]
    Text(&'static str),
    /// A role's name is unknown.
    #[error("there is no role of this name")]
    UnknownRole,
    /// One of several requests cannot be carried out; none was.
    #[error("number {number}: {cause}")]
    Item {
        /// Which, from 1.
        number: usize,
        /// Why.
        cause: Box<AdminError>,
    },
    /// No such person or place.
    #[error("there is no such person or place")]
    NoOwner,
    /// No such invitation.
    #[error("there is no such invitation")]
    NoInvitation,
    /// The invitation was taken back, or fell with who made it.
    #[error("this invitation was taken back")]
    InvitationVoid,
    /// The invitation's time is over.
    #[error("this invitation has expired: make a new one")]
    InvitationExpired,
    /// Nobody has claimed the invitation yet.
    #[error("nobody has claimed this invitation yet")]
    NothingToApprove,
    /// What was claimed is not signed by whoever has link and words, or was sealed to another device.
    #[error("the claim on this invitation cannot be verified on this device")]
    Claim,
    /// One's own departure is for somebody else to enter.
    #[error("another administrator must do this for you")]
    OwnDeparture,
    /// This device does not hold the capability without which the relay does not replace keys.
    #[error(
        "this device may not replace the organisation's keys: use the device of an administrator"
    )]
    NoCapability,
    /// The relay no longer takes the capability that this device holds.
    #[error("the relay does not take this device's right to replace keys")]
    CapabilityRefused,
    /// Others appended each time.
    #[error("the roster is being changed by others: try again")]
    Contended,
    /// Another administrator must agree first.
    #[error("this was proposed as entry {0} and waits for a second administrator")]
    Proposed(u64),
    /// No such proposal.
    #[error("there is no such proposal")]
    NoProposal,
    /// The proposal was carried out, refused or taken back.
    #[error("this proposal is no longer open")]
    NotOpen,
    /// Nobody agreed in time.
    #[error("this proposal has expired: propose it again")]
    ProposalExpired,
    /// Proposer and countersigner are one human, on whatever devices.
    #[error("whoever proposed this cannot agree to it: another administrator must")]
    SamePerson,
    /// The countersigner got their rights from the proposer less than a day ago.
    #[error(
        "both must have held the right for a day, each on a device that was confirmed then: try again tomorrow, or ask another administrator"
    )]
    NewAdministrator,
    /// No such device.
    #[error("there is no such device")]
    NoDevice,
    /// A device cannot exclude itself.
    #[error("a device cannot exclude itself: use another of your devices, or ask an administrator")]
    OwnDevice,
    /// The device is not suspended.
    #[error("this device is not suspended")]
    NotSuspended,
    /// Nobody holds such a role.
    #[error("they do not hold this role")]
    NoGrant,
    /// Two roles that exclude each other.
    #[error("one human must not hold these two roles without an exception")]
    ToxicPair,
    /// The organisation's rules are older.
    #[error("the organisation has not adopted the rules that this needs: adopt them first")]
    NotAdopted,
    /// A name of the role pack.
    #[error("this is the name of a role that every organisation has: choose another")]
    RoleTaken,
    /// An act's name is unknown.
    #[error("there is no permission of this name")]
    UnknownPermission,
    /// A rule of the policy is unknown, or its value is not one.
    #[error("{0}")]
    Policy(String),
    /// A table of people cannot be used.
    #[error("line {line} of the table: {problem}")]
    Table {
        /// Which, from 1, with the heading.
        line: u64,
        /// Why.
        problem: &'static str,
    },
    /// No such campaign.
    #[error("there is no such review")]
    NoCampaign,
    /// The root key that was given is not, or no longer, the organisation's.
    #[error(
        "this is not the root key of this organisation: it was replaced, or the file is another's"
    )]
    WrongRoot,
    /// No such recovery, or it is not this device's to finish.
    #[error("there is no such recovery, or it was announced from another device: finish it there")]
    NoRecovery,
    /// A recovery that is over: vetoed, or not carried out in time.
    #[error("this recovery was vetoed, or its time is over: announce another one")]
    RecoveryOver,
    /// Another recovery waits.
    #[error("a recovery is announced already: it must be finished, vetoed or over first")]
    RecoveryWaits,
    /// Too early for a recovery.
    #[error(
        "too early: the delay has not passed, or not enough other devices have been connected since and seen it pass"
    )]
    RecoveryTooSoon,
    /// What the root key opens is not there.
    #[error(
        "the organisation's log holds nothing that this root key opens yet: an administrator must replace the roster's key first"
    )]
    NoRootSeal,
    /// A text about a new root key that cannot be used.
    #[error(
        "this is not about this organisation's next root key, or it is out of date: begin again"
    )]
    RootToken,
    /// More devices or mailboxes than one operation of the relay takes.
    #[error("this concerns more devices than can be changed at once")]
    TooMany,
}

impl AdminError {
    /// A stable name of what happened.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Sync(_) => "admin.sync",
            Self::Roster(_) => "admin.roster",
            Self::Crypto(_) => "admin.crypto",
            Self::NotPermitted(_) => "admin.not_permitted",
            Self::NeedsTwo => "admin.needs_two",
            Self::LastAdministrator => "admin.last_administrator",
            Self::ExternalIdTaken => "admin.external_id_taken",
            Self::Refused(_) => "admin.refused",
            Self::Text(_) => "admin.text",
            Self::UnknownRole => "admin.unknown_role",
            Self::Item { cause, .. } => cause.code(),
            Self::NoOwner => "admin.no_owner",
            Self::NoInvitation => "admin.no_invitation",
            Self::InvitationVoid => "admin.invitation_void",
            Self::InvitationExpired => "admin.invitation_expired",
            Self::NothingToApprove => "admin.nothing_to_approve",
            Self::Claim => "admin.claim",
            Self::OwnDeparture => "admin.own_departure",
            Self::NoCapability => "admin.no_capability",
            Self::CapabilityRefused => "admin.capability_refused",
            Self::Contended => "admin.contended",
            Self::WrongRoot => "admin.wrong_root",
            Self::NoRecovery => "admin.no_recovery",
            Self::RecoveryOver => "admin.recovery_over",
            Self::RecoveryWaits => "admin.recovery_waits",
            Self::RecoveryTooSoon => "admin.recovery_too_soon",
            Self::NoRootSeal => "admin.no_root_seal",
            Self::RootToken => "admin.root_token",
            Self::TooMany => "admin.too_many",
            Self::Proposed(_) => "admin.proposed",
            Self::NoProposal => "admin.no_proposal",
            Self::NotOpen => "admin.not_open",
            Self::ProposalExpired => "admin.proposal_expired",
            Self::SamePerson => "admin.same_person",
            Self::NewAdministrator => "admin.new_administrator",
            Self::NoDevice => "admin.no_device",
            Self::OwnDevice => "admin.own_device",
            Self::NotSuspended => "admin.not_suspended",
            Self::NoGrant => "admin.no_grant",
            Self::ToxicPair => "admin.toxic_pair",
            Self::NotAdopted => "admin.not_adopted",
            Self::RoleTaken => "admin.role_taken",
            Self::UnknownPermission => "admin.unknown_permission",
            Self::Policy(_) => "admin.policy",
            Self::Table { .. } => "admin.table",
            Self::NoCampaign => "admin.no_campaign",
        }
    }

    /// The relay's code, where it is a refusal.
    pub(super) const fn relay_code(error: &SyncError) -> Option<ErrorCode> {
        match error {
            SyncError::Transport(error) => error.code(),
            _ => None,
        }
    }
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        Self::Sync(error.into())
    }
}

impl From<Junk> for AdminError {
    fn from(reason: Junk) -> Self {
        match reason {
            Junk::NoRight(refusal) => Self::NotPermitted(refusal),
            Junk::NeedsTwo => Self::NeedsTwo,
            Junk::LastAdministrator => Self::LastAdministrator,
            Junk::ExternalIdTaken => Self::ExternalIdTaken,
            Junk::SamePerson => Self::SamePerson,
            Junk::ToxicPair => Self::ToxicPair,
            Junk::NotAdopted => Self::NotAdopted,
            Junk::NewAdministrator => Self::NewAdministrator,
            Junk::Expired => Self::InvitationExpired,
            Junk::InvitationVoid => Self::InvitationVoid,
            other => Self::Refused(other),
        }
    }
}
