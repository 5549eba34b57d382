//! The claim of a device that must wait for approval, on its way to the inviter's device.

use super::EnrolError;
use super::offer::{Inviter, open_padded, seal_padded};
use crate::base::seal::SealingKey;
use crate::base::{CryptoError, InvitationId, OrganisationId, codec};
use crate::roster::kind::DeviceEnrolled;
use crate::roster::record::InvitationRecord;

/// First byte of a claim. The relay puts a copy into the inviter's mailbox as word that somebody waits.
const MARK: u8 = crate::membership::direct::CLAIM;
const INFO: &str = "enrolment claim";

/// Seals a claim to the inviter's device.
pub(super) fn seal_request(
    inviter: &Inviter,
    claim: &DeviceEnrolled,
) -> Result<Vec<u8>, CryptoError> {
    let sealed = seal_padded(&inviter.sealing_key, INFO, &codec::encode(claim))?;
    Ok([&[MARK], sealed.as_slice()].concat())
}

/// Opens a claim that was sealed to this device, and checks that it is one of this invitation: signed by the
/// invitation's key, which takes link and words, and by the new device's own.
///
/// # Errors
/// [`EnrolError::Crypto`] where it is anything else.
pub fn open_request(
    key: &SealingKey,
    organisation: &OrganisationId,
    id: &InvitationId,
    invitation: &InvitationRecord,
    request: &[u8],
) -> Result<DeviceEnrolled, EnrolError> {
    let malformed = EnrolError::Crypto(CryptoError::Malformed);
    let Some((&MARK, sealed)) = request.split_first() else {
        return Err(malformed);
    };
    let plain = open_padded(key, INFO, sealed)?;
    let claim: DeviceEnrolled =
        codec::decode(&plain).map_err(|_| EnrolError::Crypto(CryptoError::Malformed))?;
    if claim.invitation != *id || claim.details.owner != invitation.owner {
        return Err(malformed);
    }
    claim.verify(organisation, &invitation.key)?;
    Ok(claim)
}
