//! What people do and are refused: write, send a result, answer one, join, administer.

use std::io;

use sotto_content::readback::ReadBackError;

use super::{Error, ErrorKind, Retry};
use crate::admin::AdminError;
use crate::clinical::ClinicalError;
use crate::conversation::ConversationError;
use crate::enrol::EnrolError;
use crate::sync::SyncError;

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
