//! `check`: is everything there and does it fit together? Changes nothing and can run beside a serving relay.

use rusqlite::Connection;

use super::{AdminError, say};
use crate::blobs::Blobs;
use crate::config::Config;
use crate::serve::database;
use crate::store::BlobKey;
use crate::store::sqlite::{SCHEMA_VERSION, contradictions, open_reader};
use crate::tls;

/// Prints a line for each thing checked; whether all was well.
pub(crate) fn check(config: &Config) -> Result<bool, AdminError> {
    let mut good = true;
    let mut line = |name: &str, wrong: Option<String>| {
        good &= wrong.is_none();
        match wrong {
            None => say(format_args!("ok {name}")),
            Some(wrong) => say(format_args!("BAD {name}: {wrong}")),
        }
    };
    line("configuration", None)?;
    let path = database(&config.data);
    if !path.exists() {
        line("database", Some("there is none yet".to_owned()))?;
        return Ok(false);
    }
    if config.tls_cert.is_some() || config.data.join("tls-cert.pem").exists() {
        line(
            "tls",
            tls::load_or_make(config)
                .err()
                .map(|error| error.to_string()),
        )?;
    }
    let conn = open_reader(&path)?;
    // One snapshot for all sums, also while a relay writes.
    let snapshot = conn.unchecked_transaction()?;
    let version: i32 = snapshot.pragma_query_value(None, "user_version", |row| row.get(0))?;
    line(
        "schema",
        (version != SCHEMA_VERSION)
            .then(|| format!("version {version}, this program knows {SCHEMA_VERSION}")),
    )?;
    if version != SCHEMA_VERSION {
        // The tables are not those the sums speak of; the next start carries an older file forward.
        return Ok(false);
    }
    let integrity: String =
        snapshot.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    line("integrity", (integrity != "ok").then_some(integrity))?;
    for (name, wrong) in contradictions(&snapshot)? {
        line(
            name,
            (wrong > 0).then(|| format!("{wrong} rows do not add up")),
        )?;
    }
    let missing = missing_blobs(&snapshot, &Blobs::open(&config.data)?)?;
    line(
        "blobs",
        (missing > 0).then(|| format!("{missing} files are missing or short")),
    )?;
    Ok(good)
}

fn missing_blobs(conn: &Connection, blobs: &Blobs) -> Result<usize, rusqlite::Error> {
    let mut statement = conn.prepare("SELECT id, received FROM blob WHERE received > 0")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
    let mut missing = 0;
    for row in rows {
        let (id, received) = row?;
        let len = std::fs::metadata(blobs.path(BlobKey(id))).map_or(0, |file| file.len());
        missing += usize::from(i64::try_from(len).unwrap_or(i64::MAX) < received);
    }
    Ok(missing)
}
