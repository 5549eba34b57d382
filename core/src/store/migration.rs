//! Forward-only numbered migrations. A released one is never edited: the next one corrects it.

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::{Doing as _, StoreError};
use crate::base::{Digest, sha256};

const DOING: &str = "migrating the schema";

/// One step of the schema.
pub(super) struct Migration {
    pub(super) version: u32,
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
}

macro_rules! migrations {
    ($($version:literal $name:literal $file:literal;)*) => {
        &[$(Migration {
            version: $version,
            name: $name,
            sql: include_str!(concat!("../../migrations/", $file)),
        }),*]
    };
}

/// All of them, in order, without gaps. Number, name, file in `core/migrations`.
pub(super) const ALL: &[Migration] = migrations! {
    1 "base" "V001__base.sql";
    2 "roster" "V002__roster.sql";
    3 "conversation" "V003__conversation.sql";
    4 "timeline" "V004__timeline.sql";
    5 "queues" "V005__queues.sql";
    6 "audit" "V006__audit.sql";
    7 "patient" "V007__patient.sql";
    8 "purge" "V008__purge.sql";
    9 "waiting" "V009__waiting.sql";
    10 "handed" "V010__handed.sql";
};

/// Brings the schema up to date, in one transaction; an up-to-date one is not written to.
pub(super) fn apply(conn: &mut Connection) -> Result<(), StoreError> {
    apply_list(conn, ALL)
}

/// Refuses a store that went through migrations this release does not have.
pub(super) fn refuse_newer(conn: &Connection) -> Result<(), StoreError> {
    newest(conn, ALL).map(drop)
}

pub(super) fn apply_list(conn: &mut Connection, list: &[Migration]) -> Result<(), StoreError> {
    if pending(conn, list)?.is_empty() {
        return Ok(());
    }
    let tx = Transaction::new(conn, TransactionBehavior::Immediate).doing(DOING)?;
    // Asked again inside the transaction: the truth is what is committed now.
    for migration in pending(&tx, list)? {
        tx.execute_batch(migration.sql).doing(DOING)?;
        tx.execute(
            "INSERT INTO migration (version, name, digest) VALUES (?1, ?2, ?3)",
            params![
                migration.version,
                migration.name,
                digest(migration).as_bytes().as_slice()
            ],
        )
        .doing(DOING)?;
    }
    tx.commit().doing(DOING)
}

/// What is left to do; checks what was done.
fn pending<'l>(conn: &Connection, list: &'l [Migration]) -> Result<&'l [Migration], StoreError> {
    let newest = newest(conn, list)?;
    let split = list.partition_point(|migration| migration.version <= newest);
    let (done, left) = list.split_at(split);
    for migration in done {
        let recorded: Option<Vec<u8>> = conn
            .query_row(
                "SELECT digest FROM migration WHERE version = ?1",
                [migration.version],
                |row| row.get(0),
            )
            .optional()
            .doing(DOING)?;
        if recorded.and_then(|bytes| Digest::from_slice(&bytes)) != Some(digest(migration)) {
            return Err(StoreError::ForeignMigration {
                version: migration.version,
            });
        }
    }
    Ok(left)
}

/// Number of the newest migration in the store, 0 for an empty one.
fn newest(conn: &Connection, list: &[Migration]) -> Result<u32, StoreError> {
    let begun: bool = conn
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'migration')",
            [],
            |row| row.get(0),
        )
        .doing(DOING)?;
    if !begun {
        return Ok(0);
    }
    let found: u32 = conn
        .query_row(
            "SELECT coalesce(max(version), 0) FROM migration",
            [],
            |row| row.get(0),
        )
        .doing(DOING)?;
    let known = list.last().map_or(0, |migration| migration.version);
    if found > known {
        Err(StoreError::NewerSchema { found, known })
    } else {
        Ok(found)
    }
}

/// Line ends do not count: a checkout may have changed them.
fn digest(migration: &Migration) -> Digest {
    sha256(migration.sql.replace("\r\n", "\n").as_bytes())
}
