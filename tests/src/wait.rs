//! Waiting for what has no event.

use std::time::{Duration, Instant};

/// How long anything may take before a test gives up. Generous: a loaded machine is no defect.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks until there is an answer. `ask` runs a command or looks at a process, which paces the loop. Panics after
/// [`PATIENCE`], naming what was waited for.
#[track_caller]
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < until, "gave up waiting until {what}");
        std::thread::yield_now();
    }
}
