//! Exchange with the relay: one round, or until told to stop.

use std::future::Future;
use std::time::Duration;

use super::{Client, Error, Event, SyncReport};
use crate::store::{RunRole, SessionRole, StoreError};
use crate::sync::{Signal, SyncError};

/// How often a role is tried that another process has.
const ROLE_WAIT: Duration = Duration::from_millis(20);
/// How often before it is taken for somebody who stays connected.
const ROLE_TRIES: u32 = 25;
/// The code of an error that says that the relay has closed this device's mailbox.
const EXCLUDED: &str = "device.excluded";

impl Client {
    /// One round: the roster, what waits to be sent, the mailbox until it is empty, receipts.
    ///
    /// # Errors
    /// `relay.unreachable` and the relay's refusals; what was done before stays done. `device.excluded` and
    /// `device.wiped`: the client is locked.
    pub async fn sync_once(&self, deadline: Duration) -> Result<SyncReport, Error> {
        let engine = self.engine()?;
        let request = deadline.min(Duration::from_secs(60));
        let work = async {
            match self.session_for_a_round().await? {
                Some(_session) => {
                    let round = engine.round(request).await?;
                    self.let_in();
                    Ok::<_, Error>(round)
                }
                // Another process stays connected and its session stays: what may leave without one leaves from here,
                // and the other notices the rest.
                None => Ok(engine.hand_in(request).await?),
            }
        };
        let round = tokio::time::timeout(deadline, work).await;
        let round = round.unwrap_or_else(|_| {
            Err(SyncError::from(crate::transport::TransportError::Network(
                crate::transport::NetworkError::Timeout,
            ))
            .into())
        });
        if matches!(&round, Err(error) if error.code() == EXCLUDED) {
            drop(engine);
            return Err(self.put_out().await);
        }
        if round.is_ok() {
            super::upkeep::announce(&engine).await;
        }
        self.keep_ready(&engine, round.is_ok()).await?;
        self.keep_lease(&engine).await?;
        let round = round?;
        Ok(SyncReport {
            received: round.received,
            sent: round.sent,
            receipts: round.receipts,
            roster: round.roster,
            commits: round.commits,
            held: round.held,
            waiting: round.waiting,
        })
    }

    /// Runs until `stop` resolves or the client is locked: sends at once what is written here, also by other processes, and takes in what
    /// arrives. Returns when the last transaction has ended. One `run` per store.
    ///
    /// # Errors
    /// `store.running` where another process runs this store; `device.excluded` and `device.wiped`, after which the
    /// client is locked; `device.copied_store`, `roster.update_required`.
    pub async fn run(&self, stop: impl Future<Output = ()> + Send) -> Result<(), Error> {
        let engine = self.engine()?;
        let client = self.clone();
        let mut locked = self.inner.locked.subscribe();
        let mut stop = std::pin::pin!(async move {
            tokio::select! {
                () = stop => {}
                _ = locked.wait_for(|locked| *locked) => {}
            }
        });
        let role = tokio::select! {
            () = &mut stop => return Ok(()),
            role = self.role_to_run() => role?,
        };
        let running = engine.run(stop, move |signal| {
            client.tell(match signal {
                Signal::Live(live) => Event::Connection { live },
                Signal::CloneAlarm => Event::CloneAlarm,
            });
        });
        let result = tokio::select! {
            result = running => result,
            never = super::upkeep::tend(&engine) => match never {},
            wiped = self.stay_ready(&engine) => return Err(wiped),
            ended = self.watch_lease(&engine) => return Err(ended),
            never = self.watch_session() => match never {},
        };
        drop(role);
        if matches!(result, Err(SyncError::Excluded)) {
            drop(engine);
            return Err(self.put_out().await);
        }
        Ok(result?)
    }

    /// The session for one round, behind other commands that have it for theirs; `None` where a process stays connected.
    async fn session_for_a_round(&self) -> Result<Option<SessionRole>, Error> {
        let store = self.store()?;
        loop {
            if let Some(session) = store.try_session_role()? {
                return Ok(Some(session));
            }
            match store.try_run_role() {
                Err(StoreError::AlreadyRunning) => return Ok(None),
                other => drop(other?),
            }
            tokio::time::sleep(ROLE_WAIT).await;
        }
    }

    /// The role of staying connected, and the session once the command that may have it has ended its round.
    async fn role_to_run(&self) -> Result<(RunRole, SessionRole), Error> {
        let store = self.store()?;
        let mut tries = 0;
        let role = loop {
            match store.try_run_role() {
                // A command that looks whether somebody runs holds the role for a moment.
                Err(StoreError::AlreadyRunning) if tries < ROLE_TRIES => tries += 1,
                other => break other?,
            }
            tokio::time::sleep(ROLE_WAIT).await;
        };
        loop {
            if let Some(session) = store.try_session_role()? {
                return Ok((role, session));
            }
            tokio::time::sleep(ROLE_WAIT).await;
        }
    }
}
