//! New keys for everything at once: the organisation's roster key, and in every conversation that this device takes part
//! in its leaf and the conversation key. For the day after a break-in, when nobody knows what was read.

use std::sync::Arc;

use super::{AdminError, leave};
use crate::base::{ConversationId, Timestamp};
use crate::store::table::conversation::ConversationState;
use crate::store::table::membership::WishKind;
use crate::store::{ReadTx, StoreError};
use crate::sync::Engine;

/// How far the renewal has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rekeying {
    /// The roster key's epoch.
    pub epoch: u64,
    /// Conversations of this device.
    pub conversations: usize,
    /// Those whose commit is still to be made or accepted.
    pub waiting: usize,
}

/// Replaces the roster key, and asks for a new leaf and a new conversation key in every conversation of this device. The commits follow with the
/// next rounds; [`rekeying`] tells how many are left. Again begins anew.
///
/// # Errors
/// [`AdminError`].
pub async fn rekey(engine: &Arc<Engine>) -> Result<Rekeying, AdminError> {
    leave::rotate_key(engine).await?;
    engine.write("renewing the keys of every conversation", |tx, context| {
        for row in tx.conversations_in(ConversationState::Active)? {
            tx.add_wish(row.id, WishKind::Renew, 0, &[], context.now)?;
        }
        Ok(())
    })?;
    rekeying(engine)
}

/// How far the renewal has come.
///
/// # Errors
/// [`AdminError`].
pub fn rekeying(engine: &Engine) -> Result<Rekeying, AdminError> {
    Ok(engine.read(|tx, context| {
        let active = tx.conversations_in(ConversationState::Active)?;
        let mut waiting = 0;
        for row in &active {
            waiting += usize::from(waits(tx, row.id, context.now)?);
        }
        Ok(Rekeying {
            epoch: context.roster.organisation()?.key.epoch,
            conversations: active.len(),
            waiting,
        })
    })?)
}

fn waits(tx: &ReadTx<'_>, id: ConversationId, now: Timestamp) -> Result<bool, StoreError> {
    let wishes = tx.wishes(id)?;
    Ok(wishes
        .iter()
        .any(|wish| wish.kind == WishKind::Renew && wish.not_before <= now)
        || tx.pending_commit(id)?.is_some())
}
