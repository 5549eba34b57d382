//! Time and randomness, handed in so that tests own them.

use std::time::Duration;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use sotto_wire::RelayTime;

/// The relay's time.
pub(crate) trait Clock: Send + Sync + 'static {
    /// The wall clock, for everything that is stored or told.
    fn now(&self) -> RelayTime;
    /// Time since some fixed moment that never goes back, for everything in memory.
    fn elapsed(&self) -> Duration;
}

/// The machine's clock.
#[derive(Debug)]
pub(crate) struct SystemClock {
    started: std::time::Instant,
    offset_ms: i64,
}

impl SystemClock {
    /// Starts now. With the feature `crash-points`, `SOTTO_CLOCK_OFFSET_MS` puts the wall clock off by so much.
    #[allow(
        clippy::disallowed_methods,
        reason = "the one place where the machine's clock is read"
    )]
    pub(crate) fn start() -> Self {
        #[cfg(feature = "crash-points")]
        let offset_ms = std::env::var("SOTTO_CLOCK_OFFSET_MS")
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(0);
        #[cfg(not(feature = "crash-points"))]
        let offset_ms = 0;
        Self {
            started: std::time::Instant::now(),
            offset_ms,
        }
    }
}

impl Clock for SystemClock {
    #[allow(
        clippy::disallowed_methods,
        reason = "the one place where the machine's clock is read"
    )]
    fn now(&self) -> RelayTime {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        RelayTime(
            i64::try_from(since.as_millis())
                .unwrap_or(i64::MAX)
                .saturating_add(self.offset_ms),
        )
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// Secret random bytes.
pub(crate) trait Random: Send + Sync + 'static {
    /// Fills 32 bytes, or says that the machine has none.
    fn bytes(&self) -> Result<[u8; 32], NoRandomness>;
}

/// The machine's random source failed.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the machine's random source failed")]
pub(crate) struct NoRandomness;

/// The machine's random source.
#[derive(Debug)]
pub(crate) struct SystemRandomness(SystemRandom);

impl SystemRandomness {
    /// The machine's random source.
    pub(crate) fn new() -> Self {
        Self(SystemRandom::new())
    }
}

impl Random for SystemRandomness {
    fn bytes(&self) -> Result<[u8; 32], NoRandomness> {
        let mut out = [0; 32];
        self.0.fill(&mut out).map_err(|_| NoRandomness)?;
        Ok(out)
    }
}
