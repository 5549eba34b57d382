//! Mailbox to store: entries in batches, each batch one transaction, then the acks of what it holds.

use std::sync::Arc;
use std::time::Duration;

use sotto_wire::live::{Ack, Entry, Fetch, LeftReceipt};
use sotto_wire::{EntrySeq, ReceiptHandle, Sealed, limits, op};

use super::{Engine, SyncError};
use crate::base::crash;
use crate::inbox::{self, Report};
use crate::membership::Context;
use crate::outbox;
use crate::store::table::queue::AckDueRow;
use crate::store::{StoreError, WriteTx};
use crate::transport::RelayClock;

impl Engine {
    /// Takes in what the mailbox holds until it is empty. Says how many entries were ingested and how many of them
    /// are held.
    pub(super) async fn pull(self: &Arc<Self>, deadline: Duration) -> Result<(usize, usize), SyncError> {
        let (mut received, mut held) = (0, 0);
        self.ack(deadline).await?;
        loop {
            let request = Fetch { max: u16::try_from(inbox::BATCH).unwrap_or(50), wait_ms: 0 };
            let before = self.clock.now();
            let answer = self.mailbox_call::<op::MailboxFetch>(&request, deadline).await?;
            self.note_time(&answer.time, before);
            if answer.entries.is_empty() {
                return Ok((received, held));
            }
            let report = self.ingest(answer.entries).await?;
            received += report.received;
            held += report.held;
            self.ack(deadline).await?;
        }
    }

    /// One batch of entries in one transaction, with whatever follows from it.
    pub(super) async fn ingest(self: &Arc<Self>, entries: Vec<Entry>) -> Result<Report, SyncError> {
        let report = self
            .write_blocking("ingesting", move |tx, context| {
                let mut total = Report::default();
                for batch in entries.chunks(inbox::BATCH) {
                    let report = inbox::ingest(tx, context, batch)?;
                    total.received += report.received;
                    total.held += report.held;
                    total.follow.extend(report.follow);
                }
                let again = inbox::retry_held(tx, context)?;
                total.follow.extend(again.follow);
                follow(tx, context, &mut total)?;
                Ok(total)
            })
            .await?;
        crash::point("inbox.after_ingest");
        Ok(report)
    }

    /// Tries held messages again, after the roster or a group has moved.
    pub(super) async fn retry_held(self: &Arc<Self>) -> Result<Report, SyncError> {
        self.write_blocking("trying held messages again", |tx, context| {
            let mut report = inbox::retry_held(tx, context)?;
            follow(tx, context, &mut report)?;
            Ok(report)
        })
        .await
    }

    /// Tells the relay about entries that committed transactions hold.
    pub(super) async fn ack(self: &Arc<Self>, deadline: Duration) -> Result<(), SyncError> {
        loop {
            let due = self.acks_due()?;
            if due.is_empty() {
                return Ok(());
            }
            self.mailbox_call::<op::MailboxAck>(&ack_of(&due), deadline).await?;
            self.acked(due).await?;
        }
    }

    pub(super) fn acks_due(&self) -> Result<Vec<AckDueRow>, SyncError> {
        let limit = u32::try_from(limits::ACKS_PER_CALL / 2).unwrap_or(500);
        Ok(self.store.read::<_, StoreError>(|tx| tx.acks_due(limit))?)
    }

    pub(super) async fn acked(self: &Arc<Self>, due: Vec<AckDueRow>) -> Result<(), SyncError> {
        self.write_blocking("acknowledged to the relay", move |tx, _| {
            for row in &due {
                tx.drop_ack_due(row.entry)?;
            }
            Ok(())
        })
        .await
    }

    pub(super) fn note_time(&self, time: &sotto_wire::SignedTime, before: crate::base::Timestamp) {
        let key = self.transport.endpoint().signing_key;
        if let Ok(clock) = RelayClock::measure(&key, time, before, self.clock.now()) {
            self.note(|status| status.clock = Some(clock));
        }
    }
}

/// The acknowledgement of these rows. Late receipts go without an entry: theirs was acknowledged when it was held.
pub(super) fn ack_of(due: &[AckDueRow]) -> Ack {
    Ack {
        seqs: due.iter().filter(|row| row.entry < inbox::LATE).map(|row| EntrySeq(row.entry)).collect(),
        receipts: due
            .iter()
            .filter_map(|row| {
                let handle = ReceiptHandle::new(row.handle?);
                Some(LeftReceipt { handle, receipt: Sealed::new(row.receipt.clone()) })
            })
            .collect(),
    }
}

/// Files what an ingested batch asks to be sent.
pub(super) fn follow(tx: &WriteTx<'_>, context: &Context<'_>, report: &mut Report) -> Result<(), SyncError> {
    for (id, outgoing) in report.follow.drain(..) {
        if let Some(conversation) = tx.conversation(id)? {
            match outbox::file(tx, context, &conversation, None, &outgoing) {
                Ok(()) | Err(outbox::OutboxError::Closed) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}
