//! Grants.

use std::sync::Arc;
use std::time::Duration;

use sotto_wire::{
    ErrorCode, GrantId, LimitKind, Sealed, TenantId, WireError, grant, limits, signed,
};

use super::Call;
use crate::crypto::{sha256, verify};
use crate::memory::rates::{Key, Kind};
use crate::relay::{Relay, at_most};

fn check_size(sealed: &Sealed, max: usize) -> Result<(), WireError> {
    at_most(LimitKind::GrantBytes, sealed.len() as u64, max as u64)
}

fn admit_taker(relay: &Relay, tenant: &TenantId, grant: &GrantId) -> Result<(), WireError> {
    relay.rate(
        Key::of_two(Kind::Grant, tenant.as_bytes(), grant.as_bytes()),
        1,
    )
}

pub(super) async fn create(
    relay: Arc<Relay>,
    call: Call,
    request: grant::Create,
) -> Result<grant::Created, WireError> {
    let who = call.admit(&relay, Kind::Manage, 1).await?;
    check_size(&request.offer, limits::GRANT_OFFER_BYTES)?;
    if request.expires_s == 0 {
        return Err(ErrorCode::BadRequest.into());
    }
    at_most(
        LimitKind::Ttl,
        u64::from(request.expires_s),
        u64::from(limits::GRANT_MAX_S),
    )?;
    relay.disk.check()?;
    let expires = relay
        .store
        .create_grant(who, call.digest(), request)
        .await
        .map_err(|error| relay.refusal(error))?;
    Ok(grant::Created { expires })
}

pub(super) async fn take(
    relay: Arc<Relay>,
    call: Call,
    request: grant::Take,
) -> Result<grant::Taken, WireError> {
    let tenant = call.tenant()?;
    admit_taker(&relay, &tenant, &request.grant)?;
    verify(
        &request.taker,
        &signed::grant_take(&tenant, &request.grant, &request.taker),
        &request.sig,
    )?;
    let token = sha256(request.token.expose());
    let taken = relay
        .store
        .take_grant(tenant, request.grant, token, request.taker)
        .await;
    taken.map_err(|error| relay.refusal(error))
}

pub(super) async fn request(
    relay: Arc<Relay>,
    call: Call,
    request: grant::Request,
) -> Result<grant::Requested, WireError> {
    let tenant = call.tenant()?;
    admit_taker(&relay, &tenant, &request.grant)?;
    check_size(&request.request, limits::GRANT_MESSAGE_BYTES)?;
    relay.disk.check()?;
    let found = relay.store.grant_taker(tenant, request.grant).await;
    let (_, found) = found.map_err(|error| relay.refusal(error))?;
    verify(
        &found.taker,
        &signed::grant_request(&tenant, &request.grant, &request.request),
        &request.sig,
    )?;
    let requested = relay
        .store
        .request_grant(tenant, request, found.taker)
        .await;
    requested.map_err(|error| relay.refusal(error))?;
    Ok(grant::Requested {})
}

pub(super) async fn status(
    relay: Arc<Relay>,
    call: Call,
    request: grant::Status,
) -> Result<grant::Grant, WireError> {
    let who = call.admit(&relay, Kind::Manage, 1).await?;
    relay
        .store
        .grant_status(who, request.grant)
        .await
        .map_err(|error| relay.refusal(error))
}

pub(super) async fn answer(
    relay: Arc<Relay>,
    call: Call,
    request: grant::Answer,
) -> Result<grant::Answered, WireError> {
    let who = call.admit(&relay, Kind::Manage, 1).await?;
    check_size(&request.answer, limits::GRANT_MESSAGE_BYTES)?;
    relay.disk.check()?;
    relay
        .store
        .answer_grant(who, request)
        .await
        .map_err(|error| relay.refusal(error))?;
    Ok(grant::Answered {})
}

pub(super) async fn poll(
    relay: Arc<Relay>,
    call: Call,
    request: grant::Poll,
) -> Result<grant::Polled, WireError> {
    let tenant = call.tenant()?;
    admit_taker(&relay, &tenant, &request.grant)?;
    at_most(
        LimitKind::Wait,
        u64::from(request.wait_ms),
        u64::from(limits::WAIT_MAX_MS),
    )?;
    relay.check_at(request.at)?;
    let message = signed::grant_poll(&tenant, &request.grant, request.at);
    let found = relay.store.grant_taker(tenant, request.grant).await;
    let (key, found) = found.map_err(|error| relay.refusal(error))?;
    verify(&found.taker, &message, &request.sig)?;
    let mut stop = relay.stop.clone();
    let mut bell = relay.hub.wake.grant(key, request.grant);
    let wait = tokio::time::sleep(Duration::from_millis(u64::from(request.wait_ms)));
    tokio::pin!(wait);
    loop {
        let found = relay.store.grant_taker(tenant, request.grant).await;
        let (_, found) = found.map_err(|error| relay.refusal(error))?;
        if found.answer.is_some() {
            return Ok(grant::Polled {
                answer: found.answer,
            });
        }
        tokio::select! {
            () = bell.rung() => {}
            () = &mut wait => return Ok(grant::Polled { answer: None }),
            () = stop.asked() => return Err(WireError::retry_after(ErrorCode::Unavailable, 1_000)),
        }
    }
}

pub(super) async fn end(
    relay: Arc<Relay>,
    call: Call,
    request: grant::Drop,
) -> Result<grant::Dropped, WireError> {
    let who = call.admit(&relay, Kind::Manage, 1).await?;
    relay
        .store
        .drop_grant(who, request.grant)
        .await
        .map_err(|error| relay.refusal(error))?;
    Ok(grant::Dropped {})
}
