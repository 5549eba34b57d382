//! From content to rows: one message, in or out, becomes what the timeline shows. The sender is what MLS and the roster
//! proved, never what the content says.

use sotto_content::mimi::{self, Meaning, MimiContent};

use super::{Awaiting, TimelineError, attachment, card, change, expiry, statement};
use crate::audit::{self, Act, Record};
use crate::base::{ConversationId, DeviceId, Digest, MessageId, OrganisationId, Owner, Timestamp};
use crate::membership::Context;
use crate::roster::{Action, Actor, Relation, Scope};
use crate::store::table::conversation::ConversationRow;
use crate::store::table::message::{MessageKind, MessageRow, Presence, Priority};
use crate::store::{Topic, WriteTx};

/// Longest text of one message, in bytes.
pub const MAX_TEXT: usize = 64 * 1024;

/// Content with everything proven about where it came from.
#[derive(Clone, Copy)]
pub struct Incoming<'a> {
    /// The device whose leaf signed it.
    pub sender: DeviceId,
    /// Whose device it was then.
    pub owner: Owner,
    /// Sent from here.
    pub mine: bool,
    /// 1 routine, 2 urgent, 3 critical.
    pub priority: u8,
    /// MIMI content.
    pub content: &'a [u8],
    /// Sender's time.
    pub sent: Timestamp,
    /// The sender's clock is certainly off: see `drifted` of [`MessageRow`].
    pub drifted: bool,
    /// The roster position at which the sender's right is judged.
    pub judged_at: u64,
}

/// What became of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// A message of the timeline, new here.
    Stored(MessageId),
    /// Known already: nothing changed.
    Known,
    /// About something that has not come: nothing changed, and it can [`wait`](super::wait).
    Waits(Awaiting),
    /// Its sender may not do that.
    Refused,
    /// Not content of this project.
    Malformed,
}

/// The draft's MessageId of content in a conversation: it binds sender, room and bytes.
#[must_use]
pub fn message_id(
    organisation: OrganisationId,
    conversation: ConversationId,
    sender: DeviceId,
    content: &[u8],
) -> Option<MessageId> {
    let (sender, room) = uris(organisation, conversation, sender);
    mimi::message_id(content, &sender, &room).map(|id| MessageId::new(*id.as_bytes()))
}

/// Sender URI and room URI.
#[must_use]
pub fn uris(
    organisation: OrganisationId,
    conversation: ConversationId,
    sender: DeviceId,
) -> (String, String) {
    (
        format!("mimi://{organisation}/d/{sender}"),
        format!("mimi://{organisation}/r/{conversation}"),
    )
}

/// Applies content. Everything it changes is in this transaction.
///
/// # Errors
/// [`TimelineError`]: our own failure.
pub fn apply(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
    incoming: &Incoming<'_>,
) -> Result<Applied, TimelineError> {
    let Ok(content) = MimiContent::decode(incoming.content) else {
        return Ok(Applied::Malformed);
    };
    let organisation = context.me.organisation;
    let Some(id) = message_id(
        organisation,
        conversation.id,
        incoming.sender,
        incoming.content,
    ) else {
        return Ok(Applied::Malformed);
    };
    if tx.message(id)?.is_some() || tx.is_waiting(id)? {
        return Ok(Applied::Known);
    }
    let event = Event {
        tx,
        context,
        conversation,
        incoming,
        content: &content,
        id,
    };
    let meaning = content.meaning();
    let applied = event.apply(&meaning)?;
    if matches!(applied, Applied::Stored(_)) {
        tx.touch_conversation(conversation.id, context.now)?;
        tx.emit(Topic::Message, id.as_bytes().to_vec());
    }
    Ok(applied)
}

/// One message while it is applied.
pub(super) struct Event<'a, 'tx> {
    pub(super) tx: &'a WriteTx<'tx>,
    pub(super) context: &'a Context<'a>,
    pub(super) conversation: &'a ConversationRow,
    pub(super) incoming: &'a Incoming<'a>,
    pub(super) content: &'a MimiContent,
    pub(super) id: MessageId,
}

impl Event<'_, '_> {
    fn apply(&self, meaning: &Meaning<'_>) -> Result<Applied, TimelineError> {
        if !matches!(meaning, Meaning::Card(_) | Meaning::Statement(_))
            && !self.may(Action::SendMessage)
        {
            return Ok(Applied::Refused);
        }
        match meaning {
            Meaning::Text { text, .. } if text.len() > MAX_TEXT => Ok(Applied::Malformed),
            Meaning::Text { text, edits: None } => self.store_for_people(MessageKind::Text, text),
            Meaning::Text {
                text,
                edits: Some(edited),
            } => change::edit(self, MessageId::new(*edited.as_bytes()), text),
            Meaning::Reaction { to, reaction } => {
                change::react(self, MessageId::new(*to.as_bytes()), reaction)
            }
            Meaning::Retraction { of } => change::retract(self, MessageId::new(*of.as_bytes())),
            Meaning::Card(bytes) => card::apply(self, bytes),
            Meaning::Statement(bytes) => statement::apply(self, bytes),
            Meaning::Attachment(part) => attachment::apply(self, &[part], ""),
            Meaning::Several(parts) => attachment::several(self, parts),
            Meaning::Unknown => Ok(Applied::Malformed),
        }
    }

    /// It waits for what it is about. This device itself speaks of what it has.
    pub(super) const fn waits(&self, subject: Digest, here: Applied) -> Applied {
        if self.incoming.mine {
            return here;
        }
        Applied::Waits(Awaiting {
            event: self.id,
            subject,
        })
    }

    /// Whether the sender had the right, where its epoch was opened.
    pub(super) fn may(&self, action: Action) -> bool {
        // What travels in a conversation was addressed to its members.
        let scope = Scope::organisation().with(Relation::Addressed);
        self.context
            .roster
            .at(self.incoming.judged_at)
            .is_some_and(|view| {
                view.may(Actor::device(self.incoming.sender), action, &scope)
                    .is_ok()
            })
    }

    /// A record of this message: by whom, where a person sent it.
    pub(super) const fn record(&self, act: Act) -> Record {
        Record::of(act, self.context.now)
            .about(self.id)
            .by(self.incoming.owner.person())
    }

    /// The record that it was sent, or received.
    pub(super) const fn passage(&self) -> Record {
        self.record(if self.incoming.mine {
            Act::Sent
        } else {
            Act::Received
        })
    }

    /// Stores what people say to each other, and that it passed.
    pub(super) fn store_for_people(
        &self,
        kind: MessageKind,
        search: &str,
    ) -> Result<Applied, TimelineError> {
        audit::append(self.tx, &self.passage())?;
        // Critical is a property of a result, not of a text.
        let priority = Priority::from_code(self.incoming.priority).min(Priority::Urgent);
        self.store(kind, priority, search)
    }

    /// Stores the message's row.
    pub(super) fn store(
        &self,
        kind: MessageKind,
        priority: Priority,
        search: &str,
    ) -> Result<Applied, TimelineError> {
        // A time that is no date (years 1 to 9999) could neither be shown nor exported.
        let dated = is_date(self.incoming.sent);
        let sent = if dated {
            self.incoming.sent
        } else {
            self.context.now
        };
        let drifted = self.incoming.drifted || !dated;
        self.tx.add_message(&MessageRow {
            seq: 0,
            id: self.id,
            conversation: self.conversation.id,
            sender: self.incoming.sender,
            owner_kind: self.incoming.owner.kind(),
            owner: self.incoming.owner.as_bytes().to_vec(),
            mine: self.incoming.mine,
            kind,
            priority,
            body: self.incoming.content.to_vec(),
            search: search.to_owned(),
            reply_to: self
                .content
                .in_reply_to
                .map(|id| MessageId::new(*id.as_bytes())),
            sent,
            received: self.context.now,
            drifted,
            expires: expiry::ends(self.content, sent, self.context.now, drifted),
            edited: 0,
            presence: Presence::Here,
        })?;
        Ok(Applied::Stored(self.id))
    }
}

/// Whether a time can be written as a date.
pub(super) fn is_date(time: Timestamp) -> bool {
    !time.to_rfc3339().is_empty()
}
