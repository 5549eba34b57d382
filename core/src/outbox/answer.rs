//! What the relay's answer to a `submit` means for the row that asked.

use std::time::Duration;

use sotto_wire::slot::AdvanceBody;
use sotto_wire::submit::{Delivery, Queued, Refused, RefusedReason, Submit};
use sotto_wire::{IdempotencyId, Sealed};

use super::OutboxError;
use super::file::{file_for_one, full_lane};
use crate::base::Timestamp;
use crate::store::table::queue::{OutboxKind, OutboxRow};
use crate::store::table::state::StateRow;
use crate::store::{Topic, WriteTx};
use crate::timeline::State;

/// How long to wait for room in a full mailbox.
const FULL: Duration = Duration::from_secs(60);

/// The relay stored the payload durably and said so under its signature (verified by the caller). Addressees whose
/// mailbox is full are tried again with the same bytes; those whose mailbox is closed have their visible end. An answer
/// that another process has written down before changes nothing.
///
/// # Errors
/// [`OutboxError`].
pub fn queued(
    tx: &WriteTx<'_>,
    row: &OutboxRow,
    answer: &Queued,
    now: Timestamp,
) -> Result<(), OutboxError> {
    if tx
        .outbox_row(row.id)?
        .is_none_or(|stored| stored.request != row.request)
    {
        return Ok(());
    }
    let request: Submit = sotto_wire::decode(&row.request).map_err(|_| OutboxError::Damaged)?;
    if let Some(message) = row.message
        && stored_for_somebody(tx, &request, answer)?
    {
        tx.add_message_state(&StateRow {
            message,
            device: None,
            state: State::Queued.code(),
            at: Timestamp::from_millis(answer.time.0),
            proof: sotto_wire::encode(answer),
        })?;
        tx.emit(Topic::Receipt, message.as_bytes().to_vec());
    }
    if let [only] = request.deliveries.as_slice()
        && full_lane(only) == row.lane
        && answer
            .refused
            .iter()
            .any(|refused| refused.reason == RefusedReason::Full)
    {
        // Still full: in its place, under an identity that has no answer yet.
        return again(tx, row, request, now);
    }
    let mut full = Vec::new();
    for refused in &answer.refused {
        let Some(delivery) = request.deliveries.get(usize::from(refused.index)) else {
            continue;
        };
        match refused.reason {
            RefusedReason::Full => full.push(*delivery),
            RefusedReason::Unknown => {
                if let Some(handle) = delivery.receipt {
                    end(tx, handle.as_bytes(), State::Revoked, now)?;
                }
            }
        }
    }
    tx.drop_outbox(row.id)?;
    for delivery in &full {
        let id = file_for_one(tx, row.message, &request, *delivery, now)?;
        tx.outbox_retry(id, now.plus(FULL))?;
    }
    if !full.is_empty() {
        behind(tx, row, &full, now)?;
    }
    Ok(())
}

/// Whether the relay keeps it for anybody but this device.
fn stored_for_somebody(
    tx: &WriteTx<'_>,
    request: &Submit,
    answer: &Queued,
) -> Result<bool, OutboxError> {
    let mut others = 0;
    for (index, delivery) in request.deliveries.iter().enumerate() {
        if tx.alias(delivery.alias.as_bytes())?.is_some() {
            continue;
        }
        others += 1;
        if answer
            .refused
            .iter()
            .all(|refused| usize::from(refused.index) != index)
        {
            return Ok(true);
        }
    }
    Ok(others == 0)
}

/// What is encrypted already and not sent yet goes to those addressees behind what they have not got.
fn behind(
    tx: &WriteTx<'_>,
    row: &OutboxRow,
    full: &[Delivery],
    now: Timestamp,
) -> Result<(), OutboxError> {
    for later in tx.outbox_lane(row.lane, u32::MAX)? {
        if later.kind != OutboxKind::Submit {
            continue;
        }
        let mut request: Submit =
            sotto_wire::decode(&later.request).map_err(|_| OutboxError::Damaged)?;
        let (held, rest): (Vec<_>, Vec<_>) = request
            .deliveries
            .iter()
            .copied()
            .partition(|d| full.iter().any(|f| f.alias == d.alias));
        if held.is_empty() {
            continue;
        }
        for delivery in held {
            file_for_one(tx, later.message, &request, delivery, now)?;
        }
        request.deliveries = rest;
        if request.deliveries.is_empty() {
            tx.drop_outbox(later.id)?;
        } else {
            tx.outbox_replace(
                later.id,
                OutboxKind::Submit,
                later.message,
                &sotto_wire::encode(&request),
            )?;
        }
    }
    Ok(())
}

fn again(
    tx: &WriteTx<'_>,
    row: &OutboxRow,
    request: Submit,
    now: Timestamp,
) -> Result<(), OutboxError> {
    let next = crate::base::sha256(request.idempotency.as_bytes());
    let mut idempotency = [0; 16];
    idempotency.copy_from_slice(&next.as_bytes()[..16]);
    let next = Submit {
        idempotency: IdempotencyId::new(idempotency),
        ..request
    };
    tx.outbox_replace(
        row.id,
        OutboxKind::Submit,
        row.message,
        &sotto_wire::encode(&next),
    )?;
    Ok(tx.outbox_retry(row.id, now.plus(FULL))?)
}

/// The relay knows the handles of this request: it accepted it so long ago that it has forgotten the answer. Asked once
/// more without handles, it gives a new one; addressees recognise the payload.
///
/// # Errors
/// [`OutboxError`].
pub fn known_already(tx: &WriteTx<'_>, row: &OutboxRow, now: Timestamp) -> Result<(), OutboxError> {
    if tx
        .outbox_row(row.id)?
        .is_none_or(|stored| stored.request != row.request)
    {
        return Ok(());
    }
    let mut request: Submit = sotto_wire::decode(&row.request).map_err(|_| OutboxError::Damaged)?;
    for delivery in &mut request.deliveries {
        delivery.receipt = None;
    }
    again(tx, row, request, now)
}

/// A commit was accepted, and some of its posts found a mailbox full: they follow as soon as there is room.
///
/// # Errors
/// [`OutboxError`].
pub fn undelivered(
    tx: &WriteTx<'_>,
    body: &AdvanceBody,
    refused: &[Refused],
    now: Timestamp,
) -> Result<(), OutboxError> {
    let posts: Vec<(&Sealed, Delivery)> = body
        .posts
        .iter()
        .flat_map(|post| post.deliveries.iter().map(|d| (&post.payload, *d)))
        .collect();
    for refused in refused
        .iter()
        .filter(|refused| refused.reason == RefusedReason::Full)
    {
        let Some((payload, delivery)) = posts.get(usize::from(refused.index)) else {
            continue;
        };
        let request = Submit {
            idempotency: body.idempotency,
            payload: (*payload).clone(),
            deliveries: Vec::new(),
            class: body.class,
            ttl_s: body.ttl_s,
            escrow: Vec::new(),
        };
        let id = file_for_one(tx, None, &request, *delivery, now)?;
        tx.outbox_retry(id, now.plus(FULL))?;
    }
    Ok(())
}

/// A delivery has come to an end without a receipt: shown, per device.
///
/// # Errors
/// [`OutboxError`].
pub fn end(
    tx: &WriteTx<'_>,
    handle: &[u8; 16],
    state: State,
    now: Timestamp,
) -> Result<(), OutboxError> {
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
