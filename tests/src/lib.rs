//! The harness of the whole-system tests: a real relay process behind a line that can be cut, real devices that are the
//! `sotto` program over real encrypted files, and the means to kill either at a named point.
//!
//! Read in this order: [`World`] is a relay and a folder for everything; [`Organisation`] founds and enrols in it;
//! [`Device`] is one home folder and the commands given to it; [`Running`] is a `sotto run` whose events a test waits
//! for; [`Operator`] is whoever owns the relay's disk, [`insider::Insider`] a member who is no friend; [`Ledger`] knows
//! what was sent and says what each device must show. Nothing here waits by the clock: a test waits for an event, or asks
//! until an answer is there, with a deadline.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a harness that cannot go on panics, and so fails its test

mod answer;
pub mod canary;
mod channels;
mod device;
mod forge;
mod gate;
pub mod hospital;
pub mod insider;
mod ledger;
pub mod memory;
mod operator;
mod organisation;
mod program;
mod relay;
mod running;
mod seasoned;
mod seed;
mod tap;
mod wait;
mod world;

pub use answer::Answer;
pub use device::{Crash, Device};
pub use forge::Forged;
pub use gate::Gate;
pub use ledger::Ledger;
pub use operator::{Mailbox, Operator};
pub use organisation::{Newcomer, Organisation};
pub use program::Program;
pub use relay::Relay;
pub use running::Running;
pub use seed::Seed;
pub use tap::{Line, Tap};
pub use wait::{PATIENCE, eventually};
pub use world::World;
