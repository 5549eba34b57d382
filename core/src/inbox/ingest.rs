//! A batch of entries in one transaction: decrypt, judge, store, index, receipt, ack. An entry is acknowledged to the
//! relay only after this transaction has committed, and every entry ends in it: applied, held, or kept as evidence.

use std::collections::BTreeSet;

use sotto_wire::live::Entry;

use super::open::{self, Arrived, Outcome};
use super::receipt::LATE;
use super::{InboxError, receipt};
use crate::base::{ConversationId, Timestamp, sha256};
use crate::membership::{Context, Outgoing};
use crate::store::table::held::{HeldCause, HeldRow};
use crate::store::{StoreError, Topic, WriteTx};

/// Most entries of one transaction.
pub const BATCH: usize = 50;
/// Held rows read at once.
const PAGE: u32 = 100;

/// What a batch came to.
#[derive(Debug, Default)]
pub struct Report {
    /// Entries that this transaction holds now.
    pub received: usize,
    /// Of these, held or refused.
    pub held: usize,
    /// To be filed in the same transaction.
    pub follow: Vec<(ConversationId, Outgoing)>,
    /// Conversations whose epoch or keys have changed.
    pub moved: BTreeSet<ConversationId>,
}

/// What may have made held messages readable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A conversation's epoch or keys have changed.
    Moved(ConversationId),
    /// More of the roster has been read.
    Roster,
}

/// Ingests a batch, and what it made readable of what was held. The caller files what follows and commits.
///
/// # Errors
/// [`InboxError`] where the store itself fails: nothing of the batch is acknowledged.
pub fn ingest(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    entries: &[Entry],
) -> Result<Report, InboxError> {
    let mut report = Report::default();
    for entry in entries.iter().take(BATCH) {
        let payload = entry.payload.as_bytes();
        let digest = sha256(payload);
        let handle = entry.receipt.map(|h| *h.as_bytes());
        let seq = entry.seq.0;
        // What was read from a slot has no entry in the mailbox.
        let done = |handle, receipt: &[u8]| {
            if seq < LATE {
                tx.add_ack_due(seq, handle, receipt)
            } else {
                Ok(())
            }
        };
        if tx.has_seen_payload(digest.as_bytes())? {
            done(None, &[])?;
            continue;
        }
        let arrived = Arrived {
            alias: *entry.alias.as_bytes(),
            payload,
            accepted: Timestamp::from_millis(entry.accepted.0),
            only: None,
        };
        let outcome = attempt(tx, context, &arrived)?;
        tx.mark_payload_seen(digest.as_bytes(), context.now)?;
        report.received += 1;
        match outcome {
            Outcome::Done {
                message,
                follow,
                moved,
            } => {
                let receipt = match (message, handle) {
                    (Some(message), Some(handle)) => receipt::make(tx, context, message, &handle)?,
                    _ => Vec::new(),
                };
                done(handle.filter(|_| !receipt.is_empty()), &receipt)?;
                report.follow.extend(follow);
                report.moved.extend(moved);
            }
            Outcome::Hold(conversation, cause) => {
                hold(tx, context, &arrived, handle, conversation, cause, false)?;
                done(None, &[])?;
                report.held += 1;
            }
            Outcome::Refuse(conversation, cause) => {
                hold(tx, context, &arrived, handle, conversation, cause, true)?;
                done(None, &[])?;
                report.held += 1;
            }
        }
    }
    settle(tx, context, &mut report)?;
    Ok(report)
}

/// Tries held messages again that may have become readable, and those that they make readable in turn.
///
/// # Errors
/// [`InboxError`].
pub fn retry_held(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    cause: Cause,
) -> Result<Report, InboxError> {
    let mut report = Report::default();
    match cause {
        Cause::Moved(id) => {
            report.moved.insert(id);
        }
        Cause::Roster => pass(tx, context, &mut report, None)?,
    }
    settle(tx, context, &mut report)?;
    Ok(report)
}

/// Until nothing moves any more. It ends: a conversation moves only by a row that is released for good.
fn settle(tx: &WriteTx<'_>, context: &Context<'_>, report: &mut Report) -> Result<(), InboxError> {
    let mut all = report.moved.clone();
    while let Some(id) = report.moved.pop_first() {
        pass(tx, context, report, Some(id))?;
        all.extend(report.moved.iter().copied());
    }
    report.moved = all;
    Ok(())
}

/// One look at everything that waits for a conversation, or for the roster.
fn pass(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    report: &mut Report,
    scope: Option<ConversationId>,
) -> Result<(), InboxError> {
    let mut last = 0;
    loop {
        let rows = match scope {
            Some(id) => tx.held_waiting(id, last, PAGE)?,
            None => tx.held_for(HeldCause::RosterBehind, last, PAGE)?,
        };
        let Some(row) = rows.last() else {
            return Ok(());
        };
        last = row.id;
        for row in &rows {
            retry(tx, context, report, row, scope)?;
        }
    }
}

fn retry(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    report: &mut Report,
    row: &HeldRow,
    only: Option<ConversationId>,
) -> Result<(), InboxError> {
    let arrived = Arrived {
        alias: row.alias,
        payload: &row.payload,
        accepted: row.accepted,
        only,
    };
    match attempt(tx, context, &arrived)? {
        Outcome::Done {
            message,
            follow,
            moved,
        } => {
            if let (Some(message), Some(handle)) = (message, row.handle) {
                let receipt = receipt::make(tx, context, message, &handle)?;
                // The entry was acknowledged long ago; its receipt goes by a number of its own.
                tx.add_ack_due(LATE | row.id.unsigned_abs(), Some(handle), &receipt)?;
            }
            report.follow.extend(follow);
            report.moved.extend(moved);
            report.received += 1;
            tx.emit(Topic::Held, Vec::new());
            tx.release_held(row.id)?;
        }
        Outcome::Hold(conversation, cause) => {
            if cause != row.cause || (conversation.is_some() && conversation != row.conversation) {
                tx.rejudge_held(row.id, conversation, cause)?;
            }
        }
        Outcome::Refuse(conversation, cause) => {
            let row = HeldRow {
                conversation: conversation.or(row.conversation),
                ..row.clone()
            };
            tx.rejudge_held(row.id, conversation, cause)?;
            tx.refuse_held(&row, cause)?;
        }
    }
    Ok(())
}

/// One payload in a part of its own: our own failure over one message must not cost the others. Failures of the store
/// itself end the batch.
fn attempt(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    arrived: &Arrived<'_>,
) -> Result<Outcome, InboxError> {
    match tx.attempt(|tx| match open::open(tx, context, arrived)? {
        // What is held or refused changes nothing but its own row: a ratchet that moved for it moves back.
        outcome @ Outcome::Done { .. } => Ok(outcome),
        verdict => Err(Undo::Verdict(Box::new(verdict))),
    }) {
        Ok(outcome) => Ok(outcome),
        Err(Undo::Verdict(outcome)) => Ok(*outcome),
        Err(Undo::Error(error)) => match error.store() {
            // What the sender wrote does not fit a row. Taken for our failure it would block the mailbox for ever.
            Some(store) if store.is_about_values() => {
                Ok(Outcome::Refuse(None, HeldCause::Malformed))
            }
            Some(store) => Err(store.clone().into()),
            None => Ok(Outcome::Refuse(None, HeldCause::Undecryptable)),
        },
    }
}

enum Undo {
    Verdict(Box<Outcome>),
    Error(InboxError),
}

impl From<StoreError> for Undo {
    fn from(error: StoreError) -> Self {
        Self::Error(error.into())
    }
}

impl From<InboxError> for Undo {
    fn from(error: InboxError) -> Self {
        Self::Error(error)
    }
}

fn hold(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    arrived: &Arrived<'_>,
    handle: Option<[u8; 16]>,
    conversation: Option<ConversationId>,
    cause: HeldCause,
    refused: bool,
) -> Result<(), InboxError> {
    tx.hold(&HeldRow {
        id: 0,
        conversation,
        alias: arrived.alias,
        payload: arrived.payload.to_vec(),
        cause,
        refused,
        handle,
        accepted: arrived.accepted,
        since: context.now,
        repeats: 0,
    })?;
    tx.emit(Topic::Held, Vec::new());
    Ok(())
}
