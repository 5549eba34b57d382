//! One link of the chain: who says what, after which entry, at what time.

use std::fmt;

use minicbor::{Decode, Encode};

use super::RosterError;
use crate::base::codec::{self, CodecError};
use crate::base::digest::sha256_parts;
use crate::base::{CryptoError, Timestamp, VerifyingKey};
use crate::base::{DeviceId, Digest, InvitationId, OrganisationId, Signature, SigningKey};

/// Largest encoded entry in bytes: sealed, with its length, epoch, version, salt and tag, it is what the relay takes. A
/// larger one is junk.
pub const MAX_ENTRY: usize = 64 * 1024 - 4 - 8 - crate::base::aead::OVERHEAD;
/// Label of an entry's signature.
const LABEL: &str = "roster entry";

/// Whose key signed an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Author {
    /// The organisation's root key: founding and root rotation only.
    #[n(0)]
    Root,
    /// A confirmed device.
    #[n(1)]
    Device(#[n(0)] DeviceId),
    /// An invitation's key: the enrolment of the device that took it, and nothing else.
    #[n(2)]
    Invitation(#[n(0)] InvitationId),
}

pub use crate::base::Owner;

/// One entry as it is chained. `body` stays encoded, so that a kind this release does not know keeps its bytes.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Entry {
    /// Number among the valid entries; the founding entry is 0.
    #[n(0)]
    pub seq: u64,
    /// Hash of the valid entry before it; [`Digest::ZERO`] for the founding entry.
    #[n(1)]
    pub previous: Digest,
    /// The author's time; never earlier than the entry before.
    #[n(2)]
    pub time: Timestamp,
    /// Whose key signed.
    #[n(3)]
    pub author: Author,
    /// What kind of statement `body` is.
    #[n(4)]
    pub kind: u16,
    /// A release that does not know the kind must halt, not skip.
    #[n(5)]
    pub critical: bool,
    /// The statement, deterministic CBOR.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub body: Vec<u8>,
    /// By the author over everything above and the organisation's id.
    #[n(7)]
    pub signature: Signature,
}

#[derive(Encode)]
#[cbor(array)]
struct Signed<'a> {
    #[n(0)]
    organisation: &'a OrganisationId,
    #[n(1)]
    seq: u64,
    #[n(2)]
    previous: &'a Digest,
    #[n(3)]
    time: Timestamp,
    #[n(4)]
    author: &'a Author,
    #[n(5)]
    kind: u16,
    #[n(6)]
    critical: bool,
    #[cbor(n(7), with = "minicbor::bytes")]
    body: &'a [u8],
}

impl Entry {
    /// What the author signs: all fields and the organisation, so that an entry is worthless in another log.
    #[must_use]
    pub fn signing_bytes(&self, organisation: &OrganisationId) -> Vec<u8> {
        codec::encode(&Signed {
            organisation,
            seq: self.seq,
            previous: &self.previous,
            time: self.time,
            author: &self.author,
            kind: self.kind,
            critical: self.critical,
            body: &self.body,
        })
    }
    /// Signs in place.
    pub fn sign(&mut self, organisation: &OrganisationId, key: &SigningKey) {
        self.signature = key.sign(LABEL, &self.signing_bytes(organisation));
    }
    /// Checks the author's signature.
    ///
    /// # Errors
    /// [`CryptoError::Signature`].
    pub fn verify(
        &self,
        organisation: &OrganisationId,
        key: &VerifyingKey,
    ) -> Result<(), CryptoError> {
        key.verify(LABEL, &self.signing_bytes(organisation), &self.signature)
    }
    /// The encoded entry.
    ///
    /// # Errors
    /// [`RosterError::Oversize`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, RosterError> {
        let bytes = codec::encode(self);
        if bytes.len() > MAX_ENTRY {
            Err(RosterError::Oversize)
        } else {
            Ok(bytes)
        }
    }
    /// Reads an encoded entry, strictly.
    ///
    /// # Errors
    /// [`CodecError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        codec::decode(bytes)
    }
    /// The hash that the next entry names as its predecessor, from the encoded entry.
    #[must_use]
    pub fn hash_of(bytes: &[u8]) -> Digest {
        sha256_parts(&[b"sotto/roster entry\0", bytes])
    }
}

/// Says which entry it is, never what it says.
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("seq", &self.seq)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
