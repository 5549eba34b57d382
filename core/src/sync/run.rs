//! Running: a live connection where there is one, long polls where it is refused, back-off where there is neither; and
//! a round whenever something changes here or there.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use sotto_wire::live::{Fetch, Fetched, ServerFrame};
use sotto_wire::{ErrorCode, op};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep};

use super::engine::aside;
use super::pull::ack_of;
use super::{Engine, REQUEST, Round, SyncError};
use crate::inbox;
use crate::store::table::queue::AckDueRow;
use crate::store::{Notice, Topic};
use crate::transport::{Backoff, Live, TransportError};

const POLL_MS: u32 = 25_000;
const FOREIGN: Duration = Duration::from_millis(200);
const TICK: Duration = Duration::from_millis(500);
const UPKEEP: Duration = Duration::from_secs(60);
/// How long stopping waits for the last transaction.
const LAST_WRITES: Duration = Duration::from_secs(10);
/// A connection that stood this long has proven itself.
const LASTING: Duration = Duration::from_secs(30);
/// How long the long poll stands in before a live connection is tried again.
const POLLED: Duration = Duration::from_secs(600);

/// What `run` tells its caller besides the store's own notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// A live connection stands, or has ended.
    Live(bool),
    /// The relay holds another session generation: two copies of this store are in use.
    CloneAlarm,
}

enum Next {
    Frame(Result<ServerFrame, TransportError>),
    Changed,
    Tick,
    Upkeep,
    Stop,
}

impl Engine {
    /// Runs until `stop` resolves. Returns when the last transaction has ended, also one that is still queued for its
    /// thread; for that it waits at most ten seconds. A request in flight is repeated by the next run, and so is a
    /// transaction that had not ended by then: nothing is acknowledged or forgotten before it is committed.
    ///
    /// # Errors
    /// Only what repeating cannot mend: [`SyncError::Excluded`], [`SyncError::CopiedStore`],
    /// [`SyncError::UpdateRequired`], [`SyncError::NotEnrolled`], and failures of the store.
    pub async fn run(
        self: &Arc<Self>,
        stop: impl Future<Output = ()> + Send,
        signal: impl Fn(Signal) + Send + Sync,
    ) -> Result<(), SyncError> {
        let result = self.run_until(stop, signal).await;
        self.writes_ended(LAST_WRITES).await;
        result
    }

    async fn run_until(
        self: &Arc<Self>,
        stop: impl Future<Output = ()> + Send,
        signal: impl Fn(Signal) + Send + Sync,
    ) -> Result<(), SyncError> {
        let mut stop = pin!(stop);
        let mut backoff = Backoff::default();
        loop {
            let began = Instant::now();
            let ended = tokio::select! {
                () = &mut stop => return Ok(()),
                ended = self.connected(&signal) => ended,
            };
            self.note(|status| status.live = false);
            signal(Signal::Live(false));
            if let Err(error) = ended
                && error.is_final()
            {
                if matches!(error, SyncError::CopiedStore) {
                    signal(Signal::CloneAlarm);
                }
                return Err(error);
            }
            // However politely a connection ended: one that did not last is not made again at once.
            if began.elapsed() > LASTING {
                backoff = Backoff::default();
            }
            tokio::select! {
                () = &mut stop => return Ok(()),
                () = sleep(backoff.next(&*self.random)) => {}
            }
        }
    }

    /// One connection's life: a round first, then whatever comes.
    async fn connected(
        self: &Arc<Self>,
        signal: &(impl Fn(Signal) + Send + Sync),
    ) -> Result<(), SyncError> {
        tolerate(self.round(REQUEST).await)?;
        let session = self.session(REQUEST).await?;
        match Live::connect(&self.transport, &session.token, REQUEST).await {
            Ok(live) => {
                self.note(|status| status.live = true);
                signal(Signal::Live(true));
                self.live(live).await
            }
            Err(TransportError::UpgradeRefused(_)) => self.polled().await,
            Err(error) => {
                self.session_failed(&error).await;
                Err(error.into())
            }
        }
    }

    async fn live(self: &Arc<Self>, mut live: Live) -> Result<(), SyncError> {
        let mut changes = self.store.subscribe();
        let mut foreign = every(FOREIGN);
        let mut tick = every(TICK);
        let mut upkeep = every(UPKEEP);
        // Acknowledgements are told one after another, and forgotten when the relay has confirmed them: with an entry
        // that comes again its receipt would be gone.
        let mut told: Option<Vec<AckDueRow>> = None;
        loop {
            if told.is_none() {
                let due = self.acks_due()?;
                if !due.is_empty() {
                    live.ack(ack_of(&due), REQUEST).await?;
                    told = Some(due);
                }
            }
            let next = tokio::select! {
                frame = live.recv() => Next::Frame(frame),
                notice = changes.next() => match notice {
                    Some(notice) if concerns(&notice) => Next::Changed,
                    Some(_) => continue,
                    None => Next::Stop,
                },
                _ = foreign.tick() => {
                    self.store.notice_foreign_commits()?;
                    continue;
                }
                _ = tick.tick() => Next::Tick,
                _ = upkeep.tick() => Next::Upkeep,
            };
            match next {
                Next::Stop => return Ok(()),
                Next::Frame(Ok(ServerFrame::Deliver(entries))) => {
                    self.ingest(entries).await?;
                    self.after_change().await?;
                }
                Next::Frame(Ok(ServerFrame::Time(time))) => self.note_time(&time, self.clock.now()),
                Next::Frame(Ok(ServerFrame::Acked(_))) => {
                    if let Some(confirmed) = told.take() {
                        self.acked(confirmed).await?;
                    }
                }
                Next::Frame(Ok(ServerFrame::Closed(code))) => {
                    *self.session.lock().await = None;
                    return if code == ErrorCode::MailboxClosed {
                        Err(SyncError::Excluded)
                    } else {
                        Ok(())
                    };
                }
                Next::Frame(Err(error)) => {
                    if error.code() == Some(ErrorCode::MailboxClosed) {
                        return Err(SyncError::Excluded);
                    }
                    self.session_failed(&error).await;
                    return Err(error.into());
                }
                Next::Changed => {
                    while changes.try_next().is_some() {}
                    self.after_change().await?;
                }
                Next::Tick => self.on_tick().await?,
                Next::Upkeep => tolerate(self.round(REQUEST).await)?,
            }
        }
    }

    async fn long_poll(self: &Arc<Self>) -> Result<Fetched, SyncError> {
        let request = Fetch {
            max: u16::try_from(inbox::BATCH).unwrap_or(50),
            wait_ms: POLL_MS,
        };
        let patience = Duration::from_millis(u64::from(POLL_MS)) + REQUEST;
        self.mailbox_call::<op::MailboxFetch>(&request, patience)
            .await
    }

    /// Without a live connection: the same by long poll, until it is time to try for one again.
    async fn polled(self: &Arc<Self>) -> Result<(), SyncError> {
        let mut changes = self.store.subscribe();
        let mut upkeep = every(UPKEEP);
        let mut tick = every(TICK);
        let end = Instant::now() + POLLED;
        // One request goes on while timers fire around it.
        let mut fetch = pin!(self.long_poll());
        while Instant::now() < end {
            tokio::select! {
                answer = &mut fetch => {
                    let before = self.clock.now();
                    let answer = answer?;
                    self.note_time(&answer.time, before);
                    if !answer.entries.is_empty() {
                        self.ingest(answer.entries).await?;
                        self.ack(REQUEST).await?;
                        self.after_change().await?;
                    }
                    fetch.set(self.long_poll());
                }
                notice = changes.next() => match notice {
                    Some(notice) if concerns(&notice) => {
                        while changes.try_next().is_some() {}
                        self.after_change().await?;
                    }
                    Some(_) => {}
                    None => return Ok(()),
                },
                _ = tick.tick() => {
                    self.store.notice_foreign_commits()?;
                    self.on_tick().await?;
                }
                _ = upkeep.tick() => tolerate(self.round(REQUEST).await)?,
            }
        }
        Ok(())
    }

    /// Something changed here: send it, and what memberships ask for. What this writes is announced only where it made
    /// progress, so it comes to rest; trouble waits for its time.
    async fn after_change(self: &Arc<Self>) -> Result<(), SyncError> {
        let mut trouble = None;
        self.tend(&mut trouble).await?;
        self.pace(trouble.is_some());
        Ok(())
    }

    async fn tend(self: &Arc<Self>, trouble: &mut Option<SyncError>) -> Result<(), SyncError> {
        self.send(REQUEST, trouble).await?;
        self.catch_up(false, REQUEST, trouble).await.map(drop)
    }

    /// What is due by time alone: receipts, rows and wishes whose wait is over, and what has failed.
    async fn on_tick(self: &Arc<Self>) -> Result<(), SyncError> {
        let over = self.wait_is_over();
        if over == Some(false) {
            return Ok(());
        }
        let now = self.clock.now();
        let (receipts, work) = self.read(|tx, _| {
            let receipts = tx.next_receipt_poll()?.is_some_and(|at| at <= now);
            let rows = tx
                .outbox_heads()?
                .iter()
                .any(|row| row.attempts > 0 && row.not_before <= now);
            Ok((
                receipts,
                rows || !tx.conversations_with_changes(now)?.is_empty(),
            ))
        })?;
        let mut trouble = None;
        if work || over.is_some() {
            self.tend(&mut trouble).await?;
        }
        if receipts {
            aside(&mut trouble, self.collect_receipts(REQUEST).await)?;
        }
        if work || receipts || over.is_some() {
            self.pace(trouble.is_some());
        }
        Ok(())
    }
}

/// Trouble is no end of a connection that still stands, unless repeating cannot mend it.
fn tolerate(result: Result<Round, SyncError>) -> Result<(), SyncError> {
    aside(&mut None, result).map(drop)
}

/// The first time after one period: a round has just been made.
fn every(period: Duration) -> Interval {
    let mut timer = interval_at(Instant::now() + period, period);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    timer
}

/// Whether a change may have left something to do here. Messages and receipts are for those who look.
fn concerns(notice: &Notice) -> bool {
    match notice {
        Notice::Changes(changes) => changes
            .iter()
            .any(|change| !matches!(change.topic, Topic::Message | Topic::Receipt | Topic::Inbox)),
        Notice::Elsewhere | Notice::Missed(_) => true,
    }
}
