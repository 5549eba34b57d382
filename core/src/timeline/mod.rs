//! From events to rows: messages, cards and their versions, states that devices have proven, expiry, the index. Nothing
//! here decrypts or sends.

mod apply;
mod card;
mod error;
mod expiry;
pub mod patient;
mod state;
mod statement;
mod system;

pub use apply::{Applied, Incoming, apply, message_id, uris};
pub use error::TimelineError;
pub use expiry::{ends, purge_expired};
pub use state::State;
pub use system::{SystemBody, SystemEvent, committed, system};

/// What an attachment's URL begins with; the relay's random id follows in hexadecimal.
pub const BLOB_URL: &str = "sotto-blob:";
