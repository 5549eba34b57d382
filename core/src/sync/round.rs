//! One round with the relay, in the order that makes most progress: know who is who, be reachable, send, change
//! memberships, take in, send what that caused, collect receipts.

use std::sync::Arc;
use std::time::Duration;

use super::engine::aside;
use super::{Engine, SyncError};

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    /// Entries ingested.
    pub received: usize,
    /// Requests answered.
    pub sent: usize,
    /// Receipts collected.
    pub receipts: usize,
    /// Roster entries read.
    pub roster: usize,
    /// Commits accepted.
    pub commits: usize,
    /// Messages held.
    pub held: usize,
    /// Still in the outbox.
    pub waiting: usize,
}

impl Round {
    /// Counts only: how much, never what or whose.
    fn log(&self) {
        crate::log_event!(
            DEBUG,
            "a round with the relay",
            received = self.received,
            sent = self.sent,
            receipts = self.receipts,
            roster = self.roster,
            commits = self.commits,
            held = self.held,
            waiting = self.waiting,
        );
    }
}

/// Passes through send and receive until both are quiet; more would be a livelock with another device.
const PASSES: usize = 12;

impl Engine {
    /// One round. `deadline` bounds each request; the caller bounds the whole by dropping the future, which loses
    /// nothing.
    ///
    /// # Errors
    /// The last trouble, after everything that could be done was done.
    pub async fn round(self: &Arc<Self>, deadline: Duration) -> Result<Round, SyncError> {
        let (mut round, mut trouble) = (Round::default(), None);
        self.asked(super::engine::Asked::forget);
        round.roster = aside(&mut trouble, self.read_roster(deadline).await)?.unwrap_or(0);
        aside(&mut trouble, self.purge())?;
        // A relay that cannot be reached is not asked six times.
        if let Some(SyncError::Transport(error)) = &trouble
            && error.code().is_none()
        {
            return trouble.map_or(Ok(round), Err);
        }
        aside(&mut trouble, self.register_aliases(deadline).await)?;
        aside(&mut trouble, self.refill(deadline).await)?;
        let exchanged = self.exchange(&mut round, deadline, &mut trouble).await;
        aside(&mut trouble, exchanged)?;
        round.receipts = aside(&mut trouble, self.collect_receipts(deadline).await)?.unwrap_or(0);
        aside(&mut trouble, self.attest(deadline).await)?;
        round.waiting = self.waiting()?;
        round.log();
        trouble.map_or(Ok(round), Err)
    }

    /// Sends what may leave without a session: for a process beside the one that runs this store.
    ///
    /// # Errors
    /// [`SyncError`].
    pub async fn hand_in(self: &Arc<Self>, deadline: Duration) -> Result<Round, SyncError> {
        let (sent, trouble) = self.push(deadline).await;
        let round = Round {
            sent,
            waiting: self.waiting()?,
            ..Round::default()
        };
        trouble.map_or(Ok(round), Err)
    }

    /// Sends and takes in until both are quiet. Trouble with single requests is noted: the rest goes on.
    async fn exchange(
        self: &Arc<Self>,
        round: &mut Round,
        deadline: Duration,
        trouble: &mut Option<SyncError>,
    ) -> Result<(), SyncError> {
        for pass in 0..PASSES {
            let before = (round.sent, round.commits, round.received, round.roster);
            let (sent, commits) = self.send(deadline, trouble).await?;
            round.sent += sent;
            round.commits += commits;
            let (received, held) = self.pull(deadline).await?;
            round.received += received;
            round.held += held;
            round.roster += self.catch_up(pass == 0, deadline, trouble).await?;
            if (round.sent, round.commits, round.received, round.roster) == before {
                break;
            }
        }
        Ok(())
    }

    /// Sends what may leave, then makes the changes of membership and sends what waited for them. Says how many
    /// requests were answered and how many commits accepted.
    pub(super) async fn send(
        self: &Arc<Self>,
        deadline: Duration,
        trouble: &mut Option<SyncError>,
    ) -> Result<(usize, usize), SyncError> {
        aside(trouble, self.register_aliases(deadline).await)?;
        let (mut sent, stuck) = self.push(deadline).await;
        aside(trouble, stuck.map_or(Ok(()), Err))?;
        let (commits, refused) = self.settle_all(deadline).await;
        aside(trouble, refused.map_or(Ok(()), Err))?;
        let (again, stuck) = self.push(deadline).await;
        sent += again;
        aside(trouble, stuck.map_or(Ok(()), Err))?;
        Ok((sent, commits))
    }

    /// Fetches what arrived messages have shown to be missing: entries of the roster, commits, whole groups. Says how
    /// many positions of the roster.
    pub(super) async fn catch_up(
        self: &Arc<Self>,
        deep: bool,
        deadline: Duration,
        trouble: &mut Option<SyncError>,
    ) -> Result<usize, SyncError> {
        let mut read = 0;
        if self.needs_roster()? {
            read = aside(trouble, self.read_roster(deadline).await)?.unwrap_or(0);
        }
        self.fill_gaps(deadline, trouble).await?;
        self.resync_lost(deep, deadline, trouble).await?;
        Ok(read)
    }
}
