//! What arrives: batches of entries become rows in one transaction each. Nothing is dropped: what cannot be opened yet
//! is held and tried again, what is refused is kept as evidence, and both are visible.

mod error;
mod ingest;
mod open;
mod receipt;

pub use error::InboxError;
pub use ingest::{BATCH, Report, ingest, retry_held};
pub use receipt::{LATE, collected};

/// Whether a message named a roster entry that this device has not read.
///
/// # Errors
/// [`InboxError`].
pub fn roster_is_behind(
    tx: &crate::store::ReadTx<'_>,
    context: &crate::membership::Context<'_>,
) -> Result<bool, InboxError> {
    Ok(tx.meta::<u64>(open::SEEN_AHEAD)?.is_some_and(|seq| seq > context.head().seq))
}
