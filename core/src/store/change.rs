//! What subscribers hear, after the commit.

use std::sync::Arc;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::Store;

/// What kind of thing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Topic {
    /// A conversation's own state: members, title, epoch.
    Conversation,
    /// A message or card.
    Message,
    /// The roster: people, devices, policy.
    Roster,
    /// Something waits to be sent.
    Outbox,
    /// Something was received.
    Inbox,
    /// A message is held because it cannot be read yet.
    Held,
    /// A receipt or a statement about a message.
    Receipt,
    /// A setting of this device.
    Settings,
}

/// One thing changed. `key` names it in the topic's own way; upper floors read it.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// What kind of thing.
    pub topic: Topic,
    /// Which one.
    pub key: Vec<u8>,
}

/// Redacted: keys are identifiers.
impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Change({:?})", self.topic)
    }
}

/// What a subscriber hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// One commit of this process, in the order of commits.
    Changes(Arc<[Change]>),
    /// Another process committed something; what, only reading tells.
    Elsewhere,
    /// The subscriber was too slow: this many notices are gone, and only reading tells what they were.
    Missed(u64),
}

/// Notices waiting for subscribers that are slow; older ones are dropped and counted.
pub(super) const BACKLOG: usize = 1024;

/// Hears every commit from the moment it was made on.
#[derive(Debug)]
pub struct Subscription(broadcast::Receiver<Notice>);

impl Subscription {
    /// Waits for the next notice; `None` once the store is closed. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Notice> {
        match self.0.recv().await {
            Ok(notice) => Some(notice),
            Err(RecvError::Lagged(count)) => Some(Notice::Missed(count)),
            Err(RecvError::Closed) => None,
        }
    }

    /// The next notice, if one is there.
    pub fn try_next(&mut self) -> Option<Notice> {
        match self.0.try_recv() {
            Ok(notice) => Some(notice),
            Err(TryRecvError::Lagged(count)) => Some(Notice::Missed(count)),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }
}

impl Store {
    /// Subscribes to what is committed from now on. A subscription does not keep the store open.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        Subscription(self.inner.notices.subscribe())
    }
}
