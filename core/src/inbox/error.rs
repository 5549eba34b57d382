//! What can go wrong while ingesting.

use crate::membership::MembershipError;
use crate::store::StoreError;
use crate::timeline::TimelineError;

/// Our own failure while ingesting: the part, or the whole batch, is rolled back and the entry stays at the relay.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// The store refused.
    #[error("inbox: {0}")]
    Store(#[from] StoreError),
    /// The group refused.
    #[error("inbox: {0}")]
    Membership(#[from] MembershipError),
    /// The timeline refused.
    #[error("inbox: {0}")]
    Timeline(#[from] TimelineError),
}

impl InboxError {
    /// The store's failure, however deep it lies.
    pub(super) const fn store(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error)
            | Self::Membership(MembershipError::Store(error))
            | Self::Timeline(
                TimelineError::Store(error)
                | TimelineError::Membership(MembershipError::Store(error)),
            ) => Some(error),
            _ => None,
        }
    }
}

impl From<crate::mls::Error> for InboxError {
    fn from(error: crate::mls::Error) -> Self {
        Self::Membership(error.into())
    }
}

impl From<crate::base::CryptoError> for InboxError {
    fn from(error: crate::base::CryptoError) -> Self {
        Self::Membership(error.into())
    }
}
