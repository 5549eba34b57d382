//! What has changed, told after the commit.

use tokio::sync::broadcast;

use super::{Client, Error};
use crate::base::{ConversationId, MessageId};
use crate::store::{Change, Notice, Topic};

/// One thing that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A message was added or changed.
    Message {
        /// Where.
        conversation: ConversationId,
        /// Which.
        message: MessageId,
    },
    /// A state of a message changed.
    State {
        /// Which.
        message: MessageId,
    },
    /// The list of conversations, or one's members, changed.
    Conversations,
    /// People, devices or policy changed.
    Roster,
    /// Something is held, or no longer.
    Held,
    /// Another process changed the store, or events were missed: read again.
    Reset,
    /// The live connection came or went.
    Connection {
        /// It stands.
        live: bool,
    },
    /// Another session of this mailbox was alive: the store has been copied.
    CloneAlarm,
}

impl Client {
    /// Hears what changes from now on. Must be called inside a tokio runtime, which carries the events.
    ///
    /// # Errors
    /// `store.locked`.
    pub fn events(&self) -> Result<broadcast::Receiver<Event>, Error> {
        let store = self.store()?;
        let receiver = self.inner.events.subscribe();
        let mut notices = store.subscribe();
        let sender = self.inner.events.clone();
        let client = self.clone();
        let weak = std::sync::Arc::downgrade(&client.inner);
        drop((client, store));
        tokio::spawn(async move {
            while let Some(notice) = notices.next().await {
                let Some(inner) = weak.upgrade() else { return };
                let client = Self { inner };
                match notice {
                    Notice::Changes(changes) => {
                        for event in changes.iter().filter_map(|change| client.event(change)) {
                            // Nobody listening is no error.
                            let _ = sender.send(event);
                        }
                    }
                    Notice::Elsewhere | Notice::Missed(_) => {
                        let _ = sender.send(Event::Reset);
                    }
                }
            }
        });
        Ok(receiver)
    }

    pub(super) fn tell(&self, event: Event) {
        let _ = self.inner.events.send(event);
    }

    fn event(&self, change: &Change) -> Option<Event> {
        Some(match change.topic {
            Topic::Message => {
                let message = MessageId::from_slice(&change.key)?;
                let row = self.store().ok()?.read(|tx| tx.message(message)).ok()??;
                Event::Message { conversation: row.conversation, message }
            }
            Topic::Receipt => Event::State { message: MessageId::from_slice(&change.key)? },
            Topic::Conversation => Event::Conversations,
            Topic::Roster => Event::Roster,
            Topic::Held => Event::Held,
            _ => return None,
        })
    }
}
