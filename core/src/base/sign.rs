//! Ed25519 (RFC 8032) with domain separation: what is signed is `"sotto/" ‖ label ‖ 0x00 ‖ message`.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use minicbor::{Decode, Encode};

use super::{CryptoError, Random, Secret};

/// An Ed25519 signature, 64 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Signature(#[cbor(with = "minicbor::bytes")] [u8; 64]);

impl Signature {
    /// Wraps raw bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }
    /// The raw bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(..)")
    }
}

/// An Ed25519 public key, 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct VerifyingKey(#[cbor(with = "minicbor::bytes")] [u8; 32]);

impl VerifyingKey {
    /// Wraps raw bytes. Whether they are a point is found out by the first verification.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
    /// The raw bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
    /// Reads raw bytes; `None` where the length is wrong.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
    /// Checks a signature made by [`SigningKey::sign`] with the same label.
    ///
    /// # Errors
    /// [`CryptoError::Signature`].
    pub fn verify(
        &self,
        label: &str,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), CryptoError> {
        self.verify_raw(&framed(label, message), signature)
    }
    /// Checks a signature over bytes that already carry their own domain separation (the relay's wire format).
    ///
    /// # Errors
    /// [`CryptoError::Signature`].
    pub fn verify_raw(&self, message: &[u8], signature: &Signature) -> Result<(), CryptoError> {
        UnparsedPublicKey::new(&ED25519, &self.0)
            .verify(message, &signature.0)
            .map_err(|_| CryptoError::Signature)
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifyingKey(..)")
    }
}

/// An Ed25519 private key, kept as its 32-byte seed.
#[derive(Clone, Encode, Decode)]
#[cbor(transparent)]
pub struct SigningKey(#[n(0)] Secret<32>);

impl SigningKey {
    /// From a seed (RFC 8032 §5.1.5).
    #[must_use]
    pub const fn from_seed(seed: Secret<32>) -> Self {
        Self(seed)
    }
    /// Draws a new key.
    #[must_use]
    pub fn random(source: &dyn Random) -> Self {
        Self(Secret::random(source))
    }
    /// The seed, for storing.
    #[must_use]
    pub const fn seed(&self) -> &Secret<32> {
        &self.0
    }
    fn pair(&self) -> Ed25519KeyPair {
        match Ed25519KeyPair::from_seed_unchecked(self.0.expose()) {
            Ok(pair) => pair,
            // Any 32 bytes are a valid seed.
            Err(_) => std::process::abort(),
        }
    }
    /// The public half.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        let mut out = [0u8; 32];
        out.copy_from_slice(self.pair().public_key().as_ref());
        VerifyingKey(out)
    }
    /// Signs under a label.
    #[must_use]
    pub fn sign(&self, label: &str, message: &[u8]) -> Signature {
        self.sign_raw(&framed(label, message))
    }
    /// Signs bytes that already carry their own domain separation (the relay's wire format).
    #[must_use]
    pub fn sign_raw(&self, message: &[u8]) -> Signature {
        let mut out = [0u8; 64];
        out.copy_from_slice(self.pair().sign(message).as_ref());
        Signature(out)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

fn framed(label: &str, message: &[u8]) -> Vec<u8> {
    [b"sotto/", label.as_bytes(), b"\0", message].concat()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_under_one_label_is_worthless_under_another() {
        let key = SigningKey::from_seed(Secret::new([3; 32]));
        let signature = key.sign("roster entry", b"body");
        let public = key.verifying_key();
        public.verify("roster entry", b"body", &signature).unwrap();
        assert_eq!(
            public.verify("statement", b"body", &signature),
            Err(CryptoError::Signature)
        );
        assert_eq!(
            public.verify("roster entry", b"bodY", &signature),
            Err(CryptoError::Signature)
        );
    }
}
