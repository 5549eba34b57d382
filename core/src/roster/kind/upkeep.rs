//! What keeps the roster itself going: its key, its time, its relay, its neighbours.

use minicbor::{Decode, Encode};

use super::RelayDescriptor;
use crate::base::{Digest, OrganisationId, VerifyingKey};
use crate::roster::Name;
use crate::roster::root_seal::RootSeal;

/// A new roster key. The entry itself is the first one sealed under it.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct KeyRotated {
    /// The new epoch, one above the last.
    #[n(0)]
    pub epoch: u64,
    /// Commitment to the new key.
    #[n(1)]
    pub commitment: Digest,
    /// The previous key, sealed under the new one.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub previous: Vec<u8>,
    /// Merkle root over the devices' seals.
    #[n(3)]
    pub seals_root: Digest,
    /// How many seals.
    #[n(4)]
    pub seals: u32,
    /// The relay's next administration capability for the offline root key: wherever the log knows the root's sealing
    /// key, and nowhere else.
    #[n(5)]
    pub root_seal: Option<RootSeal>,
}

impl std::fmt::Debug for KeyRotated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyRotated")
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

/// Another organisation that may be written to, or may no more.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PartnerChanged {
    /// The other organisation.
    #[n(0)]
    pub organisation: OrganisationId,
    /// As it is shown here.
    #[n(1)]
    pub name: Name,
    /// Its root key.
    #[n(2)]
    pub root: VerifyingKey,
    /// Its relay.
    #[n(3)]
    pub relay: RelayDescriptor,
    /// `false` ends the partnership.
    #[n(4)]
    pub active: bool,
}

/// Log time moves on, so that what should expire does.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Tick {}

/// The relay's address, pins or signing key change: the signed pin rotation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RelayChanged {
    /// From here on.
    #[n(0)]
    pub relay: RelayDescriptor,
}
