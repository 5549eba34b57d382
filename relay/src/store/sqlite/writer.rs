//! Group commit. One thread owns the writing connection, takes whatever operations wait, runs each in its own savepoint
//! inside one transaction, commits with a flush to disk, and only then answers all of them. One flush is so shared by
//! up to [`BATCH_OPERATIONS`]; an operation that is refused leaves nothing behind and disturbs no other.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;
use sotto_wire::{ErrorCode, RelayTime, WireError};
use tokio::sync::oneshot;

use super::tx::Tx;
use crate::clock::Clock;
use crate::crash::crash_point;
use crate::logging::{Cause, log_event};
use crate::store::{Answer, Event, Listener, Quotas, StoreError};

/// Operations that share one commit at most.
const BATCH_OPERATIONS: usize = 2_048;
/// Bytes after which no further operation joins a commit.
const BATCH_BYTES: usize = 1 << 20;
/// Operations that may wait for the writer before callers are told to come back.
const QUEUE: usize = 8_192;

/// Runs the operation, if the transaction still stands; what it returns says whether to keep what was done, and delivers
/// the answer once the fate of the transaction is known.
type Run = Box<dyn FnOnce(Option<&mut Tx<'_>>) -> (bool, Deliver) + Send>;
type Deliver = Box<dyn FnOnce(Result<(), CommitFailed>) + Send>;

/// The transaction is not durable, and why.
#[derive(Debug, Clone, Copy)]
enum CommitFailed {
    Full,
    Failed,
}

struct Job {
    name: &'static str,
    bytes: usize,
    run: Run,
}

/// The way to the writing thread. The thread ends when the last of these is gone.
#[derive(Clone)]
pub(super) struct Writer {
    jobs: SyncSender<Job>,
}

/// What the writing thread owns.
pub(super) struct WriterThread {
    pub(super) conn: Connection,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) listener: Arc<dyn Listener>,
    pub(super) quotas: Quotas,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(thread: WriterThread) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (jobs, queue) = sync_channel(QUEUE);
        let handle = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || thread.run(&queue))?;
        Ok((Self { jobs }, handle))
    }

    /// Queues an operation of about so many bytes. It is done even if nobody waits for the answer any more.
    pub(super) fn run<T, F>(&self, name: &'static str, bytes: usize, operation: F) -> Answer<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let run: Run = Box::new(move |tx| {
            let result = match tx {
                Some(tx) => operation(tx),
                None => Err(StoreError::Refused(WireError::retry_after(
                    ErrorCode::Unavailable,
                    500,
                ))),
            };
            let keep = result.is_ok();
            let deliver: Deliver = Box::new(move |committed| {
                let result = match (result, committed) {
                    (Ok(value), Ok(())) => Ok(value),
                    (Err(error), _) => Err(error),
                    (Ok(_), Err(CommitFailed::Full)) => Err(StoreError::Full),
                    (Ok(_), Err(CommitFailed::Failed)) => Err(StoreError::Failed {
                        doing: "committing",
                        source: "the commit failed".into(),
                    }),
                };
                // The caller may have gone; the operation is done all the same.
                let _gone = answer.send(result);
            });
            (keep, deliver)
        });
        match self.jobs.try_send(Job { name, bytes, run }) {
            Ok(()) => Box::pin(async move { answered.await.unwrap_or(Err(StoreError::Closing)) }),
            Err(TrySendError::Full(_)) => {
                let busy = WireError::retry_after(ErrorCode::Unavailable, 500);
                Box::pin(std::future::ready(Err(StoreError::Refused(busy))))
            }
            Err(TrySendError::Disconnected(_)) => {
                Box::pin(std::future::ready(Err(StoreError::Closing)))
            }
        }
    }
}

impl WriterThread {
    fn run(mut self, queue: &Receiver<Job>) {
        let mut last = RelayTime(0);
        while let Ok(first) = queue.recv() {
            let mut batch = vec![first];
            let mut bytes = batch[0].bytes;
            while batch.len() < BATCH_OPERATIONS && bytes < BATCH_BYTES {
                let Ok(next) = queue.try_recv() else { break };
                bytes += next.bytes;
                batch.push(next);
            }
            // A clock that is set back does not make accepted times go back within this run.
            last = last.max(self.clock.now());
            self.commit(batch, last);
        }
        let _best_effort = self.truncate();
    }

    fn truncate(&self) -> Result<(), rusqlite::Error> {
        self.conn.pragma_update(None, "wal_checkpoint", "TRUNCATE")
    }

    fn commit(&mut self, batch: Vec<Job>, now: RelayTime) {
        let operations = batch.len();
        let names: Vec<&'static str> = batch.iter().map(|job| job.name).collect();
        let mut events = Vec::new();
        let mut answers = Vec::with_capacity(operations);
        let committed = match self.transaction(batch, now, &mut events, &mut answers) {
            Ok(()) => Ok(()),
            Err(error) => {
                log_event!(
                    ERROR,
                    "a group commit failed",
                    operations = operations,
                    cause = Cause::of(&error)
                );
                let _nothing_open = self.conn.execute_batch("ROLLBACK");
                Err(if is_full(&error) {
                    CommitFailed::Full
                } else {
                    CommitFailed::Failed
                })
            }
        };
        if committed.is_ok() {
            for name in names {
                crash_point(name, "after-commit");
            }
            self.listener.after_commit(&events);
            if events
                .iter()
                .any(|event| matches!(event, Event::Ordered(..)))
            {
                // A share went: it is not to stay readable in what was written ahead. A reader may keep it a while.
                let _best_effort = self.truncate();
            }
            self.listener.committed(operations);
        }
        for deliver in answers {
            deliver(committed);
        }
    }

    fn transaction(
        &mut self,
        batch: Vec<Job>,
        now: RelayTime,
        events: &mut Vec<Event>,
        answers: &mut Vec<Deliver>,
    ) -> Result<(), rusqlite::Error> {
        if let Err(error) = self.operation("BEGIN IMMEDIATE") {
            answers.extend(batch.into_iter().map(|job| (job.run)(None).1));
            return Err(error);
        }
        let names: Vec<&'static str> = batch.iter().map(|job| job.name).collect();
        let mut broken = None;
        for job in batch {
            // A full disk may end the whole transaction inside an operation; then nothing of this batch counts, and
            // nothing more may run, because it would commit by itself.
            if broken.is_some() {
                answers.push((job.run)(None).1);
                continue;
            }
            let before = events.len();
            if let Err(error) = self.operation("SAVEPOINT operation") {
                broken = Some(error);
                answers.push((job.run)(None).1);
                continue;
            }
            let mut tx = Tx {
                conn: &self.conn,
                now,
                quotas: &self.quotas,
                events,
            };
            let (keep, deliver) = (job.run)(Some(&mut tx));
            answers.push(deliver);
            let undone = if keep {
                Ok(())
            } else {
                self.operation("ROLLBACK TO operation")
            };
            if !keep {
                events.truncate(before);
            }
            broken = undone
                .and_then(|()| self.operation("RELEASE operation"))
                .err();
        }
        if let Some(error) = broken {
            return Err(error);
        }
        for name in &names {
            crash_point(name, "before-commit");
        }
        self.operation("COMMIT")
    }

    fn operation(&self, sql: &str) -> Result<(), rusqlite::Error> {
        self.conn.prepare_cached(sql)?.execute([]).map(drop)
    }
}

/// Whether the engine says that the disk, or the file's allowed size, is used up.
pub(super) fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
}
