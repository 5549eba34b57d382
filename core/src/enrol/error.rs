//! What keeps a device from belonging to an organisation.

use std::io;

use sotto_wire::ErrorCode;

use crate::base::CryptoError;
use crate::roster::{Junk, RosterError};
use crate::store::StoreError;
use crate::sync::SyncError;
use crate::transport::{EndpointError, TransportError};

/// Founding or joining failed. What was committed stays, and the same call again goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The relay was not reached, or refused.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// A key, an entry or a text could not be made.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// The roster in the store could not be replayed.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// A primitive failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// The work was abandoned because the process is ending.
    #[error("stopped")]
    Stopped,

    /// This store's device belongs to an organisation already.
    #[error("this device belongs to an organisation already")]
    AlreadyEnrolled,
    /// This store is in the middle of something else: founding, or joining by another invitation.
    #[error("this device has begun to join otherwise: finish that, or begin in a new folder")]
    Underway,
    /// Nothing was begun that could be waited for.
    #[error("this device is not joining an organisation")]
    NotJoining,
    /// A name or label is empty, too long, or holds characters that are not shown.
    #[error("the {0} is empty, too long, or holds characters that cannot be shown")]
    Text(&'static str),

    /// The root file's place is taken.
    #[error("there is a file already where the root key should go")]
    RootFileExists,
    /// The root file could not be written.
    #[error("the root key's file could not be written: {0}")]
    RootFile(io::ErrorKind),
    /// The root key was sealed under another passphrase when founding began.
    #[error("founding began with another passphrase for the root key")]
    RootPassphrase,
    /// The relay speaks other versions of the contract only.
    #[error("the relay speaks other versions: update this device or the relay")]
    RelayVersion,
    /// The relay does not hold the signing key that it names.
    #[error("the relay does not sign with the key it names")]
    RelayIdentity,
    /// The relay does not know the registration token, or it was used.
    #[error("the registration token is unknown or used")]
    RegistrationToken,
    /// The relay's log of the new organisation holds something else.
    #[error("the relay holds another roster under this organisation's name")]
    RosterTaken,

    /// Not a link of this version.
    #[error("this is not an invitation link")]
    Link,
    /// The link travels without its words, and none were given.
    #[error("the six words of this invitation are needed")]
    WordsMissing,
    /// Not six words of the list.
    #[error("these are not six words of the list")]
    WordsMalformed,
    /// The relay does not know this combination of link and words.
    #[error("the six words do not belong to this link")]
    WordsWrong,
    /// The relay does not have the invitation: it was taken back, used up, or is over.
    #[error("this invitation is no longer there: ask for a new one")]
    InvitationUnknown,
    /// The invitation's time is over.
    #[error("this invitation has expired: ask for a new one")]
    InvitationExpired,
    /// Another device has taken the invitation.
    #[error("somebody else has used this invitation: tell your administrator")]
    InvitationTaken,
    /// The administrator took the invitation back, or was excluded.
    #[error("this invitation was taken back: ask for a new one")]
    InvitationVoid,
    /// What the relay kept for the invitation is not what the inviter left there.
    #[error("the relay did not keep what the inviter left: ask for a new invitation")]
    OfferAltered,
    /// The organisation's keys were replaced after the invitation was made.
    #[error("the organisation's keys were replaced since: the invitation must be renewed")]
    KeysReplaced,
    /// The relay's log does not hold the entry that the link names.
    #[error("the relay shows an older roster than the invitation was made from")]
    RosterOlder,
    /// At the place that the link names, the relay's log holds another entry.
    #[error(
        "the relay shows another roster than the invitation was made from: tell your administrator"
    )]
    RosterForked,
    /// The log cannot be read from its beginning with the keys of the invitation.
    #[error("the organisation's roster cannot be read")]
    RosterUnreadable,
    /// The log holds an entry that this release does not understand and may not skip.
    #[error("an update is required to follow the organisation's roster")]
    UpdateRequired,
    /// The roster would not take this device.
    #[error("the roster does not take this device: {0}")]
    Refused(Junk),
    /// The device was excluded before it had begun.
    #[error("this device was excluded again")]
    Excluded,
}

impl EnrolError {
    /// Whether trying again later, with the same request, can help.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Transport(_)
                | Self::Stopped
                | Self::KeysReplaced
                | Self::RosterOlder
                | Self::UpdateRequired
        )
    }
    /// A stable name of what happened.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Store(_) => "enrol.store",
            Self::Transport(_) => "enrol.transport",
            Self::Sync(_) => "enrol.sync",
            Self::Roster(_) => "enrol.roster",
            Self::Crypto(_) => "enrol.crypto",
            Self::Stopped => "enrol.stopped",
            Self::AlreadyEnrolled => "enrol.already_enrolled",
            Self::Underway => "enrol.underway",
            Self::NotJoining => "enrol.not_joining",
            Self::Text(_) => "enrol.text",
            Self::RootFileExists => "enrol.root_file_exists",
            Self::RootFile(_) => "enrol.root_file",
            Self::RootPassphrase => "enrol.root_passphrase",
            Self::RelayVersion => "enrol.relay_version",
            Self::RelayIdentity => "enrol.relay_identity",
            Self::RegistrationToken => "enrol.registration_token",
            Self::RosterTaken => "enrol.roster_taken",
            Self::Link => "enrol.link",
            Self::WordsMissing => "enrol.words_missing",
            Self::WordsMalformed => "enrol.words_malformed",
            Self::WordsWrong => "enrol.words_wrong",
            Self::InvitationUnknown => "enrol.invitation_unknown",
            Self::InvitationExpired => "enrol.invitation_expired",
            Self::InvitationTaken => "enrol.invitation_taken",
            Self::InvitationVoid => "enrol.invitation_void",
            Self::OfferAltered => "enrol.offer_altered",
            Self::KeysReplaced => "enrol.keys_replaced",
            Self::RosterOlder => "enrol.roster_older",
            Self::RosterForked => "enrol.roster_forked",
            Self::RosterUnreadable => "enrol.roster_unreadable",
            Self::UpdateRequired => "enrol.update_required",
            Self::Refused(_) => "enrol.refused",
            Self::Excluded => "enrol.excluded",
        }
    }
    /// What the relay's refusals mean for somebody who takes an invitation.
    pub(super) fn of_grant(error: TransportError) -> Self {
        match error.code() {
            Some(ErrorCode::GrantTaken) => Self::InvitationTaken,
            Some(ErrorCode::Unauthorized) => Self::WordsWrong,
            Some(ErrorCode::NotFound) => Self::InvitationUnknown,
            Some(ErrorCode::Expired) => Self::InvitationExpired,
            _ => Self::Transport(error),
        }
    }
}

impl From<EndpointError> for EnrolError {
    fn from(error: EndpointError) -> Self {
        Self::Transport(error.into())
    }
}
