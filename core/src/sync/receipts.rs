//! Collecting receipts: asked for by handle, soon at first and then less often, until there is one or the relay says
//! that there will be none.

use std::sync::Arc;
use std::time::Duration;

use sotto_wire::receipt::{Collect, ReceiptState};
use sotto_wire::{ReceiptHandle, op};

use super::{Engine, SyncError};
use crate::base::Timestamp;
use crate::inbox::{self, Collected};
use crate::membership::Context;
use crate::outbox;
use crate::store::table::queue::ReceiptWantedRow;
use crate::store::{StoreError, WriteTx};
use crate::timeline::State;

const PER_CALL: u32 = 200;
/// Longer than an entry and then its receipt can live at the relay.
const FORGOTTEN: Duration = Duration::from_secs(91 * 24 * 3600);

impl Engine {
    /// Asks for the receipts whose time has come. Says how many arrived.
    pub(super) async fn collect_receipts(
        self: &Arc<Self>,
        deadline: Duration,
    ) -> Result<usize, SyncError> {
        let mut arrived = 0;
        // What is asked for now is asked once, however long the answers take.
        let now = self.clock.now();
        loop {
            let wanted = self
                .store
                .read::<_, StoreError>(|tx| tx.receipts_wanted(now, PER_CALL))?;
            if wanted.is_empty() {
                return Ok(arrived);
            }
            let handles = wanted
                .iter()
                .map(|row| ReceiptHandle::new(row.handle))
                .collect();
            let answer = self
                .bearer_call::<op::ReceiptsCollect>(
                    &Collect {
                        handles,
                        done: Vec::new(),
                    },
                    deadline,
                )
                .await?;
            let done = self
                .write_blocking("storing receipts", move |tx, context| {
                    let mut done = Vec::new();
                    for row in &wanted {
                        let handle = ReceiptHandle::new(row.handle);
                        let state = answer
                            .receipts
                            .iter()
                            .find(|r| r.handle == handle)
                            .map(|r| &r.state);
                        if settle(tx, context, row, state)? {
                            done.push(handle);
                        } else {
                            // Later than `now`, by whatever clock: this round does not ask again.
                            tx.postpone_receipt(
                                &row.handle,
                                next(row.since, context.now.max(now)),
                            )?;
                        }
                    }
                    Ok(done)
                })
                .await?;
            arrived += done.len();
            if !done.is_empty() {
                let request = Collect {
                    handles: Vec::new(),
                    done,
                };
                self.bearer_call::<op::ReceiptsCollect>(&request, deadline)
                    .await?;
            }
        }
    }
}

/// Writes down what the relay has under a handle; `true` where that is the end.
fn settle(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    row: &ReceiptWantedRow,
    state: Option<&ReceiptState>,
) -> Result<bool, SyncError> {
    let old = context.now.since(row.since) > FORGOTTEN;
    match state {
        Some(ReceiptState::Delivered(sealed)) => {
            // One that a newer conversation key opens waits for that key.
            if inbox::collected(tx, context, row, sealed.as_bytes())? == Collected::Unreadable
                && !old
            {
                return Ok(false);
            }
            tx.drop_receipt_wanted(&row.handle)?;
        }
        Some(ReceiptState::Expired) => outbox::end(tx, &row.handle, State::Expired, context.now)?,
        Some(ReceiptState::Revoked) => outbox::end(tx, &row.handle, State::Revoked, context.now)?,
        // The relay keeps an end for a while; after that nobody will ever tell.
        Some(ReceiptState::Unknown) if old => {
            outbox::end(tx, &row.handle, State::Expired, context.now)?
        }
        Some(ReceiptState::Waiting | ReceiptState::Unknown) | None => return Ok(false),
    }
    Ok(true)
}

/// Half a second at first, then a quarter of the age, at most every ten minutes.
fn next(since: Timestamp, now: Timestamp) -> Timestamp {
    let age = now.since(since);
    now.plus((age / 4).clamp(Duration::from_millis(500), Duration::from_secs(600)))
}
