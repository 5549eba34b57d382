//! A short-lived link, then ranges from where the caller is.

use sotto_wire::blob::{AskLink, Link};
use sotto_wire::http::blob_get_path;
use sotto_wire::op::BlobLink;
use sotto_wire::{Bearer, BlobId, ErrorCode, LimitKind, WireError, limits};
use tokio::time::timeout;

use super::{BlobSink, Progress};
use crate::transport::exchange::{Exchange, Method};
use crate::transport::lane::Lane;
use crate::transport::{Auth, NetworkError, Transport, TransportError};

/// Downloads an attachment from byte `from` to its end and returns its whole size. A session token proves the right; a
/// link that ends on the way is renewed. Each request has [`crate::transport::Timeouts::chunk`].
///
/// # Errors
/// [`TransportError`]; what the sink has taken by then is good, so calling again from there resumes.
pub async fn download<S: BlobSink>(
    transport: &Transport,
    session: &Bearer,
    blob: BlobId,
    from: u64,
    sink: &mut S,
    progress: Progress<'_>,
) -> Result<u64, TransportError> {
    let mut link = ask(transport, session, blob).await?;
    let size = link.size;
    let mut offset = from;
    let mut renewed = false;
    if size > limits::BLOB_BYTES {
        return Err(WireError::too_large(LimitKind::Blob, limits::BLOB_BYTES).into());
    }
    progress(offset.min(size), size);
    while offset < size {
        let len =
            u32::try_from((size - offset).min(limits::BLOB_CHUNK_BYTES as u64)).unwrap_or(u32::MAX);
        let bytes = match range(transport, &link.token, blob, offset, len).await {
            Ok(bytes) => bytes,
            Err(TransportError::Relay(WireError {
                code: ErrorCode::Unauthorized | ErrorCode::SessionExpired,
                ..
            })) if !renewed => {
                link = ask(transport, session, blob).await?;
                renewed = true;
                continue;
            }
            Err(other) => return Err(other),
        };
        if bytes.is_empty() || link.size != size {
            return Err(TransportError::Malformed);
        }
        sink.write(offset, &bytes)
            .await
            .map_err(|e| TransportError::Local(e.kind()))?;
        offset += bytes.len() as u64;
        renewed = false;
        progress(offset, size);
    }
    Ok(size)
}

async fn ask(
    transport: &Transport,
    session: &Bearer,
    blob: BlobId,
) -> Result<Link, TransportError> {
    let within = transport.link().endpoint.timeouts.chunk;
    transport
        .call::<BlobLink>(&Auth::Session(session.clone()), &AskLink { blob }, within)
        .await
}

async fn range(
    transport: &Transport,
    token: &Bearer,
    blob: BlobId,
    offset: u64,
    len: u32,
) -> Result<Vec<u8>, TransportError> {
    let link = transport.link();
    let within = link.endpoint.timeouts.chunk;
    let path = blob_get_path(&blob, offset, len);
    let exchange = Exchange::blob(link, Lane::Mailbox, Method::Get, &path, token, Vec::new())?;
    let limit = usize::try_from(len).unwrap_or(limits::BLOB_CHUNK_BYTES);
    timeout(within, exchange.run(limit))
        .await
        .map_err(|_| NetworkError::Timeout)?
}
