//! Keyed connections. Every connection is made here, so that none is without its key or its settings.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use zeroize::Zeroizing;

use super::{Doing as _, StoreError};
use crate::vault::DatabaseKey;

/// What a connection may do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Write,
    Read,
}

/// SQLCipher sets itself up with the first connection of a process and ends with the last, and its own log is one for all
/// of them: openings at the same moment have been seen to fail. So they come one after the other, and one connection to
/// nothing is never closed.
fn alone() -> rusqlite::Result<MutexGuard<'static, Option<Connection>>> {
    static FIRST: Mutex<Option<Connection>> = Mutex::new(None);
    let mut first = FIRST.lock().unwrap_or_else(PoisonError::into_inner);
    if first.is_none() {
        let conn = Connection::open_in_memory()?;
        conn.execute_batch("PRAGMA cipher_log_level = NONE; PRAGMA cipher_log = off;")?;
        *first = Some(conn);
    }
    Ok(first)
}

/// Opens an existing file (it may be empty) with the key and proves that the key opens it.
pub(super) fn open(
    file: &Path,
    key: &DatabaseKey,
    access: Access,
    busy_timeout: Duration,
) -> Result<Connection, StoreError> {
    const DOING: &str = "opening the database";
    // A reader of a write-ahead log takes part in its bookkeeping, so both open for writing; `query_only` is what keeps
    // a reader from changing anything.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let _alone = alone().doing(DOING)?;
    let conn = Connection::open_with_flags(file, flags).doing(DOING)?;
    conn.busy_timeout(busy_timeout).doing(DOING)?;
    // SQLCipher would print its errors on stderr. First of all, because the next line may already have one.
    conn.execute_batch("PRAGMA cipher_log_level = NONE; PRAGMA cipher_log = off;")
        .doing(DOING)?;
    let raw_key = Zeroizing::new(format!("PRAGMA key = \"{}\";", key.raw_form().as_str()));
    conn.execute_batch(&raw_key).doing(DOING)?;
    drop(raw_key);
    conn.execute_batch(
        "PRAGMA cipher_plaintext_header_size = 32;
         PRAGMA foreign_keys = ON;
         PRAGMA secure_delete = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF;
         PRAGMA synchronous = FULL;",
    )
    .doing(DOING)?;
    // The first page is read here: this is where a wrong key or a damaged header shows.
    conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
        .doing(DOING)?;
    if access == Access::Read {
        conn.execute_batch("PRAGMA query_only = ON;").doing(DOING)?;
    }
    Ok(conn)
}

/// Puts a database into write-ahead mode; one that is, stays as it is.
pub(super) fn use_write_ahead_log(conn: &Connection) -> Result<(), StoreError> {
    const DOING: &str = "switching to a write-ahead log";
    let mode: String = conn
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .doing(DOING)?;
    if mode.eq_ignore_ascii_case("wal") {
        Ok(())
    } else {
        Err(StoreError::Sql {
            doing: DOING,
            code: 0,
            detail: String::new(),
        })
    }
}

/// Fails if this connection has met a page whose authentication tag does not hold. SQLCipher answers such a page with
/// zeros and no error, so a long value would come back as zeros: nothing read may be believed before this was asked.
pub(super) fn refuse_damaged_pages(conn: &Connection) -> Result<(), StoreError> {
    let status: String = conn
        .query_row("PRAGMA cipher_status", [], |row| row.get(0))
        .doing("asking whether all pages were sound")?;
    if status == "1" {
        Ok(())
    } else {
        Err(StoreError::Corrupt)
    }
}
