//! Time as the relay says it. Devices keep an offset to it and compute ages from it, never from a drifted clock.

use minicbor::{Decode, Encode};

use crate::Sig;

/// Milliseconds since 1970-01-01 UTC on the relay's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct RelayTime(#[n(0)] pub i64);

/// A time the relay has signed with its pinned signing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SignedTime {
    /// The time.
    #[n(0)]
    pub time: RelayTime,
    /// By the relay's signing key over [`crate::signed::time`].
    #[n(1)]
    pub sig: Sig,
}
