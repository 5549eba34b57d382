//! Who learns nothing: the relay's operator, a thief, whoever reads the logs. One night is lived through with canaries in
//! everything a person can write, recorded from every side, and then searched.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that cannot go on fails

mod blind_relay;
mod canaries;
mod closure;
mod debug;
mod leak;
mod logs;
mod night;
mod senders;
mod thief;
