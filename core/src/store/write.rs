//! The write transaction, the read transaction, and noticing what other processes committed.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::connection::{self, Access};
use super::{
    Change, DATABASE, Doing as _, Notice, ReadTx, Store, StoreError, WriteTx, Writer, lock,
};
use crate::base::crash;

/// Reading connections kept open between reads.
const IDLE_READERS: usize = 4;

impl Store {
    /// Changes the store: all of `work` or nothing. `label` names the write in errors; it holds no content.
    ///
    /// Waits for this process's writers, then for other processes, then for SQLite. Blocks the thread, for the time of
    /// `work` and one fsync. Must not be called inside another write.
    ///
    /// # Errors
    /// What `work` returns, after everything was undone. [`StoreError::LockedByAnotherProcess`], [`StoreError::Busy`],
    /// [`StoreError::Nested`], [`StoreError::DiskFull`] and other causes of the store itself.
    pub fn write<T, E: From<StoreError>>(
        &self,
        label: &'static str,
        work: impl FnOnce(&WriteTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut writer = self.enter(label)?;
        let Writer { conn, lock, .. } = &mut *writer;
        let (value, changes) = {
            let _held = lock::acquire(lock, self.inner.options.lock_patience)?;
            transact(conn, label, work)?
        };
        // Still inside the mutex, so that notices keep the order of commits.
        if !changes.is_empty() {
            self.notify(Notice::Changes(changes.into()));
        }
        Ok(value)
    }

    /// Reads the store as it was at the moment of the first read. Runs beside a writer and does not wait for it.
    ///
    /// # Errors
    /// What `work` returns; [`StoreError`] where a connection cannot be had.
    pub fn read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        const DOING: &str = "beginning to read";
        let mut conn = self.reader()?;
        let value = {
            let tx = Transaction::new(&mut conn, TransactionBehavior::Deferred).doing(DOING)?;
            let result = work(&ReadTx::new(&tx));
            connection::refuse_damaged_pages(&tx)?;
            // Dropping the transaction ends it; there is nothing to commit.
            result?
        };
        // A connection that saw an error, or a panic, is not used again: it may carry the fault with it.
        let mut idle = relock(&self.inner.readers);
        if idle.len() < IDLE_READERS {
            idle.push(conn);
        }
        Ok(value)
    }

    /// Whether another process (or another opening of this store) has committed since this was last asked. If so,
    /// subscribers hear [`Notice::Elsewhere`]. Cheap: reads one number of the write-ahead log's index.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn notice_foreign_commits(&self) -> Result<bool, StoreError> {
        let mut writer = self.enter("noticing other processes")?;
        let now = data_version(&writer.conn)?;
        let foreign = now != writer.seen;
        writer.seen = now;
        if foreign {
            self.notify(Notice::Elsewhere);
        }
        Ok(foreign)
    }

    pub(super) fn notify(&self, notice: Notice) {
        // Nobody listening is no error.
        let _ = self.inner.notices.send(notice);
    }

    /// Takes this process's right to write.
    pub(super) fn enter(&self, label: &'static str) -> Result<Entered<'_>, StoreError> {
        let me = thread::current().id();
        if *relock(&self.inner.writing) == Some(me) {
            return Err(StoreError::Nested { label });
        }
        let writer = relock(&self.inner.writer);
        *relock(&self.inner.writing) = Some(me);
        let entered = Entered {
            writer,
            writing: &self.inner.writing,
        };
        if !entered.conn.is_autocommit() {
            // A panic may have ended the last write where even its rollback failed.
            entered
                .conn
                .execute_batch("ROLLBACK")
                .doing("clearing an unfinished write")?;
        }
        Ok(entered)
    }

    fn reader(&self) -> Result<Connection, StoreError> {
        if let Some(conn) = relock(&self.inner.readers).pop() {
            return Ok(conn);
        }
        let inner = &self.inner;
        connection::open(
            &inner.dir.join(DATABASE),
            &inner.key,
            Access::Read,
            inner.options.busy_timeout,
        )
    }
}

/// The right to write, held by one thread of this process.
pub(super) struct Entered<'s> {
    writer: MutexGuard<'s, Writer>,
    writing: &'s Mutex<Option<ThreadId>>,
}

impl Deref for Entered<'_> {
    type Target = Writer;
    fn deref(&self) -> &Writer {
        &self.writer
    }
}

impl DerefMut for Entered<'_> {
    fn deref_mut(&mut self) -> &mut Writer {
        &mut self.writer
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        // Before the guard goes, so that the next holder's name is not erased.
        *relock(self.writing) = None;
    }
}

/// A panic in a closure poisons a mutex and rolls its transaction back, so what the mutex guards is sound.
fn relock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `BEGIN IMMEDIATE`, the closure, `COMMIT`. Dropping the transaction on any other way out rolls back.
fn transact<T, E: From<StoreError>>(
    conn: &mut Connection,
    label: &'static str,
    work: impl FnOnce(&WriteTx<'_>) -> Result<T, E>,
) -> Result<(T, Vec<Change>), E> {
    let tx = Transaction::new(conn, TransactionBehavior::Immediate).doing(label)?;
    let write = WriteTx::new(&tx, label);
    let result = work(&write);
    connection::refuse_damaged_pages(&tx)?;
    let value = result?;
    let changes = write.into_changes();
    crash::point("store.before_commit");
    tx.commit().doing(label)?;
    crash::point("store.after_commit");
    Ok((value, changes))
}

/// A number that changes when another connection commits.
pub(super) fn data_version(conn: &Connection) -> Result<i64, StoreError> {
    conn.query_row("PRAGMA data_version", [], |row| row.get(0))
        .doing("looking for other processes' commits")
}
