//! Events that the system tells in a conversation: who came, who went, who came back.

use minicbor::{Decode, Encode};

use super::TimelineError;
use crate::audit::{self, Act, Record};
use crate::base::{DeviceId, MessageId, Owner, Secret, codec};
use crate::membership::commit::Accepted;
use crate::membership::{Body, Context, Outgoing};
use crate::store::table::conversation::ConversationRow;
use crate::store::table::message::{MessageKind, MessageRow, Presence, Priority};
use crate::store::{Topic, WriteTx};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum SystemEvent {
    /// Devices were added.
    #[n(1)]
    Joined,
    /// Devices were removed.
    #[n(2)]
    Removed,
    /// A device that had lost its state came back.
    #[n(3)]
    Healed,
}

/// The body of a system message in the store.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SystemBody {
    /// What.
    #[n(0)]
    pub event: SystemEvent,
    /// Whose devices.
    #[n(1)]
    pub owners: Vec<Owner>,
}

/// Tells an event. Devices are told by owner; an owner once.
///
/// # Errors
/// [`TimelineError`].
pub fn system(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
    by: DeviceId,
    event: SystemEvent,
    devices: &[DeviceId],
) -> Result<(), TimelineError> {
    let mut owners: Vec<Owner> = devices.iter().filter_map(|d| context.owner_of(d)).collect();
    owners.sort_unstable();
    owners.dedup();
    let Some(owner) = context.owner_of(&by) else {
        return Ok(());
    };
    let id = MessageId::random(context.random);
    tx.add_message(&MessageRow {
        seq: 0,
        id,
        conversation: conversation.id,
        sender: by,
        owner_kind: owner.kind(),
        owner: owner.as_bytes().to_vec(),
        mine: by == context.me.device,
        kind: MessageKind::System,
        priority: Priority::Routine,
        body: codec::encode(&SystemBody { event, owners }),
        search: String::new(),
        reply_to: None,
        sent: context.now,
        received: context.now,
        drifted: false,
        expires: None,
        edited: 0,
        presence: Presence::Here,
    })?;
    audit::append(
        tx,
        &Record::of(Act::MembershipChanged, context.now)
            .about(id)
            .by(owner.person()),
    )?;
    tx.emit(Topic::Message, id.as_bytes().to_vec());
    Ok(())
}

/// Tells what a commit of this device did, and says what must be sent first in the new epoch: a changed conversation
/// key, under the old one.
///
/// # Errors
/// [`TimelineError`].
pub fn committed(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
    accepted: &Accepted,
) -> Result<Option<Outgoing>, TimelineError> {
    let me = context.me.device;
    if !accepted.added.is_empty() {
        system(
            tx,
            context,
            conversation,
            me,
            SystemEvent::Joined,
            &accepted.added,
        )?;
    }
    if !accepted.removed.is_empty() {
        system(
            tx,
            context,
            conversation,
            me,
            SystemEvent::Removed,
            &accepted.removed,
        )?;
    }
    tx.emit(Topic::Conversation, conversation.id.as_bytes().to_vec());
    Ok(accepted.key.as_ref().map(|(generation, key)| Outgoing {
        // Under the key that everybody has.
        generation: Some(conversation.key_generation),
        ..Outgoing::word(Body::Key(*generation, Secret::new(*key.expose())))
    }))
}
