//! From a link's secret and six words to the invitation's keys.

use super::RosterError;
use super::kind::SealingPublic;
use super::words::Words;
use crate::base::seal::SealingKey;
use crate::base::{Digest, InvitationId, Random, Secret, SigningKey, hkdf, sha256};

/// Number of words that are told over another channel: 66 bits.
pub const WORDS: usize = 6;

/// What the invited person must have: the link's part and the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationSecret {
    /// Travels in the link's fragment.
    pub link: Secret<32>,
    /// Told over another channel, or inside a QR code shown face to face.
    pub words: Words<WORDS>,
}

/// The invitation's keys, the same on both sides.
#[derive(Debug, Clone)]
pub struct InvitationKeys {
    /// Signs the enrolment.
    pub signing: SigningKey,
    /// The offer with the roster key is sealed to it.
    pub sealing: SealingKey,
    /// Shown to the relay to take the offer, once.
    pub take_token: Secret<32>,
}

impl InvitationSecret {
    /// Draws a new one.
    #[must_use]
    pub fn random(source: &dyn Random) -> Self {
        Self {
            link: Secret::random(source),
            words: Words::random(source),
        }
    }
    /// Derives the keys. Both parts are needed for each of them, and the invitation's id separates invitations.
    #[must_use]
    pub fn keys(&self, invitation: &InvitationId) -> InvitationKeys {
        let mut material = self.link.expose().to_vec();
        material.extend_from_slice(&self.words.to_bytes());
        let derive = |label: &str| hkdf(&material, invitation.as_bytes(), label);
        let keys = InvitationKeys {
            signing: SigningKey::from_seed(derive("invitation signing key")),
            sealing: SealingKey::from_seed(derive("invitation sealing key")),
            take_token: derive("invitation take token"),
        };
        zeroize::Zeroize::zeroize(&mut material);
        keys
    }
}

impl InvitationKeys {
    /// The public sealing key, as the inviting entry carries it.
    ///
    /// # Errors
    /// [`RosterError::Crypto`].
    pub fn sealing_public(&self) -> Result<SealingPublic, RosterError> {
        SealingPublic::new(&self.sealing.public()?)
    }
    /// What the relay stores to recognise the taker.
    #[must_use]
    pub fn take_hash(&self) -> Digest {
        sha256(self.take_token.expose())
    }
}
