//! Keys that a conversation derives: what proves to the relay the right to commit, and the right to come back.

use crate::base::{Secret, SigningKey, VerifyingKey, hkdf};

/// The key that authorises leaving an epoch: known to its members alone, through the MLS exporter.
#[must_use]
pub fn epoch_key(epoch_seed: &Secret<32>) -> SigningKey {
    SigningKey::from_seed(hkdf(epoch_seed.expose(), &[], "epoch key"))
}

/// The key that authorises an external commit and reading the slot: known to holders of the conversation key.
#[must_use]
pub fn resync_key(conversation_key: &Secret<32>) -> SigningKey {
    SigningKey::from_seed(hkdf(conversation_key.expose(), &[], "resync key"))
}

/// A public key as the wire carries it.
#[must_use]
pub fn on_wire(key: &VerifyingKey) -> sotto_wire::PublicKey {
    sotto_wire::PublicKey::new(*key.as_bytes())
}
