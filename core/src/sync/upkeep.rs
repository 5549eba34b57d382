//! What has to happen in time: aliases made known, expired content purged, old traces forgotten.

use std::sync::Arc;
use std::time::Duration;

use sotto_wire::mailbox::AliasCreate;
use sotto_wire::{Alias, limits, op};

use super::{Engine, SyncError};
use crate::base::Timestamp;
use crate::timeline;

const DAY: Duration = Duration::from_secs(24 * 3600);
const SWEPT: &str = "old traces forgotten";
/// Nothing that opens a held message comes later: the secrets of past epochs live for a week.
const WAIT_FOR_KEYS: Duration = Duration::from_secs(30 * 24 * 3600);

/// Longer than any entry can live at the relay.
const REMEMBER_PAYLOADS: Duration = Duration::from_secs(62 * 24 * 3600);

impl Engine {
    /// Makes this device's new aliases known to the relay.
    pub(super) async fn register_aliases(
        self: &Arc<Self>,
        deadline: Duration,
    ) -> Result<(), SyncError> {
        let aliases = self.read(|tx, _| Ok(tx.aliases_to_register()?))?;
        for batch in aliases.chunks(limits::ALIASES_PER_CALL) {
            let request = AliasCreate {
                aliases: batch.iter().copied().map(Alias::new).collect(),
            };
            self.mailbox_call::<op::AliasCreate>(&request, deadline)
                .await?;
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
        let (due, last) = self.read(|tx, context| {
            Ok((
                !tx.expired_messages(context.now, 1)?.is_empty(),
                tx.meta::<Timestamp>(SWEPT)?,
            ))
        })?;
        let now = self.clock.now();
        // A clock that was set back must not keep it from happening.
        let daily = last.is_none_or(|at| now < at || now.since(at) >= DAY);
        if daily {
            self.write("forgetting old traces", |tx, context| {
                tx.forget_payloads(context.now.minus(REMEMBER_PAYLOADS))?;
                tx.refuse_held_since(context.now.minus(WAIT_FOR_KEYS))?;
                Ok(tx.put_meta(SWEPT, &context.now)?)
            })?;
        }
        if !due {
            return Ok(0);
        }
        let purged = self.write("purging what has expired", |tx, context| {
            Ok(timeline::purge_expired(tx, context)?)
        })?;
        self.sweep_attachments()?;
        Ok(purged)
    }
}
