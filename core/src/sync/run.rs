//! Running: a live connection where there is one, long polls where it is refused, back-off where there is neither; and
//! a round whenever something changes here or there.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use sotto_wire::live::{Fetch, ServerFrame};
use sotto_wire::{ErrorCode, op};
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::pull::ack_of;
use super::{Engine, REQUEST, Round, SyncError};
use crate::inbox;
use crate::store::Notice;
use crate::transport::{Backoff, Live, TransportError};

const POLL_MS: u32 = 25_000;
const FOREIGN: Duration = Duration::from_millis(200);
const TICK: Duration = Duration::from_millis(500);
const UPKEEP: Duration = Duration::from_secs(60);

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
    /// Runs until `stop` resolves. Returns when the last transaction has ended; a request in flight is repeated by
    /// the next run.
    ///
    /// # Errors
    /// Only what repeating cannot mend: [`SyncError::Excluded`], [`SyncError::CopiedStore`],
    /// [`SyncError::UpdateRequired`], [`SyncError::NotEnrolled`], and failures of the store.
    pub async fn run(
        self: &Arc<Self>,
        stop: impl Future<Output = ()> + Send,
        signal: impl Fn(Signal) + Send + Sync,
    ) -> Result<(), SyncError> {
        let mut stop = pin!(stop);
        let mut backoff = Backoff::default();
        loop {
            let ended = tokio::select! {
                () = &mut stop => return Ok(()),
                ended = self.connected(&signal) => ended,
            };
            self.note(|status| status.live = false);
            signal(Signal::Live(false));
            let wait = match ended {
                Ok(()) => {
                    backoff = Backoff::default();
                    Duration::ZERO
                }
                Err(error) if error.is_final() => {
                    if matches!(error, SyncError::CopiedStore) {
                        signal(Signal::CloneAlarm);
                    }
                    return Err(error);
                }
                Err(_) => backoff.next(&*self.random),
            };
            tokio::select! {
                () = &mut stop => return Ok(()),
                () = sleep(wait) => {}
            }
        }
    }

    /// One connection's life: a round first, then whatever comes.
    async fn connected(self: &Arc<Self>, signal: &(impl Fn(Signal) + Send + Sync)) -> Result<(), SyncError> {
        let _ = self.tolerate(self.round(REQUEST).await)?;
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
        let mut foreign = interval(FOREIGN);
        let mut tick = interval(TICK);
        let mut upkeep = interval(UPKEEP);
        for timer in [&mut foreign, &mut tick, &mut upkeep] {
            timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        loop {
            let next = tokio::select! {
                frame = live.recv() => Next::Frame(frame),
                notice = changes.next() => match notice {
                    Some(Notice::Changes(_) | Notice::Elsewhere | Notice::Missed(_)) => Next::Changed,
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
                    let due = self.acks_due()?;
                    if !due.is_empty() {
                        live.ack(ack_of(&due), REQUEST).await?;
                        // The relay's confirmation is not waited for: a repeated entry is recognised by its payload.
                        self.acked(due).await?;
                    }
                    self.after_change().await?;
                }
                Next::Frame(Ok(ServerFrame::Time(time))) => self.note_time(&time, self.clock.now()),
                Next::Frame(Ok(ServerFrame::Acked(_))) => {}
                Next::Frame(Ok(ServerFrame::Closed(code))) => {
                    *self.session.lock().await = None;
                    return if code == ErrorCode::MailboxClosed { Err(SyncError::Excluded) } else { Ok(()) };
                }
                Next::Frame(Err(error)) => {
                    if error.code() == Some(ErrorCode::MailboxClosed) {
                        return Err(SyncError::Excluded);
                    }
                    self.session_failed(&error).await;
                    return Err(error.into());
                }
                Next::Changed => self.after_change().await?,
                Next::Tick => self.on_tick().await?,
                Next::Upkeep => {
                    let _ = self.tolerate(self.round(REQUEST).await)?;
                }
            }
        }
    }

    /// Without a live connection: the same by long poll.
    async fn polled(self: &Arc<Self>) -> Result<(), SyncError> {
        let mut changes = self.store.subscribe();
        let mut upkeep = interval(UPKEEP);
        let mut tick = interval(TICK);
        loop {
            let request = Fetch { max: u16::try_from(inbox::BATCH).unwrap_or(50), wait_ms: POLL_MS };
            let patience = Duration::from_millis(u64::from(POLL_MS)) + REQUEST;
            tokio::select! {
                answer = self.mailbox_call::<op::MailboxFetch>(&request, patience) => {
                    let answer = answer?;
                    if !answer.entries.is_empty() {
                        self.ingest(answer.entries).await?;
                        self.ack(REQUEST).await?;
                        self.after_change().await?;
                    }
                }
                notice = changes.next() => match notice {
                    Some(_) => self.after_change().await?,
                    None => return Ok(()),
                },
                _ = tick.tick() => {
                    self.store.notice_foreign_commits()?;
                    self.on_tick().await?;
                }
                _ = upkeep.tick() => {
                    let _ = self.tolerate(self.round(REQUEST).await)?;
                }
            }
        }
    }

    /// Something changed here: send it, and what memberships ask for.
    async fn after_change(self: &Arc<Self>) -> Result<(), SyncError> {
        let (_, stuck) = self.push(REQUEST).await;
        let (_, refused) = self.settle_all(REQUEST).await;
        self.register_aliases(REQUEST).await?;
        let (_, again) = self.push(REQUEST).await;
        if self.needs_roster()? {
            self.read_roster(REQUEST).await?;
            self.retry_held().await?;
        }
        for id in self.gaps()? {
            self.fill_gap(id, REQUEST).await?;
        }
        self.resync_lost(false, REQUEST).await?;
        match stuck.or(refused).or(again) {
            Some(error) => self.tolerate(Err(error)).map(drop),
            None => Ok(()),
        }
    }

    /// What is due by time alone: receipts, and rows whose wait is over.
    async fn on_tick(self: &Arc<Self>) -> Result<(), SyncError> {
        let now = self.clock.now();
        let (receipts, rows) = self.read(|tx, _| {
            let receipts = tx.next_receipt_poll()?.is_some_and(|at| at <= now);
            let rows = tx.outbox_heads()?.iter().any(|row| row.attempts > 0 && row.not_before <= now);
            Ok((receipts, rows))
        })?;
        if receipts {
            let collected = self.collect_receipts(REQUEST).await;
            self.tolerate(collected.map(|_| Round::default()))?;
        }
        if rows {
            self.after_change().await?;
        }
        Ok(())
    }

    /// Trouble with the network is no end of a connection that still stands; trouble of the store and of the device's
    /// standing is.
    fn tolerate(&self, result: Result<Round, SyncError>) -> Result<Option<Round>, SyncError> {
        match result {
            Ok(round) => Ok(Some(round)),
            Err(SyncError::Transport(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
