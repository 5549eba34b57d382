//! Entropy, handed in.

use aws_lc_rs::rand::{SecureRandom, SystemRandom as Provider};

/// A source of random bytes fit for keys. Implementations must not fail: a device without entropy must not run.
pub trait Random: Send + Sync {
    /// Fills the whole buffer.
    fn fill(&self, buffer: &mut [u8]);
}

/// Draws a fixed-size array.
#[must_use]
pub fn array<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut out = [0u8; N];
    random.fill(&mut out);
    out
}

/// A number in `0..bound`, without bias worth the name (64 random bits against a small bound). Zero for a zero bound.
#[must_use]
pub fn below(random: &dyn Random, bound: u64) -> u64 {
    if bound == 0 {
        0
    } else {
        u64::from_le_bytes(array(random)) % bound
    }
}

/// The operating system's entropy through the cryptographic provider.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) {
        if Provider::new().fill(buffer).is_err() {
            // Going on with predictable bytes would be worse than ending.
            std::process::abort();
        }
    }
}
