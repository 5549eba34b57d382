//! Mailbox to store: entries in batches, each batch one transaction, then the acks of what it holds.

use std::sync::Arc;
use std::time::Duration;

use sotto_wire::live::{Ack, Entry, Fetch, LeftReceipt};
use sotto_wire::{EntrySeq, ReceiptHandle, Sealed, limits, op};

use super::{Engine, SyncError};
use crate::base::{ConversationId, crash};
use crate::inbox::{self, Cause, Report};
use crate::membership::Context;
use crate::outbox::{self, OutboxError};
use crate::store::table::conversation::ConversationState;
use crate::store::table::held::HeldCause;
use crate::store::table::queue::AckDueRow;
use crate::store::{StoreError, WriteTx};
use crate::transport::RelayClock;

impl Engine {
    /// Takes in what the mailbox holds until it is empty. Says how many entries were ingested and how many of them
    /// are held.
    pub(super) async fn pull(
        self: &Arc<Self>,
        deadline: Duration,
    ) -> Result<(usize, usize), SyncError> {
        let (mut received, mut held) = (0, 0);
        self.ack(deadline).await?;
        loop {
            let request = Fetch {
                max: u16::try_from(inbox::BATCH).unwrap_or(50),
                wait_ms: 0,
            };
            let before = self.clock.now();
            let answer = self
                .mailbox_call::<op::MailboxFetch>(&request, deadline)
                .await?;
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

    /// Entries, each batch in one transaction with whatever follows from it.
    pub(super) async fn ingest(self: &Arc<Self>, entries: Vec<Entry>) -> Result<Report, SyncError> {
        let mut total = Report::default();
        let mut entries = entries.into_iter().peekable();
        while entries.peek().is_some() {
            let batch: Vec<Entry> = entries.by_ref().take(inbox::BATCH).collect();
            let report = self
                .write_blocking("ingesting", move |tx, context| {
                    let mut report = inbox::ingest(tx, context, &batch)?;
                    follow(tx, context, &mut report)?;
                    Ok(report)
                })
                .await?;
            total.received += report.received;
            total.held += report.held;
            crash::point("inbox.after_ingest");
        }
        Ok(total)
    }

    /// Tries held messages again, after the roster has moved.
    pub(super) async fn retry_held(self: &Arc<Self>) -> Result<(), SyncError> {
        if self
            .store
            .read::<_, StoreError>(|tx| tx.newest_held_for(HeldCause::RosterBehind))?
            .is_none()
        {
            return Ok(());
        }
        self.write_blocking("trying held messages again", |tx, context| {
            let mut report = inbox::retry_held(tx, context, Cause::Roster)?;
            follow(tx, context, &mut report)
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
            self.mailbox_call::<op::MailboxAck>(&ack_of(&due), deadline)
                .await?;
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
                tx.drop_ack_due(row)?;
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
        seqs: due
            .iter()
            .filter(|row| row.entry < inbox::LATE)
            .map(|row| EntrySeq(row.entry))
            .collect(),
        receipts: due
            .iter()
            .filter_map(|row| {
                let handle = ReceiptHandle::new(row.handle?);
                Some(LeftReceipt {
                    handle,
                    receipt: Sealed::new(row.receipt.clone()),
                })
            })
            .collect(),
    }
}

/// Files what an ingested batch asks to be sent, and what waited for the conversations that have moved. Trouble of one
/// conversation is its own: its drafts stay drafts, and the batch is kept.
pub(super) fn follow(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    report: &mut Report,
) -> Result<(), SyncError> {
    for (id, outgoing) in report.follow.drain(..) {
        let Some(conversation) = tx.conversation(id)? else {
            continue;
        };
        if matches!(
            conversation.state,
            ConversationState::Left | ConversationState::ReadOnly
        ) {
            continue;
        }
        outbox::keep(tx, context, &conversation, None, &outgoing)?;
        report.moved.insert(id);
    }
    for id in std::mem::take(&mut report.moved) {
        encrypt_waiting(tx, context, id)?;
    }
    Ok(())
}

/// Encrypts what waits in a conversation; what cannot be encrypted goes on waiting.
pub(super) fn encrypt_waiting(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    id: ConversationId,
) -> Result<(), SyncError> {
    let Some(conversation) = tx.conversation(id)? else {
        return Ok(());
    };
    match tx.attempt(|tx| outbox::encrypt_ready(tx, context, &conversation)) {
        Err(OutboxError::Store(error)) => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}
