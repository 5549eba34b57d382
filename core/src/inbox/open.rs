//! One payload, from the alias it came under to what it changed. Nothing here decides alone: the outer envelope says
//! which conversation, MLS says which device, the roster says whether that device may.

use std::time::Duration;

use super::InboxError;
use crate::base::{ConversationId, DeviceId, MessageId, Timestamp, codec, sha256};
use crate::membership::direct::{self, Direct};
use crate::membership::envelope::{self, Frame};
use crate::membership::{
    Admission, Body, Context, Inner, Outgoing, admit, commit, join, load_group,
};
use crate::mls::{Group, ProcessError, Processed, StagedRemote};
use crate::roster::{Action, Actor, HeadRelation, Scope};
use crate::store::table::conversation::ConversationRow;
use crate::store::table::held::{HeldCause, HeldRow};
use crate::store::{Topic, WriteTx};
use crate::timeline::{self, Applied, Incoming, Released, SystemEvent};

/// The furthest roster entry that a message has named and this device has not read.
pub(super) const SEEN_AHEAD: &str = "roster seen ahead";

/// What became of a payload.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Done with: what it changed is in this transaction. A message for people asks for a receipt.
    Done {
        /// The message it carried, if it was one.
        message: Option<MessageId>,
        /// Something that follows and is to be filed in the same transaction.
        follow: Option<(ConversationId, Outgoing)>,
        /// A conversation whose epoch or keys have changed: what is held there may open now.
        moved: Option<ConversationId>,
        /// What had waited for it, and was applied with it.
        released: Vec<Released>,
    },
    /// Kept and tried again when something changes.
    Hold(Option<ConversationId>, HeldCause),
    /// Decrypted, and about something that has not come: it waits in this transaction.
    Wait,
    /// Judged: kept as evidence.
    Refuse(Refusal),
}

/// A judgement against what came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusal {
    /// Where it belongs, if known.
    pub(super) conversation: Option<ConversationId>,
    /// Why.
    pub(super) cause: HeldCause,
    /// The device that is proven to have sent it, if one is.
    pub(super) sender: Option<DeviceId>,
    /// The content's own identifier, if it is content.
    pub(super) event: Option<MessageId>,
    /// What it told all the same stays.
    pub(super) tells: bool,
}

impl Refusal {
    pub(super) const fn of(conversation: Option<ConversationId>, cause: HeldCause) -> Self {
        Self {
            conversation,
            cause,
            sender: None,
            event: None,
            tells: false,
        }
    }
}

/// Beyond this a sender's clock counts as drifted.
const DRIFT: Duration = Duration::from_secs(120);
/// Longest title of a conversation, in bytes.
const MAX_TITLE: usize = 512;

impl Outcome {
    const NOTHING: Self = Self::Done {
        message: None,
        follow: None,
        moved: None,
        released: Vec::new(),
    };

    pub(super) const fn refuse(conversation: Option<ConversationId>, cause: HeldCause) -> Self {
        Self::Refuse(Refusal::of(conversation, cause))
    }

    /// Says whose it is, where it is refused.
    fn from(self, sender: DeviceId, event: Option<MessageId>) -> Self {
        match self {
            Self::Refuse(refusal) => Self::Refuse(Refusal {
                sender: Some(sender),
                event: event.or(refusal.event),
                ..refusal
            }),
            other => other,
        }
    }

    /// A commit that this device does not follow. Whether the relay accepted it is for the relay to say: if it did, the
    /// conversation stands still; if it did not, a member made it up, and it is evidence.
    const fn dispute(conversation: ConversationId, cause: HeldCause) -> Self {
        Self::Hold(Some(conversation), cause)
    }
}

/// A payload as it arrived.
#[derive(Clone, Copy)]
pub(super) struct Arrived<'a> {
    /// The alias of this device that it came under.
    pub(super) alias: [u8; 16],
    /// The bytes.
    pub(super) payload: &'a [u8],
    /// Handle for its receipt.
    pub(super) handle: Option<[u8; 16]>,
    /// When the relay accepted it.
    pub(super) accepted: Timestamp,
    /// The one conversation to try where the alias names none.
    pub(super) only: Option<ConversationId>,
}

impl Arrived<'_> {
    /// Its row where it is held.
    pub(super) fn row(
        &self,
        context: &Context<'_>,
        conversation: Option<ConversationId>,
        cause: HeldCause,
        refused: bool,
    ) -> HeldRow {
        HeldRow {
            id: 0,
            conversation,
            alias: self.alias,
            payload: self.payload.to_vec(),
            cause,
            refused,
            handle: self.handle,
            accepted: self.accepted,
            since: context.now,
            repeats: 0,
        }
    }
}

/// Opens one payload and applies what it says.
///
/// # Errors
/// [`InboxError`]: our own failure, never the sender's.
pub(super) fn open(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    arrived: &Arrived<'_>,
) -> Result<Outcome, InboxError> {
    match arrived.payload.first() {
        Some(&direct::VERSION) => return open_direct(tx, context, arrived),
        // Somebody has claimed an invitation of this device: it is looked at where approvals are.
        Some(&direct::CLAIM) => {
            tx.emit(Topic::Roster, Vec::new());
            return Ok(Outcome::NOTHING);
        }
        _ => {}
    }
    let candidates = match tx.alias(&arrived.alias)? {
        Some(Some(id)) => tx.conversation(id)?.into_iter().collect(),
        // Traffic of a conversation whose members do not know this device's own alias yet.
        _ => match arrived.only {
            Some(id) => tx.conversation(id)?.into_iter().collect(),
            None => tx.conversations()?,
        },
    };
    for conversation in candidates {
        let keys = tx.conversation_keys(conversation.id)?;
        if let Some((_, frame)) = envelope::unwrap(&keys, arrived.payload) {
            return match frame {
                Ok(Frame::Mls(bytes)) => open_mls(tx, context, arrived, &conversation, &bytes),
                Err(_) => Ok(Outcome::refuse(Some(conversation.id), HeldCause::Malformed)),
            };
        }
    }
    let conversation = tx.alias(&arrived.alias)?.flatten();
    Ok(Outcome::Hold(conversation, HeldCause::UnknownKey))
}

fn open_direct(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    arrived: &Arrived<'_>,
) -> Result<Outcome, InboxError> {
    let Ok(unverified) = direct::open(&context.me.sealing_key(), arrived.payload) else {
        return Ok(Outcome::refuse(None, HeldCause::Malformed));
    };
    let Some(sender) = context.device(&unverified.sender) else {
        return Ok(Outcome::Hold(None, HeldCause::RosterBehind));
    };
    let Ok(Direct::Welcome(bundle)) = unverified.verify(&sender.details.signature_key) else {
        return Ok(Outcome::refuse(None, HeldCause::Unauthorised));
    };
    let id = Some(bundle.conversation);
    match join::accept(tx, context, unverified.sender, &bundle)? {
        join::Joined::Member(row) => {
            tx.emit(Topic::Conversation, row.id.as_bytes().to_vec());
            timeline::system(
                tx,
                context,
                &row,
                unverified.sender,
                SystemEvent::Joined,
                &[context.me.device],
            )?;
            let follow = Some((row.id, Outgoing::word(Body::Alias(row.alias))));
            Ok(Outcome::Done {
                message: None,
                follow,
                moved: Some(row.id),
                released: Vec::new(),
            })
        }
        join::Joined::RosterBehind => Ok(Outcome::Hold(id, HeldCause::RosterBehind)),
        join::Joined::Refused => Ok(Outcome::refuse(id, HeldCause::Unauthorised)),
        // It does not open, and yet it tells where this device has a leaf.
        join::Joined::NoKeyPackage => Ok(Outcome::Refuse(Refusal {
            sender: Some(unverified.sender),
            tells: true,
            ..Refusal::of(id, HeldCause::UnknownKey)
        })),
    }
}

fn open_mls(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    arrived: &Arrived<'_>,
    conversation: &ConversationRow,
    bytes: &[u8],
) -> Result<Outcome, InboxError> {
    let id = Some(conversation.id);
    // The answer to a commit of this device was lost and its echo is here: the relay has accepted it.
    let pending = tx.pending_commit(conversation.id)?;
    if let Some(pending) = pending.filter(|p| p.commit_digest == sha256(arrived.payload)) {
        let accepted = commit::accepted(tx, context, conversation, &pending)?;
        let follow = timeline::committed(tx, context, conversation, &accepted)?;
        let follow = follow.map(|out| (conversation.id, out));
        return Ok(Outcome::Done {
            message: None,
            follow,
            moved: id,
            released: Vec::new(),
        });
    }
    let Some(mut group) = load_group(tx, conversation)? else {
        return Ok(Outcome::Hold(id, HeldCause::FutureEpoch));
    };
    match group.process(bytes) {
        Ok(Processed::Application {
            sender,
            epoch,
            plaintext,
        }) => open_application(
            tx,
            context,
            arrived,
            conversation,
            sender,
            epoch,
            &plaintext,
        )
        .map(|outcome| outcome.from(sender, None)),
        Ok(Processed::Commit(staged)) => open_commit(tx, context, conversation, group, *staged),
        Ok(Processed::OwnEcho { .. }) => Ok(Outcome::NOTHING),
        Err(error) => judge(error, conversation),
    }
}

fn judge(error: ProcessError, conversation: &ConversationRow) -> Result<Outcome, InboxError> {
    let id = Some(conversation.id);
    Ok(match error {
        ProcessError::Fault(fault) => return Err(fault.into()),
        ProcessError::Duplicate => Outcome::NOTHING,
        ProcessError::TooOld { .. } => Outcome::refuse(id, HeldCause::TooOld),
        ProcessError::FutureEpoch { .. } => Outcome::Hold(id, HeldCause::FutureEpoch),
        ProcessError::WrongGroup => Outcome::Hold(id, HeldCause::FutureEpoch),
        ProcessError::Undecryptable { .. } => Outcome::refuse(id, HeldCause::Undecryptable),
        ProcessError::JunkCommit | ProcessError::ExpiredAdd => {
            Outcome::dispute(conversation.id, HeldCause::Undecryptable)
        }
        ProcessError::Malformed => Outcome::refuse(id, HeldCause::Malformed),
        ProcessError::Unauthorised(_) => Outcome::refuse(id, HeldCause::Unauthorised),
        ProcessError::Removed => Outcome::NOTHING,
    })
}

fn open_commit(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
    mut group: Group<'_>,
    staged: StagedRemote,
) -> Result<Outcome, InboxError> {
    let id = Some(conversation.id);
    let roster_seq = match admit(context, conversation, &staged) {
        Admission::Stands(seq) => seq,
        Admission::RosterBehind => return Ok(Outcome::Hold(id, HeldCause::RosterBehind)),
        Admission::RosterFork | Admission::Refused => {
            return Ok(Outcome::dispute(conversation.id, HeldCause::Unauthorised));
        }
    };
    if !admit::entitled(context, conversation, &staged, roster_seq) {
        return Ok(Outcome::dispute(conversation.id, HeldCause::Unauthorised));
    }
    // Nobody goes back to a roster in which they still counted.
    let floor = tx.epoch_roster_seq(&conversation.mls_group, staged.from_epoch)?;
    if floor.is_some_and(|floor| roster_seq < floor) {
        return Ok(Outcome::dispute(conversation.id, HeldCause::Unauthorised));
    }
    let (committer, removes_me) = (staged.committer, staged.removes_me);
    let added: Vec<DeviceId> = staged.added.iter().map(|(device, _)| *device).collect();
    let removed = staged.removed.clone();
    let external = staged.external;
    group.merge_remote(staged)?;
    tx.drop_pending_commit(conversation.id)?;
    if removes_me {
        commit::left(tx, conversation)?;
    } else {
        let here: Vec<DeviceId> = group.members()?.iter().map(|m| m.device).collect();
        commit::departed(tx, context, conversation, &here, &removed)?;
        tx.put_epoch(
            &conversation.mls_group,
            group.epoch(),
            roster_seq,
            committer,
        )?;
        group.forget_old_epochs(context.now)?;
    }
    tx.touch_conversation(conversation.id, context.now)?;
    tx.emit(Topic::Conversation, conversation.id.as_bytes().to_vec());
    if !added.is_empty() {
        timeline::system(
            tx,
            context,
            conversation,
            committer,
            SystemEvent::Joined,
            &added,
        )?;
    }
    if !removed.is_empty() {
        timeline::system(
            tx,
            context,
            conversation,
            committer,
            SystemEvent::Removed,
            &removed,
        )?;
    }
    if external {
        timeline::system(
            tx,
            context,
            conversation,
            committer,
            SystemEvent::Healed,
            &[committer],
        )?;
    }
    Ok(Outcome::Done {
        message: None,
        follow: None,
        moved: id,
        released: Vec::new(),
    })
}

fn open_application(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    arrived: &Arrived<'_>,
    conversation: &ConversationRow,
    sender: DeviceId,
    epoch: u64,
    plaintext: &[u8],
) -> Result<Outcome, InboxError> {
    let id = Some(conversation.id);
    let Ok(inner) = codec::decode::<Inner>(plaintext) else {
        return Ok(Outcome::refuse(id, HeldCause::Malformed));
    };
    match context.relate(&inner.head) {
        HeadRelation::Fork => return Ok(Outcome::refuse(id, HeldCause::Unauthorised)),
        // The sender knows more of the roster: it is read before the next thing is sent.
        HeadRelation::Ahead => {
            if tx
                .meta::<u64>(SEEN_AHEAD)?
                .is_none_or(|seen| seen != inner.head.seq)
            {
                tx.put_meta(SEEN_AHEAD, &inner.head.seq)?;
            }
        }
        HeadRelation::Known { .. } => {}
    }
    // A right is judged where the epoch was opened. The ratchet has moved, so the payload is not held but refused
    // where it was missing then.
    let at = tx
        .epoch_roster_seq(&conversation.mls_group, epoch)?
        .unwrap_or(context.head().seq);
    let Some(owner) = context
        .owner_of(&sender)
        .filter(|_| context.was_confirmed(&sender, at))
    else {
        return Ok(Outcome::refuse(id, HeldCause::Unauthorised));
    };
    match inner.body {
        Body::Content(priority, content) => {
            let incoming = Incoming {
                sender,
                owner,
                mine: false,
                priority,
                content: &content,
                sent: inner.sent,
                drifted: drifted(inner.sent, arrived.accepted),
                judged_at: at,
            };
            apply(tx, context, arrived, conversation, &incoming)
        }
        Body::Alias(alias) => {
            tx.put_member_alias(conversation.id, sender, &alias)?;
            Ok(Outcome::NOTHING)
        }
        Body::Key(generation, key) => {
            // The key of an epoch comes from the device that opened it.
            if tx.epoch_committer(&conversation.mls_group, generation)? != Some(sender) {
                return Ok(Outcome::refuse(id, HeldCause::Unauthorised));
            }
            tx.add_conversation_key(conversation.id, generation, &key)?;
            tx.emit(Topic::Held, Vec::new());
            Ok(Outcome::Done {
                message: None,
                follow: None,
                moved: id,
                released: Vec::new(),
            })
        }
        Body::Info(title, patient) => {
            // Whom a conversation is about is decided by its first card, and does not change.
            let manages = context.roster.at(at).is_some_and(|view| {
                view.may(
                    Actor::device(sender),
                    Action::ManageMembers,
                    &Scope::organisation(),
                )
                .is_ok()
            });
            if !manages || patient != conversation.patient || title.len() > MAX_TITLE {
                return Ok(Outcome::refuse(id, HeldCause::Unauthorised));
            }
            let mut row = conversation.clone();
            (row.title, row.updated) = (title, context.now);
            tx.put_conversation(&row)?;
            tx.emit(Topic::Conversation, conversation.id.as_bytes().to_vec());
            Ok(Outcome::NOTHING)
        }
    }
}

/// Whether a sender's clock is certainly off: it wrote at a time that the relay had not reached, by more than two minutes,
/// when it accepted the message. That it wrote long before says nothing, for what is written offline waits with its
/// sender; and whose clock is behind cannot be told from who waited.
fn drifted(sent: Timestamp, accepted: Timestamp) -> bool {
    sent > accepted.plus(DRIFT)
}

/// Applies content, lets it wait for what it is about, and applies what has waited for it.
fn apply(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    arrived: &Arrived<'_>,
    conversation: &ConversationRow,
    incoming: &Incoming<'_>,
) -> Result<Outcome, InboxError> {
    let id = Some(conversation.id);
    let event = timeline::message_id(
        context.me.organisation,
        conversation.id,
        incoming.sender,
        incoming.content,
    );
    let refused = |cause| Ok(Outcome::refuse(id, cause).from(incoming.sender, event));
    let message = match timeline::apply(tx, context, conversation, incoming)? {
        Applied::Stored(message) => Some(message),
        Applied::Known => None,
        Applied::Refused => return refused(HeldCause::Unauthorised),
        Applied::Malformed => return refused(HeldCause::Malformed),
        Applied::Waits(awaiting) => {
            let row = arrived.row(context, id, HeldCause::UnknownMessage, false);
            return if timeline::wait(tx, context, incoming, awaiting, &row)? {
                Ok(Outcome::Wait)
            } else {
                refused(HeldCause::UnknownMessage)
            };
        }
    };
    let released = match event {
        Some(event) => timeline::arrived(tx, context, event)?,
        None => Vec::new(),
    };
    Ok(Outcome::Done {
        message,
        follow: None,
        moved: None,
        released,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waited_with_its_sender_is_no_drift_and_what_was_written_after_it_came_is() {
        let accepted = Timestamp::from_millis(1_000_000_000);
        let day = Duration::from_secs(24 * 3600);
        assert!(!drifted(accepted.minus(day), accepted));
        assert!(!drifted(accepted.plus(DRIFT), accepted));
        assert!(drifted(
            accepted.plus(DRIFT + Duration::from_millis(1)),
            accepted
        ));
    }
}
