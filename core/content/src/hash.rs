//! SHA-256, and small streams of deterministic choices grown from a seed that the caller drew.

use aws_lc_rs::digest::{SHA256, digest};

/// SHA-256 of one byte string.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
    out
}

/// SHA-256 over several fields, each preceded by its length, so that no two different lists give the same input.
#[must_use]
pub fn sha256_fields(label: &str, fields: &[&[u8]]) -> [u8; 32] {
    let mut input =
        Vec::with_capacity(label.len() + 8 + fields.iter().map(|f| f.len() + 8).sum::<usize>());
    for field in std::iter::once(label.as_bytes()).chain(fields.iter().copied()) {
        input.extend_from_slice(&(field.len() as u64).to_be_bytes());
        input.extend_from_slice(field);
    }
    sha256(&input)
}

/// Choices that follow from a seed: the same seed makes the same read-back form on every device of a person.
/// Not a source of keys.
pub(crate) struct Choices {
    seed: [u8; 32],
    block: u64,
}

impl Choices {
    pub(crate) fn new(seed: &[u8], purpose: &str) -> Self {
        Self {
            seed: sha256_fields(purpose, &[seed]),
            block: 0,
        }
    }

    /// A number below `bound`; zero when `bound` is zero. The bias of the modulus is below 2^-48 for the bounds used.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let word = sha256_fields("sotto choices", &[&self.seed, &self.block.to_be_bytes()]);
        self.block += 1;
        let mut number = [0; 8];
        number.copy_from_slice(&word[..8]);
        if bound == 0 {
            0
        } else {
            (u64::from_be_bytes(number) % bound as u64) as usize
        }
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last + 1);
            items.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256_matches_the_published_vector() {
        assert_eq!(
            sha256(b"abc")[..8],
            [0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea]
        );
    }

    #[test]
    fn fields_cannot_be_shifted_into_each_other() {
        assert_ne!(
            sha256_fields("x", &[b"ab", b"c"]),
            sha256_fields("x", &[b"a", b"bc"])
        );
    }

    #[test]
    fn the_same_seed_makes_the_same_choices() {
        let run = || {
            let mut items: Vec<u8> = (0..20).collect();
            Choices::new(b"seed", "test").shuffle(&mut items);
            items
        };
        assert_eq!(run(), run());
        assert_ne!(run(), (0..20).collect::<Vec<u8>>());
    }
}
