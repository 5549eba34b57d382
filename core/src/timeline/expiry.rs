//! The end of a message's life: content, index and attachment keys go in one transaction; files follow.

use std::time::Duration;

use sotto_content::mimi::{Expiration, MimiContent};

use super::{State, TimelineError};
use crate::audit::{self, Act, Record};
use crate::base::Timestamp;
use crate::membership::Context;
use crate::store::table::message::{MessageRow, Presence};
use crate::store::{Topic, WriteTx};

/// When content with this expiry ends: counted from receipt, and no later than its sender's time plus twice its life.
#[must_use]
pub fn ends(content: &MimiContent, sent: Timestamp, received: Timestamp) -> Option<Timestamp> {
    match content.expires? {
        Expiration::AfterReading(seconds) => {
            let life = Duration::from_secs(u64::from(seconds));
            Some(received.plus(life).min(sent.plus(life * 2)))
        }
        Expiration::At(seconds) => Some(Timestamp::from_millis(i64::from(seconds) * 1000)),
    }
}

/// Purges messages whose time is over. Says how many.
///
/// # Errors
/// [`TimelineError`].
pub fn purge_expired(tx: &WriteTx<'_>, context: &Context<'_>) -> Result<usize, TimelineError> {
    let mut over = tx.expired_messages(context.now, 500)?;
    // A critical result stays until somebody has taken it.
    over.retain(|row| !open(tx, row).unwrap_or(true));
    for row in &over {
        tx.purge_message(row.id, Presence::Expired)?;
        audit::append(tx, &Record::of(Act::Purged, context.now).about(row.id))?;
        tx.emit(Topic::Message, row.id.as_bytes().to_vec());
    }
    Ok(over.len())
}

fn open(tx: &WriteTx<'_>, row: &MessageRow) -> Result<bool, TimelineError> {
    let Some(card) = tx.card(row.id)?.filter(|card| card.critical && !card.blanked) else { return Ok(false) };
    let newest = tx.card_versions(&card.identity, &card.issuer)?.iter().map(|c| c.version).max();
    let taken = tx.message_states(row.id)?.iter().any(|state| {
        matches!(State::from_code(state.state), Some(State::Acknowledged | State::AcknowledgedByTelephone))
    });
    Ok(!taken && newest == Some(card.version))
}
