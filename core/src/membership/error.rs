//! What can go wrong between roster and groups.

use crate::base::CryptoError;
use crate::store::StoreError;

/// A membership operation failed; the transaction it ran in must be rolled back.
#[derive(Debug, thiserror::Error)]
pub enum MembershipError {
    /// The store refused.
    #[error("membership: {0}")]
    Store(#[from] StoreError),
    /// The MLS engine refused.
    #[error("membership: {0}")]
    Mls(#[from] crate::mls::Error),
    /// A primitive failed.
    #[error("membership: {0}")]
    Crypto(#[from] CryptoError),
    /// No such conversation, or its group is not here.
    #[error("no such conversation")]
    NoConversation,
    /// The conversation is over for this device, or read-only.
    #[error("this conversation is closed")]
    Closed,
    /// A commit of this device is already on its way.
    #[error("a change of membership is already on its way")]
    CommitPending,
    /// Content too large to pad.
    #[error("a message is too large")]
    TooLarge,
}

impl From<sotto_content::padding::PaddingError> for MembershipError {
    fn from(_: sotto_content::padding::PaddingError) -> Self {
        Self::TooLarge
    }
}
