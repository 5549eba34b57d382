//! What can stand against sending or answering a result.

use sotto_content::card::NotCritical;
use sotto_content::readback::ReadBackError;
use sotto_content::refusal::Refusal;

use crate::conversation::ConversationError;
use crate::store::StoreError;
use crate::sync::SyncError;

/// An act was refused, or failed.
#[derive(Debug, thiserror::Error)]
pub enum ClinicalError {
    /// The conversation refused.
    #[error(transparent)]
    Conversation(#[from] ConversationError),
    /// The file is not a result this release reads: the place and the cause, never content.
    #[error("the file was refused at {0}")]
    Refused(#[from] Refusal),
    /// It may not go out as critical.
    #[error("not sent: {0}")]
    NotCritical(#[from] NotCritical),
    /// The reason for marking it critical is missing.
    #[error("marking a result critical needs a reason in words")]
    NoReason,
    /// The report names nobody that the roster knows.
    #[error(
        "the report names no orderer that the roster knows and no unit with a station: choose a person"
    )]
    NoOrderer,
    /// The report's orderer matches several people.
    #[error("the report's orderer could be several people: choose one")]
    AmbiguousOrderer,
    /// A TEST message is never sent to an orderer by itself.
    #[error("a TEST message goes only where it is sent by name")]
    TestToOrderer,
    /// The conversation is about another patient.
    #[error("this conversation is about another patient: nothing was sent")]
    OtherPatient,
    /// The only recipient may not view results.
    #[error(
        "whom it is for may not view results: nothing was sent. Choose somebody whose role does, or ask an administrator for such a role"
    )]
    RecipientMayNotView,
    /// Somebody in the group may not view results.
    #[error(
        "somebody in this group may not view results: nothing was sent. Send it to those who may, or ask an administrator for the role that is missing"
    )]
    MemberMayNotView,
    /// The message carries no result.
    #[error("this message carries no result")]
    NotACard,
    /// A newer version exists.
    #[error("this version has been replaced: read and acknowledge the newer one")]
    Superseded,
    /// This content was sent, and has been replaced.
    #[error(
        "this very result was sent before and has been replaced since: if it stands again, the laboratory issues it anew, with the time of issue"
    )]
    Outdated,
    /// Two versions of one number say different things.
    #[error(
        "its sender gave out two different results under this version: call them, and acknowledge the next one"
    )]
    Disputed,
    /// This person has taken it already.
    #[error("you have acknowledged this version already")]
    Already,
    /// The laboratory withdrew it.
    #[error("the laboratory has withdrawn this result: there is nothing to acknowledge")]
    Withdrawn,
    /// One does not acknowledge what one sent.
    #[error("your own result is acknowledged by its receiver")]
    OwnResult,
    /// A place's device cannot take responsibility without a person.
    #[error("a person must take responsibility: this device belongs to a place")]
    NoPerson,
    /// The read-back was refused. A mismatch has been recorded and the sender is told.
    #[error("{0}")]
    ReadBack(ReadBackError),
    /// Which observation is meant is not clear.
    #[error("several observations ask for a read-back: say which value belongs to which")]
    WhichObservation,
    /// A statement could not be built.
    #[error("the statement's words are missing or too long")]
    Words,
    /// The card is too large to travel as one message.
    #[error("the result is too large for one message")]
    TooLarge,
}

impl From<SyncError> for ClinicalError {
    fn from(error: SyncError) -> Self {
        Self::Conversation(error.into())
    }
}

impl From<StoreError> for ClinicalError {
    fn from(error: StoreError) -> Self {
        Self::Conversation(error.into())
    }
}
