//! What comes before the message it is about: an edit, a retraction, a reaction, a statement about a version that is
//! still on its way. It waits and is applied, in one transaction, right after that message, so that the order of arrival
//! changes nothing. Its right is judged then, as if it had come in order.

use std::collections::VecDeque;
use std::time::Duration;

use sotto_content::mimi::MimiContent;

use super::apply::{Applied, Incoming, apply};
use super::{TimelineError, expiry};
use crate::audit::{self, Act, Record};
use crate::base::digest::sha256_parts;
use crate::base::{ConversationId, Digest, MessageId, Timestamp};
use crate::membership::Context;
use crate::store::table::card::CardRow;
use crate::store::table::held::{HeldCause, HeldRow};
use crate::store::table::waiting::WaitingRow;
use crate::store::{StoreError, Topic, WriteTx};

/// Longest wait: what has not come by then does not come. After it, what waited is evidence.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// Content that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Awaiting {
    /// Its own identifier.
    pub event: MessageId,
    /// Names what it waits for.
    pub subject: Digest,
}

/// What was applied after its wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Released {
    /// Number of the row in `held` that it had.
    pub number: i64,
    /// The message it became, if it became one.
    pub message: Option<MessageId>,
    /// Handle for the receipt that it is owed.
    pub handle: Option<[u8; 16]>,
}

/// Names a message that is waited for.
pub(super) fn message(id: MessageId) -> Digest {
    sha256_parts(&[b"sotto/awaited message\0", id.as_bytes()])
}

/// Names a version of a result that is waited for in a conversation.
pub(super) fn version(
    conversation: ConversationId,
    identity: &[u8; 16],
    version: u32,
    digest: &Digest,
) -> Digest {
    sha256_parts(&[
        b"sotto/awaited version\0",
        conversation.as_bytes(),
        identity,
        &version.to_be_bytes(),
        digest.as_bytes(),
    ])
}

fn version_of(card: &CardRow) -> Digest {
    version(
        card.conversation,
        &card.identity,
        card.version,
        &card.digest,
    )
}

/// Lets content wait; `as_it_came` is what is shown meanwhile, and the evidence in the end. `false`, and nothing changed,
/// where its sender, or its conversation, has too much waiting already.
///
/// # Errors
/// [`TimelineError`].
pub fn wait(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    incoming: &Incoming<'_>,
    awaiting: Awaiting,
    as_it_came: &HeldRow,
) -> Result<bool, TimelineError> {
    let waits = tx.wait(
        as_it_came,
        &WaitingRow {
            subject: awaiting.subject,
            event: awaiting.event,
            sender: incoming.sender,
            owner: incoming.owner,
            priority: incoming.priority,
            content: incoming.content.to_vec(),
            sent: incoming.sent,
            drifted: incoming.drifted,
            judged_at: incoming.judged_at,
            until: until(context, incoming),
        },
    )?;
    if waits {
        tx.emit(Topic::Held, Vec::new());
    }
    Ok(waits)
}

/// Content that disappears does not outlive its time because it waits.
fn until(context: &Context<'_>, incoming: &Incoming<'_>) -> Timestamp {
    let longest = context.now.plus(LONGEST);
    MimiContent::decode(incoming.content)
        .ok()
        .and_then(|content| expiry::ends(&content, incoming.sent, context.now, incoming.drifted))
        .map_or(longest, |end| end.min(longest))
}

/// Applies what has waited for content that was just applied, and what waited for that in turn. What its sender may not
/// do is evidence now, exactly as if it had come after.
///
/// # Errors
/// [`TimelineError`].
pub fn arrived(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    event: MessageId,
) -> Result<Vec<Released>, TimelineError> {
    let mut subjects = VecDeque::from([message(event)]);
    subjects.extend(tx.card(event)?.as_ref().map(version_of));
    let mut released = Vec::new();
    while let Some(subject) = subjects.pop_front() {
        for (number, waiting) in tx.waiting_for(&subject)? {
            let Some(held) = tx.held_row(number)? else {
                continue;
            };
            match attempt(tx, context, &held, &waiting)? {
                Some(applied @ (Applied::Stored(_) | Applied::Known)) => {
                    subjects.push_back(message(waiting.event));
                    let message = match applied {
                        Applied::Stored(message) => Some(message),
                        _ => None,
                    };
                    released.push(Released {
                        number,
                        message,
                        handle: held.handle,
                    });
                }
                Some(Applied::Waits(_)) => continue,
                Some(Applied::Refused) => {
                    refuse(tx, context, &held, &waiting, HeldCause::Unauthorised)?;
                }
                Some(Applied::Malformed) | None => {
                    refuse(tx, context, &held, &waiting, HeldCause::Malformed)?;
                }
            }
            tx.emit(Topic::Held, Vec::new());
        }
    }
    Ok(released)
}

enum Undo {
    Verdict(Applied),
    Error(TimelineError),
}

impl From<StoreError> for Undo {
    fn from(error: StoreError) -> Self {
        Self::Error(error.into())
    }
}

impl From<TimelineError> for Undo {
    fn from(error: TimelineError) -> Self {
        Self::Error(error)
    }
}

/// Applies one in a part of its own: a verdict against it changes nothing. `None` where it does not fit a row, which must
/// not cost the message that it waited for.
fn attempt(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    held: &HeldRow,
    waiting: &WaitingRow,
) -> Result<Option<Applied>, TimelineError> {
    let conversation = match held.conversation {
        Some(id) => tx.conversation(id)?,
        None => None,
    };
    let Some(conversation) = conversation else {
        return Ok(None);
    };
    let incoming = Incoming {
        sender: waiting.sender,
        owner: waiting.owner,
        mine: false,
        priority: waiting.priority,
        content: &waiting.content,
        sent: waiting.sent,
        drifted: waiting.drifted,
        judged_at: waiting.judged_at,
    };
    match tx.attempt(|tx| {
        tx.release_held(held.id)?;
        match apply(tx, context, &conversation, &incoming)? {
            done @ (Applied::Stored(_) | Applied::Known) => Ok(done),
            verdict => Err(Undo::Verdict(verdict)),
        }
    }) {
        Ok(done) => Ok(Some(done)),
        Err(Undo::Verdict(verdict)) => Ok(Some(verdict)),
        Err(Undo::Error(TimelineError::Store(error))) if error.is_about_values() => Ok(None),
        Err(Undo::Error(error)) => Err(error),
    }
}

fn refuse(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    held: &HeldRow,
    waiting: &WaitingRow,
    cause: HeldCause,
) -> Result<(), TimelineError> {
    if tx.refuse_held(held, cause)? {
        audit::append(
            tx,
            &Record::of(Act::Refused, context.now)
                .by(waiting.owner.person())
                .from(waiting.sender)
                .about(waiting.event)
                .for_reason(cause.as_str()),
        )?;
    }
    Ok(())
}
