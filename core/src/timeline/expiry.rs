//! The end of a message's life: content, index and attachment keys go in one transaction; files follow.

use std::time::Duration;

use sotto_content::mimi::{Expiration, MimiContent};

use super::TimelineError;
use crate::audit::{self, Act, Record};
use crate::base::Timestamp;
use crate::membership::Context;
use crate::store::table::message::Presence;
use crate::store::{Topic, WriteTx};

/// Most messages of one transaction.
const BATCH: u32 = 500;

/// When content with this expiry ends: counted from receipt, and no later than its sender's time plus twice its life. A
/// sender's clock that is known to be off takes nothing away.
#[must_use]
pub fn ends(
    content: &MimiContent,
    sent: Timestamp,
    received: Timestamp,
    drifted: bool,
) -> Option<Timestamp> {
    let end = match content.expires? {
        Expiration::AfterReading(seconds) => {
            let life = Duration::from_secs(u64::from(seconds));
            let counted = received.plus(life);
            if drifted {
                counted
            } else {
                counted.min(sent.plus(life * 2))
            }
        }
        Expiration::At(seconds) => Timestamp::from_millis(i64::from(seconds) * 1000),
    };
    // Zero would mean never.
    Some(end.max(Timestamp::from_millis(1)))
}

/// Purges messages whose time is over, up to 500 at once. Says how many. A critical result stays until somebody has
/// taken it, or a newer version stands.
///
/// # Errors
/// [`TimelineError`].
pub fn purge_expired(tx: &WriteTx<'_>, context: &Context<'_>) -> Result<usize, TimelineError> {
    tx.refuse_waiting_until(context.now)?;
    let over = tx.expired_messages(context.now, BATCH)?;
    for row in &over {
        let token = tx
            .card(row.id)?
            .map(|card| tx.patient_token(&card.patient))
            .transpose()?
            .flatten();
        tx.purge_message(row.id, Presence::Expired)?;
        audit::append(
            tx,
            &Record::of(Act::Purged, context.now)
                .about(row.id)
                .of_patient(token.as_ref()),
        )?;
        tx.emit(Topic::Message, row.id.as_bytes().to_vec());
    }
    Ok(over.len())
}
