//! Messaging Layer Security (RFC 9420): one group of devices, its epochs, and the messages under them.
//!
//! A [`Group`] borrows the write transaction it was loaded in and writes through it, so MLS state commits or rolls
//! back together with everything else, and an object in memory cannot outlive the state it was read from. After an
//! error inside the engine the object reads itself again from the transaction.
//!
//! This floor knows devices and their keys, not people. It refuses shapes of commits that no device of this project
//! makes ([`Refusal`]); who *may* add or remove whom is decided above, between [`Group::process`] and
//! [`Group::merge_remote`].
//!
//! Rules for the floors above:
//! - Ciphertext leaves the device only after the transaction that made it has committed, and a retry sends the same
//!   bytes: encrypting again from an older state would use a key twice.
//! - A part of a write that may be undone alone loads its own [`Group`]; one from outside would run ahead of it. So a
//!   message processed in such a part can be held and processed again.
//! - MLS rows are never restored from a backup. A restored device resyncs ([`resync`]).
//! - An [`Error`] ends the transaction; a [`ProcessError`] other than [`ProcessError::Fault`] is a verdict on one
//!   message, and the transaction may go on.

mod commit;
mod config;
mod error;
mod group;
mod identity;
pub mod key_package;
mod peek;
mod process;
mod provider;
mod resync;
mod retention;
mod shape;
#[cfg(test)]
mod tests;
mod view;
mod welcome;

pub use commit::{Change, Staged};
pub use config::{MAX_ADDS, Suite};
pub use error::{Error, ProcessError, Refusal};
pub use group::Group;
pub use identity::{GroupId, Identity, Member};
pub use key_package::KeyPackageInfo;
pub use peek::{Content, Peek, peek};
pub use process::{Processed, StagedRemote};
pub use provider::StateError;
pub use resync::{Resynced, resync};
pub use view::View;
pub use welcome::StagedJoin;
