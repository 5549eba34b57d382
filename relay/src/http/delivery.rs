//! Submissions, the long poll, acknowledgements, receipts.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sotto_wire::{ErrorCode, LimitKind, WireError, limits, live, receipt, signed, submit};

use super::Call;
use crate::crypto::sha256;
use crate::memory::rates::Kind;
use crate::relay::{Relay, at_most, distinct, some_of};

pub(super) async fn submit(
    relay: Arc<Relay>,
    call: Call,
    request: submit::Submit,
) -> Result<submit::Queued, WireError> {
    let who = call.admit(&relay, Kind::Submit, 1).await?;
    if !request.escrow.is_empty() {
        return Err(ErrorCode::Unsupported.into());
    }
    at_most(
        LimitKind::Payload,
        request.payload.len() as u64,
        limits::PAYLOAD_BYTES as u64,
    )?;
    some_of(
        LimitKind::Deliveries,
        &request.deliveries,
        limits::DELIVERIES,
    )?;
    check_deliveries(request.deliveries.iter())?;
    relay.check_ttl(request.ttl_s)?;
    relay.disk.check()?;
    let (intent, payload) = (request.idempotency, sha256(request.payload.as_bytes()));
    let accepted = relay
        .store
        .submit(who, call.digest(), request)
        .await
        .map_err(|error| relay.refusal(error))?;
    let sig = relay
        .key
        .sign(&signed::queued(&intent, &payload, accepted.time));
    Ok(submit::Queued {
        time: accepted.time,
        refused: accepted.refused,
        sig,
    })
}

/// No alias and no handle twice: the second would be a mistake of the caller.
pub(super) fn check_deliveries<'a>(
    deliveries: impl Iterator<Item = &'a submit::Delivery> + Clone,
) -> Result<(), WireError> {
    distinct(deliveries.clone().map(|delivery| delivery.alias))?;
    distinct(deliveries.filter_map(|delivery| delivery.receipt))
}

pub(super) async fn fetch(
    relay: Arc<Relay>,
    call: Call,
    request: live::Fetch,
) -> Result<live::Fetched, WireError> {
    let session = relay.session(&call.tenant()?, &call.bearer()?)?;
    at_most(
        LimitKind::Wait,
        u64::from(request.wait_ms),
        u64::from(limits::WAIT_MAX_MS),
    )?;
    let max = usize::from(request.max).clamp(1, limits::FETCH_ENTRIES);
    let _open = session.wait();
    let mut ended = session.ended();
    let mut stop = relay.stop.clone();
    let mut bell = relay.hub.wake.mailbox(session.owner.mailbox);
    let wait = tokio::time::sleep(Duration::from_millis(u64::from(request.wait_ms)));
    tokio::pin!(wait);
    loop {
        let waiting = relay
            .store
            .waiting(session.owner, BTreeSet::new(), max, limits::FETCH_BYTES)
            .await;
        let entries = waiting.map_err(|error| relay.refusal(error))?;
        if !entries.is_empty() {
            return Ok(live::Fetched {
                entries,
                time: relay.key.time(relay.now()),
            });
        }
        tokio::select! {
            () = bell.rung() => {}
            () = &mut wait => return Ok(live::Fetched { entries, time: relay.key.time(relay.now()) }),
            why = ended.why() => return Err(why.into()),
            () = stop.asked() => return Err(WireError::retry_after(ErrorCode::Unavailable, 1_000)),
        }
    }
}

pub(super) async fn acknowledge(
    relay: Arc<Relay>,
    call: Call,
    request: live::Ack,
) -> Result<live::Acked, WireError> {
    let session = relay.session(&call.tenant()?, &call.bearer()?)?;
    check_ack(&request)?;
    let n = u32::try_from(request.seqs.len()).unwrap_or(u32::MAX);
    relay
        .store
        .acknowledge(session.owner, request)
        .await
        .map_err(|error| relay.refusal(error))?;
    Ok(live::Acked { n })
}

/// The limits of an acknowledgement, on the socket too.
pub(crate) fn check_ack(ack: &live::Ack) -> Result<(), WireError> {
    at_most(
        LimitKind::Acks,
        ack.seqs.len() as u64,
        limits::ACKS_PER_CALL as u64,
    )?;
    at_most(
        LimitKind::Acks,
        ack.receipts.len() as u64,
        limits::ACKS_PER_CALL as u64,
    )?;
    for left in &ack.receipts {
        at_most(
            LimitKind::ReceiptBytes,
            left.receipt.len() as u64,
            limits::RECEIPT_BYTES as u64,
        )?;
    }
    Ok(())
}

pub(super) async fn collect(
    relay: Arc<Relay>,
    call: Call,
    request: receipt::Collect,
) -> Result<receipt::Collected, WireError> {
    let who = call.admit(&relay, Kind::Manage, 1).await?;
    at_most(
        LimitKind::Receipts,
        request.handles.len() as u64,
        limits::RECEIPTS_PER_CALL as u64,
    )?;
    at_most(
        LimitKind::Receipts,
        request.done.len() as u64,
        limits::RECEIPTS_PER_CALL as u64,
    )?;
    relay
        .store
        .collect(who, request)
        .await
        .map_err(|error| relay.refusal(error))
}
