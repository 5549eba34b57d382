//! What a crash left half done.

use std::sync::Arc;

use super::invite::{Invitation, finish, forget, forget_ended, underway, waiting};
use super::{AdminError, REQUEST, approve, certificate, leave, offers, record, tick};
use crate::base::Timestamp;
use crate::store::StoreError;
use crate::sync::Engine;

/// Finishes what a crash or a failure left: a rotation that was sent, offers of invitations that are in the log, offers
/// whose key was replaced. Returns the invitations it finished; their links stay to be seen in
/// [`invitations`](super::invitations). With nothing to do it asks the relay nothing.
///
/// # Errors
/// [`AdminError`].
pub async fn resume(engine: &Arc<Engine>) -> Result<Vec<Invitation>, AdminError> {
    leave::settle(engine).await?;
    let batches = engine.store().read::<_, StoreError>(underway)?;
    let mut made = Vec::new();
    let unknown = engine.store().read::<_, StoreError>(record::open)?;
    if !batches.is_empty() || unknown {
        engine.read_roster(REQUEST).await?;
    }
    record::settle(engine)?;
    for (batch, drawn) in batches {
        let begun = engine.read(|_, context| {
            Ok(drawn
                .iter()
                .any(|drawn| context.roster.invitations().contains_key(&drawn.id)))
        })?;
        if begun || waiting(engine, &drawn)?.is_some() {
            made.extend(finish(engine, batch, &drawn).await?);
        } else {
            // Never reached the log: whoever asked for them asks again.
            engine
                .store()
                .write::<_, StoreError>("forgetting invitations", |tx| forget(tx, &batch))?;
        }
    }
    forget_ended(engine)?;
    offers::renew(engine).await?;
    Ok(made)
}

/// What a device that stays connected does for the organisation from time to time: finishes what was left, hands claims
/// that it may not approve to those who may, replaces the roster key when its time is over at `now` (the relay's time),
/// moves log time on where something became due, and collects the certificates of wipes.
///
/// # Errors
/// [`AdminError`]; the next time goes on.
pub async fn tend(engine: &Arc<Engine>, now: Timestamp) -> Result<(), AdminError> {
    resume(engine).await?;
    approve::forward(engine).await?;
    leave::rotate_due_key(engine, now).await?;
    tick::tick(engine, now).await?;
    certificate::collect(engine).await.map(drop)
}
