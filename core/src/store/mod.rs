//! One encrypted database per device, and the only way to change it.
//!
//! Every change is one call of [`Store::write`]: first a mutex (this process), then a file lock (other processes),
//! then `BEGIN IMMEDIATE`. The closure gets a [`WriteTx`]; what it returns as an error, or a panic, undoes all of it.
//! What it announces with [`WriteTx::emit`] reaches subscribers after the commit and never otherwise. Readers run
//! beside the writer on connections of their own ([`Store::read`], write-ahead log). Nothing is ever deleted because
//! of an error: a wrong key, a damaged file and a newer schema each have their own answer and leave the files alone.
//!
//! The file is SQLCipher with a raw key, the first 32 bytes (the SQLite header) plain. Tables are STRICT; each has a
//! small file in [`table`], the only place with SQL beside the migrations.

mod change;
mod connection;
mod error;
mod health;
mod inventory;
mod lock;
mod migration;
mod open;
mod place;
mod role;
mod sidecar;
pub mod table;
mod tx;
mod write;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::ThreadId;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::broadcast;

use crate::vault::DatabaseKey;

pub use change::{Change, Notice, Subscription, Topic};
pub use error::{Doing, StoreError};
pub use health::Integrity;
pub use inventory::{FileKind, InventoryItem, Protection};
pub use place::FileSystem;
pub use role::{RunRole, SessionRole};
pub use tx::{ReadTx, WriteTx};

/// Name of the database file.
const DATABASE: &str = "sotto.db";

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// How long a write waits for another process before it answers [`StoreError::LockedByAnotherProcess`].
    pub lock_patience: Duration,
    /// How long SQLite waits for its own locks before it answers [`StoreError::Busy`].
    pub busy_timeout: Duration,
    /// Takes the folder for being on this kind of file system, for tests; `None` asks the operating system.
    pub file_system: Option<FileSystem>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            lock_patience: Duration::from_secs(30),
            busy_timeout: Duration::from_secs(5),
            file_system: None,
        }
    }
}

/// An open store. Clones are handles to the same one; the last one closes it and forgets the key.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    dir: PathBuf,
    key: DatabaseKey,
    options: StoreOptions,
    writer: Mutex<Writer>,
    /// Who holds `writer`: a write inside a write would wait for itself for ever.
    writing: Mutex<Option<ThreadId>>,
    readers: Mutex<Vec<Connection>>,
    notices: broadcast::Sender<Notice>,
}

struct Writer {
    conn: Connection,
    lock: std::fs::File,
    /// `PRAGMA data_version` when it was last asked for.
    seen: i64,
}

impl Store {
    /// The folder that the store lies in.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store(..)")
    }
}
