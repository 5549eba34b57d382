//! What a crash left half done.

use std::sync::Arc;

use super::invite::{Invitation, finish, forget, underway};
use super::{AdminError, REQUEST, leave, offers};
use crate::store::StoreError;
use crate::sync::Engine;

/// Finishes what a crash or a failure left: a rotation that was sent, offers of invitations that are in the log, offers
/// whose key was replaced. Returns the invitations whose link nobody has seen yet. With nothing to do it asks the relay
/// nothing.
///
/// # Errors
/// [`AdminError`].
pub async fn resume(engine: &Arc<Engine>) -> Result<Vec<Invitation>, AdminError> {
    leave::settle(engine).await?;
    let batches = engine.store().read::<_, StoreError>(underway)?;
    let mut made = Vec::new();
    if !batches.is_empty() {
        engine.read_roster(REQUEST).await?;
    }
    for (batch, drawn) in batches {
        let begun = engine.read(|_, context| {
            Ok(drawn
                .iter()
                .any(|drawn| context.roster.invitations().contains_key(&drawn.id)))
        })?;
        if begun {
            made.extend(finish(engine, batch, &drawn).await?);
        } else {
            // Never reached the log: whoever asked for them asks again.
            engine
                .store()
                .write::<_, StoreError>("forgetting invitations", |tx| forget(tx, &batch))?;
        }
    }
    offers::renew(engine).await?;
    Ok(made)
}
