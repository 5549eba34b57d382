//! Challenges: each nonce is good once, for one mailbox or channel, for a minute.

use std::sync::Mutex;
use std::time::Duration;

use sotto_wire::{Nonce, TenantId, limits};

use super::expiring::Expiring;
use super::lock;

/// Nonces that wait at most; beyond it the oldest go.
const MAX: usize = 100_000;

/// The nonces given out and not yet used, for one kind of thing whose possession is proven.
#[derive(Debug)]
pub(crate) struct Nonces<T>(Mutex<Expiring<Nonce, (TenantId, T)>>);

impl<T> Default for Nonces<T> {
    fn default() -> Self {
        Self(Mutex::new(Expiring::new(
            Duration::from_secs(u64::from(limits::NONCE_S)),
            MAX,
        )))
    }
}

impl<T: PartialEq + Copy> Nonces<T> {
    /// Remembers a nonce. `now` is time in memory.
    pub(crate) fn give(&self, nonce: Nonce, tenant: TenantId, what: T, now: Duration) {
        lock(&self.0).insert(nonce, (tenant, what), now);
    }

    /// Uses a nonce up; whether it was good for this now.
    pub(crate) fn take(&self, nonce: &Nonce, tenant: &TenantId, what: &T, now: Duration) -> bool {
        lock(&self.0).remove(nonce, now) == Some((*tenant, *what))
    }

    /// Forgets what is over.
    pub(crate) fn sweep(&self, now: Duration) {
        lock(&self.0).sweep(now);
    }
}

#[cfg(test)]
mod tests {
    use sotto_wire::MailboxId;

    use super::*;

    #[test]
    fn a_nonce_is_good_once_for_its_mailbox_and_a_minute() {
        let (tenant, mailbox, other) = (
            TenantId::new([1; 16]),
            MailboxId::new([2; 16]),
            MailboxId::new([3; 16]),
        );
        let nonces = Nonces::default();
        let at = Duration::from_secs;
        nonces.give(Nonce::new([0; 32]), tenant, mailbox, at(0));
        assert!(nonces.take(&Nonce::new([0; 32]), &tenant, &mailbox, at(59)));
        assert!(!nonces.take(&Nonce::new([0; 32]), &tenant, &mailbox, at(59)));
        nonces.give(Nonce::new([1; 32]), tenant, mailbox, at(0));
        assert!(!nonces.take(&Nonce::new([1; 32]), &tenant, &other, at(1)));
        nonces.give(Nonce::new([2; 32]), tenant, mailbox, at(0));
        assert!(!nonces.take(&Nonce::new([2; 32]), &tenant, &mailbox, at(60)));
    }
}
