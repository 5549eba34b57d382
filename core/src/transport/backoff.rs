//! How long to wait before trying again: doubling, capped, and jittered, so that a relay which comes back is not met by
//! everybody in the same second.

use std::time::Duration;

use super::Retry;
use crate::base::{Random, random};

/// Delays of one thing that keeps failing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    failures: u32,
}

impl Default for Backoff {
    /// One second at first, five minutes at most.
    fn default() -> Self {
        Self::new(Duration::from_secs(1), Duration::from_secs(300))
    }
}

impl Backoff {
    /// Starts at `base` and doubles up to `cap`.
    #[must_use]
    pub const fn new(base: Duration, cap: Duration) -> Self {
        Self {
            base,
            cap,
            failures: 0,
        }
    }

    /// The delay after so many failures, for a caller that counts them elsewhere.
    #[must_use]
    pub fn nth(mut self, failures: u32, source: &dyn Random) -> Duration {
        self.failures = failures;
        self.next(source)
    }

    /// The next delay after one more failure: between half and all of `base × 2ⁿ`, at most `cap`.
    pub fn next(&mut self, source: &dyn Random) -> Duration {
        let doubled = self
            .base
            .saturating_mul(1u32.checked_shl(self.failures.min(31)).unwrap_or(u32::MAX));
        let whole = doubled.min(self.cap);
        self.failures = self.failures.saturating_add(1);
        let half = whole / 2;
        half + jitter(whole.saturating_sub(half), source)
    }

    /// The next delay after a failure that told what would help: not before what it named, and jittered besides.
    /// `None` where waiting does not help.
    pub fn after(&mut self, retry: Retry, source: &dyn Random) -> Option<Duration> {
        match retry {
            Retry::Now => Some(Duration::ZERO),
            Retry::After(named) => Some(
                self.next(source)
                    .max(named.saturating_add(jitter(named / 4, source))),
            ),
            Retry::Never | Retry::NeedsUser => None,
        }
    }

    /// It worked: the next failure starts at `base` again.
    pub const fn reset(&mut self) {
        self.failures = 0;
    }
}

fn jitter(up_to: Duration, source: &dyn Random) -> Duration {
    let millis = u64::try_from(up_to.as_millis()).unwrap_or(u64::MAX - 1);
    Duration::from_millis(random::below(source, millis + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Always the same byte: the lowest and the highest jitter can both be asked for.
    struct Fixed(u8);
    impl Random for Fixed {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0);
        }
    }

    #[test]
    fn delays_double_up_to_the_cap_and_start_again_after_success() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_millis(450));
        let lowest: Vec<u128> = (0..5)
            .map(|_| backoff.next(&Fixed(0)).as_millis())
            .collect();
        assert_eq!(lowest, [50, 100, 200, 225, 225]);
        backoff.reset();
        assert_eq!(backoff.next(&Fixed(0)).as_millis(), 50);
        for _ in 0..200 {
            assert!(backoff.next(&Fixed(0xff)) <= Duration::from_millis(450));
        }
    }

    #[test]
    fn the_relays_own_delay_is_never_undercut() {
        let mut backoff = Backoff::default();
        let named = Duration::from_secs(40);
        for byte in 0..=255 {
            let delay = backoff.after(Retry::After(named), &Fixed(byte));
            assert!(delay >= Some(named), "{byte}: {delay:?}");
            backoff.reset();
        }
        assert_eq!(backoff.after(Retry::Now, &Fixed(1)), Some(Duration::ZERO));
        assert_eq!(backoff.after(Retry::Never, &Fixed(1)), None);
        assert_eq!(backoff.after(Retry::NeedsUser, &Fixed(1)), None);
    }
}
