//! Reading and changing are different types.

use std::cell::RefCell;
use std::ops::Deref;

use rusqlite::Connection;

use super::{Change, Doing as _, StoreError, Topic};

/// A consistent view: what was committed when it began. Table files add their reading functions to it.
#[derive(Debug)]
pub struct ReadTx<'c> {
    conn: &'c Connection,
}

impl<'c> ReadTx<'c> {
    pub(super) const fn new(conn: &'c Connection) -> Self {
        Self { conn }
    }
    /// The connection, for a table's file.
    pub(crate) const fn conn(&self) -> &'c Connection {
        self.conn
    }
}

/// The one open write of this store. Reads as [`ReadTx`] does, and sees its own changes. Table files add their
/// changing functions to it.
#[derive(Debug)]
pub struct WriteTx<'c> {
    read: ReadTx<'c>,
    label: &'static str,
    changes: RefCell<Vec<Change>>,
}

impl<'c> WriteTx<'c> {
    pub(super) const fn new(conn: &'c Connection, label: &'static str) -> Self {
        Self {
            read: ReadTx::new(conn),
            label,
            changes: RefCell::new(Vec::new()),
        }
    }

    /// What this write is for, as its caller named it.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        self.label
    }

    /// Announces a change. Subscribers hear it after the commit, in this order; not at all if this write fails.
    pub fn emit(&self, topic: Topic, key: impl Into<Vec<u8>>) {
        let change = Change {
            topic,
            key: key.into(),
        };
        let mut changes = self.changes.borrow_mut();
        if !changes.contains(&change) {
            changes.push(change);
        }
    }

    /// Runs a part that may fail alone: if it returns an error, its changes and announcements are undone and the rest
    /// of this write goes on. For batches, where one bad item must not cost the others.
    ///
    /// # Errors
    /// What `work` returned; [`StoreError`] where SQLite refuses to open or close the part, and then the whole write
    /// should fail.
    pub fn attempt<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&WriteTx<'c>) -> Result<T, E>,
    ) -> Result<T, E> {
        let announced = self.changes.borrow().len();
        self.conn
            .execute_batch("SAVEPOINT part")
            .doing("opening a part of a write")?;
        match work(self) {
            Ok(value) => {
                self.conn
                    .execute_batch("RELEASE part")
                    .doing("closing a part of a write")?;
                Ok(value)
            }
            Err(error) => {
                self.changes.borrow_mut().truncate(announced);
                self.conn
                    .execute_batch("ROLLBACK TO part; RELEASE part")
                    .doing("undoing a part of a write")?;
                Err(error)
            }
        }
    }

    pub(super) fn into_changes(self) -> Vec<Change> {
        self.changes.into_inner()
    }
}

impl<'c> Deref for WriteTx<'c> {
    type Target = ReadTx<'c>;
    fn deref(&self) -> &ReadTx<'c> {
        &self.read
    }
}
