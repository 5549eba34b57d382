//! What has changed, told after the commit.

use std::sync::{Arc, Weak};

use tokio::sync::broadcast;
use tokio::task::JoinHandle;

use super::{Client, Error, Inner, LockReason, relock};
use crate::base::{ConversationId, MessageId};
use crate::store::{Change, Notice, Subscription, Topic};

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
    /// Another process changed the store, events were missed, or the client was locked: read again.
    Reset,
    /// The client locked by itself. Nothing that was shown may stay visible.
    Locked {
        /// Why.
        reason: LockReason,
        /// The store is closed; otherwise what is shown is covered until [`Client::verify`].
        closed: bool,
    },
    /// The live connection came or went.
    Connection {
        /// It stands.
        live: bool,
    },
    /// Another session of this mailbox was alive: the store has been copied.
    CloneAlarm,
}

/// Carries what a store tells to whoever listens, until the store is closed.
async fn carry(mut notices: Subscription, inner: Weak<Inner>) {
    while let Some(notice) = notices.next().await {
        let Some(inner) = inner.upgrade() else { return };
        let client = Client { inner };
        match notice {
            Notice::Changes(changes) => {
                for event in changes.iter().filter_map(|change| client.event(change)) {
                    client.tell(event);
                }
            }
            Notice::Elsewhere | Notice::Missed(_) => client.tell(Event::Reset),
        }
    }
}

impl Client {
    /// Hears what changes from now on. Must be called inside a tokio runtime, which carries the events.
    ///
    /// # Errors
    /// `store.locked`.
    pub fn events(&self) -> Result<broadcast::Receiver<Event>, Error> {
        let store = self.store()?;
        let receiver = self.inner.events.subscribe();
        let mut carrier = relock(&self.inner.carrier);
        // One task carries the store's notices to all who listen; one whose runtime has ended is replaced.
        if carrier.as_ref().is_none_or(JoinHandle::is_finished) {
            *carrier = Some(tokio::spawn(carry(
                store.subscribe(),
                Arc::downgrade(&self.inner),
            )));
        }
        Ok(receiver)
    }

    pub(super) fn tell(&self, event: Event) {
        // Nobody listening is no error.
        let _ = self.inner.events.send(event);
    }

    fn event(&self, change: &Change) -> Option<Event> {
        Some(match change.topic {
            Topic::Message => {
                let message = MessageId::from_slice(&change.key)?;
                let row = self.store().ok()?.read(|tx| tx.message(message)).ok()??;
                Event::Message {
                    conversation: row.conversation,
                    message,
                }
            }
            Topic::Receipt => Event::State {
                message: MessageId::from_slice(&change.key)?,
            },
            Topic::Conversation => Event::Conversations,
            Topic::Roster => Event::Roster,
            Topic::Held => Event::Held,
            _ => return None,
        })
    }
}
