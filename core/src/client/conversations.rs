//! Conversations and messages.

use std::path::Path;

use super::render::Renderer;
use super::{Client, ConversationView, Draft, Error, ErrorKind, MessageView, Retry, Unmask};
use crate::base::{ConversationId, MessageId, Owner, codec};
use crate::conversation::{self, ConversationError, Sent, Text};

/// A message on its way. Its state is asked for with [`Client::status`] and told by events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendHandle {
    /// The message.
    pub message: MessageId,
    /// Where.
    pub conversation: ConversationId,
}

impl From<Sent> for SendHandle {
    fn from(sent: Sent) -> Self {
        Self {
            message: sent.message,
            conversation: sent.conversation,
        }
    }
}

fn ambiguous(what: &str) -> Error {
    let text = format!("several {what} match: say more of it");
    Error::new(ErrorKind::Usage, "ambiguous", Retry::NeedsUser, text)
}

impl Client {
    /// All conversations, the most recently active first.
    ///
    /// # Errors
    /// `store.locked`, `device.not_enrolled`.
    pub fn conversations(&self) -> Result<Vec<ConversationView>, Error> {
        Ok(self
            .for_user()?
            .read(|tx, context| Renderer::new(tx, context).conversations())?)
    }

    /// A conversation by identifier, the beginning of one (at least six digits), title, or the other's name.
    ///
    /// # Errors
    /// `conversation.not_found`, `ambiguous`.
    pub fn find_conversation(&self, text: &str) -> Result<ConversationId, Error> {
        let wanted = text.trim().to_lowercase();
        let all = self.conversations()?;
        let by = |test: &dyn Fn(&ConversationView) -> bool| {
            all.iter().filter(|c| test(c)).collect::<Vec<_>>()
        };
        let usable = |c: &ConversationView| c.state != "read_only" && c.state != "left";
        let mut found = by(&|c| wanted.len() >= 6 && c.id.starts_with(&wanted));
        if found.is_empty() {
            found = by(&|c| c.title.to_lowercase() == wanted && usable(c));
        }
        if found.is_empty() && wanted.len() >= 3 {
            found = by(&|c| c.title.to_lowercase().contains(&wanted) && usable(c));
        }
        if found.is_empty() {
            // One that is over can still be read.
            found = by(&|c| c.title.to_lowercase() == wanted);
        }
        match found.as_slice() {
            [one] => one
                .id
                .parse()
                .map_err(|_| ConversationError::NoConversation.into()),
            [] => Err(ConversationError::NoConversation.into()),
            _ => Err(ambiguous("conversations")),
        }
    }

    /// The one direct conversation with somebody: the existing one, or a new one.
    ///
    /// # Errors
    /// `person.not_found`, `role.not_allowed`.
    pub fn direct(&self, with: Owner) -> Result<ConversationId, Error> {
        Ok(conversation::direct(&*self.for_user()?, with)?)
    }

    /// A new group.
    ///
    /// # Errors
    /// `conversation.alone`, `person.not_found`, `role.not_allowed`.
    pub fn new_group(&self, title: &str, members: &[Owner]) -> Result<ConversationId, Error> {
        Ok(conversation::new_group(&*self.for_user()?, title, members)?)
    }

    /// Adds somebody with all their devices.
    ///
    /// # Errors
    /// `conversation.direct`, `conversation.closed`, `role.not_allowed`, `person.not_found`.
    pub fn add_member(&self, c: ConversationId, owner: Owner) -> Result<(), Error> {
        Ok(conversation::add(&*self.for_user()?, c, owner)?)
    }

    /// Removes somebody with all their devices. They read nothing that is sent afterwards.
    ///
    /// # Errors
    /// As [`Client::add_member`]; `conversation.oneself`.
    pub fn remove_member(&self, c: ConversationId, owner: Owner) -> Result<(), Error> {
        Ok(conversation::remove(&*self.for_user()?, c, owner)?)
    }

    /// Sends a message: stored and shown at once, and on its way as soon as the relay is reached.
    ///
    /// # Errors
    /// `message.empty`, `message.too_long`, `conversation.closed`, `role.not_allowed`, `file.failed`.
    pub fn send(&self, c: ConversationId, draft: Draft) -> Result<SendHandle, Error> {
        let engine = self.for_user()?;
        let text = Text {
            text: draft.text,
            reply_to: draft.reply_to,
            expires: draft.expires,
            urgent: draft.priority >= 2,
        };
        Ok(match &draft.attachment {
            Some(path) => conversation::attach(&engine, c, &text, path)?,
            None => conversation::send::text(&engine, c, &text)?,
        }
        .into())
    }

    /// Reacts to a message.
    ///
    /// # Errors
    /// `message.not_found`, `message.gone`.
    pub fn react(&self, message: MessageId, emoji: &str) -> Result<SendHandle, Error> {
        Ok(conversation::send::react(&*self.for_user()?, message, emoji)?.into())
    }

    /// Replaces one's own text.
    ///
    /// # Errors
    /// `message.not_yours`, `message.not_found`.
    pub fn edit(&self, message: MessageId, text: &str) -> Result<SendHandle, Error> {
        Ok(conversation::send::edit(&*self.for_user()?, message, text)?.into())
    }

    /// Takes one's own message back. A result is corrected, never unsaid.
    ///
    /// # Errors
    /// `message.not_yours`, `message.not_found`.
    pub fn retract(&self, message: MessageId) -> Result<SendHandle, Error> {
        Ok(conversation::send::retract(&*self.for_user()?, message)?.into())
    }

    /// The newest `limit` messages (before a given one), oldest first. Identifiers are masked unless asked for with a
    /// purpose, which is recorded.
    ///
    /// # Errors
    /// `conversation.not_found`, `role.not_allowed`.
    pub fn page(
        &self,
        c: ConversationId,
        before: Option<MessageId>,
        limit: u32,
        unmask: Option<&Unmask>,
    ) -> Result<Vec<MessageView>, Error> {
        let views = self.render(move |renderer| {
            renderer
                .tx
                .conversation(c)?
                .ok_or(ConversationError::NoConversation)?;
            let before = match before {
                Some(id) => Some(
                    renderer
                        .tx
                        .message(id)?
                        .ok_or(ConversationError::NoMessage)?
                        .seq,
                ),
                None => None,
            };
            let mut rows = renderer.tx.messages_before(c, before, limit)?;
            rows.reverse();
            renderer.messages(&rows, unmask)
        })?;
        self.record_unmask(&views, unmask)?;
        Ok(views)
    }

    /// One message.
    ///
    /// # Errors
    /// `message.not_found`, `role.not_allowed`.
    pub fn message(&self, id: MessageId, unmask: Option<&Unmask>) -> Result<MessageView, Error> {
        let mut views = self.render(move |renderer| {
            let row = renderer
                .tx
                .message(id)?
                .ok_or(ConversationError::NoMessage)?;
            renderer.messages(&[row], unmask)
        })?;
        self.record_unmask(&views, unmask)?;
        views
            .pop()
            .ok_or_else(|| ConversationError::NoMessage.into())
    }

    /// A message by identifier or the beginning of one (at least six digits).
    ///
    /// # Errors
    /// `message.not_found`, `ambiguous`.
    pub fn find_message(&self, text: &str) -> Result<MessageId, Error> {
        self.attended()?;
        let text = text.trim();
        let even = text.len() & !1;
        let bytes = text
            .get(..even)
            .and_then(codec::unhex)
            .filter(|b| b.len() >= 3 && b.len() <= 32);
        let bytes = bytes.ok_or(ConversationError::NoMessage)?;
        let found = self
            .store()?
            .read::<_, crate::store::StoreError>(|tx| tx.messages_by_prefix(&bytes))?;
        let lower = text.to_lowercase();
        let found: Vec<_> = found
            .iter()
            .filter(|row| row.id.to_string().starts_with(&lower))
            .collect();
        match found.as_slice() {
            [one] => Ok(one.id),
            [] => Err(ConversationError::NoMessage.into()),
            _ => Err(ambiguous("messages")),
        }
    }

    /// Messages that hold all the words, newest first.
    ///
    /// # Errors
    /// `message.empty` for a search without words.
    pub fn search(&self, query: &str, limit: u32) -> Result<Vec<MessageView>, Error> {
        let rows = conversation::search(&*self.for_user()?, query, limit)?;
        self.render(move |renderer| renderer.messages(&rows, None))
    }

    /// Saves an attachment outside the store: fetched where it is not here yet, checked, decrypted. Recorded.
    ///
    /// # Errors
    /// `attachment.gone`, `attachment.damaged`, `file.failed`, `relay.unreachable`.
    pub async fn save_attachment(
        &self,
        message: MessageId,
        part: u16,
        to: &Path,
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<(), Error> {
        let engine = self.for_user()?;
        Ok(conversation::save(&engine, message, part, to, progress).await?)
    }
}
