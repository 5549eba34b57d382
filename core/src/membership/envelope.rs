//! The outer envelope: what the relay holds of a conversation is a version byte, a salt and padded ciphertext, so that
//! no MLS header parses in any byte it has.

use minicbor::{Decode, Encode};
use sotto_content::padding;

use crate::base::{CryptoError, Random, Secret, aead, codec};

/// First byte of a payload sealed under a conversation key.
pub const VERSION: u8 = 1;
const LABEL: &str = "outer envelope";

/// What travels inside. New kinds get new numbers.
#[derive(Clone, Encode, Decode)]
#[cbor(flat)]
pub enum Frame {
    /// An MLS message (RFC 9420), application or commit.
    #[n(1)]
    Mls(
        #[n(0)]
        #[cbor(with = "minicbor::bytes")]
        Vec<u8>,
    ),
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Frame(..)")
    }
}

/// Wraps a frame: padded to 1, 4, 16 KiB, then Padmé, and sealed under a key of its own.
///
/// # Errors
/// [`CryptoError::Provider`].
pub fn wrap(key: &Secret<32>, frame: &Frame, random: &dyn Random) -> Result<Vec<u8>, CryptoError> {
    let padded =
        padding::pad(&codec::encode(frame), aead::OVERHEAD).map_err(|_| CryptoError::Provider)?;
    aead::seal(key, VERSION, LABEL, &[], &padded, random)
}

/// Opens a payload with the first of the keys that fits; also says which generation it was.
#[must_use]
pub fn unwrap(
    keys: &[(u64, Secret<32>)],
    payload: &[u8],
) -> Option<(u64, Result<Frame, codec::CodecError>)> {
    keys.iter().find_map(|(generation, key)| {
        let padded = aead::open(key, VERSION, LABEL, &[], payload).ok()?;
        let frame = padding::unpad(&padded)
            .map_err(|_| codec::CodecError::Malformed)
            .and_then(codec::decode);
        Some((*generation, frame))
    })
}

/// Seals a GroupInfo, a receipt, or anything else only members may read.
///
/// # Errors
/// [`CryptoError::Provider`].
pub fn seal_for_members(
    key: &Secret<32>,
    label: &str,
    aad: &[u8],
    bytes: &[u8],
    random: &dyn Random,
) -> Result<Vec<u8>, CryptoError> {
    let padded = padding::pad(bytes, aead::OVERHEAD).map_err(|_| CryptoError::Provider)?;
    aead::seal(key, VERSION, label, aad, &padded, random)
}

/// Opens what [`seal_for_members`] made, with the first of the keys that fits.
#[must_use]
pub fn open_as_member(
    keys: &[(u64, Secret<32>)],
    label: &str,
    aad: &[u8],
    sealed: &[u8],
) -> Option<Vec<u8>> {
    keys.iter().find_map(|(_, key)| {
        let padded = aead::open(key, VERSION, label, aad, sealed).ok()?;
        padding::unpad(&padded).ok().map(<[u8]>::to_vec)
    })
}
