//! Everything on disk, and what protects it: so that nothing lies beside the store unnoticed.

use std::path::Path;

use super::{DATABASE, Store, StoreError, lock, role, sidecar};
use crate::vault::RECORD;

/// What a file of the store's folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// The database.
    Database,
    /// Its write-ahead log or rollback journal.
    Journal,
    /// The log's index: page numbers and counters.
    JournalIndex,
    /// The wrapped database key.
    KeyRecord,
    /// The one-way value that tells a wrong key.
    KeyCheck,
    /// The encrypted copy of an attachment.
    Attachment,
    /// What a locked device needs to verify and carry out an order to wipe itself: it opens nothing of the store and
    /// names nobody.
    Stub,
    /// A lock, without content.
    Lock,
    /// A file half written when a process ended; the next write of that file replaces it.
    Unfinished,
    /// Nothing this floor knows.
    Unknown,
}

/// What keeps a thief from reading a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// Encrypted under the database key.
    Encrypted,
    /// Readable, and made so that nothing in it is secret.
    PlainByDesign,
    /// Not known to this floor.
    Unknown,
}

/// One file of the store's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InventoryItem {
    /// Path below the store's folder, with `/` between its parts.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// What it is.
    pub kind: FileKind,
    /// What protects it.
    pub protection: Protection,
}

/// What was found below a folder, and what could not be looked at.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// Files.
    pub(crate) items: Vec<InventoryItem>,
    /// Folders that could not be listed to their end, by path as in [`InventoryItem::name`]; empty: the store's own.
    pub(crate) unread: Vec<(String, std::io::ErrorKind)>,
}

fn walk(dir: &Path, prefix: &str, survey: &mut Survey) {
    if let Err(error) = list(dir, prefix, survey) {
        let name = prefix.trim_end_matches('/').to_owned();
        survey.unread.push((name, error.kind()));
    }
}

fn list(dir: &Path, prefix: &str, survey: &mut Survey) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        // Not followed, so that a link to elsewhere is shown as what it is.
        let metadata = match std::fs::symlink_metadata(entry.path()) {
            Ok(metadata) => metadata,
            // The log goes away when the last connection closes.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        if metadata.is_dir() {
            walk(&entry.path(), &format!("{name}/"), survey);
        } else {
            let (kind, protection) = if metadata.is_file() {
                classify(&name)
            } else {
                UNKNOWN
            };
            survey.items.push(InventoryItem {
                name,
                bytes: metadata.len(),
                kind,
                protection,
            });
        }
    }
    Ok(())
}

const UNKNOWN: (FileKind, Protection) = (FileKind::Unknown, Protection::Unknown);

fn classify(name: &str) -> (FileKind, Protection) {
    match name {
        DATABASE => (FileKind::Database, Protection::Encrypted),
        "sotto.db-wal" | "sotto.db-journal" => (FileKind::Journal, Protection::Encrypted),
        "sotto.db-shm" => (FileKind::JournalIndex, Protection::PlainByDesign),
        RECORD => (FileKind::KeyRecord, Protection::PlainByDesign),
        sidecar::SIDECAR => (FileKind::KeyCheck, Protection::PlainByDesign),
        "stub.cbor" | "stub.refused" => (FileKind::Stub, Protection::PlainByDesign),
        lock::WRITE_LOCK | role::ROLE_LOCK | role::SESSION_LOCK | "vault.lock" | "stub.lock" => {
            (FileKind::Lock, Protection::PlainByDesign)
        }
        "vault.cbor.new" | "store.check.new" | "stub.cbor.new" | "stub.refused.new" => {
            (FileKind::Unfinished, Protection::PlainByDesign)
        }
        // The command line's own lock and request, which hold no content.
        "cli.lock" | "cli.stop" => (FileKind::Lock, Protection::PlainByDesign),
        _ if is_copy(name) => (FileKind::Attachment, Protection::Encrypted),
        _ => UNKNOWN,
    }
}

/// The encrypted copy of an attachment: 32 hexadecimal digits in its folder.
fn is_copy(name: &str) -> bool {
    name.strip_prefix("attachments/")
        .is_some_and(|file| file.len() == 32 && file.bytes().all(|b| b.is_ascii_hexdigit()))
}

impl Store {
    /// Lists every file below `dir`, the store's folder, sorted by name, with what protects it. Symbolic links are listed
    /// and not followed. The store need not be open.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is no such folder, [`StoreError::Io`].
    pub fn inventory(dir: &Path) -> Result<Vec<InventoryItem>, StoreError> {
        if !dir.is_dir() {
            return Err(StoreError::NotFound);
        }
        let survey = Self::survey(dir);
        match survey.unread.first() {
            Some((_, kind)) => Err(StoreError::io("listing the store's folder")((*kind).into())),
            None => Ok(survey.items),
        }
    }

    /// The same as far as it goes: nothing is an error, and what could not be looked at is told.
    pub(crate) fn survey(dir: &Path) -> Survey {
        let mut survey = Survey::default();
        walk(dir, "", &mut survey);
        survey.items.sort_by(|a, b| a.name.cmp(&b.name));
        survey
    }
}
