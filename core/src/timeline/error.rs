//! What can keep an event from becoming a row.

use crate::membership::MembershipError;
use crate::store::StoreError;

/// Our own failure; the sender's are verdicts.
#[derive(Debug, thiserror::Error)]
pub enum TimelineError {
    /// The store refused.
    #[error("timeline: {0}")]
    Store(#[from] StoreError),
    /// The group refused.
    #[error("timeline: {0}")]
    Membership(#[from] MembershipError),
}
