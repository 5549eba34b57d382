//! What can keep something from being filed.

use crate::membership::MembershipError;
use crate::store::StoreError;

/// Filing or encrypting failed; the transaction must be rolled back.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// The store refused.
    #[error("outbox: {0}")]
    Store(#[from] StoreError),
    /// The group refused.
    #[error("outbox: {0}")]
    Membership(#[from] MembershipError),
    /// This device is no longer a member, or the conversation is read-only.
    #[error("nothing can be sent to this conversation any more")]
    Closed,
    /// A stored request does not decode.
    #[error("a stored request does not decode")]
    Damaged,
}

impl From<crate::mls::Error> for OutboxError {
    fn from(error: crate::mls::Error) -> Self {
        Self::Membership(error.into())
    }
}

impl From<crate::base::CryptoError> for OutboxError {
    fn from(error: crate::base::CryptoError) -> Self {
        Self::Membership(error.into())
    }
}
