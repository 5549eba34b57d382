//! Exchange with the relay: one round, or until told to stop.

use std::future::Future;
use std::time::Duration;

use super::{Client, Error, Event, SyncReport};
use crate::sync::{Signal, SyncError};

impl Client {
    /// One round: the roster, what waits to be sent, the mailbox until it is empty, receipts.
    ///
    /// # Errors
    /// `relay.unreachable` and the relay's refusals; what was done before stays done.
    pub async fn sync_once(&self, deadline: Duration) -> Result<SyncReport, Error> {
        let engine = self.engine()?;
        let request = deadline.min(Duration::from_secs(60));
        // Where another process runs this store, its session stays: what may leave without one leaves from here, and
        // the other notices the rest.
        let role = match self.store()?.try_run_role() {
            Ok(role) => Some(role),
            Err(crate::store::StoreError::AlreadyRunning) => None,
            Err(error) => return Err(error.into()),
        };
        let work = async {
            match &role {
                Some(_) => engine.round(request).await,
                None => engine.hand_in(request).await,
            }
        };
        let round = tokio::time::timeout(deadline, work).await;
        let round = round.map_err(|_| SyncError::from(crate::transport::TransportError::Network(
            crate::transport::NetworkError::Timeout,
        )))??;
        drop(role);
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

    /// Runs until `stop` resolves: sends at once what is written here, also by other processes, and takes in what
    /// arrives. Returns when the last transaction has ended. One `run` per store.
    ///
    /// # Errors
    /// `store.running` where another process runs this store; `device.excluded`, `device.copied_store`,
    /// `roster.update_required`.
    pub async fn run(&self, stop: impl Future<Output = ()> + Send) -> Result<(), Error> {
        let engine = self.engine()?;
        let role = self.store()?.try_run_role()?;
        let client = self.clone();
        let result = engine
            .run(stop, move |signal| {
                client.tell(match signal {
                    Signal::Live(live) => Event::Connection { live },
                    Signal::CloneAlarm => Event::CloneAlarm,
                });
            })
            .await;
        drop(role);
        Ok(result?)
    }
}
