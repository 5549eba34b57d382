//! What arrives: batches of entries become rows in one transaction each. Nothing is dropped: what cannot be opened yet
//! is held and tried again, what is refused is kept as evidence, and both are visible.

mod error;
mod ingest;
mod open;
mod receipt;

pub use error::InboxError;
pub use ingest::{BATCH, Report, ingest, retry_held};
pub use receipt::{LATE, collected};
