//! Wipe channels. Whoever has no bearer proves the channel key; until they have, they are counted where they come from
//! and never by the key they name: colleagues know the keys, and nobody may keep an order from its device.

use std::sync::Arc;
use std::time::Duration;

use sotto_wire::{
    ErrorCode, LimitKind, Nonce, PublicKey, Sealed, TenantId, ToSign, WireError, channel, limits,
    signed,
};

use super::Call;
use crate::crypto::{sha256, verify};
use crate::memory::rates::{Key, Kind};
use crate::relay::{Relay, at_most, distinct, some_of};
use crate::store::{FoundChannel, StoreError};

pub(super) async fn open(
    relay: Arc<Relay>,
    call: Call,
    request: channel::Open,
) -> Result<channel::Opened, WireError> {
    let who = call.admit(&relay, Kind::Manage, 1).await?;
    at_most(
        LimitKind::ShareBytes,
        request.share.as_ref().map_or(0, Sealed::len) as u64,
        limits::SHARE_BYTES as u64,
    )?;
    relay.check_at(request.at)?;
    let share = request.share.as_ref();
    verify(
        &request.key,
        &signed::channel_open(&who.tenant, &request.key, share, request.at),
        &request.sig,
    )?;
    relay.disk.check()?;
    let opened = relay.store.open_channel(who, request).await;
    opened.map_err(|error| relay.refusal(error))?;
    Ok(channel::Opened {})
}

pub(super) async fn challenge(
    relay: Arc<Relay>,
    call: Call,
    request: channel::Challenge,
) -> Result<channel::Challenged, WireError> {
    let tenant = call.tenant()?;
    relay.rate_stranger(call.peer())?;
    let nonce = Nonce::new(relay.random()?);
    relay
        .channel_nonces
        .give(nonce, tenant, request.key, relay.clock.elapsed());
    Ok(channel::Challenged {
        nonce,
        time: relay.now(),
    })
}

/// Lets the holder of a channel key in, at the channel's rate.
fn admit_holder(
    relay: &Relay,
    call: &Call,
    key: &PublicKey,
    nonce: &Nonce,
    proof: impl FnOnce(&TenantId) -> (ToSign, sotto_wire::Sig),
) -> Result<TenantId, WireError> {
    let tenant = call.tenant()?;
    relay.rate_stranger(call.peer())?;
    let now = relay.clock.elapsed();
    if !relay.channel_nonces.take(nonce, &tenant, key, now) {
        return Err(ErrorCode::Unauthorized.into());
    }
    let (message, sig) = proof(&tenant);
    verify(key, &message, &sig)?;
    let both = [tenant.as_bytes().as_slice(), key.as_bytes()].concat();
    relay.rate(Key::of(Kind::Channel, sha256(&both).as_bytes()), 1)?;
    Ok(tenant)
}

pub(super) async fn poll(
    relay: Arc<Relay>,
    call: Call,
    request: channel::Poll,
) -> Result<channel::Polled, WireError> {
    at_most(
        LimitKind::Wait,
        u64::from(request.wait_s) * 1_000,
        u64::from(limits::CHANNEL_WAIT_S) * 1_000,
    )?;
    let key = request.key;
    let tenant = admit_holder(&relay, &call, &key, &request.nonce, |tenant| {
        let message = signed::channel_poll(&request.nonce, tenant, &key);
        (message, request.sig)
    })?;
    let mut found = look(&relay, tenant, key).await?;
    if found.order.is_none() && request.wait_s > 0 {
        let until = Duration::from_secs(u64::from(request.wait_s));
        found = wait(&relay, tenant, key, found.tenant, until).await?;
    }
    let order = match found.order {
        Some(order) if found.fetched => Some(order),
        Some(order) => first_fetched(&relay, tenant, key, order).await?,
        None => None,
    };
    Ok(channel::Polled {
        share: if order.is_none() { found.share } else { None },
        order,
        time: relay.key.time(relay.now()),
    })
}

async fn look(relay: &Relay, tenant: TenantId, key: PublicKey) -> Result<FoundChannel, WireError> {
    let found = relay.store.find_channel(tenant, key).await;
    found.map_err(|error| relay.refusal(error))
}

/// Until an order stands or the wait is over.
async fn wait(
    relay: &Relay,
    tenant: TenantId,
    key: PublicKey,
    owner: crate::store::TenantKey,
    until: Duration,
) -> Result<FoundChannel, WireError> {
    let _place = relay.polls.wait((owner, key))?;
    let mut stop = relay.stop.clone();
    let mut bell = relay.hub.wake.channel(owner, key);
    let over = tokio::time::sleep(until);
    tokio::pin!(over);
    loop {
        let found = look(relay, tenant, key).await?;
        if found.order.is_some() {
            return Ok(found);
        }
        tokio::select! {
            () = bell.rung() => {}
            () = &mut over => return Ok(found),
            () = stop.asked() => return Err(WireError::retry_after(ErrorCode::Unavailable, 1_000)),
        }
    }
}

/// Notes that the order was given out. A full disk keeps no order from its device.
async fn first_fetched(
    relay: &Relay,
    tenant: TenantId,
    key: PublicKey,
    order: Sealed,
) -> Result<Option<Sealed>, WireError> {
    match relay.store.fetch_order(tenant, key).await {
        Err(StoreError::Full) => Ok(Some(order)),
        fetched => fetched.map_err(|error| relay.refusal(error)),
    }
}

pub(super) async fn certify(
    relay: Arc<Relay>,
    call: Call,
    request: channel::Certify,
) -> Result<channel::Certified, WireError> {
    at_most(
        LimitKind::CertificateBytes,
        request.certificate.len() as u64,
        limits::CERTIFICATE_BYTES as u64,
    )?;
    let digest = sha256(request.certificate.as_bytes());
    let (key, nonce) = (request.key, request.nonce);
    let tenant = admit_holder(&relay, &call, &key, &nonce, |tenant| {
        let message = signed::channel_certify(&nonce, tenant, &key, &digest);
        (message, request.sig)
    })?;
    // A nearly full disk refuses no certificate: the device has nothing left that could bring it later.
    let certified = relay
        .store
        .certify_order(tenant, key, digest, request.certificate)
        .await;
    certified.map_err(|error| relay.refusal(error))?;
    Ok(channel::Certified {})
}

fn check_keys(keys: &[PublicKey]) -> Result<(), WireError> {
    some_of(LimitKind::Channels, keys, limits::CHANNELS_PER_CALL)?;
    distinct(keys.iter())
}

pub(super) async fn collect(
    relay: Arc<Relay>,
    call: Call,
    request: channel::Collect,
) -> Result<channel::Collected, WireError> {
    let who = call.admit(&relay, Kind::Manage, 1).await?;
    check_keys(&request.keys)?;
    let collected = relay.store.collect_orders(who, request.keys).await;
    collected.map_err(|error| relay.refusal(error))
}

pub(super) async fn done(
    relay: Arc<Relay>,
    call: Call,
    request: channel::Done,
) -> Result<channel::Ended, WireError> {
    let who = call.admit(&relay, Kind::Manage, 1).await?;
    check_keys(&request.keys)?;
    let admin = sha256(request.admin_capability.expose());
    let done = relay.store.end_orders(who, admin, request.keys).await;
    done.map_err(|error| relay.refusal(error))?;
    Ok(channel::Ended {})
}
