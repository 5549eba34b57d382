//! What an inviter leaves at the relay for whoever has the link and the words.

use minicbor::{Decode, Encode};
use sotto_content::padding;

use super::EnrolError;
use crate::base::seal::{self, SealingKey};
use crate::base::{CryptoError, DeviceId, Owner, codec};
use crate::roster::key::KeyGift;
use crate::roster::kind::SealingPublic;

const INFO: &str = "invitation offer";
/// What sealing adds: `version ‖ length ‖ enc` and the tag.
const OVERHEAD: usize = 1 + 2 + 1120 + 16;

/// Whom a device that waits for approval turns to.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Inviter {
    /// The inviting device.
    #[n(0)]
    pub device: DeviceId,
    /// The claim is sealed to this key.
    #[n(1)]
    pub sealing_key: SealingPublic,
}

/// The offer. It has the same size at the relay whether it holds a key or not.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Offer {
    /// For whom the invitation is. The log, which says so too, cannot be read yet.
    #[n(0)]
    pub owner: Owner,
    /// Who made it.
    #[n(1)]
    pub inviter: Inviter,
    /// The roster key: the enrolment counts at once. Absent: it waits for approval.
    #[n(2)]
    pub gift: Option<KeyGift>,
}

impl Offer {
    /// Seals to the invitation's key.
    ///
    /// # Errors
    /// [`CryptoError::Provider`] where the key is not one.
    pub fn seal(&self, to: &SealingPublic) -> Result<Vec<u8>, CryptoError> {
        seal_padded(to, INFO, &codec::encode(self))
    }
    /// Opens what was sealed to this invitation.
    pub(super) fn open(key: &SealingKey, sealed: &[u8]) -> Result<Self, EnrolError> {
        let altered = |_| EnrolError::OfferAltered;
        let plain = open_padded(key, INFO, sealed).map_err(altered)?;
        codec::decode(&plain).map_err(|_| EnrolError::OfferAltered)
    }
}

/// Pads to whole buckets, then seals.
pub(super) fn seal_padded(
    to: &SealingPublic,
    info: &str,
    plain: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let padded = padding::pad(plain, OVERHEAD).map_err(|_| CryptoError::Provider)?;
    seal::seal(to.as_bytes(), info, &padded)
}

/// Opens and takes the padding off.
pub(super) fn open_padded(
    key: &SealingKey,
    info: &str,
    sealed: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let padded = key.open(info, sealed)?;
    padding::unpad(&padded)
        .map(<[u8]>::to_vec)
        .map_err(|_| CryptoError::Malformed)
}
