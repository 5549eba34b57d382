//! Making the first entry, and a new root key.

use minicbor::Encode;

use super::entry::{Author, Entry};
use super::kind::{Approval, Body, DeviceDetails, Founded, RootRotated};
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
}

fn new_root(organisation: &OrganisationId, previous: &Digest, root: &VerifyingKey) -> Vec<u8> {
    codec::encode(&NewRoot {
        organisation,
        previous,
        root,
    })
}

impl Approval {
    /// An administrator's device consents to a new root key that follows the entry `previous`.
    #[must_use]
    pub fn give(
        organisation: &OrganisationId,
        previous: &Digest,
        root: &VerifyingKey,
        device: DeviceId,
        key: &SigningKey,
    ) -> Self {
        Self {
            device,
            signature: key.sign(ROOT_LABEL, &new_root(organisation, previous, root)),
        }
    }
    pub(super) fn verify(
        &self,
        organisation: &OrganisationId,
        previous: &Digest,
        root: &VerifyingKey,
        key: &VerifyingKey,
    ) -> Result<(), CryptoError> {
        key.verify(
            ROOT_LABEL,
            &new_root(organisation, previous, root),
            &self.signature,
        )
    }
}

impl RootRotated {
    /// The body of a rotation to `root` that follows the entry `previous`.
    #[must_use]
    pub fn new(
        organisation: &OrganisationId,
        previous: &Digest,
        root: &SigningKey,
        approvals: Vec<Approval>,
    ) -> Self {
        let public = root.verifying_key();
        let proof = root.sign(ROOT_LABEL, &new_root(organisation, previous, &public));
        Self {
            root: public,
            proof,
            approvals,
        }
    }
    pub(super) fn verify_root(
        &self,
        organisation: &OrganisationId,
        previous: &Digest,
    ) -> Result<(), CryptoError> {
        self.root.verify(
            ROOT_LABEL,
            &new_root(organisation, previous, &self.root),
            &self.proof,
        )
    }
}
