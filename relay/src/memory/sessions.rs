//! Sessions: one per mailbox. Starting one ends the one before, and its sockets learn why.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sotto_wire::{Digest, ErrorCode, TenantId, limits};
use tokio::sync::watch;

use super::lock;
use crate::store::{MailboxKey, Owner};

/// A session of a mailbox.
#[derive(Debug)]
pub(crate) struct Session {
    /// Which organisation its requests must name.
    pub(crate) organisation: TenantId,
    /// Whose mailbox.
    pub(crate) owner: Owner,
    until: Duration,
    ended: watch::Sender<Option<ErrorCode>>,
    waiting: AtomicUsize,
}

impl Session {
    /// To learn that it ended; for sockets and long polls.
    pub(crate) fn ended(&self) -> Ended {
        Ended(self.ended.subscribe())
    }

    /// Counts a socket or long poll as open, as long as the guard lives.
    pub(crate) fn wait(self: &Arc<Self>) -> Waiting {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        Waiting(Arc::clone(self))
    }
}

/// Learns that a session has ended.
#[derive(Debug)]
pub(crate) struct Ended(watch::Receiver<Option<ErrorCode>>);

impl Ended {
    /// Waits until it has; why.
    pub(crate) async fn why(&mut self) -> ErrorCode {
        let why = self.0.wait_for(Option::is_some).await;
        why.ok()
            .and_then(|why| *why)
            .unwrap_or(ErrorCode::SessionExpired)
    }
}

/// An open socket or long poll of a session.
#[derive(Debug)]
pub(crate) struct Waiting(Arc<Session>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

#[derive(Debug, Default)]
struct Maps {
    by_token: HashMap<Digest, Arc<Session>>,
    by_mailbox: HashMap<MailboxKey, Digest>,
}

/// The running sessions.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<Maps>);

impl Sessions {
    /// Starts a session and ends the earlier one; whether that was in use at this moment.
    pub(crate) fn start(
        &self,
        organisation: TenantId,
        owner: Owner,
        token: Digest,
        now: Duration,
    ) -> bool {
        let until = now + Duration::from_secs(u64::from(limits::SESSION_S));
        let (ended, _) = watch::channel(None);
        let session = Session {
            organisation,
            owner,
            until,
            ended,
            waiting: AtomicUsize::new(0),
        };
        let mut maps = lock(&self.0);
        maps.by_token.insert(token, Arc::new(session));
        let earlier = maps
            .by_mailbox
            .insert(owner.mailbox, token)
            .and_then(|token| maps.by_token.remove(&token));
        drop(maps);
        let Some(earlier) = earlier else { return false };
        earlier.ended.send_replace(Some(ErrorCode::SessionExpired));
        earlier.waiting.load(Ordering::SeqCst) > 0
    }

    /// The session of a token, if it still runs.
    pub(crate) fn find(&self, token: &Digest, now: Duration) -> Option<Arc<Session>> {
        lock(&self.0)
            .by_token
            .get(token)
            .filter(|session| session.until > now)
            .map(Arc::clone)
    }

    /// Ends the session of a mailbox.
    pub(crate) fn end(&self, mailbox: MailboxKey, why: ErrorCode) {
        let mut maps = lock(&self.0);
        let session = maps
            .by_mailbox
            .remove(&mailbox)
            .and_then(|token| maps.by_token.remove(&token));
        drop(maps);
        if let Some(session) = session {
            session.ended.send_replace(Some(why));
        }
    }

    /// Ends what is over.
    pub(crate) fn sweep(&self, now: Duration) {
        let over: Vec<MailboxKey> = {
            let maps = lock(&self.0);
            maps.by_token
                .values()
                .filter(|session| session.until <= now)
                .map(|session| session.owner.mailbox)
                .collect()
        };
        for mailbox in over {
            self.end(mailbox, ErrorCode::SessionExpired);
        }
    }

    /// How many run.
    pub(crate) fn count(&self) -> usize {
        lock(&self.0).by_token.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::TenantKey;

    fn owner() -> Owner {
        Owner {
            tenant: TenantKey(1),
            mailbox: MailboxKey(2),
        }
    }

    #[test]
    fn a_new_session_ends_the_one_before_and_tells_its_sockets() {
        let sessions = Sessions::default();
        let (first, second) = (Digest::new([1; 32]), Digest::new([2; 32]));
        let organisation = TenantId::new([0; 16]);
        assert!(!sessions.start(organisation, owner(), first, Duration::ZERO));
        let session = sessions.find(&first, Duration::ZERO).unwrap();
        let ended = session.ended();
        let socket = session.wait();
        assert!(sessions.start(organisation, owner(), second, Duration::ZERO));
        assert_eq!(*ended.0.borrow(), Some(ErrorCode::SessionExpired));
        assert!(sessions.find(&first, Duration::ZERO).is_none());
        drop(socket);
        assert!(!sessions.start(organisation, owner(), first, Duration::ZERO));
    }

    #[test]
    fn a_session_is_over_after_its_time() {
        let sessions = Sessions::default();
        let token = Digest::new([1; 32]);
        sessions.start(TenantId::new([0; 16]), owner(), token, Duration::ZERO);
        let end = Duration::from_secs(u64::from(limits::SESSION_S));
        assert!(sessions.find(&token, end).is_none());
        sessions.sweep(end);
        assert_eq!(sessions.count(), 0);
    }
}
