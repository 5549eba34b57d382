//! AES-256-GCM with a fresh key for every ciphertext.
//!
//! A random 24-byte salt and the long-lived key give a one-time key by HKDF; the nonce is then constant. So there is
//! no bound on the number of messages per key, as there would be with 96-bit random nonces (NIST SP 800-38D §8.3).
//! Layout: `version(1) ‖ salt(24) ‖ ciphertext ‖ tag(16)`; version and salt are authenticated by the key itself,
//! the caller's `aad` besides.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::{CryptoError, Random, Secret, hkdf, random};

const SALT: usize = 24;
const TAG: usize = 16;
/// Bytes that sealing adds to the plaintext, version byte included.
pub const OVERHEAD: usize = 1 + SALT + TAG;

fn one_time_key(key: &Secret<32>, salt: &[u8], label: &str) -> Result<LessSafeKey, CryptoError> {
    let derived = hkdf(key.expose(), salt, label);
    UnboundKey::new(&AES_256_GCM, derived.expose())
        .map(LessSafeKey::new)
        .map_err(|_| CryptoError::Provider)
}

/// Seals `plaintext`. `label` separates uses of the same key; `version` is the first byte of the result.
///
/// # Errors
/// [`CryptoError::Provider`] only where the provider itself fails.
pub fn seal(
    key: &Secret<32>,
    version: u8,
    label: &str,
    aad: &[u8],
    plaintext: &[u8],
    source: &dyn Random,
) -> Result<Vec<u8>, CryptoError> {
    let salt: [u8; SALT] = random::array(source);
    let one_time = one_time_key(key, &salt, label)?;
    let mut out = Vec::with_capacity(OVERHEAD + plaintext.len());
    out.push(version);
    out.extend_from_slice(&salt);
    let mut body = plaintext.to_vec();
    let tag = one_time
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key([0; 12]),
            Aad::from(aad),
            &mut body,
        )
        .map_err(|_| CryptoError::Provider)?;
    out.extend_from_slice(&body);
    out.extend_from_slice(tag.as_ref());
    Ok(out)
}

/// Opens what [`seal`] made with the same key, version, label and `aad`.
///
/// # Errors
/// [`CryptoError::Malformed`] for a short input or another version, [`CryptoError::Open`] where it does not
/// authenticate.
pub fn open(
    key: &Secret<32>,
    version: u8,
    label: &str,
    aad: &[u8],
    sealed: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let Some((first, rest)) = sealed.split_first() else {
        return Err(CryptoError::Malformed);
    };
    if *first != version || rest.len() < SALT + TAG {
        return Err(CryptoError::Malformed);
    }
    let (salt, body) = rest.split_at(SALT);
    let one_time = one_time_key(key, salt, label)?;
    let mut buffer = body.to_vec();
    let plain_len = one_time
        .open_in_place(
            Nonce::assume_unique_for_key([0; 12]),
            Aad::from(aad),
            &mut buffer,
        )
        .map_err(|_| CryptoError::Open)?
        .len();
    buffer.truncate(plain_len);
    Ok(buffer)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::base::SystemRandom;

    #[test]
    fn what_was_sealed_opens_only_with_the_same_key_label_and_aad() {
        let key = Secret::new([7; 32]);
        let sealed = seal(&key, 1, "outer", b"aad", b"6.8 mmol/L", &SystemRandom).unwrap();
        assert_eq!(
            open(&key, 1, "outer", b"aad", &sealed).unwrap(),
            b"6.8 mmol/L"
        );
        assert_eq!(
            open(&key, 1, "other", b"aad", &sealed),
            Err(CryptoError::Open)
        );
        assert_eq!(open(&key, 1, "outer", b"", &sealed), Err(CryptoError::Open));
        assert_eq!(
            open(&Secret::new([8; 32]), 1, "outer", b"aad", &sealed),
            Err(CryptoError::Open)
        );
        assert_eq!(
            open(&key, 2, "outer", b"aad", &sealed),
            Err(CryptoError::Malformed)
        );
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        let key = Secret::new([7; 32]);
        let sealed = seal(&key, 1, "outer", b"", b"x", &SystemRandom).unwrap();
        for i in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[i] ^= 1;
            assert!(open(&key, 1, "outer", b"", &altered).is_err(), "byte {i}");
        }
    }
}
