//! What has to happen in time: aliases made known, expired content purged, old traces forgotten.

use std::sync::Arc;
use std::time::Duration;

use sotto_wire::mailbox::AliasCreate;
use sotto_wire::{Alias, limits, op};

use super::{Engine, SyncError};
use crate::timeline;

/// Longer than any entry can live at the relay.
const REMEMBER_PAYLOADS: Duration = Duration::from_secs(62 * 24 * 3600);

impl Engine {
    /// Makes this device's new aliases known to the relay.
    pub(super) async fn register_aliases(self: &Arc<Self>, deadline: Duration) -> Result<(), SyncError> {
        let aliases = self.read(|tx, _| Ok(tx.aliases_to_register()?))?;
        for batch in aliases.chunks(limits::ALIASES_PER_CALL) {
            let request = AliasCreate { aliases: batch.iter().copied().map(Alias::new).collect() };
            self.mailbox_call::<op::AliasCreate>(&request, deadline).await?;
            let batch = batch.to_vec();
            self.write_blocking("aliases are known to the relay", move |tx, _| {
                for alias in &batch {
                    tx.alias_registered(alias)?;
                }
                Ok(())
            })
            .await?;
        }
        Ok(())
    }

    /// Purges what is over. Says how many messages.
    ///
    /// # Errors
    /// [`SyncError`].
    pub fn purge(&self) -> Result<usize, SyncError> {
        let due = self.read(|tx, context| Ok(!tx.expired_messages(context.now, 1)?.is_empty()))?;
        if !due {
            return Ok(0);
        }
        let purged = self.write("purging what has expired", |tx, context| {
            tx.forget_payloads(context.now.minus(REMEMBER_PAYLOADS))?;
            Ok(timeline::purge_expired(tx, context)?)
        })?;
        self.sweep_attachments()?;
        Ok(purged)
    }
}
