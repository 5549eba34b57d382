//! Attachments: announced, uploaded in order and resumably, downloaded by range with a short-lived link. The bytes
//! themselves travel raw, on the paths of [`crate::http`].

use minicbor::{Decode, Encode};

use crate::{Bearer, BlobId, RelayTime};

/// Announces a blob. The same values again are no error and tell how much has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Create {
    /// Chosen at random.
    #[n(0)]
    pub blob: BlobId,
    /// Its whole size in bytes, at least 1.
    #[n(1)]
    pub size: u64,
    /// Life in seconds.
    #[n(2)]
    pub ttl_s: u32,
}

/// Asks how much has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AskStatus {
    /// The blob.
    #[n(0)]
    pub blob: BlobId,
}

/// How much has arrived, durably; also the answer to each upload. The next upload starts at `received`; one that starts
/// elsewhere is `PositionConflict` with that offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Status {
    /// The whole size in bytes.
    #[n(0)]
    pub size: u64,
    /// Bytes the relay has.
    #[n(1)]
    pub received: u64,
    /// When the blob ends.
    #[n(2)]
    pub expires: RelayTime,
}

/// Asks for a download token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AskLink {
    /// The blob.
    #[n(0)]
    pub blob: BlobId,
}

/// The token, for this blob and device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Link {
    /// Bearer of the download. A restart of the relay ends it.
    #[n(0)]
    pub token: Bearer,
    /// When it ends.
    #[n(1)]
    pub expires: RelayTime,
    /// The blob's whole size in bytes.
    #[n(2)]
    pub size: u64,
}
