//! Opening the database file: settings every connection shares, and the schema's version.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// Marks the file as a relay's ("sott").
const APPLICATION_ID: i32 = 0x736f_7474;
/// The schema this program knows.
pub(crate) const SCHEMA_VERSION: i32 = 2;
/// How an older file becomes a newer one: the version each script makes. A new file goes the same way.
const MIGRATIONS: [(i32, &str); 2] = [
    (1, include_str!("schema.sql")),
    (2, include_str!("schema-2.sql")),
];
/// How long a connection waits for another process's lock (an administration command beside a serving relay).
const BUSY: Duration = Duration::from_secs(10);

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// The engine failed.
    #[error("opening the database")]
    Engine(#[from] rusqlite::Error),
    /// The file is another program's.
    #[error("the database is not a relay's")]
    Foreign,
    /// A newer program wrote it.
    #[error(
        "the database has schema version {found}, this program knows {SCHEMA_VERSION}: it is newer than the program"
    )]
    Newer {
        /// The version in the file.
        found: i32,
    },
    /// The system did not make the file or start the writing thread.
    #[error("making the database's file or thread")]
    System(#[from] std::io::Error),
}

/// Opens for writing; makes the schema in a new file.
pub(crate) fn open_writer(path: &Path) -> Result<Connection, OpenError> {
    own_file(path)?;
    let conn = Connection::open(path)?;
    settings(&conn)?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    // What is deleted is overwritten in its page: a share that went must not lie between the rows.
    conn.pragma_update(None, "secure_delete", "FAST")?;
    migrate(&conn)?;
    Ok(conn)
}

/// Makes the file, if there is none, for the relay's user alone; the engine gives the files beside it the same mode.
pub(crate) fn own_file(path: &Path) -> std::io::Result<()> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map(drop)
}

/// Opens for reading beside the writer.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, OpenError> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    settings(&conn)?;
    Ok(conn)
}

fn settings(conn: &Connection) -> Result<(), rusqlite::Error> {
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(128);
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "cache_size", -16_384)?;
    conn.pragma_update(None, "temp_store", "MEMORY")
}

fn migrate(conn: &Connection) -> Result<(), OpenError> {
    conn.execute_batch("BEGIN IMMEDIATE")?;
    let done = migrate_locked(conn);
    conn.execute_batch(if done.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    done
}

fn migrate_locked(conn: &Connection) -> Result<(), OpenError> {
    let version: i32 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if version == 0 && tables == 0 {
        conn.pragma_update(None, "application_id", APPLICATION_ID)?;
    } else if application != APPLICATION_ID {
        return Err(OpenError::Foreign);
    }
    if version > SCHEMA_VERSION {
        return Err(OpenError::Newer { found: version });
    }
    for (makes, script) in MIGRATIONS {
        if version < makes {
            conn.execute_batch(script)?;
            conn.pragma_update(None, "user_version", makes)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_gets_the_schema_and_opens_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("relay.db");
        drop(open_writer(&path).unwrap());
        let conn = open_writer(&path).unwrap();
        let strict: i64 = conn
            .query_row("SELECT count(*) FROM pragma_table_list WHERE schema='main' AND type='table' AND strict=0 AND name NOT LIKE 'sqlite_%'", [], |row| row.get(0))
            .unwrap();
        assert_eq!(strict, 0);
        let overwrites: i64 = conn
            .pragma_query_value(None, "secure_delete", |row| row.get(0))
            .unwrap();
        assert_eq!(overwrites, 2);
    }

    #[test]
    fn a_file_of_version_1_is_carried_forward_with_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("relay.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(MIGRATIONS[0].1).unwrap();
        old.execute_batch(
            "INSERT INTO tenant (tenant, request, bearer_hash, admin_hash, roster_end, bytes, mailboxes, slots,
                receipts, created, removed) VALUES (x'01', x'02', x'03', x'04', 0, 900, 0, 0, 0, 7, 0);
             INSERT INTO blob (tenant, blob, size, received, expires) VALUES (1, x'05', 900, 200, 8)",
        )
        .unwrap();
        old.pragma_update(None, "application_id", APPLICATION_ID)
            .unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        drop(old);
        let tables = |conn: &Connection| -> Vec<String> {
            let mut statement = conn
                .prepare("SELECT type || name || coalesce(sql, '') FROM sqlite_schema ORDER BY 1")
                .unwrap();
            let rows = statement.query_map([], |row| row.get(0)).unwrap();
            rows.collect::<Result<_, _>>().unwrap()
        };
        let conn = open_writer(&path).unwrap();
        let kept: (i64, i64, i64) = conn
            .query_row("SELECT created, channels, bytes FROM tenant", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .unwrap();
        assert_eq!(kept, (7, 0, 200), "a blob counts by what arrived");
        let version: i32 = conn
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(version, SCHEMA_VERSION);
        let new = open_writer(&folder.path().join("new.db")).unwrap();
        assert_eq!(tables(&conn), tables(&new));
        for (rule, wrong) in super::super::contradictions(&conn).unwrap() {
            assert_eq!(wrong, 0, "{rule}");
        }
    }

    #[test]
    fn a_newer_or_foreign_file_is_told_apart_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("relay.db");
        let conn = open_writer(&path).unwrap();
        conn.pragma_update(None, "user_version", SCHEMA_VERSION + 1)
            .unwrap();
        assert!(
            matches!(open_writer(&path), Err(OpenError::Newer { found }) if found == SCHEMA_VERSION + 1)
        );
        conn.pragma_update(None, "application_id", 5).unwrap();
        assert!(matches!(open_writer(&path), Err(OpenError::Foreign)));
    }
}
