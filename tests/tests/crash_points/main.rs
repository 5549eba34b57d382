//! A device dies without warning at every commit and at every request of everything it does. Started again, it has lost
//! nothing, shows nothing twice, keeps each sender's order, still reads and still sends.
//!
//! Each test prints its lines of the matrix: the operation, each point, and how many passages it was killed at.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)] // a test that cannot go on fails; the matrix is for its reader

mod connected;
mod files;
mod groups;
mod messages;
mod people;
mod sweep;
