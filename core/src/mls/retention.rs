//! Forgetting the secrets of past epochs in time.
//!
//! The engine bounds their number and can delete by age, but it counts an epoch's age from its beginning: a quiet
//! group's last epoch would be forgotten the moment it ends, and with it the messages still on their way. So this
//! floor notes when each epoch was first seen and counts from an epoch's end, which is its successor's beginning.

use std::time::SystemTime;

use openmls::group::{DeletePastEpochSecretsError, PastEpochDeletion};
use serde::{Deserialize, Serialize};

use super::provider::Kind;
use super::{Error, Group, config};
use crate::base::Timestamp;

#[derive(Serialize, Deserialize, Default)]
struct Seen {
    /// When epochs were first seen, oldest first.
    epochs: Vec<(u64, i64)>,
    /// Secrets of epochs before this one are gone.
    first_kept: u64,
}

impl Group<'_> {
    /// Forgets the secrets of epochs that ended more than 7 days before `now`. To be called regularly, at least
    /// after each merge and once a day: an epoch's beginning is when this call first sees it.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn forget_old_epochs(&mut self, now: Timestamp) -> Result<(), Error> {
        let id = self.id().engine();
        let current = self.epoch();
        let mut seen: Seen = self
            .provider
            .table()
            .get(Kind::Retention, &id, &[])?
            .unwrap_or_default();
        if seen
            .epochs
            .last()
            .is_none_or(|(epoch, _)| *epoch != current)
        {
            seen.epochs.push((current, now.millis()));
        }
        let limit = now.minus(config::PAST_EPOCH_LIFE).millis();
        // Every epoch before this one ended before the limit.
        let first_kept = seen
            .epochs
            .iter()
            .rfind(|(_, began)| *began < limit)
            .map_or(0, |(epoch, _)| *epoch);
        if first_kept > seen.first_kept {
            let keep = usize::try_from(current.saturating_sub(first_kept)).unwrap_or(usize::MAX);
            self.run(|group, provider| {
                // Nothing is older than the Unix epoch, so only the count decides.
                let count_only = PastEpochDeletion::before_timestamp(SystemTime::UNIX_EPOCH)
                    .max_past_epochs(keep);
                group
                    .delete_past_epoch_secrets(provider, count_only)
                    .map_err(|e| match e {
                        DeletePastEpochSecretsError::StorageError(e) => Error::State(e),
                    })
            })?;
            seen.first_kept = first_kept;
            seen.epochs.retain(|(epoch, _)| *epoch >= first_kept);
        }
        Ok(self
            .provider
            .table()
            .put(Kind::Retention, &id, &[], &seen)?)
    }
}
