//! "Sealed to X": HPKE (RFC 9180, base mode) in the post-quantum hybrid suite of MLS ciphersuite 0x004E
//! (ML-KEM-768 with X25519, HKDF-SHA-384, AES-256-GCM), through the provider that MLS uses.
//!
//! Layout: `0x02 ‖ length of enc (2 bytes, big endian) ‖ enc ‖ ciphertext`. A public key has 1,216 bytes, a private
//! key 32.

use openmls_rust_crypto::RustCrypto;
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::types::{Ciphersuite, HpkeCiphertext};

use super::{CryptoError, Secret};

/// The default MLS ciphersuite, whose HPKE configuration sealing shares.
pub const SUITE: Ciphersuite = Ciphersuite::MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519;
const VERSION: u8 = 2;

/// A sealing key pair. The private half is derived from 32 secret bytes.
#[derive(Clone, Debug)]
pub struct SealingKey {
    seed: Secret<32>,
}

impl SealingKey {
    /// From 32 secret bytes, the input keying material of RFC 9180 §7.1.3.
    #[must_use]
    pub const fn from_seed(seed: Secret<32>) -> Self {
        Self { seed }
    }
    /// The seed, for storing.
    #[must_use]
    pub const fn seed(&self) -> &Secret<32> {
        &self.seed
    }
    /// The public half, 1,216 bytes.
    ///
    /// # Errors
    /// [`CryptoError::Provider`].
    pub fn public(&self) -> Result<Vec<u8>, CryptoError> {
        let pair = RustCrypto::default()
            .derive_hpke_keypair(SUITE.hpke_config(), self.seed.expose())
            .map_err(|_| CryptoError::Provider)?;
        Ok(pair.public)
    }
    /// Opens what [`seal`] made for this key with the same `info`.
    ///
    /// # Errors
    /// [`CryptoError::Malformed`], or [`CryptoError::Open`] where it does not authenticate.
    pub fn open(&self, info: &str, sealed: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let [VERSION, high, low, rest @ ..] = sealed else {
            return Err(CryptoError::Malformed);
        };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if rest.len() < length {
            return Err(CryptoError::Malformed);
        }
        let (enc, ciphertext) = rest.split_at(length);
        let crypto = RustCrypto::default();
        let pair = crypto
            .derive_hpke_keypair(SUITE.hpke_config(), self.seed.expose())
            .map_err(|_| CryptoError::Provider)?;
        let input = HpkeCiphertext {
            kem_output: enc.to_vec().into(),
            ciphertext: ciphertext.to_vec().into(),
        };
        crypto
            .hpke_open(
                SUITE.hpke_config(),
                &input,
                &pair.private,
                info.as_bytes(),
                &[],
            )
            .map_err(|_| CryptoError::Open)
    }
}

/// Seals `plaintext` to a public key of 1,216 bytes. `info` separates uses.
///
/// # Errors
/// [`CryptoError::Provider`] where the key is not one.
pub fn seal(public: &[u8], info: &str, plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let sealed = RustCrypto::default()
        .hpke_seal(SUITE.hpke_config(), public, info.as_bytes(), &[], plaintext)
        .map_err(|_| CryptoError::Provider)?;
    let enc = sealed.kem_output.as_slice();
    let length = u16::try_from(enc.len()).map_err(|_| CryptoError::Provider)?;
    let mut out = vec![VERSION];
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(enc);
    out.extend_from_slice(sealed.ciphertext.as_slice());
    Ok(out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_the_addressee_opens_and_only_for_the_same_use() {
        let key = SealingKey::from_seed(Secret::new([5; 32]));
        let sealed = seal(&key.public().unwrap(), "roster key", b"thirty-two bytes").unwrap();
        assert_eq!(
            key.open("roster key", &sealed).unwrap(),
            b"thirty-two bytes"
        );
        assert_eq!(key.open("welcome", &sealed), Err(CryptoError::Open));
        let other = SealingKey::from_seed(Secret::new([6; 32]));
        assert!(other.open("roster key", &sealed).is_err());
        assert_eq!(
            key.open("roster key", &sealed[..2]),
            Err(CryptoError::Malformed)
        );
        assert_eq!(key.public().unwrap().len(), 1216);
    }
}
