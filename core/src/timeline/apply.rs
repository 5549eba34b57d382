//! From content to rows: one message, in or out, becomes what the timeline shows. The sender is what MLS and the roster
//! proved, never what the content says.

use sotto_content::mimi::{self, ExternalPart, Meaning, MimiContent};

use super::{TimelineError, card, expiry, statement};
use crate::base::{ConversationId, DeviceId, MessageId, OrganisationId, Owner, Timestamp};
use crate::membership::Context;
use crate::roster::{Action, Actor, Relation, Scope};
use crate::store::table::attachment::{AttachmentRow, AttachmentState};
use crate::store::table::conversation::ConversationRow;
use crate::store::table::message::{MessageKind, MessageRow, Presence, Priority};
use crate::store::{Topic, WriteTx};

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
    /// Sender's time is off the relay's.
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
pub fn uris(organisation: OrganisationId, conversation: ConversationId, sender: DeviceId) -> (String, String) {
    (format!("mimi://{organisation}/d/{sender}"), format!("mimi://{organisation}/r/{conversation}"))
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
    let Ok(content) = MimiContent::decode(incoming.content) else { return Ok(Applied::Malformed) };
    let organisation = context.me.organisation;
    let Some(id) = message_id(organisation, conversation.id, incoming.sender, incoming.content) else {
        return Ok(Applied::Malformed);
    };
    if tx.message(id)?.is_some() {
        return Ok(Applied::Known);
    }
    let event = Event { tx, context, conversation, incoming, content: &content, id };
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
        if !matches!(meaning, Meaning::Card(_) | Meaning::Statement(_)) && !self.may(Action::SendMessage) {
            return Ok(Applied::Refused);
        }
        match meaning {
            Meaning::Text { text, edits: None } => self.store(MessageKind::Text, text),
            Meaning::Text { text, edits: Some(edited) } => self.edit(MessageId::new(*edited.as_bytes()), text),
            Meaning::Reaction { to, reaction } => {
                let to = MessageId::new(*to.as_bytes());
                self.tx.add_reaction(to, self.incoming.sender, reaction, self.id)?;
                self.tx.emit(Topic::Message, to.as_bytes().to_vec());
                Ok(Applied::Known)
            }
            Meaning::Retraction { of } => self.retract(MessageId::new(*of.as_bytes())),
            Meaning::Card(bytes) => card::apply(self, bytes),
            Meaning::Statement(bytes) => statement::apply(self, bytes),
            Meaning::Attachment(part) => self.attach(&[part], ""),
            Meaning::Several(parts) => self.several(parts),
            Meaning::Unknown => Ok(Applied::Malformed),
        }
    }

    fn several(&self, parts: &[Meaning<'_>]) -> Result<Applied, TimelineError> {
        let files: Vec<&ExternalPart> = parts
            .iter()
            .filter_map(|part| if let Meaning::Attachment(file) = part { Some(*file) } else { None })
            .collect();
        let text = parts.iter().find_map(|part| if let Meaning::Text { text, .. } = part { Some(*text) } else { None });
        if files.len() + usize::from(text.is_some()) != parts.len() {
            return Ok(Applied::Malformed);
        }
        self.attach(&files, text.unwrap_or_default())
    }

    /// Whether the sender had the right, where its epoch was opened.
    pub(super) fn may(&self, action: Action) -> bool {
        // What travels in a conversation was addressed to its members.
        let scope = Scope::organisation().with(Relation::Addressed);
        self.context
            .roster
            .at(self.incoming.judged_at)
            .is_some_and(|view| view.may(Actor::device(self.incoming.sender), action, &scope).is_ok())
    }

    /// Stores the message's row.
    pub(super) fn store(&self, kind: MessageKind, search: &str) -> Result<Applied, TimelineError> {
        let priority = match (kind, Priority::from_code(self.incoming.priority)) {
            // Critical is a property of a result, not of a text.
            (MessageKind::Card, priority) => priority,
            (_, priority) => priority.min(Priority::Urgent),
        };
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
            reply_to: self.content.in_reply_to.map(|id| MessageId::new(*id.as_bytes())),
            sent: self.incoming.sent,
            received: self.context.now,
            drifted: self.incoming.drifted,
            expires: expiry::ends(self.content, self.incoming.sent, self.context.now),
            edited: 0,
            presence: Presence::Here,
        })?;
        Ok(Applied::Stored(self.id))
    }

    /// A person edits what they sent, from whichever of their devices.
    fn edit(&self, edited: MessageId, text: &str) -> Result<Applied, TimelineError> {
        let Some(original) = self.original(edited)? else { return Ok(Applied::Refused) };
        if original.kind != MessageKind::Text {
            return Ok(Applied::Refused);
        }
        self.tx.edit_message(edited, self.incoming.content, text)?;
        self.tx.emit(Topic::Message, edited.as_bytes().to_vec());
        Ok(Applied::Known)
    }

    /// Takes back a message, or a reaction.
    fn retract(&self, of: MessageId) -> Result<Applied, TimelineError> {
        self.tx.drop_reaction(of, self.incoming.sender)?;
        let Some(original) = self.original(of)? else { return Ok(Applied::Known) };
        // A result is corrected, never unsaid.
        if original.kind == MessageKind::Card || original.kind == MessageKind::Statement {
            return Ok(Applied::Refused);
        }
        self.tx.purge_message(of, Presence::Retracted)?;
        self.tx.emit(Topic::Message, of.as_bytes().to_vec());
        Ok(Applied::Known)
    }

    /// The message, if it is in this conversation and of the same person or place.
    fn original(&self, id: MessageId) -> Result<Option<MessageRow>, TimelineError> {
        Ok(self.tx.message(id)?.filter(|row| {
            row.conversation == self.conversation.id
                && row.owner_kind == self.incoming.owner.kind()
                && row.owner == self.incoming.owner.as_bytes()
        }))
    }

    fn attach(&self, files: &[&ExternalPart], text: &str) -> Result<Applied, TimelineError> {
        let names: Vec<&str> = files.iter().map(|file| file.filename.as_str()).collect();
        let applied = self.store(MessageKind::Attachment, &[text, &names.join(" ")].join(" "))?;
        for (index, file) in files.iter().enumerate() {
            let blob = file.url.strip_prefix(super::BLOB_URL).and_then(crate::base::codec::unhex);
            let Some(blob) = blob.and_then(|bytes| <[u8; 16]>::try_from(bytes).ok()) else {
                return Ok(Applied::Malformed);
            };
            let Ok(part) = u16::try_from(index + 1) else { return Ok(Applied::Malformed) };
            self.tx.put_attachment(&AttachmentRow {
                message: self.id,
                part,
                blob,
                size: file.size,
                name: file.filename.clone(),
                media: file.content_type.clone(),
                key: file.key.clone(),
                digest: file.content_hash.clone(),
                file: String::new(),
                state: AttachmentState::Wanted,
                done: 0,
            })?;
        }
        Ok(applied)
    }
}
