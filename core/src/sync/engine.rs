//! What every part of a round shares: the store, the relay, this device, and the roster as far as the store has it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sotto_wire::Bearer;
use tokio::sync::watch;

use super::SyncError;
use crate::base::{Clock, ConversationId, Random, Timestamp};
use crate::membership::Context;
use crate::roster::{Roster, RosterKey};
use crate::store::table::device::DeviceSelf;
use crate::store::{ReadTx, Store, StoreError, WriteTx};
use crate::transport::{Backoff, RelayClock, Session, Transport};

/// What the last contact with the relay said.
#[derive(Debug, Clone, Default)]
pub struct Status {
    /// The relay's time against this device's.
    pub clock: Option<RelayClock>,
    /// A live connection stands.
    pub live: bool,
}

/// What has been asked already, so that nothing is asked again before something has changed or the next round comes.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// The newest message that waits for the roster, and the furthest entry named.
    pub(super) roster: (Option<i64>, Option<u64>),
    /// The newest message that waits for a commit, by conversation.
    pub(super) gaps: HashMap<ConversationId, i64>,
    /// Conversations that could not be come back to.
    pub(super) hopeless: BTreeSet<ConversationId>,
    /// When key packages were last counted.
    pub(super) counted: Option<Timestamp>,
    failures: u32,
    until: Option<Timestamp>,
}

impl Asked {
    /// A round asks everything anew.
    pub(super) fn forget(&mut self) {
        self.roster = (None, None);
        self.gaps.clear();
        self.hopeless.clear();
    }
}

/// Trouble of one part: noted, so that the others go on; raised where repeating cannot mend it.
pub(super) fn aside<T>(
    trouble: &mut Option<SyncError>,
    result: Result<T, SyncError>,
) -> Result<Option<T>, SyncError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_final() => Err(error),
        Err(error) => {
            *trouble = Some(error);
            Ok(None)
        }
    }
}

/// One device's sync engine. Shared by all tasks of a process.
pub struct Engine {
    pub(super) store: Store,
    pub(super) transport: Transport,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) session: tokio::sync::Mutex<Option<Session>>,
    /// Commits of one process go out one after another.
    pub(super) committing: tokio::sync::Mutex<()>,
    /// With how often the stored log had been judged anew.
    roster: Mutex<Option<(Arc<Roster>, u64)>>,
    status: Mutex<Status>,
    asked: Mutex<Asked>,
    /// Writes that were handed to another thread and have not ended.
    writing: watch::Sender<usize>,
}

/// One such write, from before it is queued until it has ended.
struct Writing(Arc<Engine>);

impl Writing {
    fn begin(engine: &Arc<Engine>) -> Self {
        engine.writing.send_modify(|count| *count += 1);
        Self(Arc::clone(engine))
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.0
            .writing
            .send_modify(|count| *count = count.saturating_sub(1));
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine(..)")
    }
}

fn relock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// An engine over an open store.
    #[must_use]
    pub fn new(
        store: Store,
        transport: Transport,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self {
            store,
            transport,
            clock,
            random,
            session: tokio::sync::Mutex::new(None),
            committing: tokio::sync::Mutex::new(()),
            roster: Mutex::new(None),
            status: Mutex::new(Status::default()),
            asked: Mutex::new(Asked::default()),
            writing: watch::Sender::new(0),
        }
    }
    /// The store.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }
    /// The relay.
    #[must_use]
    pub const fn transport(&self) -> &Transport {
        &self.transport
    }
    /// Where encrypted copies of attachments lie.
    #[must_use]
    pub fn attachments(&self) -> std::path::PathBuf {
        self.store.dir().join("attachments")
    }
    /// Entropy.
    #[must_use]
    pub fn random(&self) -> &dyn Random {
        &*self.random
    }
    /// This device's clock.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }
    /// What the last contact said.
    #[must_use]
    pub fn status(&self) -> Status {
        relock(&self.status).clone()
    }
    /// The relay's time now, by the last measurement; `None` before there was one.
    #[must_use]
    pub fn relay_now(&self) -> Option<Timestamp> {
        let now = self.clock.now();
        self.status().clock.map(|clock| clock.relay_time(now))
    }
    pub(super) fn note(&self, change: impl FnOnce(&mut Status)) {
        change(&mut relock(&self.status));
    }

    pub(super) fn asked<T>(&self, look: impl FnOnce(&mut Asked) -> T) -> T {
        look(&mut relock(&self.asked))
    }
    /// After trouble, what time alone would bring about waits, longer each time.
    pub(super) fn pace(&self, troubled: bool) {
        let now = self.clock.now();
        self.asked(|asked| {
            if troubled {
                asked.until = Some(now.plus(Backoff::default().nth(asked.failures, &*self.random)));
                asked.failures = asked.failures.saturating_add(1);
            } else {
                (asked.until, asked.failures) = (None, 0);
            }
        });
    }
    /// Whether that wait is over: `None` where there was no trouble.
    pub(super) fn wait_is_over(&self) -> Option<bool> {
        let now = self.clock.now();
        self.asked(|asked| asked.until.map(|until| until <= now))
    }

    /// One write with everything a decision needs. The roster is the store's, also where another process advanced it.
    ///
    /// # Errors
    /// What `work` returns; [`SyncError::NotEnrolled`].
    pub fn write<T>(
        &self,
        label: &'static str,
        work: impl FnOnce(&WriteTx<'_>, &Context<'_>) -> Result<T, SyncError>,
    ) -> Result<T, SyncError> {
        self.store.write(label, |tx| {
            let me = tx.device_self()?.ok_or(SyncError::NotEnrolled)?;
            let roster = self.roster_of(tx, &me)?;
            let context = Context {
                me: &me,
                roster: &roster,
                now: self.clock.now(),
                random: &*self.random,
            };
            work(tx, &context)
        })
    }

    /// One read with the same.
    ///
    /// # Errors
    /// What `work` returns; [`SyncError::NotEnrolled`].
    pub fn read<T>(
        &self,
        work: impl FnOnce(&ReadTx<'_>, &Context<'_>) -> Result<T, SyncError>,
    ) -> Result<T, SyncError> {
        self.store.read(|tx| {
            let me = tx.device_self()?.ok_or(SyncError::NotEnrolled)?;
            let roster = self.roster_of(tx, &me)?;
            let context = Context {
                me: &me,
                roster: &roster,
                now: self.clock.now(),
                random: &*self.random,
            };
            work(tx, &context)
        })
    }

    /// The same write on a thread that may block, for use from tasks.
    pub(super) async fn write_blocking<T: Send + 'static>(
        self: &Arc<Self>,
        label: &'static str,
        work: impl FnOnce(&WriteTx<'_>, &Context<'_>) -> Result<T, SyncError> + Send + 'static,
    ) -> Result<T, SyncError> {
        let writing = Writing::begin(self);
        match tokio::task::spawn_blocking(move || writing.0.write(label, work)).await {
            Ok(result) => result,
            Err(_) => Err(SyncError::Stopped),
        }
    }

    /// Waits until no write is queued or under way on another thread, for at most `deadline`: what was begun is not left
    /// to a runtime that is ending.
    pub(super) async fn writes_ended(&self, deadline: Duration) {
        let mut writing = self.writing.subscribe();
        let ended = writing.wait_for(|count| *count == 0);
        if tokio::time::timeout(deadline, ended).await.is_err() {
            crate::log_event!(WARN, "stopping before the last write has ended");
        }
    }

    /// The roster as of this transaction: the cached one, moved on by entries that were stored since.
    fn roster_of(&self, tx: &ReadTx<'_>, me: &DeviceSelf) -> Result<Arc<Roster>, SyncError> {
        let mut cached = relock(&self.roster);
        let (end, replayed) = (tx.roster_end()?, super::roster::replayed(tx)?);
        let known = cached
            .as_ref()
            .filter(|(_, of)| *of == replayed)
            .map(|(roster, _)| roster);
        if let Some(roster) = known.filter(|r| r.next_position() == end) {
            return Ok(Arc::clone(roster));
        }
        let known = known.map(Arc::as_ref);
        let roster = Arc::new(super::roster::rebuild(tx, me, known)?);
        *cached = Some((Arc::clone(&roster), replayed));
        Ok(roster)
    }

    /// The submit bearer of the newest roster epoch this device has.
    pub(super) fn bearer(&self) -> Result<Bearer, SyncError> {
        let keys = self.store.read::<_, StoreError>(super::roster::keyring)?;
        Ok(bearer_of(keys.newest().ok_or(SyncError::NoRosterKey)?))
    }
}

/// The submit bearer that a roster key gives, as the wire carries it.
pub(super) fn bearer_of(key: &RosterKey) -> Bearer {
    Bearer::new(*key.submit_bearer().expose())
}
