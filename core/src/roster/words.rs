//! Secrets and codes as words: the 2,048 English words of BIP-39, 11 bits each. No two share their first four
//! letters, so four letters are enough when typing. (The list is MIT-licensed; its notice lies beside it.)

use std::fmt;

use minicbor::{Decode, Encode};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::RosterError;
use crate::base::{Random, random};

const LIST: &str = include_str!("words/english.txt");
/// Number of words in the list.
pub const LIST_LEN: u16 = 2048;

/// The word of an index below [`LIST_LEN`]; empty above.
#[must_use]
pub fn word(index: u16) -> &'static str {
    LIST.lines().nth(usize::from(index)).unwrap_or_default()
}

/// The index of a word, of any case; its first four letters are enough.
fn index(word: &str) -> Option<u16> {
    let word = word.to_ascii_lowercase();
    let find = |hit: &dyn Fn(&str) -> bool| {
        LIST.lines()
            .position(hit)
            .and_then(|i| u16::try_from(i).ok())
    };
    find(&|w| w == word).or_else(|| {
        if word.len() == 4 {
            find(&|w| w.starts_with(&word))
        } else {
            None
        }
    })
}

/// `N` words, 11 bits each. Erased on drop, redacted in Debug.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Words<const N: usize>([u16; N]);

impl<const N: usize> Words<N> {
    /// Draws new ones.
    #[must_use]
    pub fn random(source: &dyn Random) -> Self {
        let mut indices = [0u16; N];
        for index in &mut indices {
            // 2,048 divides 65,536: no bias.
            *index = u16::from_le_bytes(random::array(source)) % LIST_LEN;
        }
        Self(indices)
    }
    /// The first `N` × 11 bits of a digest as words; `N` at most 23.
    #[must_use]
    pub fn from_bits(digest: &[u8; 32]) -> Self {
        let bit = |i: usize| {
            digest
                .get(i / 8)
                .is_some_and(|byte| byte >> (7 - i % 8) & 1 == 1)
        };
        let mut indices = [0u16; N];
        for (n, index) in indices.iter_mut().enumerate() {
            *index = (0..11).fold(0, |acc, i| acc << 1 | u16::from(bit(n * 11 + i)));
        }
        Self(indices)
    }
    /// Reads what a person typed: spaces, hyphens or commas between, any case, four letters are enough.
    ///
    /// # Errors
    /// [`RosterError::Words`].
    pub fn parse(typed: &str) -> Result<Self, RosterError> {
        let wrong = RosterError::Words { expected: N };
        let mut indices = [0u16; N];
        let mut parts = typed
            .split(|c: char| c.is_whitespace() || c == '-' || c == ',')
            .filter(|w| !w.is_empty());
        for slot in &mut indices {
            *slot = parts.next().and_then(index).ok_or(wrong)?;
        }
        if parts.next().is_some() {
            Err(wrong)
        } else {
            Ok(Self(indices))
        }
    }
    /// The words in order, with a space between: to be shown to one person.
    #[must_use]
    pub fn reveal(&self) -> String {
        self.0
            .iter()
            .map(|i| word(*i))
            .collect::<Vec<_>>()
            .join(" ")
    }
    /// Big-endian indices, two bytes each: what keys are derived from.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|i| i.to_be_bytes()).collect()
    }
}

impl<const N: usize> fmt::Debug for Words<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Words(..)")
    }
}

impl<C, const N: usize> Encode<C> for Words<N> {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        self.0.encode(e, ctx)
    }
}

impl<'b, C, const N: usize> Decode<'b, C> for Words<N> {
    fn decode(d: &mut minicbor::Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
        let indices = <[u16; N]>::decode(d, ctx)?;
        if indices.iter().all(|i| *i < LIST_LEN) {
            Ok(Self(indices))
        } else {
            Err(minicbor::decode::Error::message("word index"))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::base::{SystemRandom, sha256};

    #[test]
    fn the_list_is_the_published_one() {
        assert_eq!(
            sha256(LIST.as_bytes()).to_string(),
            "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"
        );
    }

    #[test]
    fn words_are_read_back_however_they_are_typed() {
        let words = Words::<6>::random(&SystemRandom);
        let shown = words.reveal();
        let short: Vec<String> = shown
            .split(' ')
            .map(|w| w.chars().take(4).collect())
            .collect();
        assert!(Words::parse(&shown).unwrap() == words);
        assert!(Words::parse(&shown.to_uppercase().replace(' ', " - ")).unwrap() == words);
        assert!(Words::parse(&short.join(",")).unwrap() == words, "{shown}");
        assert_eq!(
            Words::<6>::parse("zebra"),
            Err(RosterError::Words { expected: 6 })
        );
        assert_eq!(
            Words::<1>::parse("zebra zebra"),
            Err(RosterError::Words { expected: 1 })
        );
        assert_eq!(
            Words::<1>::parse("zebraa"),
            Err(RosterError::Words { expected: 1 })
        );
        assert_eq!(format!("{words:?}"), "Words(..)");
    }

    #[test]
    fn bits_become_words_from_the_left() {
        let mut bits = [0u8; 32];
        bits[0] = 0xff;
        bits[1] = 0xe0;
        assert_eq!(Words::<2>::from_bits(&bits).reveal(), "zoo abandon");
    }
}
