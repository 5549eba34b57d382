//! Named points at which a test ends the process without warning. Without the feature `crash-points` a point is nothing,
//! and the switch does not exist in the binary.

/// Aborts the process here if the environment says so: `SOTTO_CRASH=<operation>/<place>[:<nth>]`, where the operation
/// is named like its path with `-` for `/`, or `any`, and `nth` counts from 1, its default.
#[cfg(feature = "crash-points")]
pub(crate) fn crash_point(operation: &str, place: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    struct Wanted {
        operation: String,
        place: String,
        left: AtomicU64,
    }

    static WANTED: OnceLock<Option<Wanted>> = OnceLock::new();
    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var("SOTTO_CRASH").ok()?;
        let (label, nth) = text.split_once(':').unwrap_or((&text, "1"));
        let (operation, place) = label.split_once('/')?;
        let left = AtomicU64::new(nth.parse().ok()?);
        Some(Wanted {
            operation: operation.to_owned(),
            place: place.to_owned(),
            left,
        })
    });
    if let Some(wanted) = wanted {
        let here = wanted.place == place
            && (wanted.operation == operation.replace('/', "-") || wanted.operation == "any");
        if here && wanted.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            std::process::abort();
        }
    }
}

/// Nothing.
#[cfg(not(feature = "crash-points"))]
pub(crate) const fn crash_point(_operation: &str, _place: &str) {}
