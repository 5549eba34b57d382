//! What the relay's answer to a `submit` means for the row that asked.

use std::time::Duration;

use sotto_wire::submit::{Queued, RefusedReason, Submit};
use sotto_wire::IdempotencyId;

use super::OutboxError;
use crate::base::{Random, Timestamp, random};
use crate::store::table::queue::{OutboxKind, OutboxRow};
use crate::store::table::state::StateRow;
use crate::store::{Topic, WriteTx};
use crate::timeline::State;

/// The relay stored the payload durably and said so under its signature (verified by the caller). Addressees whose
/// mailbox is full are tried again with the same bytes; those whose mailbox is closed have their visible end.
///
/// # Errors
/// [`OutboxError`].
pub fn queued(
    tx: &WriteTx<'_>,
    row: &OutboxRow,
    answer: &Queued,
    now: Timestamp,
    source: &dyn Random,
) -> Result<(), OutboxError> {
    let request: Submit = sotto_wire::decode(&row.request).map_err(|_| OutboxError::Damaged)?;
    let mut again = Vec::new();
    for refused in &answer.refused {
        let Some(delivery) = request.deliveries.get(usize::from(refused.index)) else { continue };
        match refused.reason {
            RefusedReason::Full => again.push(*delivery),
            RefusedReason::Unknown => {
                if let Some(handle) = delivery.receipt {
                    end(tx, handle.as_bytes(), State::Revoked, now)?;
                }
            }
        }
    }
    if let Some(message) = row.message {
        tx.add_message_state(&StateRow {
            message,
            device: None,
            state: State::Queued.code(),
            at: Timestamp::from_millis(answer.time.0),
            proof: sotto_wire::encode(answer),
        })?;
        tx.emit(Topic::Receipt, message.as_bytes().to_vec());
    }
    tx.drop_outbox(row.id)?;
    if !again.is_empty() {
        let rest =
            Submit { idempotency: IdempotencyId::new(random::array(source)), deliveries: again, ..request };
        let id = tx.push_outbox(row.lane, OutboxKind::Submit, row.message, &sotto_wire::encode(&rest), now)?;
        tx.outbox_retry(id, now.plus(Duration::from_secs(60)))?;
    }
    Ok(())
}

/// A delivery has come to an end without a receipt: shown, per device.
///
/// # Errors
/// [`OutboxError`].
pub fn end(tx: &WriteTx<'_>, handle: &[u8; 16], state: State, now: Timestamp) -> Result<(), OutboxError> {
    if let Some(wanted) = tx.receipt_wanted(handle)? {
        tx.add_message_state(&StateRow {
            message: wanted.message,
            device: Some(wanted.device),
            state: state.code(),
            at: now,
            proof: Vec::new(),
        })?;
        tx.emit(Topic::Receipt, wanted.message.as_bytes().to_vec());
        tx.drop_receipt_wanted(handle)?;
    }
    Ok(())
}
