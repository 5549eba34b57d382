//! Backup and restore. A backup is a folder like the data folder: database, keys, blobs. The database is copied first,
//! in one consistent state; blobs that end meanwhile are missing from the copy, and restoring forgets them.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::Backup;

use super::{AdminError, say};
use crate::blobs::Blobs;
use crate::files::{self, FileError};
use crate::lock::DataLock;
use crate::serve::database;
use crate::store::BlobKey;
use crate::store::sqlite::{open_reader, open_writer, own_file};

/// Pages of one step; between steps a serving relay goes on.
const PAGES: i32 = 1_000;
/// Files that make the relay the same relay to its devices.
const KEYS: [&str; 3] = ["signing.key", "tls-key.pem", "tls-cert.pem"];

/// Copies a data folder into a new folder.
pub(crate) fn backup(data: &Path, folder: &Path) -> Result<(), AdminError> {
    if !database(data).exists() {
        return Err(AdminError::NoData(data.to_owned()));
    }
    new_folder(folder)?;
    let from = open_reader(&database(data))?;
    copy_database(&from, &database(folder))?;
    copy_keys(data, folder)?;
    let copy = Connection::open(database(folder))?;
    let (copied, missing) = copy_blobs(&copy, &Blobs::open(data)?, &Blobs::open(folder)?)?;
    say(format_args!(
        "backup done blobs={copied} ended-meanwhile={missing}"
    ))
}

/// Copies a backup into an empty data folder.
pub(crate) fn restore(folder: &Path, data: &Path) -> Result<(), AdminError> {
    if !database(folder).exists() {
        return Err(AdminError::NoData(folder.to_owned()));
    }
    new_folder(data)?;
    let _lock = DataLock::take(data)?;
    let from = open_reader(&database(folder))?;
    copy_database(&from, &database(data))?;
    copy_keys(folder, data)?;
    let to = Blobs::open(data)?;
    let conn = open_writer(&database(data))?;
    let (copied, missing) = copy_blobs(&conn, &Blobs::open(folder)?, &to)?;
    forget_missing(&conn, &to)?;
    say(format_args!(
        "restore done blobs={copied} forgotten={missing}"
    ))
}

fn new_folder(folder: &Path) -> Result<(), AdminError> {
    files::make_folder(folder)?;
    let mut content =
        std::fs::read_dir(folder).map_err(files::failed("reading the folder", folder))?;
    if content.next().is_some() {
        Err(AdminError::NotEmpty(folder.to_owned()))
    } else {
        Ok(())
    }
}

fn copy_database(from: &Connection, to: &Path) -> Result<(), AdminError> {
    own_file(to).map_err(files::failed("making", to))?;
    let mut copy = Connection::open(to)?;
    Backup::new(from, &mut copy)?.run_to_completion(PAGES, Duration::from_millis(5), None)?;
    copy.pragma_update(None, "wal_checkpoint", "TRUNCATE")?;
    copy.close().map_err(|(_, error)| error)?;
    let synced = std::fs::File::open(to).and_then(|file| file.sync_all());
    synced.map_err(files::failed("flushing", to))?;
    Ok(())
}

fn copy_keys(from: &Path, to: &Path) -> Result<(), FileError> {
    for name in KEYS {
        if let Some(bytes) = files::read_secret(&from.join(name))? {
            files::write_secret(&to.join(name), &bytes)?;
        }
    }
    Ok(())
}

fn received_blobs(conn: &Connection) -> Result<Vec<(BlobKey, u64)>, rusqlite::Error> {
    let mut statement = conn.prepare("SELECT id, received FROM blob WHERE received > 0")?;
    let rows = statement.query_map([], |row| {
        Ok((
            BlobKey(row.get(0)?),
            u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0),
        ))
    })?;
    rows.collect()
}

fn copy_blobs(conn: &Connection, from: &Blobs, to: &Blobs) -> Result<(usize, usize), AdminError> {
    let (mut copied, mut missing) = (0, 0);
    for (key, _) in received_blobs(conn)? {
        let (source, target) = (from.path(key), to.path(key));
        if let Some(parent) = target.parent() {
            files::make_folder(parent)?;
        }
        match std::fs::copy(&source, &target) {
            Ok(_) => copied += 1,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => missing += 1,
            Err(error) => return Err(files::failed("copying", &source)(error).into()),
        }
        if target.exists() {
            let synced = std::fs::File::open(&target).and_then(|file| file.sync_all());
            synced.map_err(files::failed("flushing", &target))?;
        }
    }
    Ok((copied, missing))
}

/// A blob whose bytes are gone or short is uploaded anew or not at all: it is as if nothing of it had arrived.
fn forget_missing(conn: &Connection, blobs: &Blobs) -> Result<(), AdminError> {
    for (key, received) in received_blobs(conn)? {
        let len = std::fs::metadata(blobs.path(key)).map_or(0, |file| file.len());
        if len < received {
            conn.execute("UPDATE blob SET received = 0 WHERE id = ?1", [key.0])?;
        }
    }
    Ok(())
}
