//! Announce, then append from where the relay is.

use sotto_wire::blob::{Create, Status};
use sotto_wire::http::blob_put_path;
use sotto_wire::op::BlobCreate;
use sotto_wire::{Bearer, Detail, ErrorCode, LimitKind, WireError, codec, limits};
use tokio::time::timeout;

use super::{BlobSource, Progress};
use crate::transport::exchange::{Exchange, Method};
use crate::transport::lane::Lane;
use crate::transport::{Auth, NetworkError, Transport, TransportError};

/// An answer to an upload is a status of a few dozen bytes.
const ANSWER_BYTES: usize = 4 << 10;
/// How often the relay may name another offset than the one it named before.
const CORRECTIONS: u32 = 8;

/// Uploads an attachment, or what is missing of it: the same announcement again resumes. The submit bearer proves the
/// right; each request has [`crate::transport::Timeouts::chunk`].
///
/// # Errors
/// [`TransportError`]; what the relay has by then stays there until it expires.
pub async fn upload<S: BlobSource>(
    transport: &Transport,
    bearer: &Bearer,
    announced: &Create,
    source: &mut S,
    progress: Progress<'_>,
) -> Result<Status, TransportError> {
    if announced.size > limits::BLOB_BYTES {
        return Err(WireError::too_large(LimitKind::Blob, limits::BLOB_BYTES).into());
    }
    let within = transport.link().endpoint.timeouts.chunk;
    let mut status = transport
        .call::<BlobCreate>(&Auth::Submit(bearer.clone()), announced, within)
        .await?;
    let mut corrections = 0;
    loop {
        if status.size != announced.size || status.received > status.size {
            return Err(TransportError::Malformed);
        }
        progress(status.received, status.size);
        let left = status.size - status.received;
        if left == 0 {
            return Ok(status);
        }
        let len = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(limits::BLOB_CHUNK_BYTES);
        let bytes = source
            .read(status.received, len)
            .await
            .map_err(|e| TransportError::Local(e.kind()))?;
        if bytes.len() != len {
            return Err(TransportError::Local(std::io::ErrorKind::UnexpectedEof));
        }
        match put(transport, bearer, announced, status.received, bytes).await {
            // The relay counts on: anything else would have this go round for ever.
            Ok(next) if next.received > status.received => status = next,
            Ok(_) => return Err(TransportError::Malformed),
            Err(TransportError::Relay(WireError {
                code: ErrorCode::PositionConflict,
                detail: Some(Detail::Offset(offset)),
                ..
            })) if offset != status.received && corrections < CORRECTIONS => {
                // An answer was lost, or the relay's disk forgot what was not yet durable.
                corrections += 1;
                status.received = offset;
            }
            Err(other) => return Err(other),
        }
    }
}

async fn put(
    transport: &Transport,
    bearer: &Bearer,
    announced: &Create,
    offset: u64,
    bytes: Vec<u8>,
) -> Result<Status, TransportError> {
    let link = transport.link();
    let within = link.endpoint.timeouts.chunk;
    let path = blob_put_path(&announced.blob, offset);
    let exchange = Exchange::blob(link, Lane::Anonymous, Method::Put, &path, bearer, bytes)?;
    let answer = timeout(within, exchange.run(ANSWER_BYTES))
        .await
        .map_err(|_| NetworkError::Timeout)??;
    codec::decode(&answer).map_err(|_| TransportError::Malformed)
}
