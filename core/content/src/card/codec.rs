//! The card as bytes, and back.

use super::{MAX_OBSERVATIONS, ResultCard, resource};
use crate::fhir;
use crate::hash::sha256;
use crate::refusal::Refusal;

/// Most bytes of one card: it fits one message with room to spare.
pub const MAX_CARD_BYTES: usize = 512 << 10;

/// Why a card could not be encoded or decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// More than [`MAX_CARD_BYTES`] or [`MAX_OBSERVATIONS`].
    #[error("the result card is larger than the limit")]
    TooLarge,
    /// The bytes are not a card.
    #[error("while decoding a result card: {0}")]
    Refused(#[from] Refusal),
    /// The bytes hold something that a card's own encoding does not, or in another form.
    #[error("the result card is not in its one form")]
    NotCanonical,
}

impl ResultCard {
    /// The card as FHIR R4 JSON, the same bytes for the same card.
    ///
    /// # Errors
    /// [`CardError::TooLarge`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, CardError> {
        if self.observations.len() > MAX_OBSERVATIONS {
            return Err(CardError::TooLarge);
        }
        let bytes =
            serde_json::to_vec(&resource::report(self)).map_err(|_| CardError::NotCanonical)?;
        if bytes.len() > MAX_CARD_BYTES {
            return Err(CardError::TooLarge);
        }
        Ok(bytes)
    }

    /// Decodes a card that [`Self::to_bytes`] wrote; anything else is refused, so that a digest has one meaning and
    /// nothing beyond the template travels.
    ///
    /// # Errors
    /// See [`CardError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CardError> {
        if bytes.len() > MAX_CARD_BYTES {
            return Err(CardError::TooLarge);
        }
        let card = fhir::own_card(bytes)?;
        if card.to_bytes()? == bytes {
            Ok(card)
        } else {
            Err(CardError::NotCanonical)
        }
    }

    /// SHA-256 of the bytes: with [`Self::id`] and the version, what a statement is about.
    ///
    /// # Errors
    /// As [`Self::to_bytes`].
    pub fn digest(&self) -> Result<[u8; 32], CardError> {
        Ok(sha256(&self.to_bytes()?))
    }
}
