//! What a person, or an integrator, can do wrong with a conversation.

use crate::membership::MembershipError;
use crate::outbox::OutboxError;
use crate::store::StoreError;
use crate::sync::SyncError;
use crate::timeline::TimelineError;

/// An act was refused, or failed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ConversationError {
    /// The engine refused.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// No such conversation.
    #[error("there is no such conversation")]
    NoConversation,
    /// No such message.
    #[error("there is no such message")]
    NoMessage,
    /// No such person or place, or they have left.
    #[error("there is no such person or place, or they have left")]
    NoOwner,
    /// Nobody else is in it.
    #[error("a conversation needs somebody else in it")]
    Alone,
    /// The roster gives no right to do this.
    #[error("your role does not allow this: ask an administrator")]
    NotAllowed,
    /// A direct conversation has its two members and no others.
    #[error("a direct conversation keeps its two members: make a group instead")]
    Direct,
    /// One cannot remove oneself by one's own commit (RFC 9420 §12.1.3).
    #[error("ask another member to remove you")]
    Oneself,
    /// The conversation is over for this device.
    #[error("this conversation is closed for this device")]
    Closed,
    /// Not something to react with.
    #[error("a reaction is one emoji or a few characters (64 bytes at most)")]
    Reaction,
    /// Nothing to send.
    #[error("the message is empty")]
    Empty,
    /// Too long for one message.
    #[error("the message is too long for one message: attach it as a file")]
    TooLong,
    /// A message of somebody else, or of a kind that is not edited.
    #[error(
        "only your own texts and files can be taken back, and only texts edited; a result is corrected by sending it again"
    )]
    NotYours,
    /// The message's content is gone.
    #[error("the message has expired or was taken back")]
    Gone,
    /// The attachment is not where it should be.
    #[error("the attachment is no longer available")]
    AttachmentGone,
    /// The attachment's bytes are not the ones that were sent.
    #[error("the attachment does not match what was sent: it was not saved")]
    AttachmentDamaged,
    /// Nothing in it that could leave.
    #[error("there is nothing to export: choose a conversation with messages, a text, or a result")]
    NothingToExport,
    /// Identifiers are shown only for a purpose, with a reason.
    #[error("say why: a purpose (TREAT, ETREAT, HOPERAT or BTG) and a reason in words")]
    Purpose,
    /// A folder, a pipe or a device in place of a file.
    #[error("only plain files can be attached")]
    NotAFile,
    /// What would be overwritten is there already.
    #[error("there is a file of this name already: choose another name")]
    FileExists,
    /// A file could not be read or written.
    #[error("a file could not be read or written: {0}")]
    File(std::io::ErrorKind),
    /// A file of this size is not sent.
    #[error("the file is larger than 256 MiB")]
    FileTooLarge,
}

macro_rules! through_sync {
    ($($error:ty),*) => {
        $(impl From<$error> for ConversationError {
            fn from(error: $error) -> Self {
                Self::Sync(error.into())
            }
        })*
    };
}

through_sync!(
    StoreError,
    MembershipError,
    TimelineError,
    crate::transport::TransportError,
    crate::base::CryptoError
);

impl From<OutboxError> for ConversationError {
    fn from(error: OutboxError) -> Self {
        match error {
            OutboxError::Closed => Self::Closed,
            other => Self::Sync(other.into()),
        }
    }
}

impl From<std::io::Error> for ConversationError {
    fn from(error: std::io::Error) -> Self {
        Self::File(error.kind())
    }
}
