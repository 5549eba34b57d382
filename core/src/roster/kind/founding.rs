//! How an organisation begins, and how its root key changes hands.

use minicbor::{Decode, Encode};

use super::{DeviceDetails, PersonDetails, Policy};
use crate::base::{DeviceId, Digest, OrganisationId, PersonId, RoleId, Signature, VerifyingKey};
use crate::roster::{Name, Text};

/// Where the organisation's relay is and how it is recognised.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RelayDescriptor {
    /// Address: `https://host[:port]`.
    #[n(0)]
    pub address: Text<256>,
    /// SHA-256 of the TLS key's SubjectPublicKeyInfo, first the current, then the backup. 1 to 4.
    #[n(1)]
    pub pins: Vec<Digest>,
    /// Signs `queued`, time and escrow outcomes.
    #[n(2)]
    pub signing_key: VerifyingKey,
    /// The organisation's name at the relay, 16 random bytes unlinkable to its name here.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub tenant: [u8; 16],
}

/// The first entry: signed by the root key, pinned by every link.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Founded {
    /// Entry format and table of rights; a higher one than a reader knows halts it.
    #[n(0)]
    pub format: u16,
    /// The organisation's id.
    #[n(1)]
    pub organisation: OrganisationId,
    /// Its name.
    #[n(2)]
    pub name: Name,
    /// The root key.
    #[n(3)]
    pub root: VerifyingKey,
    /// The first relay.
    #[n(4)]
    pub relay: RelayDescriptor,
    /// The first administrator.
    #[n(5)]
    pub admin: PersonId,
    /// Who that is.
    #[n(6)]
    pub details: PersonDetails,
    /// Roles beside `admin` that this person gets, organisation-wide.
    #[n(7)]
    pub roles: Vec<RoleId>,
    /// The first device, confirmed.
    #[n(8)]
    pub device: DeviceDetails,
    /// By the first device's signature key: it holds that key.
    #[n(9)]
    pub device_proof: Signature,
    /// The rules to begin with.
    #[n(10)]
    pub policy: Policy,
    /// Commitment to the first roster key.
    #[n(11)]
    pub key_commitment: Digest,
}

/// An administrator's consent to a new root key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Approval {
    /// The consenting device.
    #[n(0)]
    pub device: DeviceId,
    /// Over organisation, predecessor entry and new root key.
    #[n(1)]
    pub signature: Signature,
}

/// A new root key: signed by the old one as the entry's author, by the new one, and by administrators.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RootRotated {
    /// The new root key.
    #[n(0)]
    pub root: VerifyingKey,
    /// By the new root key over the same bytes as the approvals.
    #[n(1)]
    pub proof: Signature,
    /// Administrators, one device of each.
    #[n(2)]
    pub approvals: Vec<Approval>,
}
