//! Named points at which a test ends the process, to prove that what comes after a restart is right.
//!
//! Without the feature `crash-points` the function is empty and the names are not in the binary. With it,
//! `SOTTO_CRASH=label` or `label:3` (the third time) ends the process as SIGKILL would: no destructor, no flush.

/// Ends the process here if the test asked for this point.
#[cfg(feature = "crash-points")]
pub fn point(label: &'static str) {
    use std::sync::atomic::{AtomicU64, Ordering};
    static SEEN: AtomicU64 = AtomicU64::new(0);
    let Ok(wanted) = std::env::var("SOTTO_CRASH") else {
        return;
    };
    let (name, nth) = match wanted.split_once(':') {
        Some((name, nth)) => (name, nth.parse().unwrap_or(1)),
        None => (wanted.as_str(), 1),
    };
    if name == label && SEEN.fetch_add(1, Ordering::SeqCst) + 1 == nth {
        std::process::abort();
    }
}

/// Ends the process here if the test asked for this point; empty in a shipped binary.
#[cfg(not(feature = "crash-points"))]
#[inline(always)]
pub const fn point(_label: &'static str) {}
