//! The only place where network meets state. A round reads the roster, sends what the outbox holds, commits what
//! membership asks for, takes in what the mailbox has, and collects receipts; `run` repeats it whenever something
//! changes here or there. No lock is held across the network, and nothing is acknowledged that a committed transaction
//! does not hold.

mod attachments;
mod commits;
mod endpoint;
mod engine;
mod error;
mod gaps;
mod judge;
mod key_packages;
mod pull;
mod push;
mod receipts;
mod roster;
mod round;
mod run;
mod session;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
mod upkeep;

pub use endpoint::endpoint;
pub use engine::{Engine, Status};
pub use error::SyncError;
pub(crate) use roster::{
    awaited_key, capability, freshness, keyring, put_capability, put_entries, put_keyring, rebuild,
};
pub use round::Round;
pub use run::Signal;

/// How long one request may take.
const REQUEST: std::time::Duration = std::time::Duration::from_secs(30);
