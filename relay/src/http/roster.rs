//! The roster log, its rotation, attestations.

use std::sync::Arc;

use sotto_wire::{ErrorCode, LimitKind, Sealed, WireError, limits, roster};

use super::Call;
use crate::crypto::sha256;
use crate::memory::rates::Kind;
use crate::relay::{Relay, at_most, distinct, some_of};
use crate::store::Reader;

fn check_entries(entries: &[Sealed]) -> Result<(), WireError> {
    some_of(
        LimitKind::RosterEntries,
        entries,
        limits::ROSTER_ENTRIES_PER_CALL,
    )?;
    for entry in entries {
        at_most(
            LimitKind::RosterEntryBytes,
            entry.len() as u64,
            limits::ROSTER_ENTRY_BYTES as u64,
        )?;
    }
    Ok(())
}

fn check_orders(orders: &[roster::Order]) -> Result<(), WireError> {
    at_most(
        LimitKind::Orders,
        orders.len() as u64,
        limits::ORDERS_PER_CALL as u64,
    )?;
    for order in orders {
        at_most(
            LimitKind::OrderBytes,
            order.order.len() as u64,
            limits::ORDER_BYTES as u64,
        )?;
    }
    distinct(orders.iter().map(|order| order.key))
}

/// Whoever shows a session token or a bearer. Which it is, only the relay can tell.
fn reader(relay: &Relay, call: &Call) -> Result<Reader, WireError> {
    let (tenant, token) = (call.tenant()?, call.bearer()?);
    match relay.session(&tenant, &token) {
        Ok(session) => Ok(Reader::Owner(session.owner)),
        Err(refused) if refused.code == ErrorCode::RateLimited => Err(refused),
        Err(_) => Ok(Reader::Submitter(call.submitter()?)),
    }
}

/// Counts a reader. An earlier bearer is counted where it comes from.
async fn admit(relay: &Relay, call: &Call, who: &Reader) -> Result<(), WireError> {
    match who {
        Reader::Owner(_) => Ok(()),
        Reader::Submitter(_) => match call.admit(relay, Kind::Manage, 1).await {
            Err(refused) if refused.code == ErrorCode::Unauthorized => Ok(()),
            admitted => admitted.map(drop),
        },
    }
}

pub(super) async fn append(
    relay: Arc<Relay>,
    call: Call,
    request: roster::Append,
) -> Result<roster::Appended, WireError> {
    let who = call.admit(&relay, Kind::Manage, 1).await?;
    check_entries(&request.entries)?;
    relay.disk.check()?;
    let end = relay
        .store
        .append_roster(who, request)
        .await
        .map_err(|error| relay.refusal(error))?;
    Ok(roster::Appended { end })
}

pub(super) async fn read(
    relay: Arc<Relay>,
    call: Call,
    request: roster::Read,
) -> Result<roster::Entries, WireError> {
    let who = reader(&relay, &call)?;
    admit(&relay, &call, &who).await?;
    relay
        .store
        .read_roster(who, request)
        .await
        .map_err(|error| relay.refusal(error))
}

pub(super) async fn rotate(
    relay: Arc<Relay>,
    call: Call,
    request: roster::Rotate,
) -> Result<roster::Rotated, WireError> {
    // A repetition comes with the bearer that it retired; it was counted when the bearer was looked at.
    let who = match call.admit(&relay, Kind::Manage, 1).await {
        Err(refused) if refused.code == ErrorCode::Unauthorized => call.submitter()?,
        admitted => admitted?,
    };
    check_entries(&request.entries)?;
    at_most(
        LimitKind::Seals,
        request.seals.len() as u64,
        limits::SEALS as u64,
    )?;
    at_most(
        LimitKind::Close,
        request.close.len() as u64,
        limits::CLOSE_PER_CALL as u64,
    )?;
    for seal in &request.seals {
        at_most(
            LimitKind::SealBytes,
            seal.seal.len() as u64,
            limits::SEAL_BYTES as u64,
        )?;
    }
    distinct(request.seals.iter().map(|seal| seal.alias))?;
    check_orders(request.orders.as_deref().unwrap_or_default())?;
    let refuse = request.refuse.as_deref().unwrap_or_default();
    at_most(
        LimitKind::Channels,
        refuse.len() as u64,
        limits::CHANNELS_PER_CALL as u64,
    )?;
    distinct(refuse.iter())?;
    // A nearly full disk does not keep a stolen device in: a rotation is let through while anything can be written.
    let admin = sha256(request.admin_capability.expose());
    let rotated = relay
        .store
        .rotate_roster(who, call.digest(), request, admin)
        .await;
    rotated.map_err(|error| relay.refusal(error))
}

pub(super) async fn seals(
    relay: Arc<Relay>,
    call: Call,
    request: roster::ReadSeals,
) -> Result<roster::Seals, WireError> {
    let session = relay.session(&call.tenant()?, &call.bearer()?)?;
    relay
        .store
        .read_seals(session.owner, request)
        .await
        .map_err(|error| relay.refusal(error))
}

pub(super) async fn put_attestation(
    relay: Arc<Relay>,
    call: Call,
    request: roster::PutAttestation,
) -> Result<roster::AttestationPutDone, WireError> {
    let who = call.admit(&relay, Kind::Manage, 1).await?;
    at_most(
        LimitKind::Attestation,
        request.attestation.len() as u64,
        limits::ATTESTATION_BYTES as u64,
    )?;
    relay
        .check_at(request.at)
        .map_err(|_| ErrorCode::BadRequest)?;
    let kept = relay
        .store
        .put_attestation(who, request)
        .await
        .map_err(|error| relay.refusal(error))?;
    Ok(roster::AttestationPutDone { kept })
}

pub(super) async fn get_attestation(
    relay: Arc<Relay>,
    call: Call,
    _request: roster::GetAttestation,
) -> Result<roster::Attestation, WireError> {
    let who = reader(&relay, &call)?;
    admit(&relay, &call, &who).await?;
    relay
        .store
        .get_attestation(who)
        .await
        .map_err(|error| relay.refusal(error))
}
