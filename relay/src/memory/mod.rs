//! What the relay knows only while it runs: sessions, challenges, who waits for what, download links, how often whom.
//! A restart forgets all of it, and every device finds its way back without it.

mod expiring;
pub(crate) mod links;
pub(crate) mod nonces;
pub(crate) mod polls;
pub(crate) mod rates;
pub(crate) mod sessions;
pub(crate) mod wake;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks. These maps hold no invariant that a panic elsewhere could break half-way.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
