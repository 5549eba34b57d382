//! Padding to few sizes, so that the length of a ciphertext says little.
//!
//! Up to 16 KiB there are three sizes; above, Padmé (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files
//! and Communication with PURBs", 2019) keeps the overhead below 12 % and leaks O(log log n) bits.
//! The format is constant: the length in four bytes, the content, zeros.

const LENGTH: usize = 4;
const BUCKETS: [usize; 3] = [1 << 10, 4 << 10, 16 << 10];

/// Why padding could not be added or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PaddingError {
    /// Content longer than four bytes can say.
    #[error("the content is too long to be padded")]
    TooLong,
    /// The length inside does not fit, or what follows the content is not zero.
    #[error("the padding is malformed")]
    Malformed,
}

/// The size on the wire for `size` bytes: the smallest bucket that holds them, else their Padmé size.
#[must_use]
pub fn bucket(size: usize) -> usize {
    BUCKETS
        .iter()
        .copied()
        .find(|bucket| size <= *bucket)
        .unwrap_or_else(|| padme(size))
}

/// The Padmé size: lengths whose binary floating form has a mantissa no longer than its exponent.
fn padme(size: usize) -> usize {
    let exponent = usize::BITS - 1 - size.max(2).leading_zeros();
    let mantissa = u32::BITS - exponent.leading_zeros();
    let mask = (1usize << exponent.saturating_sub(mantissa)) - 1;
    size.saturating_add(mask) & !mask
}

/// Pads `content` so that it and `overhead` further bytes (header, nonce, tag) together fill a bucket.
///
/// # Errors
/// [`PaddingError::TooLong`] above 4 GiB.
pub fn pad(content: &[u8], overhead: usize) -> Result<Vec<u8>, PaddingError> {
    let length = u32::try_from(content.len()).map_err(|_| PaddingError::TooLong)?;
    let total = bucket(LENGTH + content.len() + overhead);
    let mut out = Vec::with_capacity(total - overhead);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(content);
    out.resize(total - overhead, 0);
    Ok(out)
}

/// The content of what [`pad`] made.
///
/// # Errors
/// [`PaddingError::Malformed`] when the length does not fit or the filling is not zero: there is one encoding only.
pub fn unpad(padded: &[u8]) -> Result<&[u8], PaddingError> {
    let (length, rest) = padded
        .split_first_chunk::<LENGTH>()
        .ok_or(PaddingError::Malformed)?;
    let length =
        usize::try_from(u32::from_be_bytes(*length)).map_err(|_| PaddingError::Malformed)?;
    let (content, filling) = rest
        .split_at_checked(length)
        .ok_or(PaddingError::Malformed)?;
    if filling.iter().fold(0, |seen, byte| seen | byte) == 0 {
        Ok(content)
    } else {
        Err(PaddingError::Malformed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_are_one_four_and_sixteen_kibibytes_then_padme() {
        for (size, expected) in [
            (0, 1024),
            (1024, 1024),
            (1025, 4096),
            (4097, 16_384),
            (16_384, 16_384),
            (16_385, 17_408),
            (1_000_000, 1_015_808),
        ] {
            assert_eq!(bucket(size), expected, "{size}");
        }
    }

    #[test]
    fn padme_overhead_stays_below_twelve_percent() {
        for size in (16_385..3_000_000).step_by(997) {
            let padded = bucket(size);
            assert!(
                padded >= size && (padded - size) * 100 < size * 12,
                "{size}"
            );
            assert_eq!(bucket(padded), padded, "{size}");
        }
    }

    #[test]
    fn filling_that_is_not_zero_is_refused() {
        let mut padded = pad(b"x", 40).unwrap();
        let last = padded.len() - 1;
        padded[last] = 1;
        assert_eq!(unpad(&padded), Err(PaddingError::Malformed));
        assert_eq!(unpad(&[0, 0, 0, 9, 1]), Err(PaddingError::Malformed));
        assert_eq!(unpad(&[0, 0]), Err(PaddingError::Malformed));
    }

    proptest! {
        #[test]
        fn content_comes_back_and_the_total_is_a_bucket(content in prop::collection::vec(any::<u8>(), 0..40_000), overhead in 0usize..200) {
            let padded = pad(&content, overhead).unwrap();
            prop_assert_eq!(bucket(padded.len() + overhead), padded.len() + overhead);
            prop_assert_eq!(unpad(&padded).unwrap(), &content[..]);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = unpad(&bytes);
        }
    }
}
