//! History outside the store: an encrypted, signed archive of conversations, messages, results, states and files.
//!
//! It never holds MLS state, conversation keys, queues or the device's own keys: a restored device is a new device, which
//! joins with keys of its own, and old keys are never used twice. An archive is a backup (opened by a passphrase of its
//! own) or a handover (opened by one device's sealing key); both are signed by the device that wrote them, whom the
//! roster must know. What a colleague hands over is that colleague's word and is shown as such (`handed`). What has expired in the meantime is purged by the next sweep, as everywhere.
//!
//! Reading order: [`frame`] (how bytes are sealed), [`record`] (what they say), [`write`], [`read`], [`restore`].

mod error;
mod frame;
mod handed;
mod read;
mod record;
mod restore;
#[cfg(test)]
mod tests;
mod write;

pub use crate::store::table::history::Span;
pub use error::HistoryError;
pub use handed::Shared;
pub use read::{Opener, Summary, inspect};
pub use record::Counts;
pub use restore::{Rehearsal, Restored, rehearse, restore};
pub use write::{For, Request, write};
