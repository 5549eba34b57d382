//! Connections for reading, beside the writer: each read sees the newest commit and waits for nobody.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::connection::{OpenError, open_reader};
use super::tx::Rx;
use crate::clock::Clock;
use crate::store::{Answer, StoreError};

/// A pool of reading connections.
#[derive(Clone)]
pub(super) struct Readers {
    inner: Arc<Inner>,
}

struct Inner {
    idle: Mutex<Vec<Connection>>,
    free: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
}

impl Readers {
    /// Opens that many connections.
    pub(super) fn open(path: &Path, n: usize, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let idle = (0..n)
            .map(|_| open_reader(path))
            .collect::<Result<Vec<_>, _>>()?;
        let inner = Inner {
            idle: Mutex::new(idle),
            free: Arc::new(Semaphore::new(n)),
            clock,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Runs a read on a thread that may block.
    pub(super) fn run<T, F>(&self, read: F) -> Answer<T>
    where
        T: Send + 'static,
        F: FnOnce(&Rx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            let permit = Arc::clone(&inner.free)
                .acquire_owned()
                .await
                .map_err(|_| StoreError::Closing)?;
            let pool = inner;
            let done = tokio::task::spawn_blocking(move || {
                let conn = pool
                    .idle
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .pop();
                let conn = conn.ok_or(StoreError::Closing)?;
                let result = read(&Rx {
                    conn: &conn,
                    now: pool.clock.now(),
                });
                pool.idle
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(conn);
                // Only now may another take its place, even if the caller has gone meanwhile.
                drop(permit);
                result
            });
            done.await.map_err(|_| StoreError::Closing)?
        })
    }
}
