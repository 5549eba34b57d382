//! From events to rows: messages, cards and their versions, states that devices have proven, expiry, the index. Nothing
//! here decrypts or sends.

mod apply;
mod attachment;
mod card;
mod change;
mod error;
mod expiry;
pub mod patient;
mod state;
mod statement;
mod system;
mod version;
mod waiting;

pub use apply::{Applied, Incoming, MAX_TEXT, apply, message_id, uris};
pub use error::TimelineError;
pub use expiry::{ends, purge_expired};
pub use state::State;
pub use system::{SystemBody, SystemEvent, committed, system};
pub use version::{Standing, standing, withdrawn};
pub use waiting::{Awaiting, Released, arrived, wait};

/// What an attachment's URL begins with; the relay's random id follows in hexadecimal.
pub const BLOB_URL: &str = "sotto-blob:";

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
pub(crate) mod tests;
