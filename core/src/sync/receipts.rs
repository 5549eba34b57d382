//! Collecting receipts: asked for by handle, soon at first and then less often, until there is one or the relay says
//! that there will be none.

use std::sync::Arc;
use std::time::Duration;

use sotto_wire::receipt::{Collect, ReceiptState};
use sotto_wire::{ReceiptHandle, op};

use super::{Engine, SyncError};
use crate::base::Timestamp;
use crate::inbox;
use crate::outbox;
use crate::store::StoreError;
use crate::timeline::State;

const PER_CALL: u32 = 200;

impl Engine {
    /// Asks for the receipts whose time has come. Says how many arrived.
    pub(super) async fn collect_receipts(self: &Arc<Self>, deadline: Duration) -> Result<usize, SyncError> {
        let mut arrived = 0;
        loop {
            let now = self.clock.now();
            let wanted = self.store.read::<_, StoreError>(|tx| tx.receipts_wanted(now, PER_CALL))?;
            if wanted.is_empty() {
                return Ok(arrived);
            }
            let handles = wanted.iter().map(|row| ReceiptHandle::new(row.handle)).collect();
            let answer =
                self.bearer_call::<op::ReceiptsCollect>(&Collect { handles, done: Vec::new() }, deadline).await?;
            let done = self
                .write_blocking("storing receipts", move |tx, context| {
                    let mut done = Vec::new();
                    for collected in &answer.receipts {
                        let Some(row) = tx.receipt_wanted(collected.handle.as_bytes())? else { continue };
                        match &collected.state {
                            ReceiptState::Waiting | ReceiptState::Unknown => {
                                tx.postpone_receipt(&row.handle, next(row.since, context.now))?;
                                continue;
                            }
                            ReceiptState::Delivered(sealed) => {
                                inbox::collected(tx, context, &row, sealed.as_bytes())?;
                                tx.drop_receipt_wanted(&row.handle)?;
                            }
                            ReceiptState::Expired => outbox::end(tx, &row.handle, State::Expired, context.now)?,
                            ReceiptState::Revoked => outbox::end(tx, &row.handle, State::Revoked, context.now)?,
                        }
                        done.push(collected.handle);
                    }
                    Ok(done)
                })
                .await?;
            arrived += done.len();
            if !done.is_empty() {
                let request = Collect { handles: Vec::new(), done };
                self.bearer_call::<op::ReceiptsCollect>(&request, deadline).await?;
            }
        }
    }
}

/// Half a second at first, then a quarter of the age, at most every ten minutes.
fn next(since: Timestamp, now: Timestamp) -> Timestamp {
    let age = now.since(since);
    now.plus((age / 4).clamp(Duration::from_millis(500), Duration::from_secs(600)))
}
