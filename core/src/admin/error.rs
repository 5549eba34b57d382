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
            Self::TooMany => "admin.too_many",
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
            Junk::Expired => Self::InvitationExpired,
            Junk::InvitationVoid => Self::InvitationVoid,
            other => Self::Refused(other),
        }
    }
}
