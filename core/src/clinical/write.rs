//! A write whose refusals are this floor's.

use super::ClinicalError;
use crate::conversation::ConversationError;
use crate::conversation::members::refused;
use crate::membership::Context;
use crate::store::WriteTx;
use crate::sync::{Engine, SyncError};

pub(super) fn write<T>(
    engine: &Engine,
    label: &'static str,
    work: impl FnOnce(&WriteTx<'_>, &Context<'_>) -> Result<T, ClinicalError>,
) -> Result<T, ClinicalError> {
    let mut refusal = None;
    let result = engine.write(label, |tx, context| {
        work(tx, context).map_err(|error| match error {
            ClinicalError::Conversation(ConversationError::Sync(error)) => error,
            other => {
                refusal = Some(other);
                SyncError::Stopped
            }
        })
    });
    match (result, refusal) {
        (Ok(value), _) => Ok(value),
        (Err(_), Some(refusal)) => {
            if matches!(
                refusal,
                ClinicalError::Conversation(ConversationError::NotAllowed)
            ) {
                refused(engine)?;
            }
            Err(refusal)
        }
        (Err(error), None) => Err(error.into()),
    }
}
