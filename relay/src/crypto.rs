//! The little cryptography a blind relay needs: digests of bearers, verification of the signatures that carry rights,
//! and its own signing key.

use std::path::Path;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use aws_lc_rs::{digest, signature};
use sotto_wire::{
    Digest, ErrorCode, PublicKey, RelayTime, Sig, SignedTime, ToSign, WireError, signed,
};

use crate::clock::Random;
use crate::files::{self, FileError};

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> Digest {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    Digest::new(out)
}

/// Whether a signature over these bytes is of that key.
pub(crate) fn verified(key: &PublicKey, message: &ToSign, sig: &Sig) -> bool {
    UnparsedPublicKey::new(&ED25519, key.as_bytes())
        .verify(&message.bytes(), sig.as_bytes())
        .is_ok()
}

/// Refuses what [`verified`] does not accept.
pub(crate) fn verify(key: &PublicKey, message: &ToSign, sig: &Sig) -> Result<(), WireError> {
    if verified(key, message, sig) {
        Ok(())
    } else {
        Err(ErrorCode::Unauthorized.into())
    }
}

/// Why the signing key could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SigningKeyError {
    /// The file.
    #[error("reading or writing the signing key")]
    File(#[from] FileError),
    /// Its content.
    #[error("the signing key's file is not 32 bytes of an Ed25519 seed")]
    Malformed,
    /// No randomness to make one.
    #[error("making the signing key")]
    Random(#[from] crate::clock::NoRandomness),
}

/// The relay's signing key: signs `queued` answers and times. Devices pin it.
pub(crate) struct RelayKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl RelayKey {
    /// Reads the key of a data folder, or makes it once.
    pub(crate) fn load_or_make(path: &Path, random: &dyn Random) -> Result<Self, SigningKeyError> {
        let seed = match files::read_secret(path)? {
            Some(seed) => seed,
            None => {
                let seed = zeroize::Zeroizing::new(random.bytes()?.to_vec());
                files::write_secret(path, &seed)?;
                seed
            }
        };
        Self::from_seed(&seed)
    }

    fn from_seed(seed: &[u8]) -> Result<Self, SigningKeyError> {
        let pair =
            Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| SigningKeyError::Malformed)?;
        let public = PublicKey::try_from(pair.public_key().as_ref())
            .map_err(|_| SigningKeyError::Malformed)?;
        Ok(Self { pair, public })
    }

    /// The public half.
    pub(crate) const fn public(&self) -> PublicKey {
        self.public
    }

    /// Signs.
    pub(crate) fn sign(&self, message: &ToSign) -> Sig {
        let signature: signature::Signature = self.pair.sign(&message.bytes());
        let mut out = [0; 64];
        out.copy_from_slice(signature.as_ref());
        Sig::new(out)
    }

    /// Signs a time.
    pub(crate) fn time(&self, time: RelayTime) -> SignedTime {
        SignedTime {
            time,
            sig: self.sign(&signed::time(time)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_time_verifies_and_another_time_does_not() {
        let key = RelayKey::from_seed(&[7; 32]).unwrap();
        let signed_time = key.time(RelayTime(5));
        assert!(verified(
            &key.public(),
            &signed::time(RelayTime(5)),
            &signed_time.sig
        ));
        assert!(!verified(
            &key.public(),
            &signed::time(RelayTime(6)),
            &signed_time.sig
        ));
    }

    #[test]
    fn a_seed_of_the_wrong_length_is_refused() {
        assert!(matches!(
            RelayKey::from_seed(&[7; 31]),
            Err(SigningKeyError::Malformed)
        ));
    }
}
