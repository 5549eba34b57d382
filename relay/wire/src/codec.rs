//! Strict, deterministic CBOR (RFC 8949 §4.2): one value has exactly one encoding. Whatever decodes here encodes back to
//! the same bytes, so a signature over an encoding is a signature over the value, and unknown fields cannot hide.

use minicbor::{Decode, Encode};

/// Why bytes from the other side were refused. It says nothing about the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not CBOR, or not this message.
    #[error("the bytes are not this message")]
    Malformed,
    /// A valid message followed by more bytes.
    #[error("bytes follow the message")]
    Trailing,
    /// The value is right but not in its one deterministic encoding.
    #[error("the encoding is not the deterministic one")]
    NotDeterministic,
}

/// Encodes a message to its deterministic bytes.
#[must_use]
pub fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    encode_into(value, &mut out);
    out
}

/// Appends the encoding of a message to `out`.
pub fn encode_into<T: Encode<()>>(value: &T, out: &mut Vec<u8>) {
    if minicbor::encode(value, out).is_err() {
        unreachable!(
            "writing to memory cannot fail, and no message of this crate refuses to be encoded"
        );
    }
}

/// Decodes a whole message; refuses trailing bytes and any encoding but the deterministic one.
///
/// # Errors
/// [`DecodeError`] says which of the three rules was broken.
pub fn decode<T>(bytes: &[u8]) -> Result<T, DecodeError>
where
    T: Encode<()> + for<'b> Decode<'b, ()>,
{
    let mut decoder = minicbor::Decoder::new(bytes);
    let value: T = decoder.decode().map_err(|_| DecodeError::Malformed)?;
    if decoder.position() != bytes.len() {
        return Err(DecodeError::Trailing);
    }
    if encode(&value) != bytes {
        return Err(DecodeError::NotDeterministic);
    }
    Ok(value)
}
