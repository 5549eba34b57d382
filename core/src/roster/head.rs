//! Where one reader of the log stands.

use minicbor::{Decode, Encode};

use crate::base::Digest;

/// The newest valid entry a device has replayed. Travels inside encrypted messages, so that two devices which are
/// shown two rosters find out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RosterHead {
    /// Number of that entry among the valid ones; the founding entry is 0.
    #[n(0)]
    pub seq: u64,
    /// Hash of that entry.
    #[n(1)]
    pub hash: Digest,
}

/// How another's head relates to our own log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadRelation {
    /// We hold that entry: the other is where we are, or behind by `by` entries.
    Known {
        /// How many entries the other has not seen.
        by: u64,
    },
    /// We have not read that far.
    Ahead,
    /// At that place we hold another entry: two rosters exist.
    Fork,
}
