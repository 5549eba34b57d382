//! Blobs: announced and linked by operations, moved as raw bytes.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, Request, State};
use axum::response::Response;
use http::request::Parts;
use sotto_wire::{
    BlobId, Detail, ErrorCode, LimitKind, Operation, RelayTime, WireError, blob, encode, limits, op,
};

use super::{Call, call};
use crate::crash::crash_point;
use crate::memory::links::Link;
use crate::memory::rates::Kind;
use crate::relay::{Relay, at_most};
use crate::store::{StoreError, Submitter};

pub(super) async fn create(
    relay: Arc<Relay>,
    call: Call,
    request: blob::Create,
) -> Result<blob::Status, WireError> {
    let who = call.admit(&relay, Kind::Manage, 1).await?;
    if request.size == 0 {
        return Err(ErrorCode::BadRequest.into());
    }
    at_most(LimitKind::Blob, request.size, relay.config.limit_blob_bytes)?;
    relay.check_ttl(request.ttl_s)?;
    relay.disk.check()?;
    relay
        .store
        .create_blob(who, request)
        .await
        .map_err(|error| relay.refusal(error))
}

pub(super) async fn status(
    relay: Arc<Relay>,
    call: Call,
    request: blob::AskStatus,
) -> Result<blob::Status, WireError> {
    let who = call.admit(&relay, Kind::Manage, 1).await?;
    let found = relay
        .store
        .find_blob(who, request.blob)
        .await
        .map_err(|error| relay.refusal(error))?;
    Ok(found.status)
}

pub(super) async fn link(
    relay: Arc<Relay>,
    call: Call,
    request: blob::AskLink,
) -> Result<blob::Link, WireError> {
    let session = relay.session(&call.tenant()?, &call.bearer()?)?;
    let found = relay
        .store
        .find_blob_for_owner(session.owner, request.blob)
        .await;
    let found = found.map_err(|error| relay.refusal(error))?;
    if found.status.received < found.status.size {
        return Err(WireError::retry_after(ErrorCode::Unavailable, 5_000));
    }
    let (token, digest) = relay.fresh_bearer()?;
    let size = found.status.size;
    let link = Link {
        tenant: session.owner.tenant,
        blob: request.blob,
        key: found.key,
        size,
    };
    relay.links.open(digest, link, relay.clock.elapsed());
    let ends = relay
        .now()
        .0
        .saturating_add(i64::from(limits::BLOB_LINK_S) * 1_000);
    Ok(blob::Link {
        token,
        expires: RelayTime(ends.min(found.status.expires.0)),
        size,
    })
}

/// A number of the query string, as in `offset=5&len=6`.
fn number(query: Option<&str>, name: &str) -> Result<u64, WireError> {
    let pairs = query
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split_once('='));
    let mut values = pairs
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value);
    match (values.next(), values.next()) {
        (Some(value), None) => value.parse().map_err(|_| ErrorCode::BadRequest.into()),
        _ => Err(ErrorCode::BadRequest.into()),
    }
}

/// Appends raw bytes.
pub(super) async fn put(
    State(relay): State<Arc<Relay>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let result = upload(&relay, &id, query.as_deref(), request).await;
    relay
        .hub
        .metrics
        .answered("blob/put", result.as_ref().map(drop));
    crash_point("blob/put", "before-answer");
    match result {
        Ok(status) => call::answered(
            encode::<<op::BlobStatus as Operation>::Response>(&status),
            "application/cbor",
        ),
        Err(error) => call::refused(&error),
    }
}

async fn upload(
    relay: &Arc<Relay>,
    id: &str,
    query: Option<&str>,
    request: Request,
) -> Result<blob::Status, WireError> {
    let blob = sotto_wire::http::parse_blob(id).ok_or(ErrorCode::BadRequest)?;
    let offset = number(query, "offset")?;
    let call = Call::read_raw(relay, request, limits::BLOB_CHUNK_BYTES).await?;
    let who = call.admit(relay, Kind::Manage, 1).await?;
    relay.disk.check()?;
    let bytes = call.into_body();
    if bytes.is_empty() {
        return Err(ErrorCode::BadRequest.into());
    }
    // On a task of its own: a caller who goes away does not leave two uploads writing the same file.
    let relay = Arc::clone(relay);
    let task = tokio::spawn(async move { append(&relay, who, blob, offset, bytes).await });
    task.await
        .map_err(|_| WireError::retry_after(ErrorCode::Unavailable, 1_000))?
}

async fn append(
    relay: &Arc<Relay>,
    who: Submitter,
    blob: BlobId,
    offset: u64,
    bytes: bytes::Bytes,
) -> Result<blob::Status, WireError> {
    let found = relay
        .store
        .find_blob(who, blob)
        .await
        .map_err(|error| relay.refusal(error))?;
    let busy = || WireError::retry_after(ErrorCode::Unavailable, 500);
    let upload = relay.blobs.upload(found.key).ok_or_else(busy)?;
    // Again, now that nobody else uploads it.
    let found = relay
        .store
        .find_blob(who, blob)
        .await
        .map_err(|error| relay.refusal(error))?;
    if found.status.received != offset {
        return Err(WireError::detailed(
            ErrorCode::PositionConflict,
            Detail::Offset(found.status.received),
        ));
    }
    let end = offset.saturating_add(bytes.len() as u64);
    at_most(LimitKind::Blob, end, found.status.size)?;
    // Asked before anything is written, so that what is refused takes no place; the store asks again.
    let max = relay.config.limit_tenant_bytes;
    if found.used.saturating_add(bytes.len() as u64) > max {
        return Err(WireError::quota(LimitKind::TenantBytes, max, 60_000));
    }
    let blobs = relay.blobs.clone();
    let written =
        tokio::task::spawn_blocking(move || blobs.write(&upload, offset, &bytes).map(|()| upload))
            .await;
    let upload = match written {
        Ok(Ok(upload)) => upload,
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::StorageFull => {
            return Err(relay.refusal(StoreError::Full));
        }
        Ok(Err(error)) => {
            return Err(relay.refusal(StoreError::Failed {
                doing: "writing a blob",
                source: Box::new(error),
            }));
        }
        Err(_) => return Err(WireError::retry_after(ErrorCode::Unavailable, 1_000)),
    };
    let received = relay.store.blob_received(who, found.key, offset, end).await;
    drop(upload);
    received.map_err(|error| relay.refusal(error))
}

/// Gives a range.
pub(super) async fn get(
    State(relay): State<Arc<Relay>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let result = download(&relay, &id, query.as_deref(), &parts).await;
    relay
        .hub
        .metrics
        .answered("blob/get", result.as_ref().map(drop));
    match result {
        Ok(bytes) => call::answered(bytes, sotto_wire::http::BLOB_CONTENT_TYPE),
        Err(error) => call::refused(&error),
    }
}

async fn download(
    relay: &Relay,
    id: &str,
    query: Option<&str>,
    parts: &Parts,
) -> Result<Vec<u8>, WireError> {
    let blob = sotto_wire::http::parse_blob(id).ok_or(ErrorCode::BadRequest)?;
    let (offset, len) = (number(query, "offset")?, number(query, "len")?);
    let call = Call::of(parts)?;
    let link = relay.links.find(&call.bearer()?, relay.clock.elapsed());
    let link = link
        .filter(|link| link.blob == blob)
        .ok_or(ErrorCode::Unauthorized)?;
    at_most(LimitKind::Blob, len, limits::BLOB_CHUNK_BYTES as u64)?;
    let within = offset.checked_add(len).is_some_and(|end| end <= link.size);
    if len == 0 || !within {
        return Err(ErrorCode::BadRequest.into());
    }
    let blobs = relay.blobs.clone();
    let len = usize::try_from(len).map_err(|_| ErrorCode::BadRequest)?;
    let read = tokio::task::spawn_blocking(move || blobs.read(link.key, offset, len)).await;
    match read {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(ErrorCode::Expired.into())
        }
        Ok(Err(error)) => Err(relay.refusal(StoreError::Failed {
            doing: "reading a blob",
            source: Box::new(error),
        })),
        Err(_) => Err(WireError::retry_after(ErrorCode::Unavailable, 1_000)),
    }
}
