//! Roster × MLS. The roster says who should be in a conversation, MLS says who is; this floor judges every commit and
//! every Welcome against the roster, plans and stages the commits that bring the two together, and wraps whatever
//! leaves in the outer envelope, so that the relay sees none of it.

pub mod admit;
pub mod commit;
mod context;
pub mod direct;
pub mod envelope;
mod error;
pub mod inner;
pub mod join;
pub mod keys;
pub mod plan;
pub mod resync;

pub use admit::{Admission, admit};
pub use context::Context;
pub use error::MembershipError;
pub use inner::{Body, Inner, Outgoing};
pub use plan::{Plan, plan};

use crate::mls::{Group, GroupId};
use crate::store::WriteTx;
use crate::store::table::conversation::ConversationRow;

/// The MLS group of a conversation, if this device has it.
///
/// # Errors
/// [`MembershipError`].
pub fn load_group<'tx>(
    tx: &'tx WriteTx,
    conversation: &ConversationRow,
) -> Result<Option<Group<'tx>>, MembershipError> {
    match GroupId::from_slice(&conversation.mls_group) {
        Some(id) => Ok(Group::load(tx, id)?),
        None => Ok(None),
    }
}
