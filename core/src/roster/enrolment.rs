//! How a new device claims an invitation: two proofs over the same words, one by the invitation's key, one by its own.

use minicbor::Encode;

use super::kind::{DeviceDetails, DeviceEnrolled};
use crate::base::{CryptoError, InvitationId, OrganisationId, SigningKey, VerifyingKey, codec};

const INVITATION_LABEL: &str = "enrolment by invitation";
const DEVICE_LABEL: &str = "enrolment by device";

#[derive(Encode)]
#[cbor(array)]
struct Claim<'a> {
    #[n(0)]
    organisation: &'a OrganisationId,
    #[n(1)]
    invitation: &'a InvitationId,
    #[n(2)]
    details: &'a DeviceDetails,
}

fn claim(
    organisation: &OrganisationId,
    invitation: &InvitationId,
    details: &DeviceDetails,
) -> Vec<u8> {
    codec::encode(&Claim {
        organisation,
        invitation,
        details,
    })
}

impl DeviceEnrolled {
    /// Signs a claim with the invitation's key and the new device's signature key. In instant mode the new device
    /// appends it itself, as [`Author::Invitation`](super::Author::Invitation); in approval mode it hands the body
    /// to an administrator, whose device appends it before the approval.
    #[must_use]
    pub fn claim(
        organisation: &OrganisationId,
        invitation: InvitationId,
        details: DeviceDetails,
        invitation_key: &SigningKey,
        device_key: &SigningKey,
    ) -> Self {
        let bytes = claim(organisation, &invitation, &details);
        let invitation_proof = invitation_key.sign(INVITATION_LABEL, &bytes);
        let device_proof = device_key.sign(DEVICE_LABEL, &bytes);
        Self {
            invitation,
            details,
            invitation_proof,
            device_proof,
        }
    }
    /// Checks both proofs.
    ///
    /// # Errors
    /// [`CryptoError::Signature`].
    pub fn verify(
        &self,
        organisation: &OrganisationId,
        invitation_key: &VerifyingKey,
    ) -> Result<(), CryptoError> {
        let bytes = claim(organisation, &self.invitation, &self.details);
        invitation_key.verify(INVITATION_LABEL, &bytes, &self.invitation_proof)?;
        self.details
            .signature_key
            .verify(DEVICE_LABEL, &bytes, &self.device_proof)
    }
}
