//! Is the store sound, and what is left in the write-ahead log.

use super::{Doing as _, Store, StoreError, lock};

/// What an integrity check found. Counts only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Integrity {
    /// Pages whose authentication tag does not hold.
    pub damaged_pages: usize,
    /// Faults in the structure, or a structure that cannot be read.
    pub faults: usize,
}

impl Integrity {
    /// Nothing was found.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.damaged_pages == 0 && self.faults == 0
    }
}

impl Store {
    /// Checks every page's authentication tag and the structure. Takes some seconds for a store of a gigabyte; writers
    /// wait meanwhile.
    ///
    /// # Errors
    /// [`StoreError::LockedByAnotherProcess`], [`StoreError::Io`]. Damage is a result, not an error.
    pub fn integrity_check(&self) -> Result<Integrity, StoreError> {
        const DOING: &str = "checking the store";
        let writer = self.enter(DOING)?;
        let _held = lock::acquire(&writer.lock, self.inner.options.lock_patience)?;
        // Tags are checked in the main file, so what waits in the log goes there first.
        let folded = fold(&writer.conn);
        let pages = count_rows(&writer.conn, "PRAGMA cipher_integrity_check", |_| true);
        let structure = count_rows(&writer.conn, "PRAGMA quick_check", |line| line != "ok");
        let unreadable = |result: Result<usize, rusqlite::Error>| match result.doing(DOING) {
            Ok(count) => Ok(count),
            // A store too damaged to be checked is the result, not a failure to get one.
            Err(StoreError::Corrupt | StoreError::Sql { .. } | StoreError::Io { .. }) => Ok(1),
            Err(other) => Err(other),
        };
        let log = unreadable(folded.map(|_| 0))?;
        Ok(Integrity {
            damaged_pages: unreadable(pages)?,
            faults: unreadable(structure)? + log,
        })
    }

    /// Moves what waits in the write-ahead log into the main file and empties the log. `false` where a reader still
    /// needs it.
    ///
    /// # Errors
    /// [`StoreError::LockedByAnotherProcess`], [`StoreError::DiskFull`], [`StoreError::Io`].
    pub fn checkpoint(&self) -> Result<bool, StoreError> {
        const DOING: &str = "emptying the write-ahead log";
        let writer = self.enter(DOING)?;
        let _held = lock::acquire(&writer.lock, self.inner.options.lock_patience)?;
        fold(&writer.conn).doing(DOING)
    }
}

fn fold(conn: &rusqlite::Connection) -> Result<bool, rusqlite::Error> {
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
        row.get::<_, i64>(0)
    })
    .map(|busy| busy == 0)
}

fn count_rows(
    conn: &rusqlite::Connection,
    pragma: &str,
    is_fault: impl Fn(&str) -> bool,
) -> Result<usize, rusqlite::Error> {
    let mut statement = conn.prepare(pragma)?;
    let mut rows = statement.query([])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        count += usize::from(is_fault(&row.get::<_, String>(0)?));
    }
    Ok(count)
}
