//! Devices with a store each, exchanging bytes by hand.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod commit;
mod exchange;
mod hostile;
mod key_package;
mod resync;
mod retention;
mod support;
mod welcome;
