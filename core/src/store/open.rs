//! Making and opening a store.

use std::path::Path;
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use tokio::sync::broadcast;

use super::connection::{self, Access};
use super::sidecar::{self, Verdict};
use super::{
    DATABASE, Inner, Store, StoreError, StoreOptions, Writer, change, lock, migration, place, write,
};
use crate::vault::{DatabaseKey, file};

impl Store {
    /// Makes a new store in `dir`, which is made if needed. A creation that a crash cut short may be begun again.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`]: an existing store is left alone. [`StoreError::NetworkFileSystem`],
    /// [`StoreError::DiskFull`], [`StoreError::Io`].
    pub fn create(
        dir: &Path,
        key: &DatabaseKey,
        options: StoreOptions,
    ) -> Result<Self, StoreError> {
        const DOING: &str = "making the store";
        file::make_private_dir(dir).map_err(StoreError::io(DOING))?;
        place::refuse_network(dir, options.file_system)?;
        let lock = lock::open(dir, lock::WRITE_LOCK)?;
        let conn = {
            let _held = lock::acquire(&lock, options.lock_patience)?;
            if database_len(dir)?.unwrap_or(0) > 0 || sidecar::judge(dir, key)? != Verdict::Absent {
                return Err(StoreError::AlreadyExists);
            }
            file::private()
                .write(true)
                .create(true)
                .truncate(false)
                .open(dir.join(DATABASE))
                .map_err(StoreError::io(DOING))?;
            prepare(dir, key, &options)?
        };
        Self::assemble(dir, key, options, conn, lock)
    }

    /// Opens the store in `dir` and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::WrongKey`], [`StoreError::Corrupt`], [`StoreError::NewerSchema`],
    /// [`StoreError::LockedByAnotherProcess`], [`StoreError::NetworkFileSystem`], [`StoreError::DiskFull`],
    /// [`StoreError::Busy`], [`StoreError::Io`]: told apart, and the files are as they were.
    pub fn open(dir: &Path, key: &DatabaseKey, options: StoreOptions) -> Result<Self, StoreError> {
        let length = database_len(dir)?;
        let verdict = sidecar::judge(dir, key)?;
        match (length, verdict) {
            (None | Some(0), Verdict::Absent) => return Err(StoreError::NotFound),
            (_, Verdict::Wrong) => return Err(StoreError::WrongKey),
            // The sidecar is written last: where it is, there was a database.
            (None | Some(0), _) => return Err(StoreError::Corrupt),
            (Some(_), _) => {}
        }
        place::refuse_network(dir, options.file_system)?;
        let lock = lock::open(dir, lock::WRITE_LOCK)?;
        let conn = {
            let _held = lock::acquire(&lock, options.lock_patience)?;
            prepare(dir, key, &options)?
        };
        Self::assemble(dir, key, options, conn, lock)
    }

    /// Whether this folder has a store, of whatever state.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn exists(dir: &Path) -> Result<bool, StoreError> {
        Ok(database_len(dir)?.is_some_and(|length| length > 0)
            || dir
                .join(sidecar::SIDECAR)
                .try_exists()
                .map_err(StoreError::io("looking for a store"))?)
    }

    fn assemble(
        dir: &Path,
        key: &DatabaseKey,
        options: StoreOptions,
        conn: Connection,
        lock: std::fs::File,
    ) -> Result<Self, StoreError> {
        let seen = write::data_version(&conn)?;
        let inner = Inner {
            dir: dir.to_owned(),
            key: key.clone(),
            options,
            writer: Mutex::new(Writer { conn, lock, seen }),
            writing: Mutex::new(None),
            readers: Mutex::new(Vec::new()),
            notices: broadcast::Sender::new(change::BACKLOG),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }
}

/// A writing connection to an up-to-date schema, under the write lock.
fn prepare(
    dir: &Path,
    key: &DatabaseKey,
    options: &StoreOptions,
) -> Result<Connection, StoreError> {
    let mut conn = connection::open(
        &dir.join(DATABASE),
        key,
        Access::Write,
        options.busy_timeout,
    )?;
    // Asked before anything is written: a newer release's store stays exactly as it is.
    migration::refuse_newer(&conn)?;
    connection::use_write_ahead_log(&conn)?;
    migration::apply(&mut conn)?;
    if sidecar::judge(dir, key)? != Verdict::Right {
        sidecar::write(dir, key)?;
    }
    Ok(conn)
}

fn database_len(dir: &Path) -> Result<Option<u64>, StoreError> {
    match std::fs::metadata(dir.join(DATABASE)) {
        Ok(metadata) => Ok(Some(metadata.len())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io("looking for a store")(error)),
    }
}
