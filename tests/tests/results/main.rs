//! Results: the clinical scenarios, each with a laboratory and clinicians as real processes.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that cannot go on fails

mod drop_folder;
mod export;
mod patients;
mod readback;
mod routing;
mod versions;
mod ward;
