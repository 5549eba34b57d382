//! One round with the relay, in the order that makes most progress: know who is who, be reachable, send, change
//! memberships, take in, send what that caused, collect receipts.

use std::sync::Arc;
use std::time::Duration;

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

/// Passes through send and receive until both are quiet; more would be a livelock with another device.
const PASSES: usize = 12;

impl Engine {
    /// One round. `deadline` bounds each request; the caller bounds the whole by dropping the future, which loses
    /// nothing.
    ///
    /// # Errors
    /// The last trouble, after everything that could be done was done.
    pub async fn round(self: &Arc<Self>, deadline: Duration) -> Result<Round, SyncError> {
        let mut round = Round { roster: self.read_roster(deadline).await?, ..Round::default() };
        self.purge()?;
        self.register_aliases(deadline).await?;
        self.refill(deadline).await?;
        let trouble = self.exchange(&mut round, deadline).await?;
        round.receipts += self.collect_receipts(deadline).await?;
        self.attest(deadline).await?;
        round.waiting = self.waiting()?;
        trouble.map_or(Ok(round), Err)
    }

    /// Sends what may leave without a session: for a process beside the one that runs this store.
    ///
    /// # Errors
    /// [`SyncError`].
    pub async fn hand_in(self: &Arc<Self>, deadline: Duration) -> Result<Round, SyncError> {
        let (sent, trouble) = self.push(deadline).await;
        let round = Round { sent, waiting: self.waiting()?, ..Round::default() };
        trouble.map_or(Ok(round), Err)
    }

    /// Sends and takes in until both are quiet. Trouble with single requests is returned, not raised: the rest goes on.
    pub(super) async fn exchange(
        self: &Arc<Self>,
        round: &mut Round,
        deadline: Duration,
    ) -> Result<Option<SyncError>, SyncError> {
        let mut trouble = None;
        for _ in 0..PASSES {
            let before = (round.sent, round.commits, round.received);
            let (sent, stuck) = self.push(deadline).await;
            round.sent += sent;
            let (commits, refused) = self.settle_all(deadline).await;
            round.commits += commits;
            let (received, held) = self.pull(deadline).await?;
            round.received += received;
            round.held += held;
            self.register_aliases(deadline).await?;
            if self.needs_roster()? {
                round.roster += self.read_roster(deadline).await?;
            }
            trouble = stuck.or(refused);
            for id in self.gaps()? {
                self.fill_gap(id, deadline).await?;
            }
            self.resync_lost(true, deadline).await?;
            if (round.sent, round.commits, round.received) == before {
                break;
            }
        }
        Ok(trouble)
    }
}
