//! Deterministic CBOR (RFC 8949 §4.2) at every boundary, and hexadecimal for people.

use minicbor::{Decode, Encode};

/// Foreign bytes were not what they claim to be.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum CodecError {
    /// Not CBOR, or not of this shape.
    #[error("malformed encoding")]
    Malformed,
    /// Well-formed but not in deterministic encoding, or followed by more bytes.
    #[error("encoding is not deterministic")]
    NotDeterministic,
}

/// Encodes a value. Field order is the declaration's index order, so equal values give equal bytes.
#[must_use]
pub fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    // Writing to a Vec cannot fail; encoders of this project raise no error of their own.
    minicbor::to_vec(value).unwrap_or_default()
}

/// Decodes foreign bytes: the whole input, and only the encoding this project would have produced.
///
/// # Errors
/// [`CodecError`].
pub fn decode<'b, T: Decode<'b, ()> + Encode<()>>(bytes: &'b [u8]) -> Result<T, CodecError> {
    let value: T = minicbor::decode(bytes).map_err(|_| CodecError::Malformed)?;
    if encode(&value) == bytes {
        Ok(value)
    } else {
        Err(CodecError::NotDeterministic)
    }
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]])
        .map(char::from)
        .collect()
}

/// Reads hexadecimal of either case; `None` for anything else.
#[must_use]
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let nibble = |c: u8| (c as char).to_digit(16).and_then(|d| u8::try_from(d).ok());
    text.as_bytes()
        .chunks(2)
        .map(|pair| Some(nibble(pair[0])? << 4 | nibble(pair[1])?))
        .collect()
}
