//! A conversation as something to watch: a page to begin with, and then what changed, never "read it all again" unless
//! another process wrote.

use std::collections::HashSet;

use super::{Client, Error, Event, MessageStatusView, MessageView, SendHandle};
use crate::base::{ConversationId, MessageId};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

redacted!(Diff, Timeline);

/// One change of a timeline.
#[derive(Clone)]
pub enum Diff {
    /// A message came after all that were shown.
    Append(Box<MessageView>),
    /// A message that was shown changed: edited, retracted, expired, a reaction, a new current version.
    Update(Box<MessageView>),
    /// A state of a message changed.
    State(MessageStatusView),
    /// Another process changed the store, or changes were missed: this is the newest page, in place of all before.
    Reset(Vec<MessageView>),
}

/// A conversation being watched. Identifiers are masked.
pub struct Timeline {
    client: Client,
    conversation: ConversationId,
    events: Receiver<Event>,
    shown: HashSet<MessageId>,
    /// Local number of the newest message that was shown.
    newest: i64,
    limit: u32,
}

fn ids(page: &[MessageView]) -> HashSet<MessageId> {
    page.iter()
        .filter_map(|view| view.id.parse().ok())
        .collect()
}

impl Client {
    /// Watches a conversation: the newest `limit` messages, oldest first, and a [`Timeline`] that tells what follows.
    /// Earlier pages are read with [`Client::page`]. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// `conversation.not_found`, `store.locked`.
    pub fn timeline(
        &self,
        c: ConversationId,
        limit: u32,
    ) -> Result<(Vec<MessageView>, Timeline), Error> {
        // Subscribed first, so that nothing falls between the page and the first change.
        let events = self.events()?;
        let page = self.page(c, None, limit, None)?;
        let newest = self.place_of(page.last())?;
        let timeline = Timeline {
            client: self.clone(),
            conversation: c,
            events,
            shown: ids(&page),
            newest,
            limit,
        };
        Ok((page, timeline))
    }

    /// Local number of a message; zero for none.
    fn place_of(&self, view: Option<&MessageView>) -> Result<i64, Error> {
        let Some(id) = view.and_then(|view| view.id.parse().ok()) else {
            return Ok(0);
        };
        let row = self
            .store()?
            .read::<_, crate::store::StoreError>(|tx| tx.message(id))?;
        Ok(row.map_or(0, |row| row.seq))
    }
}

impl Timeline {
    /// The next change; `None` once the client is locked. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Diff> {
        loop {
            let event = match self.events.recv().await {
                Ok(event) => event,
                Err(RecvError::Lagged(_)) => Event::Reset,
                Err(RecvError::Closed) => return None,
            };
            match event {
                Event::Message {
                    conversation,
                    message,
                } if conversation == self.conversation => {
                    let Ok(view) = self.client.message(message, None) else {
                        continue;
                    };
                    if self.shown.contains(&message) {
                        return Some(Diff::Update(Box::new(view)));
                    }
                    // A change of an earlier page is not a new message.
                    let place = self.client.place_of(Some(&view)).ok()?;
                    if place > self.newest {
                        self.newest = place;
                        self.shown.insert(message);
                        return Some(Diff::Append(Box::new(view)));
                    }
                }
                Event::State { message } if self.shown.contains(&message) => {
                    if let Ok(status) = self.client.status(message) {
                        return Some(Diff::State(status));
                    }
                }
                Event::Reset => {
                    let page = self
                        .client
                        .page(self.conversation, None, self.limit, None)
                        .ok()?;
                    self.newest = self.client.place_of(page.last()).ok()?;
                    self.shown = ids(&page);
                    return Some(Diff::Reset(page));
                }
                _ => {}
            }
        }
    }
}

impl SendHandle {
    /// The message's states as they are now: the relay's word, then each addressee's.
    ///
    /// # Errors
    /// `message.not_found`, `store.locked`.
    pub fn state(&self, client: &Client) -> Result<MessageStatusView, Error> {
        client.status(self.message)
    }

    /// Waits until a state changes, and returns the new ones. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// As [`SendHandle::state`].
    pub async fn changed(&self, client: &Client) -> Result<MessageStatusView, Error> {
        let mut events = client.events()?;
        loop {
            match events.recv().await {
                Ok(Event::State { message }) if message == self.message => {
                    return self.state(client);
                }
                // Also where the client was locked, which the state then tells.
                Ok(Event::Reset) | Err(RecvError::Lagged(_)) => return self.state(client),
                Ok(_) => {}
                Err(RecvError::Closed) => return Err(Error::locked()),
            }
        }
    }
}
