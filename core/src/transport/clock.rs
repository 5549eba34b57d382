//! The relay's signed time against the device's clock. Ages are computed from the relay's time, never from a clock that
//! drifts; the device's own clock is only the ruler between two measurements.

use std::time::Duration;

use sotto_wire::SignedTime;

use super::verified::verify_time;
use crate::base::{Timestamp, VerifyingKey};

/// Beyond this the device's clock counts as drifted, and times it has stamped are shown as doubtful.
pub const DRIFT: Duration = Duration::from_secs(120);
/// A measurement that took longer says too little: the relay's time may belong to any moment of it.
pub const WINDOW: Duration = Duration::from_secs(60);

/// How far the device's clock is from the relay's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayClock {
    /// Relay minus device, in milliseconds; off by at most half the time the measurement took.
    pub offset_ms: i64,
    /// Whether the two differ by more than [`DRIFT`].
    pub drifted: bool,
    /// When it was measured, on the device's clock.
    pub measured_at: Timestamp,
}

/// Why a time says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// Not signed by the pinned relay.
    #[error("the time is not signed by the pinned relay")]
    Signature,
    /// It took longer than [`WINDOW`], or the device's clock was set meanwhile.
    #[error("the measurement took too long to say anything")]
    Window,
}

impl RelayClock {
    /// From a signed time that arrived between `before` (when it was asked for) and `after` on the device's clock. A
    /// time that came unasked on the live socket has `before == after`.
    ///
    /// # Errors
    /// [`ClockError`]; the earlier measurement then stays the best there is.
    pub fn measure(
        key: &VerifyingKey,
        signed: &SignedTime,
        before: Timestamp,
        after: Timestamp,
    ) -> Result<Self, ClockError> {
        verify_time(key, signed).map_err(|_| ClockError::Signature)?;
        if after < before || after.since(before) > WINDOW {
            return Err(ClockError::Window);
        }
        let middle = before.plus(after.since(before) / 2);
        let offset_ms = signed.time.0.saturating_sub(middle.millis());
        let drift = i64::try_from(DRIFT.as_millis()).unwrap_or(i64::MAX);
        Ok(Self {
            offset_ms,
            drifted: offset_ms.saturating_abs() > drift,
            measured_at: after,
        })
    }

    /// The relay's time at a moment of the device's clock.
    #[must_use]
    pub const fn relay_time(&self, local: Timestamp) -> Timestamp {
        Timestamp::from_millis(local.millis().saturating_add(self.offset_ms))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::base::{Secret, SigningKey};
    use proptest::prelude::*;
    use sotto_wire::{RelayTime, Sig, signed};

    fn key() -> SigningKey {
        SigningKey::from_seed(Secret::new([9; 32]))
    }

    fn signed_at(ms: i64) -> SignedTime {
        let time = RelayTime(ms);
        SignedTime {
            time,
            sig: Sig::new(*key().sign_raw(&signed::time(time).bytes()).as_bytes()),
        }
    }

    fn measure(relay: i64, before: i64, after: i64) -> Result<RelayClock, ClockError> {
        let at = Timestamp::from_millis;
        RelayClock::measure(
            &key().verifying_key(),
            &signed_at(relay),
            at(before),
            at(after),
        )
    }

    #[test]
    fn two_minutes_are_a_drift_and_less_is_not() {
        let clock = measure(1_000_000, 879_900, 880_100).unwrap();
        assert_eq!((clock.offset_ms, clock.drifted), (120_000, false));
        assert_eq!(
            clock.relay_time(Timestamp::from_millis(900_000)),
            Timestamp::from_millis(1_020_000)
        );
        assert!(measure(1_000_000, 879_899, 880_099).unwrap().drifted);
        assert!(measure(1_000_000, 1_120_001, 1_120_001).unwrap().drifted);
    }

    #[test]
    fn a_time_that_the_pinned_relay_did_not_sign_says_nothing() {
        let at = Timestamp::from_millis(0);
        let forged = SignedTime {
            time: RelayTime(6),
            ..signed_at(5)
        };
        let verify = |time| RelayClock::measure(&key().verifying_key(), time, at, at).err();
        assert_eq!(verify(&forged), Some(ClockError::Signature));
        let stranger = SigningKey::from_seed(Secret::new([8; 32])).verifying_key();
        assert_eq!(
            RelayClock::measure(&stranger, &signed_at(5), at, at).err(),
            Some(ClockError::Signature)
        );
    }

    #[test]
    fn a_measurement_over_a_minute_or_across_a_reset_clock_is_dropped() {
        assert_eq!(measure(0, 0, 60_001).err(), Some(ClockError::Window));
        assert_eq!(measure(0, 10, 9).err(), Some(ClockError::Window));
        assert!(measure(0, 0, 60_000).is_ok());
    }

    proptest! {
        #[test]
        fn the_offset_is_off_by_at_most_half_of_the_round_trip(
            offset in -1_000_000_000_000i64..1_000_000_000_000, start in 0i64..2_000_000_000_000,
            there in 0i64..30_000, back in 0i64..30_000,
        ) {
            let clock = measure(start + there + offset, start, start + there + back).unwrap();
            prop_assert!((clock.offset_ms - offset).abs() <= (there + back) / 2 + 1);
        }
    }
}
