//! Who a leaf is: a BasicCredential holding the 16 bytes of a device id, under that device's signature key. Whether
//! the roster knows this pair is asked elsewhere.

use std::fmt;

use minicbor::{Decode, Encode};
use openmls::prelude::{BasicCredential, Credential, CredentialWithKey, LeafNode};
use openmls_traits::signatures::{Signer, SignerError};
use openmls_traits::types::SignatureScheme;

use crate::base::{DeviceId, Random, SigningKey, VerifyingKey, random};

/// One MLS group. Random 16 bytes; a conversation gets a new one when it is reset.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct GroupId(#[cbor(with = "minicbor::bytes")] [u8; 16]);

impl GroupId {
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
    /// Reads raw bytes; `None` where the length is wrong.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
    /// Draws a new one.
    #[must_use]
    pub fn random(source: &dyn Random) -> Self {
        Self(random::array(source))
    }
    pub(super) fn engine(self) -> openmls::group::GroupId {
        openmls::group::GroupId::from_slice(&self.0)
    }
}

/// Redacted: identifiers do not belong in logs.
impl fmt::Debug for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GroupId(..)")
    }
}

/// This device, as it appears in every group: its id and its signature key.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    /// The device id, which becomes the leaf's credential.
    pub device: DeviceId,
    /// The device's signature key.
    pub key: &'a SigningKey,
}

impl Identity<'_> {
    pub(super) fn credential(&self) -> CredentialWithKey {
        CredentialWithKey {
            credential: BasicCredential::new(self.device.as_bytes().to_vec()).into(),
            signature_key: self.key.verifying_key().as_bytes().as_slice().into(),
        }
    }
}

/// MLS frames what it signs with labels of its own (RFC 9420 §5.1.2), so ours are not added.
impl Signer for Identity<'_> {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.key.sign_raw(payload).as_bytes().to_vec())
    }
    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

/// One leaf of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The leaf's index in the ratchet tree. Re-used after a removal.
    pub leaf: u32,
    /// The device that the leaf claims to be.
    pub device: DeviceId,
    /// The leaf's signature key.
    pub key: VerifyingKey,
}

impl Member {
    /// Reads an engine's member; `None` where the credential is not a device id or the key not an Ed25519 key.
    pub(super) fn read(member: &openmls::prelude::Member) -> Option<Self> {
        Some(Self {
            leaf: member.index.u32(),
            device: device_of(&member.credential)?,
            key: VerifyingKey::from_slice(&member.signature_key)?,
        })
    }
}

pub(super) fn device_of(credential: &Credential) -> Option<DeviceId> {
    let basic = BasicCredential::try_from(credential.clone()).ok()?;
    DeviceId::from_slice(basic.identity())
}

/// Device and key of a leaf node; `None` where it is not a leaf of this project.
pub(super) fn leaf_identity(leaf: &LeafNode) -> Option<(DeviceId, VerifyingKey)> {
    Some((
        device_of(leaf.credential())?,
        VerifyingKey::from_slice(leaf.signature_key().as_slice())?,
    ))
}
