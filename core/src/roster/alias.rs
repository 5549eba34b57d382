//! Where a device can be reached at the relay.

use std::fmt;

use minicbor::{Decode, Encode};

use crate::base::{Random, random};

/// The delivery alias of a device that stands in the roster, for Welcomes and roster keys: 16 random bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct ContactAlias(#[cbor(with = "minicbor::bytes")] [u8; 16]);

impl ContactAlias {
    /// Wraps raw bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
    /// The raw bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
    /// Draws a new one.
    #[must_use]
    pub fn random(source: &dyn Random) -> Self {
        Self(random::array(source))
    }
}

impl fmt::Debug for ContactAlias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContactAlias(..)")
    }
}
