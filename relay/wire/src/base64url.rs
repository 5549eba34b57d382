//! Unpadded base64url (RFC 4648 §5), for the few values that travel in a header or a path.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Encodes without padding.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .fold(0u32, |word, byte| word << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            out.push(char::from(
                ALPHABET[(word >> (18 - 6 * place)) as usize & 63],
            ));
        }
    }
    out
}

/// Decodes exactly `N` bytes. Padding, other characters, another length and stray bits in the last character are
/// refused (`None`), so that each value has one spelling.
#[must_use]
pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != (N * 4).div_ceil(3) {
        return None;
    }
    let mut out = [0u8; N];
    let (mut word, mut bits, mut filled) = (0u32, 0u32, 0usize);
    for character in text.bytes() {
        let value = ALPHABET.iter().position(|letter| *letter == character)?;
        word = word << 6 | u32::try_from(value).ok()?;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            *out.get_mut(filled)? = (word >> bits & 0xff) as u8;
            filled += 1;
            word &= (1 << bits) - 1;
        }
    }
    (word == 0 && filled == N).then_some(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_length_comes_back() {
        let bytes: [u8; 33] = core::array::from_fn(|i| (i * 37 + 5) as u8);
        assert_eq!(decode::<33>(&encode(&bytes)), Some(bytes));
        assert_eq!(decode::<32>(&encode(&bytes[..32])).unwrap(), bytes[..32]);
        assert_eq!(decode::<31>(&encode(&bytes[..31])).unwrap(), bytes[..31]);
        assert_eq!(encode(b"\xfb\xff"), "-_8");
    }

    #[test]
    fn a_second_spelling_of_the_same_bytes_is_refused() {
        assert_eq!(decode::<2>("-_8"), Some([0xfb, 0xff]));
        assert_eq!(decode::<2>("-_9"), None);
        assert_eq!(decode::<2>("-_8="), None);
        assert_eq!(decode::<2>("+/8"), None);
        assert_eq!(decode::<2>("-_"), None);
    }
}
