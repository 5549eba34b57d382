//! How often: the generic cell rate algorithm, one number for each kind and key. A key is an organisation, a mailbox or
//! another thing the relay can tell apart; none is written down anywhere.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use sotto_wire::{ErrorCode, WireError};

use super::lock;

/// So many per minute in the long run, and so many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) per_minute: u32,
    pub(crate) burst: u32,
}

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// One address, without a proof yet: asking what the relay is, trying a bearer.
    Stranger,
    /// Registrations tried by one address.
    Register,
    /// Challenges and session starts of a mailbox.
    Session,
    /// Submissions and advances of an organisation.
    Submit,
    /// Roster, grant and blob operations of an organisation.
    Manage,
    /// Everything of a session.
    Mailbox,
    /// Key package claims of an organisation.
    Claim,
    /// One-time key packages of one alias.
    ClaimedAlias,
    /// Taking, asking and polling of one grant.
    Grant,
    /// Polls and certificates of the holder of one channel key.
    Channel,
}

/// Which of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key(pub(crate) Kind, pub(crate) [u8; 32]);

impl Key {
    /// A key from an id of at most 32 bytes.
    pub(crate) fn of(kind: Kind, id: &[u8]) -> Self {
        let mut key = [0; 32];
        for (to, from) in key.iter_mut().zip(id) {
            *to = *from;
        }
        Self(kind, key)
    }

    /// A key from two ids of at most 16 bytes.
    pub(crate) fn of_two(kind: Kind, first: &[u8; 16], second: &[u8; 16]) -> Self {
        Self::of(kind, &[first.as_slice(), second].concat())
    }
}

/// When each key's next free moment would be, if it always used its full rate.
#[derive(Debug, Default)]
pub(crate) struct Rates(Mutex<HashMap<Key, Duration>>);

impl Rates {
    /// Takes `n` of a key's rate, or says when to come again. `now` is time in memory.
    pub(crate) fn take(
        &self,
        key: Key,
        rate: Rate,
        n: u32,
        now: Duration,
    ) -> Result<(), WireError> {
        let each = Duration::from_secs(60) / rate.per_minute.max(1);
        let allowance = each * rate.burst.max(1);
        let mut cells = lock(&self.0);
        let start = cells.get(&key).copied().unwrap_or_default().max(now);
        let end = start + each * n;
        if end > now + allowance {
            let wait = end - now - allowance;
            let ms = u32::try_from(wait.as_millis())
                .unwrap_or(u32::MAX)
                .saturating_add(1);
            return Err(WireError::retry_after(ErrorCode::RateLimited, ms));
        }
        cells.insert(key, end);
        Ok(())
    }

    /// Forgets keys that are as good as new.
    pub(crate) fn sweep(&self, now: Duration) {
        lock(&self.0).retain(|_, end| *end > now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        per_minute: 600,
        burst: 3,
    };

    #[test]
    fn a_burst_is_allowed_then_the_rate_and_the_refusal_says_when() {
        let rates = Rates::default();
        let key = Key::of(Kind::Submit, &[1]);
        for _ in 0..3 {
            rates.take(key, RATE, 1, Duration::ZERO).unwrap();
        }
        let refused = rates.take(key, RATE, 1, Duration::ZERO).unwrap_err();
        assert_eq!(refused.code, ErrorCode::RateLimited);
        let wait = Duration::from_millis(u64::from(refused.retry_after_ms.unwrap()));
        assert!(wait >= Duration::from_millis(100) && wait <= Duration::from_millis(102));
        rates.take(key, RATE, 1, wait).unwrap();
        assert!(rates.take(key, RATE, 1, wait).is_err());
    }

    #[test]
    fn keys_and_kinds_do_not_share() {
        let rates = Rates::default();
        rates
            .take(Key::of(Kind::Submit, &[1]), RATE, 3, Duration::ZERO)
            .unwrap();
        rates
            .take(Key::of(Kind::Submit, &[2]), RATE, 3, Duration::ZERO)
            .unwrap();
        rates
            .take(Key::of(Kind::Manage, &[1]), RATE, 3, Duration::ZERO)
            .unwrap();
    }
}
