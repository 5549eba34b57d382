//! The wipe channel: how an order reaches a locked device, and its certificate comes back.
//!
//! A device draws one secret for it. The signing key derived from it proves to the relay who may fetch; the sealing
//! key hides from the relay what is fetched. The roster shows the public half and the sealing key to the members, who
//! leave the order; only the device itself can sign for the channel.

use std::fmt;

use minicbor::{Decode, Encode};

use super::RosterError;
use crate::base::{
    DeviceId, OrganisationId, Random, Secret, SigningKey, VerifyingKey, aead, codec, hkdf,
};

/// Version byte of what is sealed.
const VERSION: u8 = 1;

/// The secret of one device's wipe channel. It stays readable while the device is locked, and opens nothing else.
#[derive(Clone, Encode, Decode)]
#[cbor(transparent)]
pub struct ChannelSecret(#[n(0)] Secret<32>);

impl ChannelSecret {
    /// Draws a new one.
    #[must_use]
    pub fn random(source: &dyn Random) -> Self {
        Self(Secret::random(source))
    }
    /// Wraps the 32 bytes that the store keeps.
    #[must_use]
    pub const fn new(secret: Secret<32>) -> Self {
        Self(secret)
    }
    /// The 32 bytes, for the store.
    #[must_use]
    pub const fn secret(&self) -> &Secret<32> {
        &self.0
    }
    /// Proves the channel to the relay.
    #[must_use]
    pub fn signing(&self) -> SigningKey {
        SigningKey::from_seed(hkdf(self.0.expose(), &[], "wipe channel key"))
    }
    /// What the roster shows of it.
    #[must_use]
    pub fn details(&self) -> ChannelDetails {
        ChannelDetails {
            key: self.signing().verifying_key(),
            seal: ChannelSeal(*hkdf(self.0.expose(), &[], "wipe channel seal").expose()),
        }
    }
}

impl fmt::Debug for ChannelSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChannelSecret(..)")
    }
}

/// The key that hides what passes through the channel from the relay. Every member can read it.
#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct ChannelSeal(#[cbor(with = "minicbor::bytes")] [u8; 32]);

impl fmt::Debug for ChannelSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChannelSeal(..)")
    }
}

/// What the roster shows of a device's wipe channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ChannelDetails {
    /// Names the channel at the relay.
    #[n(0)]
    pub key: VerifyingKey,
    /// Seals what passes through it.
    #[n(1)]
    pub seal: ChannelSeal,
}

/// What is sealed. One is never taken for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedFor {
    /// An order with its proof, to the device.
    Order,
    /// A certificate, from the device.
    Certificate,
}

impl SealedFor {
    const fn label(self) -> &'static str {
        match self {
            Self::Order => "wipe order",
            Self::Certificate => "wipe certificate",
        }
    }
}

#[derive(Encode)]
#[cbor(array)]
struct Bound<'a> {
    #[n(0)]
    organisation: &'a OrganisationId,
    #[n(1)]
    device: &'a DeviceId,
    #[n(2)]
    key: &'a VerifyingKey,
}

impl ChannelDetails {
    /// Seals bytes for the channel of `device`. They are bound to the organisation, the device and the channel.
    ///
    /// # Errors
    /// [`RosterError::Crypto`].
    pub fn seal(
        &self,
        what: SealedFor,
        organisation: &OrganisationId,
        device: &DeviceId,
        plain: &[u8],
        source: &dyn Random,
    ) -> Result<Vec<u8>, RosterError> {
        let (key, aad) = (Secret::new(self.seal.0), self.bound(organisation, device));
        Ok(aead::seal(
            &key,
            VERSION,
            what.label(),
            &aad,
            plain,
            source,
        )?)
    }
    /// Opens what [`ChannelDetails::seal`] made for the same purpose, organisation and device.
    ///
    /// # Errors
    /// [`RosterError::Crypto`].
    pub fn open(
        &self,
        what: SealedFor,
        organisation: &OrganisationId,
        device: &DeviceId,
        sealed: &[u8],
    ) -> Result<Vec<u8>, RosterError> {
        let (key, aad) = (Secret::new(self.seal.0), self.bound(organisation, device));
        Ok(aead::open(&key, VERSION, what.label(), &aad, sealed)?)
    }
    fn bound(&self, organisation: &OrganisationId, device: &DeviceId) -> Vec<u8> {
        codec::encode(&Bound {
            organisation,
            device,
            key: &self.key,
        })
    }
}
