//! The patient token: random, and yet something one can say on the telephone.

use std::fmt;

const CONSONANTS: &[u8; 16] = b"bdfghjklmnprstvz";
const VOWELS: &[u8; 4] = b"aiou";

/// A token of one patient in one organisation. It is drawn at random by the caller, never derived from an identifier
/// (45 CFR 164.514(c)).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PatientToken([u8; 16]);

impl PatientToken {
    /// A token of 16 random bytes.
    #[must_use]
    pub const fn new(random: [u8; 16]) -> Self {
        Self(random)
    }

    /// The 16 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// The first 32 bits as two words of consonants and vowels, such as `lusab-babad` (proquints, arXiv:0901.4016).
impl fmt::Display for PatientToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, pair) in self.0[..4].chunks_exact(2).enumerate() {
            if index > 0 {
                f.write_str("-")?;
            }
            let bits = u16::from_be_bytes([pair[0], pair[1]]);
            let consonant = |shift: u16| char::from(CONSONANTS[usize::from((bits >> shift) & 15)]);
            let vowel = |shift: u16| char::from(VOWELS[usize::from((bits >> shift) & 3)]);
            write!(
                f,
                "{}{}{}{}{}",
                consonant(12),
                vowel(10),
                consonant(6),
                vowel(4),
                consonant(0)
            )?;
        }
        Ok(())
    }
}

impl fmt::Debug for PatientToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientToken(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_as_two_words() {
        let mut random = [0; 16];
        random[..4].copy_from_slice(&[127, 0, 0, 1]);
        assert_eq!(PatientToken::new(random).to_string(), "lusab-babad");
        assert_eq!(PatientToken::new([0xff; 16]).to_string(), "zuzuz-zuzuz");
    }
}
