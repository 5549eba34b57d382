//! The error a caller sees: a stable code, a class, what can be done, and a sentence for a human. No content inside.

use std::fmt;
use std::io;
use std::time::Duration;

use sotto_content::readback::ReadBackError;
use sotto_wire::ErrorCode;

use crate::admin::AdminError;
use crate::clinical::ClinicalError;
use crate::conversation::ConversationError;
use crate::enrol::EnrolError;
use crate::inbox::InboxError;
use crate::membership::MembershipError;
use crate::outbox::OutboxError;
use crate::store::StoreError;
use crate::sync::SyncError;
use crate::timeline::TimelineError;
use crate::transport::{self, NetworkError, TransportError};
use crate::vault::VaultError;

/// What the caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The same again, at once.
    Now,
    /// The same later, where known after so long.
    Later(Option<Duration>),
    /// Not like this.
    Never,
    /// A person must act first.
    NeedsUser,
}

/// Classes of errors; each has its exit code on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The call itself is off.
    Usage,
    /// Not allowed, or refused by a rule.
    Refused,
    /// The relay was not reached, or refused for now.
    Network,
    /// The store is locked, or the key does not open it.
    Locked,
    /// No such thing.
    NotFound,
    /// A file or value that cannot be used.
    BadInput,
    /// This program or this machine failed.
    Internal,
}

/// An error of the client.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    code: &'static str,
    retry: Retry,
    text: String,
}

impl Error {
    pub(super) fn new(
        kind: ErrorKind,
        code: &'static str,
        retry: Retry,
        text: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            code,
            retry,
            text: text.into(),
        }
    }
    /// The store is not open in this client.
    pub(super) fn locked() -> Self {
        Self::new(
            ErrorKind::Locked,
            "store.locked",
            Retry::NeedsUser,
            "the store is locked: unlock it first",
        )
    }
    /// Its class.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }
    /// A stable string, such as `relay.unreachable`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }
    /// What can be done.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        self.retry
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({})", self.code)
    }
}

impl std::error::Error for Error {}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let (kind, code, retry) = match &error {
            StoreError::NotFound => (ErrorKind::NotFound, "store.not_found", Retry::NeedsUser),
            StoreError::AlreadyExists => (ErrorKind::Usage, "store.exists", Retry::Never),
            StoreError::WrongKey => (ErrorKind::Locked, "store.wrong_key", Retry::NeedsUser),
            StoreError::LockedByAnotherProcess | StoreError::Busy { .. } => {
                (ErrorKind::Locked, "store.busy", Retry::Later(None))
            }
            StoreError::AlreadyRunning => (ErrorKind::Refused, "store.running", Retry::NeedsUser),
            StoreError::Corrupt | StoreError::Value { .. } => {
                (ErrorKind::Internal, "store.damaged", Retry::NeedsUser)
            }
            StoreError::NewerSchema { .. } | StoreError::ForeignMigration { .. } => {
                (ErrorKind::Internal, "store.newer", Retry::NeedsUser)
            }
            StoreError::NetworkFileSystem { .. } => (
                ErrorKind::Refused,
                "store.network_file_system",
                Retry::Never,
            ),
            StoreError::DiskFull { .. } => {
                (ErrorKind::Internal, "store.disk_full", Retry::NeedsUser)
            }
            _ => (ErrorKind::Internal, "store.failed", Retry::Later(None)),
        };
        Self::new(kind, code, retry, error.to_string())
    }
}

impl From<VaultError> for Error {
    fn from(error: VaultError) -> Self {
        let (kind, code, retry) = match &error {
            VaultError::NotFound => (ErrorKind::NotFound, "store.not_found", Retry::NeedsUser),
            VaultError::AlreadyExists => (ErrorKind::Usage, "store.exists", Retry::Never),
            VaultError::WrongPassphrase => (
                ErrorKind::Locked,
                "vault.wrong_passphrase",
                Retry::NeedsUser,
            ),
            VaultError::EmptyPassphrase | VaultError::NoFactor => {
                (ErrorKind::Usage, "vault.empty", Retry::Never)
            }
            VaultError::MissingFactor(_) => {
                (ErrorKind::Locked, "vault.missing_factor", Retry::NeedsUser)
            }
            VaultError::KeyringLocked
            | VaultError::KeyringEntryMissing
            | VaultError::WrongKeyringSecret => {
                (ErrorKind::Locked, "vault.keyring", Retry::NeedsUser)
            }
            VaultError::WrongUnlockShare => {
                (ErrorKind::Locked, "vault.unlock_share", Retry::NeedsUser)
            }
            VaultError::KeyringUnavailable => (
                ErrorKind::Locked,
                "vault.keyring_unavailable",
                Retry::Later(None),
            ),
            _ => (ErrorKind::Internal, "vault.failed", Retry::NeedsUser),
        };
        Self::new(kind, code, retry, error.to_string())
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        let retry = match error.retry() {
            transport::Retry::Now => Retry::Now,
            transport::Retry::After(wait) => Retry::Later(Some(wait)),
            transport::Retry::Never => Retry::Never,
            transport::Retry::NeedsUser => Retry::NeedsUser,
        };
        // Not the network's doing.
        match &error {
            TransportError::Local(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
                return Self::new(
                    ErrorKind::Internal,
                    "disk.full",
                    Retry::NeedsUser,
                    error.to_string(),
                );
            }
            TransportError::Local(_) => {
                return Self::new(
                    ErrorKind::Internal,
                    "file.failed",
                    Retry::NeedsUser,
                    error.to_string(),
                );
            }
            TransportError::Endpoint(_) => {
                return Self::new(
                    ErrorKind::BadInput,
                    "relay.address",
                    Retry::NeedsUser,
                    error.to_string(),
                );
            }
            _ => {}
        }
        let code = match &error {
            TransportError::Network(NetworkError::PinMismatch) => "relay.pin_mismatch",
            TransportError::Network(_) | TransportError::SocketClosed => "relay.unreachable",
            TransportError::RelaySignature => "relay.signature",
            TransportError::Relay(refusal) => match refusal.code {
                ErrorCode::RateLimited | ErrorCode::QuotaExceeded => "relay.limit",
                ErrorCode::StorageFull => "relay.full",
                ErrorCode::UnsupportedVersion => "relay.version",
                ErrorCode::Unauthorized => "relay.unauthorized",
                ErrorCode::TooLarge => "relay.too_large",
                _ => "relay.refused",
            },
            _ => "relay.answer",
        };
        Self::new(ErrorKind::Network, code, retry, error.to_string())
    }
}

impl From<SyncError> for Error {
    fn from(error: SyncError) -> Self {
        let text = error.to_string();
        let of = |kind, code, retry| Self::new(kind, code, retry, text.clone());
        match error {
            SyncError::Store(error)
            | SyncError::Inbox(InboxError::Store(error))
            | SyncError::Outbox(
                OutboxError::Store(error) | OutboxError::Membership(MembershipError::Store(error)),
            )
            | SyncError::Membership(MembershipError::Store(error))
            | SyncError::Timeline(TimelineError::Store(error)) => error.into(),
            SyncError::Transport(error) => error.into(),
            SyncError::Membership(MembershipError::TooLarge)
            | SyncError::Outbox(OutboxError::Membership(MembershipError::TooLarge)) => {
                of(ErrorKind::BadInput, "message.too_long", Retry::Never)
            }
            SyncError::NotEnrolled => {
                of(ErrorKind::Refused, "device.not_enrolled", Retry::NeedsUser)
            }
            SyncError::CopiedStore => {
                of(ErrorKind::Refused, "device.copied_store", Retry::NeedsUser)
            }
            SyncError::Excluded => of(ErrorKind::Refused, "device.excluded", Retry::Never),
            SyncError::UpdateRequired => of(
                ErrorKind::Refused,
                "roster.update_required",
                Retry::NeedsUser,
            ),
            SyncError::RosterFork => of(ErrorKind::Refused, "roster.fork", Retry::NeedsUser),
            SyncError::AwaitsRosterKey { .. } => {
                of(ErrorKind::Network, "roster.awaits_key", Retry::Later(None))
            }
            SyncError::ClockWrong { .. } => {
                of(ErrorKind::Refused, "device.clock_wrong", Retry::NeedsUser)
            }
            SyncError::Stopped => of(ErrorKind::Internal, "client.stopped", Retry::Later(None)),
            _ => of(ErrorKind::Internal, "client.failed", Retry::Later(None)),
        }
    }
}

impl From<ConversationError> for Error {
    fn from(error: ConversationError) -> Self {
        use ConversationError as E;
        let (kind, code) = match &error {
            E::Sync(_) => (ErrorKind::Internal, "client.failed"),
            E::NoConversation => (ErrorKind::NotFound, "conversation.not_found"),
            E::NoMessage => (ErrorKind::NotFound, "message.not_found"),
            E::NoOwner => (ErrorKind::NotFound, "person.not_found"),
            E::Alone => (ErrorKind::Usage, "conversation.alone"),
            E::NotAllowed => (ErrorKind::Refused, "role.not_allowed"),
            E::Direct => (ErrorKind::Refused, "conversation.direct"),
            E::Oneself => (ErrorKind::Refused, "conversation.oneself"),
            E::Closed => (ErrorKind::Refused, "conversation.closed"),
            E::Empty => (ErrorKind::BadInput, "message.empty"),
            E::Reaction => (ErrorKind::BadInput, "message.reaction"),
            E::TooLong => (ErrorKind::BadInput, "message.too_long"),
            E::NotYours => (ErrorKind::Refused, "message.not_yours"),
            E::Gone => (ErrorKind::NotFound, "message.gone"),
            E::AttachmentGone => (ErrorKind::NotFound, "attachment.gone"),
            E::AttachmentDamaged => (ErrorKind::BadInput, "attachment.damaged"),
            E::NothingToExport => (ErrorKind::NotFound, "export.nothing"),
            E::Purpose => (ErrorKind::Usage, "purpose.missing"),
            E::NotAFile => (ErrorKind::BadInput, "file.not_plain"),
            E::FileExists => (ErrorKind::BadInput, "file.exists"),
            E::File(io::ErrorKind::NotFound) => (ErrorKind::NotFound, "file.not_found"),
            E::File(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
                (ErrorKind::Internal, "disk.full")
            }
            E::File(_) => (ErrorKind::BadInput, "file.failed"),
            E::FileTooLarge => (ErrorKind::BadInput, "file.too_large"),
        };
        let text = error.to_string();
        match error {
            E::Sync(error) => error.into(),
            E::Purpose | E::File(_) | E::FileExists | E::NotAllowed => {
                Self::new(kind, code, Retry::NeedsUser, text)
            }
            _ => Self::new(kind, code, Retry::Never, text),
        }
    }
}

impl From<ClinicalError> for Error {
    fn from(error: ClinicalError) -> Self {
        use ClinicalError as E;
        let (kind, code) = match &error {
            E::Conversation(_) => (ErrorKind::Internal, "client.failed"),
            E::Refused(_) => (ErrorKind::BadInput, "result.refused"),
            E::NotCritical(_) => (ErrorKind::Refused, "result.not_critical"),
            E::NoReason | E::Words => (ErrorKind::Usage, "result.no_reason"),
            E::NoOrderer => (ErrorKind::NotFound, "result.no_orderer"),
            E::AmbiguousOrderer => (ErrorKind::Refused, "result.ambiguous_orderer"),
            E::TestToOrderer => (ErrorKind::Refused, "result.test"),
            E::OtherPatient => (ErrorKind::Refused, "result.other_patient"),
            E::RecipientMayNotView => (ErrorKind::Refused, "result.recipient_may_not_view"),
            E::MemberMayNotView => (ErrorKind::Refused, "result.member_may_not_view"),
            E::NotACard => (ErrorKind::NotFound, "result.none"),
            E::Superseded => (ErrorKind::Refused, "result.superseded"),
            E::Outdated => (ErrorKind::Refused, "result.outdated"),
            E::Disputed => (ErrorKind::Refused, "result.disputed"),
            E::Already => (ErrorKind::Refused, "result.already_acknowledged"),
            E::Withdrawn => (ErrorKind::Refused, "result.withdrawn"),
            E::OwnResult => (ErrorKind::Refused, "result.own"),
            E::NoPerson => (ErrorKind::Refused, "result.no_person"),
            E::ReadBack(error) if error.is_mismatch() => (ErrorKind::Refused, "readback.mismatch"),
            E::ReadBack(_) => (ErrorKind::BadInput, "readback.incomplete"),
            E::WhichObservation => (ErrorKind::Usage, "readback.which"),
            E::TooLarge => (ErrorKind::BadInput, "result.too_large"),
        };
        let text = match &error {
            E::ReadBack(error) => read_back(error),
            other => other.to_string(),
        };
        match error {
            E::Conversation(error) => error.into(),
            _ => Self::new(kind, code, Retry::NeedsUser, text),
        }
    }
}

/// What went wrong with a read-back, in words, counting observations from one as they are shown.
fn read_back(error: &ReadBackError) -> String {
    match error {
        ReadBackError::Mismatch { observation } => format!(
            "what you read back for observation {} is not what the laboratory reported: nothing was acknowledged, and the sender is told. Look at the card again",
            observation + 1
        ),
        ReadBackError::WrongIdentifier => {
            "an identifier is not that of the patient on the card: nothing was acknowledged, and the sender is told"
                .to_owned()
        }
        ReadBackError::Unreadable { observation } => {
            format!(
                "type the value of observation {} as a plain number, without its unit",
                observation + 1
            )
        }
        ReadBackError::OtherWay { observation } => {
            format!(
                "observation {} is read back by choosing one of the options that are shown",
                observation + 1
            )
        }
        ReadBackError::NotReadBack { observation } => {
            format!("observation {} must be read back too", observation + 1)
        }
        ReadBackError::NotAsked { observation } => {
            format!("observation {} is not one that is read back", observation + 1)
        }
        ReadBackError::TooFewIdentifiers => {
            "confirm one more of the patient's identifiers: the record number or the birth date".to_owned()
        }
    }
}

impl From<EnrolError> for Error {
    fn from(error: EnrolError) -> Self {
        use EnrolError as E;
        let (text, code) = (error.to_string(), error.code());
        let of = |kind, retry| Self::new(kind, code, retry, text.clone());
        match error {
            E::Store(error) => error.into(),
            E::Transport(error) => error.into(),
            E::Sync(error) => error.into(),
            E::Stopped => of(ErrorKind::Internal, Retry::Later(None)),
            E::Crypto(_) | E::Roster(_) => of(ErrorKind::Internal, Retry::Never),
            E::RootFile(_) => of(ErrorKind::Internal, Retry::NeedsUser),
            E::Text(_) | E::Link | E::WordsMalformed | E::RootFileExists => {
                of(ErrorKind::BadInput, Retry::NeedsUser)
            }
            E::WordsMissing => of(ErrorKind::Usage, Retry::NeedsUser),
            E::InvitationUnknown | E::NotJoining => of(ErrorKind::NotFound, Retry::NeedsUser),
            E::RosterOlder => of(ErrorKind::Network, Retry::Later(None)),
            E::InvitationExpired
            | E::InvitationTaken
            | E::InvitationVoid
            | E::Refused(_)
            | E::Excluded => of(ErrorKind::Refused, Retry::Never),
            E::AlreadyEnrolled
            | E::Underway
            | E::RootPassphrase
            | E::RelayVersion
            | E::RelayIdentity
            | E::RegistrationToken
            | E::RosterTaken
            | E::WordsWrong
            | E::OfferAltered
            | E::KeysReplaced
            | E::RosterForked
            | E::RosterUnreadable
            | E::UpdateRequired => of(ErrorKind::Refused, Retry::NeedsUser),
        }
    }
}

impl From<AdminError> for Error {
    fn from(error: AdminError) -> Self {
        use AdminError as E;
        let (text, code) = (error.to_string(), error.code());
        if let E::Sync(error) = error {
            return error.into();
        }
        let (kind, retry) = admin_class(&error);
        // Which of several requests it was is in the words, why decides the class.
        Self::new(kind, code, retry, text)
    }
}

fn admin_class(error: &AdminError) -> (ErrorKind, Retry) {
    use AdminError as E;
    match error {
        E::Item { cause, .. } => match &**cause {
            E::Sync(SyncError::Transport(_)) => (ErrorKind::Network, Retry::Later(None)),
            other => admin_class(other),
        },
        E::Sync(_) => (ErrorKind::Internal, Retry::Later(None)),
        E::Roster(_) | E::Crypto(_) => (ErrorKind::Internal, Retry::Never),
        E::Text(_) | E::TooMany => (ErrorKind::BadInput, Retry::NeedsUser),
        E::UnknownRole | E::NoOwner | E::NoInvitation | E::NothingToApprove => {
            (ErrorKind::NotFound, Retry::NeedsUser)
        }
        E::Contended => (ErrorKind::Network, Retry::Now),
        E::Policy(_) | E::Table { .. } | E::UnknownPermission => {
            (ErrorKind::BadInput, Retry::NeedsUser)
        }
        E::RootToken => (ErrorKind::BadInput, Retry::NeedsUser),
        E::NoRecovery => (ErrorKind::NotFound, Retry::NeedsUser),
        E::RecoveryTooSoon => (ErrorKind::Refused, Retry::Later(None)),
        E::NoProposal | E::NoDevice | E::NoGrant | E::NoCampaign => {
            (ErrorKind::NotFound, Retry::NeedsUser)
        }
        E::Proposed(_)
        | E::NotOpen
        | E::ProposalExpired
        | E::SamePerson
        | E::NewAdministrator
        | E::OwnDevice
        | E::ToxicPair
        | E::NotAdopted
        | E::NotSuspended
        | E::WrongRoot
        | E::RecoveryOver
        | E::RecoveryWaits
        | E::NoRootSeal
        | E::RoleTaken => (ErrorKind::Refused, Retry::NeedsUser),
        E::NotPermitted(_)
        | E::NeedsTwo
        | E::LastAdministrator
        | E::ExternalIdTaken
        | E::Refused(_)
        | E::InvitationVoid
        | E::InvitationExpired
        | E::Claim
        | E::OwnDeparture
        | E::NoCapability
        | E::CapabilityRefused => (ErrorKind::Refused, Retry::NeedsUser),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_keeps_its_class_through_every_floor() {
        let unreached = || TransportError::Network(NetworkError::Connect);
        let full = || StoreError::DiskFull { doing: "writing" };
        for (error, kind, code) in [
            (
                Error::from(EnrolError::Sync(unreached().into())),
                ErrorKind::Network,
                "relay.unreachable",
            ),
            (
                AdminError::Sync(unreached().into()).into(),
                ErrorKind::Network,
                "relay.unreachable",
            ),
            (
                ClinicalError::from(ConversationError::Sync(unreached().into())).into(),
                ErrorKind::Network,
                "relay.unreachable",
            ),
            (
                SyncError::Inbox(InboxError::Store(full())).into(),
                ErrorKind::Internal,
                "store.disk_full",
            ),
            (
                SyncError::Timeline(TimelineError::Store(full())).into(),
                ErrorKind::Internal,
                "store.disk_full",
            ),
            (
                AdminError::NoOwner.into(),
                ErrorKind::NotFound,
                "admin.no_owner",
            ),
            (
                AdminError::UnknownRole.into(),
                ErrorKind::NotFound,
                "admin.unknown_role",
            ),
            (
                AdminError::Text("name").into(),
                ErrorKind::BadInput,
                "admin.text",
            ),
            (
                AdminError::Item {
                    number: 2,
                    cause: Box::new(AdminError::UnknownRole),
                }
                .into(),
                ErrorKind::NotFound,
                "admin.unknown_role",
            ),
            (EnrolError::Link.into(), ErrorKind::BadInput, "enrol.link"),
            (
                EnrolError::InvitationUnknown.into(),
                ErrorKind::NotFound,
                "enrol.invitation_unknown",
            ),
            (
                EnrolError::WordsWrong.into(),
                ErrorKind::Refused,
                "enrol.words_wrong",
            ),
            (
                ConversationError::File(io::ErrorKind::NotFound).into(),
                ErrorKind::NotFound,
                "file.not_found",
            ),
            (
                TransportError::Local(io::ErrorKind::StorageFull).into(),
                ErrorKind::Internal,
                "disk.full",
            ),
        ] {
            assert_eq!((error.kind(), error.code()), (kind, code));
            assert!(!error.to_string().is_empty());
        }
    }
}
