//! One payload, from the alias it came under to what it changed. Nothing here decides alone: the outer envelope says
//! which conversation, MLS says which device, the roster says whether that device may.

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
use crate::store::table::held::HeldCause;
use crate::store::{Topic, WriteTx};
use crate::timeline::{self, Incoming, SystemEvent};

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
    },
    /// Kept and tried again when something changes.
    Hold(Option<ConversationId>, HeldCause),
    /// Judged: kept as evidence.
    Refuse(Option<ConversationId>, HeldCause),
}

/// Longest title of a conversation, in bytes.
const MAX_TITLE: usize = 512;

impl Outcome {
    const NOTHING: Self = Self::Done {
        message: None,
        follow: None,
        moved: None,
    };

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
    /// When the relay accepted it.
    pub(super) accepted: Timestamp,
    /// The one conversation to try where the alias names none.
    pub(super) only: Option<ConversationId>,
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
                Err(_) => Ok(Outcome::Refuse(Some(conversation.id), HeldCause::Malformed)),
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
        return Ok(Outcome::Refuse(None, HeldCause::Malformed));
    };
    let Some(sender) = context.device(&unverified.sender) else {
        return Ok(Outcome::Hold(None, HeldCause::RosterBehind));
    };
    let Ok(Direct::Welcome(bundle)) = unverified.verify(&sender.details.signature_key) else {
        return Ok(Outcome::Refuse(None, HeldCause::Unauthorised));
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
            })
        }
        join::Joined::RosterBehind => Ok(Outcome::Hold(id, HeldCause::RosterBehind)),
        join::Joined::Refused => Ok(Outcome::Refuse(id, HeldCause::Unauthorised)),
        join::Joined::NoKeyPackage => Ok(Outcome::Refuse(id, HeldCause::UnknownKey)),
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
        ),
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
        ProcessError::TooOld { .. } => Outcome::Refuse(id, HeldCause::TooOld),
        ProcessError::FutureEpoch { .. } => Outcome::Hold(id, HeldCause::FutureEpoch),
        ProcessError::WrongGroup => Outcome::Hold(id, HeldCause::FutureEpoch),
        ProcessError::Undecryptable { .. } => Outcome::Refuse(id, HeldCause::Undecryptable),
        ProcessError::JunkCommit | ProcessError::ExpiredAdd => {
            Outcome::dispute(conversation.id, HeldCause::Undecryptable)
        }
        ProcessError::Malformed => Outcome::Refuse(id, HeldCause::Malformed),
        ProcessError::Unauthorised(_) => Outcome::Refuse(id, HeldCause::Unauthorised),
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
        return Ok(Outcome::Refuse(id, HeldCause::Malformed));
    };
    match context.relate(&inner.head) {
        HeadRelation::Fork => return Ok(Outcome::Refuse(id, HeldCause::Unauthorised)),
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
        return Ok(Outcome::Refuse(id, HeldCause::Unauthorised));
    };
    match inner.body {
        Body::Content(priority, content) => {
            let drift = inner.sent.millis() - arrived.accepted.millis();
            let incoming = Incoming {
                sender,
                owner,
                mine: false,
                priority,
                content: &content,
                sent: inner.sent,
                drifted: drift.unsigned_abs() > 120_000,
                judged_at: at,
            };
            match timeline::apply(tx, context, conversation, &incoming)? {
                timeline::Applied::Stored(message) => Ok(Outcome::Done {
                    message: Some(message),
                    follow: None,
                    moved: None,
                }),
                timeline::Applied::Known => Ok(Outcome::NOTHING),
                timeline::Applied::Refused => Ok(Outcome::Refuse(id, HeldCause::Unauthorised)),
                timeline::Applied::Malformed => Ok(Outcome::Refuse(id, HeldCause::Malformed)),
            }
        }
        Body::Alias(alias) => {
            tx.put_member_alias(conversation.id, sender, &alias)?;
            Ok(Outcome::NOTHING)
        }
        Body::Key(generation, key) => {
            // The key of an epoch comes from the device that opened it.
            if tx.epoch_committer(&conversation.mls_group, generation)? != Some(sender) {
                return Ok(Outcome::Refuse(id, HeldCause::Unauthorised));
            }
            tx.add_conversation_key(conversation.id, generation, &key)?;
            tx.emit(Topic::Held, Vec::new());
            Ok(Outcome::Done {
                message: None,
                follow: None,
                moved: id,
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
                return Ok(Outcome::Refuse(id, HeldCause::Unauthorised));
            }
            let mut row = conversation.clone();
            (row.title, row.updated) = (title, context.now);
            tx.put_conversation(&row)?;
            tx.emit(Topic::Conversation, conversation.id.as_bytes().to_vec());
            Ok(Outcome::NOTHING)
        }
    }
}
