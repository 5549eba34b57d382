//! What arrives: batches of entries become rows in one transaction each. Nothing is dropped: what cannot be opened yet
//! is held and tried again, what is refused is kept as evidence, and both are visible.

mod error;
mod ingest;
mod open;
mod receipt;

pub use error::InboxError;
pub use ingest::{BATCH, Cause, Report, ingest, retry_held};
pub use receipt::{Collected, LATE, collected};

/// The furthest roster entry that a message has named and this device has not read.
///
/// # Errors
/// [`InboxError`].
pub fn roster_seen_ahead(
    tx: &crate::store::ReadTx<'_>,
    context: &crate::membership::Context<'_>,
) -> Result<Option<u64>, InboxError> {
    Ok(tx
        .meta::<u64>(open::SEEN_AHEAD)?
        .filter(|seq| *seq > context.head().seq))
}
