//! Group slots. Signatures are verified here, outside of the writing thread; the store then checks that the key they were
//! verified with still counts.

use std::sync::Arc;

use sotto_wire::{ErrorCode, LimitKind, WireError, limits, signed, slot};

use super::{Call, delivery};
use crate::crypto::{sha256, verify};
use crate::memory::rates::Kind;
use crate::relay::{Relay, at_most, some_of};
use crate::store::VerifiedBy;

pub(super) async fn create(
    relay: Arc<Relay>,
    call: Call,
    request: slot::Create,
) -> Result<slot::Created, WireError> {
    let who = call.admit(&relay, Kind::Manage, 1).await?;
    at_most(
        LimitKind::GroupInfo,
        request.group_info.len() as u64,
        limits::GROUP_INFO_BYTES as u64,
    )?;
    relay.disk.check()?;
    relay
        .store
        .create_slot(who, call.digest(), request)
        .await
        .map_err(|error| relay.refusal(error))?;
    Ok(slot::Created {})
}

pub(super) async fn advance(
    relay: Arc<Relay>,
    call: Call,
    request: slot::Advance,
) -> Result<slot::Advanced, WireError> {
    let who = call.admit(&relay, Kind::Submit, 1).await?;
    let body = request.body;
    check(&relay, &body)?;
    relay.disk.check()?;
    let keys = relay
        .store
        .slot_keys(who, body.slot)
        .await
        .map_err(|error| relay.refusal(error))?;
    let message = signed::slot_advance(&who.tenant, &body);
    // In another epoch there is nothing to verify with; the store then answers a repetition or names the epoch.
    let by = if keys.epoch == body.from_epoch {
        Some(match request.auth {
            slot::AdvanceAuth::EpochKey(sig) => {
                verify(&keys.epoch_key, &message, &sig)?;
                VerifiedBy::EpochKey(keys.epoch_key)
            }
            slot::AdvanceAuth::ResyncKey(sig) => {
                verify(&keys.resync_key, &message, &sig)?;
                VerifiedBy::ResyncKey(keys.resync_key)
            }
        })
    } else {
        None
    };
    let commit = body
        .posts
        .first()
        .map(|post| sha256(post.payload.as_bytes()))
        .ok_or(ErrorCode::BadRequest)?;
    let intent = body.idempotency;
    let advanced = relay.store.advance_slot(who, call.digest(), body, by).await;
    let accepted = advanced.map_err(|error| relay.refusal(error))?;
    let sig = relay
        .key
        .sign(&signed::queued(&intent, &commit, accepted.time));
    Ok(slot::Advanced {
        time: accepted.time,
        refused: accepted.refused,
        sig,
    })
}

fn check(relay: &Relay, body: &slot::AdvanceBody) -> Result<(), WireError> {
    some_of(LimitKind::Posts, &body.posts, limits::POSTS)?;
    at_most(
        LimitKind::GroupInfo,
        body.group_info.len() as u64,
        limits::GROUP_INFO_BYTES as u64,
    )?;
    let mut deliveries = 0;
    for (n, post) in body.posts.iter().enumerate() {
        at_most(
            LimitKind::Payload,
            post.payload.len() as u64,
            limits::PAYLOAD_BYTES as u64,
        )?;
        if n > 0 && post.deliveries.is_empty() {
            return Err(ErrorCode::BadRequest.into());
        }
        deliveries += post.deliveries.len();
        delivery::check_deliveries(post.deliveries.iter())?;
    }
    at_most(
        LimitKind::Deliveries,
        deliveries as u64,
        limits::DELIVERIES as u64,
    )?;
    let handles = body
        .posts
        .iter()
        .flat_map(|post| &post.deliveries)
        .filter_map(|delivery| delivery.receipt);
    crate::relay::distinct(handles)?;
    relay.check_ttl(body.ttl_s)
}

pub(super) async fn read(
    relay: Arc<Relay>,
    call: Call,
    request: slot::Read,
) -> Result<slot::Slot, WireError> {
    let who = call.admit(&relay, Kind::Manage, 1).await?;
    relay.check_at(request.at)?;
    let keys = relay
        .store
        .slot_keys(who, request.slot)
        .await
        .map_err(|error| relay.refusal(error))?;
    let message = signed::slot_read(&who.tenant, &request.slot, request.since, request.at);
    verify(&keys.resync_key, &message, &request.sig)?;
    relay
        .store
        .read_slot(who, request, keys.resync_key)
        .await
        .map_err(|error| relay.refusal(error))
}
