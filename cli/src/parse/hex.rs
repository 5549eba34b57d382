//! Keys, pins and tokens of 32 bytes, as certificate tools and as `sotto-relay` print them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Exactly 32 bytes: 64 hexadecimal digits, with or without colons between bytes, or 43 characters of base64url.
pub(crate) fn bytes_32(text: &str) -> Result<[u8; 32], String> {
    const EXPECTED: &str =
        "expected 64 hexadecimal digits, or 43 characters as sotto-relay prints them";
    let text = text.trim();
    base64url(text)
        .or_else(|| hexadecimal(text))
        .ok_or_else(|| EXPECTED.into())
}

fn hexadecimal(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0u8; 32];
    let mut digits = text.chars().filter(|c| *c != ':');
    for byte in &mut bytes {
        let mut digit = || digits.next().and_then(|c| c.to_digit(16));
        *byte = u8::try_from(digit()? << 4 | digit()?).ok()?;
    }
    digits.next().is_none().then_some(bytes)
}

/// RFC 4648 §5 without padding.
fn base64url(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_four_digits_make_thirty_two_bytes() {
        let plain = "00ff".repeat(16);
        let bytes = bytes_32(&plain).unwrap();
        assert_eq!(bytes[..4], [0, 255, 0, 255]);
        let colons = ["AB"; 32].join(":");
        assert_eq!(bytes_32(&colons), Ok([0xab; 32]));
    }

    #[test]
    fn what_the_relay_prints_is_taken_as_it_is() {
        // RFC 4648 §10 has no example of this length; these are the bytes 0 to 31, and all ones.
        let counted: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        assert_eq!(
            bytes_32("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"),
            Ok(counted)
        );
        assert_eq!(
            bytes_32("__________________________________________8"),
            Ok([255; 32])
        );
        assert!(
            bytes_32("__________________________________________9").is_err(),
            "a second spelling"
        );
    }

    #[test]
    fn any_other_number_of_digits_is_refused() {
        for wrong in [
            "",
            "00",
            &"0".repeat(63),
            &"0".repeat(65),
            &"g".repeat(64),
            &"0".repeat(44),
        ] {
            assert!(bytes_32(wrong).is_err(), "{wrong}");
        }
    }
}
