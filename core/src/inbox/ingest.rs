//! A batch of entries in one transaction: decrypt, judge, store, index, receipt, ack. An entry is acknowledged to the
//! relay only after this transaction has committed, and every entry ends in it: applied, held, or kept as evidence.

use sotto_wire::live::Entry;

use super::open::{self, Arrived, Outcome};
use super::{InboxError, receipt};
use crate::base::{ConversationId, Timestamp, sha256};
use crate::membership::{Context, Outgoing};
use crate::store::table::conversation::ConversationState;
use crate::store::table::held::{HeldCause, HeldRow};
use crate::store::{StoreError, Topic, WriteTx};

/// Most entries of one transaction.
pub const BATCH: usize = 50;

/// What a batch came to.
#[derive(Debug, Default)]
pub struct Report {
    /// Entries that this transaction holds now.
    pub received: usize,
    /// Of these, held or refused.
    pub held: usize,
    /// To be filed in the same transaction.
    pub follow: Vec<(ConversationId, Outgoing)>,
}

/// Ingests a batch. The caller files what follows and commits.
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
        if tx.has_seen_payload(digest.as_bytes())? {
            tx.add_ack_due(seq, None, &[])?;
            continue;
        }
        let arrived = Arrived {
            alias: *entry.alias.as_bytes(),
            payload,
            accepted: Timestamp::from_millis(entry.accepted.0),
        };
        let outcome = attempt(tx, context, &arrived)?;
        tx.mark_payload_seen(digest.as_bytes(), context.now)?;
        report.received += 1;
        match outcome {
            Outcome::Done { message, follow } => {
                let receipt = match (message, handle) {
                    (Some(message), Some(handle)) => receipt::make(tx, context, message, &handle)?,
                    _ => Vec::new(),
                };
                tx.add_ack_due(seq, handle.filter(|_| !receipt.is_empty()), &receipt)?;
                report.follow.extend(follow);
            }
            Outcome::Hold(conversation, cause) => {
                hold(tx, context, &arrived, handle, conversation, cause, false)?;
                tx.add_ack_due(seq, None, &[])?;
                report.held += 1;
            }
            Outcome::Refuse(conversation, cause) => {
                hold(tx, context, &arrived, handle, conversation, cause, true)?;
                tx.add_ack_due(seq, None, &[])?;
                report.held += 1;
            }
            Outcome::Stall(conversation, cause) => {
                stall(tx, conversation)?;
                hold(tx, context, &arrived, handle, Some(conversation), cause, true)?;
                tx.add_ack_due(seq, None, &[])?;
                report.held += 1;
            }
        }
    }
    Ok(report)
}

/// Tries again what is held: after a commit, a new key, or more of the roster.
///
/// # Errors
/// [`InboxError`].
pub fn retry_held(tx: &WriteTx<'_>, context: &Context<'_>) -> Result<Report, InboxError> {
    let mut report = Report::default();
    let mut progress = true;
    while progress {
        progress = false;
        for row in tx.held_open(500)? {
            let arrived =
                Arrived { alias: row.alias, payload: &row.payload, accepted: row.accepted };
            match attempt(tx, context, &arrived)? {
                Outcome::Done { message, follow } => {
                    if let (Some(message), Some(handle)) = (message, row.handle) {
                        let receipt = receipt::make(tx, context, message, &handle)?;
                        // The entry was acknowledged long ago; its receipt goes by a number of its own.
                        tx.add_ack_due(receipt::LATE | row.id.unsigned_abs(), Some(handle), &receipt)?;
                    }
                    report.follow.extend(follow);
                    report.received += 1;
                    tx.release_held(row.id)?;
                    progress = true;
                }
                Outcome::Hold(_, cause) => {
                    if cause != row.cause {
                        tx.rejudge_held(row.id, cause, false)?;
                    }
                }
                Outcome::Refuse(_, cause) => {
                    tx.rejudge_held(row.id, cause, true)?;
                    progress = true;
                }
                Outcome::Stall(conversation, cause) => {
                    stall(tx, conversation)?;
                    tx.rejudge_held(row.id, cause, true)?;
                    progress = true;
                }
            }
        }
    }
    Ok(report)
}

/// One payload in a part of its own: our own failure over one message must not cost the others. Failures of the store
/// itself end the batch.
fn attempt(tx: &WriteTx<'_>, context: &Context<'_>, arrived: &Arrived<'_>) -> Result<Outcome, InboxError> {
    match tx.attempt(|tx| match open::open(tx, context, arrived)? {
        // What is held or refused changes nothing but its own row: a ratchet that moved for it moves back.
        outcome @ Outcome::Done { .. } => Ok(outcome),
        verdict => Err(Undo::Verdict(Box::new(verdict))),
    }) {
        Ok(outcome) => Ok(outcome),
        Err(Undo::Verdict(outcome)) => Ok(*outcome),
        Err(Undo::Error(InboxError::Store(error))) => Err(error.into()),
        Err(Undo::Error(_)) => Ok(Outcome::Refuse(None, HeldCause::Undecryptable)),
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

fn stall(tx: &WriteTx<'_>, conversation: ConversationId) -> Result<(), InboxError> {
    tx.set_conversation_state(conversation, ConversationState::Stalled)?;
    tx.emit(Topic::Conversation, conversation.as_bytes().to_vec());
    Ok(())
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
    })?;
    tx.emit(Topic::Held, Vec::new());
    Ok(())
}
