//! What can go wrong between store and network.

use crate::base::CryptoError;
use crate::inbox::InboxError;
use crate::membership::MembershipError;
use crate::outbox::OutboxError;
use crate::roster::RosterError;
use crate::store::StoreError;
use crate::timeline::TimelineError;
use crate::transport::TransportError;

/// A round with the relay failed. What was committed before stays; the rest is tried again.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The relay was not reached, or refused.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// Ingesting failed.
    #[error(transparent)]
    Inbox(#[from] InboxError),
    /// Filing failed.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// A change of membership failed.
    #[error(transparent)]
    Membership(#[from] MembershipError),
    /// The timeline refused.
    #[error(transparent)]
    Timeline(#[from] TimelineError),
    /// The roster refused.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// A primitive failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// This store is not of a device that has joined an organisation.
    #[error("this device has not joined an organisation")]
    NotEnrolled,
    /// The relay holds another session generation than this store: it is a copy, or was restored.
    #[error("this store is a copy or was restored from a backup: it may not send")]
    CopiedStore,
    /// The mailbox is closed: the device has been excluded, or its person has left.
    #[error("this device no longer belongs to the organisation")]
    Excluded,
    /// The roster holds an entry that this release does not understand and may not skip.
    #[error("an update is required to follow the organisation's roster")]
    UpdateRequired,
    /// The relay's log does not continue what this device has verified.
    #[error("the relay serves another roster than before")]
    RosterFork,
    /// No roster key opens what the relay serves.
    #[error("no roster key of this device fits")]
    NoRosterKey,
    /// The organisation's roster key was replaced, and the relay has not served this device the new one. It is asked
    /// for again with every round.
    #[error("waiting for the key of roster epoch {epoch}")]
    AwaitsRosterKey {
        /// The epoch of the missing key.
        epoch: u64,
    },
    /// By the relay's signed time this device's clock is so wrong that no key package counts as valid here, and nobody
    /// can be added to a conversation.
    #[error("this device's clock is wrong by {days} days: set it, and what waits goes on")]
    ClockWrong {
        /// How far off, rounded to whole days, at least one.
        days: u64,
    },
    /// The work was abandoned because the process is ending.
    #[error("stopped")]
    Stopped,
}

impl From<crate::mls::Error> for SyncError {
    fn from(error: crate::mls::Error) -> Self {
        Self::Membership(error.into())
    }
}

impl SyncError {
    /// Whether repeating cannot mend it. A store that another process holds, or a full disk, can be mended.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        match self {
            Self::NotEnrolled | Self::CopiedStore | Self::Excluded | Self::UpdateRequired => true,
            Self::Store(error)
            | Self::Inbox(InboxError::Store(error))
            | Self::Outbox(OutboxError::Store(error)) => !matches!(
                error,
                StoreError::Busy { .. }
                    | StoreError::LockedByAnotherProcess
                    | StoreError::DiskFull { .. }
            ),
            _ => false,
        }
    }
}
