//! What is not a CBOR operation: headers, the live socket, and the two blob paths.

use crate::{Bearer, BlobId, TenantId, base64url};

/// Content type of requests, answers and errors.
pub const CONTENT_TYPE: &str = "application/cbor";
/// Content type of blob bytes.
pub const BLOB_CONTENT_TYPE: &str = "application/octet-stream";
/// Header naming the organisation, as unpadded base64url.
pub const TENANT_HEADER: &str = "sotto-tenant";
/// Header with the bearer: `Bearer <base64url>`.
pub const AUTHORIZATION_HEADER: &str = "authorization";
/// `GET` with a WebSocket upgrade and a session token; then [`crate::live`] frames, binary.
pub const LIVE_PATH: &str = "/v1/live";
/// `PUT <prefix><blob id>?offset=N` with the submit bearer appends raw bytes and answers [`crate::blob::Status`];
/// `GET <prefix><blob id>?offset=N&len=M` with a link token answers raw bytes.
pub const BLOB_PATH_PREFIX: &str = "/v1/blob/";

/// The tenant header's value.
#[must_use]
pub fn tenant_value(tenant: &TenantId) -> String {
    base64url::encode(tenant.as_bytes())
}

/// Reads the tenant header's value.
#[must_use]
pub fn parse_tenant(value: &str) -> Option<TenantId> {
    base64url::decode(value).map(TenantId::new)
}

/// The authorization header's value. It is a secret.
#[must_use]
pub fn bearer_value(bearer: &Bearer) -> String {
    let mut value = String::with_capacity(50);
    value.push_str("Bearer ");
    value.push_str(&base64url::encode(bearer.expose()));
    value
}

/// Reads the authorization header's value.
#[must_use]
pub fn parse_bearer(value: &str) -> Option<Bearer> {
    value
        .strip_prefix("Bearer ")
        .and_then(base64url::decode)
        .map(Bearer::new)
}

/// Path of an upload, from the offset the relay named last.
#[must_use]
pub fn blob_put_path(blob: &BlobId, offset: u64) -> String {
    format!(
        "{BLOB_PATH_PREFIX}{}?offset={offset}",
        base64url::encode(blob.as_bytes())
    )
}

/// Path of a ranged download of at most [`crate::limits::BLOB_CHUNK_BYTES`].
#[must_use]
pub fn blob_get_path(blob: &BlobId, offset: u64, len: u32) -> String {
    format!(
        "{BLOB_PATH_PREFIX}{}?offset={offset}&len={len}",
        base64url::encode(blob.as_bytes())
    )
}

/// Reads the blob id of a path segment.
#[must_use]
pub fn parse_blob(segment: &str) -> Option<BlobId> {
    base64url::decode(segment).map(BlobId::new)
}
