//! Making the first entry, and a new root key.

use minicbor::Encode;

use super::entry::{Author, Entry};
use super::kind::{Approval, Body, DeviceDetails, Founded, RootRotated, SealingPublic};
use super::{RosterError, root_seal};
use crate::base::digest::sha256_parts;
use crate::base::{
    CryptoError, DeviceId, Digest, OrganisationId, Signature, SigningKey, Timestamp, VerifyingKey,
    codec,
};

const DEVICE_LABEL: &str = "founding by device";
const ROOT_LABEL: &str = "root rotation";

#[derive(Encode)]
#[cbor(array)]
struct FirstDevice<'a> {
    #[n(0)]
    organisation: &'a OrganisationId,
    #[n(1)]
    root: &'a VerifyingKey,
    #[n(2)]
    device: &'a DeviceDetails,
}

fn first_device(
    organisation: &OrganisationId,
    root: &VerifyingKey,
    device: &DeviceDetails,
) -> Vec<u8> {
    codec::encode(&FirstDevice {
        organisation,
        root,
        device,
    })
}

impl Founded {
    /// Fills in the first device's proof and signs the founding entry with the root key, which also becomes
    /// `self.root`.
    #[must_use]
    pub fn into_entry(
        mut self,
        time: Timestamp,
        root: &SigningKey,
        device_key: &SigningKey,
    ) -> Entry {
        self.root = root.verifying_key();
        let proven = first_device(&self.organisation, &self.root, &self.device);
        self.device_proof = device_key.sign(DEVICE_LABEL, &proven);
        let organisation = self.organisation;
        let body = Body::from(self);
        let mut entry = Entry {
            seq: 0,
            previous: Digest::ZERO,
            time,
            author: Author::Root,
            kind: body.kind(),
            critical: body.critical(),
            body: body.to_bytes(),
            signature: Signature::new([0; 64]),
        };
        entry.sign(&organisation, root);
        entry
    }
    /// Checks that the first device holds its key.
    pub(super) fn verify_device(&self) -> Result<(), CryptoError> {
        let proven = first_device(&self.organisation, &self.root, &self.device);
        self.device
            .signature_key
            .verify(DEVICE_LABEL, &proven, &self.device_proof)
    }
}

#[derive(Encode)]
#[cbor(array)]
struct NewRoot<'a> {
    #[n(0)]
    organisation: &'a OrganisationId,
    #[n(1)]
    previous: &'a Digest,
    #[n(2)]
    root: &'a VerifyingKey,
    /// Absent where there is no sealing key: these are the bytes of release 0.1.
    #[n(3)]
    sealing: Option<Digest>,
}

/// A root key that is to follow, as those who agree to it name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextRoot {
    /// Hash of the entry that the consent follows.
    pub follows: Digest,
    /// The new root key.
    pub root: VerifyingKey,
    /// Digest of its sealing key ([`sealing_digest`]), where there is one.
    pub sealing: Option<Digest>,
}

/// How a consent names a root's sealing key.
#[must_use]
pub fn sealing_digest(sealing: &SealingPublic) -> Digest {
    sha256_parts(&[b"sotto/root sealing key\0", sealing.as_bytes()])
}

impl NextRoot {
    fn signed(&self, organisation: &OrganisationId) -> Vec<u8> {
        codec::encode(&NewRoot {
            organisation,
            previous: &self.follows,
            root: &self.root,
            sealing: self.sealing,
        })
    }
}

impl Approval {
    /// An administrator's device consents to a new root key.
    #[must_use]
    pub fn give(
        organisation: &OrganisationId,
        next: &NextRoot,
        device: DeviceId,
        key: &SigningKey,
    ) -> Self {
        Self {
            device,
            signature: key.sign(ROOT_LABEL, &next.signed(organisation)),
        }
    }
    /// Checks it against the consenting device's key.
    ///
    /// # Errors
    /// [`CryptoError::Signature`].
    pub fn verify(
        &self,
        organisation: &OrganisationId,
        next: &NextRoot,
        key: &VerifyingKey,
    ) -> Result<(), CryptoError> {
        key.verify(ROOT_LABEL, &next.signed(organisation), &self.signature)
    }
}

impl RootRotated {
    /// The body of a rotation to `root` as it is judged by the first rules: it follows the entry with the hash
    /// `previous` and nothing else.
    #[must_use]
    pub fn new(
        organisation: &OrganisationId,
        previous: &Digest,
        root: &SigningKey,
        approvals: Vec<Approval>,
    ) -> Self {
        let next = NextRoot {
            follows: *previous,
            root: root.verifying_key(),
            sealing: None,
        };
        Self {
            root: next.root,
            proof: root.sign(ROOT_LABEL, &next.signed(organisation)),
            approvals,
            root_sealing: None,
            follows: None,
        }
    }
    /// The same by the rules of this release: the consents follow the entry `follows`, whose hash is `hash`, and name
    /// the new root's sealing key.
    ///
    /// # Errors
    /// [`CryptoError::Provider`].
    pub fn sealing(
        organisation: &OrganisationId,
        (follows, hash): (u64, Digest),
        root: &SigningKey,
        approvals: Vec<Approval>,
    ) -> Result<Self, RosterError> {
        let sealing = root_seal::public(root)?;
        let next = NextRoot {
            follows: hash,
            root: root.verifying_key(),
            sealing: Some(sealing_digest(&sealing)),
        };
        Ok(Self {
            root: next.root,
            proof: root.sign(ROOT_LABEL, &next.signed(organisation)),
            approvals,
            root_sealing: Some(sealing),
            follows: Some(follows),
        })
    }
    /// What those who agree have signed, if they agreed after the entry with this hash.
    pub(super) fn next(&self, follows: Digest) -> NextRoot {
        NextRoot {
            follows,
            root: self.root,
            sealing: self.root_sealing.as_ref().map(sealing_digest),
        }
    }
    pub(super) fn verify_root(
        &self,
        organisation: &OrganisationId,
        next: &NextRoot,
    ) -> Result<(), CryptoError> {
        self.root
            .verify(ROOT_LABEL, &next.signed(organisation), &self.proof)
    }
}
