//! A batch of entries in one transaction: decrypt, judge, store, index, receipt, ack. An entry is acknowledged to the
//! relay only after this transaction has committed, and every entry ends in it: applied, held, or kept as evidence.

use std::collections::BTreeSet;

use sotto_wire::live::Entry;

use super::open::{self, Arrived, Outcome, Refusal};
use super::receipt::LATE;
use super::{InboxError, receipt};
use crate::audit::{self, Act, Record};
use crate::base::{ConversationId, MessageId, Timestamp, sha256};
use crate::membership::{Context, Outgoing};
use crate::store::table::held::{HeldCause, HeldRow, Kept};
use crate::store::{StoreError, Topic, WriteTx};
use crate::timeline::Released;

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
    tx.refuse_waiting_until(context.now)?;
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
            handle,
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
                released,
            } => {
                let receipt = match (message, handle) {
                    (Some(message), Some(handle)) => receipt::make(tx, context, message, &handle)?,
                    _ => Vec::new(),
                };
                done(handle.filter(|_| !receipt.is_empty()), &receipt)?;
                receipts_of(tx, context, &released)?;
                report.follow.extend(follow);
                report.moved.extend(moved);
            }
            Outcome::Hold(conversation, cause) => {
                let row = arrived.row(context, conversation, cause, false);
                if tx.hold(&row)? == Kept::Evidence {
                    // No space to wait.
                    record(tx, context, &Refusal::of(conversation, cause))?;
                }
                tx.emit(Topic::Held, Vec::new());
                done(None, &[])?;
                report.held += 1;
            }
            Outcome::Wait => {
                done(None, &[])?;
                report.held += 1;
            }
            Outcome::Refuse(refusal) => {
                let row = arrived.row(context, refusal.conversation, refusal.cause, true);
                if tx.hold(&row)? == Kept::Evidence {
                    record(tx, context, &refusal)?;
                }
                tx.emit(Topic::Held, Vec::new());
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
        handle: row.handle,
        accepted: row.accepted,
        only,
    };
    match attempt(tx, context, &arrived)? {
        Outcome::Done {
            message,
            follow,
            moved,
            released,
        } => {
            if let (Some(message), Some(handle)) = (message, row.handle) {
                late_receipt(tx, context, row.id, message, &handle)?;
            }
            receipts_of(tx, context, &released)?;
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
        Outcome::Wait => {
            // It waits in a row of its own, decrypted.
            tx.release_held(row.id)?;
        }
        Outcome::Refuse(refusal) => {
            let row = HeldRow {
                conversation: refusal.conversation.or(row.conversation),
                ..row.clone()
            };
            tx.rejudge_held(row.id, refusal.conversation, refusal.cause)?;
            if tx.refuse_held(&row, refusal.cause)? {
                record(tx, context, &refusal)?;
            }
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
        outcome @ (Outcome::Done { .. } | Outcome::Wait) => Ok(outcome),
        Outcome::Refuse(refusal) if refusal.tells => Ok(Outcome::Refuse(refusal)),
        verdict => Err(Undo::Verdict(Box::new(verdict))),
    }) {
        Ok(outcome) => Ok(outcome),
        Err(Undo::Verdict(outcome)) => Ok(*outcome),
        Err(Undo::Error(error)) => match error.store() {
            // What the sender wrote does not fit a row. Taken for our failure it would block the mailbox for ever.
            Some(store) if store.is_about_values() => {
                Ok(Outcome::refuse(None, HeldCause::Malformed))
            }
            Some(store) => Err(store.clone().into()),
            None => Ok(Outcome::refuse(None, HeldCause::Undecryptable)),
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

/// Records a refusal beside its evidence. What is only counted, because the space for evidence is full, is told by that
/// count: whoever sends junk does not fill the audit.
fn record(tx: &WriteTx<'_>, context: &Context<'_>, refusal: &Refusal) -> Result<(), InboxError> {
    let record = Record::of(Act::Refused, context.now).for_reason(refusal.cause.as_str());
    let owner = refusal.sender.and_then(|sender| context.owner_of(&sender));
    audit::append(
        tx,
        &Record {
            message: refusal.event,
            device: refusal.sender,
            ..record.by(owner.and_then(|owner| owner.person()))
        },
    )?;
    Ok(())
}

/// The receipt of something whose entry was acknowledged before: it goes by a number of its own.
fn late_receipt(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    number: i64,
    message: MessageId,
    handle: &[u8; 16],
) -> Result<(), InboxError> {
    let receipt = receipt::make(tx, context, message, handle)?;
    tx.add_ack_due(LATE | number.unsigned_abs(), Some(*handle), &receipt)?;
    Ok(())
}

/// Receipts of what waited for a message and was applied with it.
fn receipts_of(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    released: &[Released],
) -> Result<(), InboxError> {
    for one in released {
        if let (Some(message), Some(handle)) = (one.message, one.handle) {
            late_receipt(tx, context, one.number, message, &handle)?;
        }
    }
    Ok(())
}
