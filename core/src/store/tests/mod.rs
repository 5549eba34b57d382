#![allow(clippy::unwrap_used, clippy::expect_used)]

mod health;
mod migrations;
mod opening;
mod places;
mod processes;
mod secrecy;
mod writing;

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{DATABASE, Store, StoreError, StoreOptions};
use crate::base::Secret;
use crate::vault::DatabaseKey;

pub(super) fn key() -> DatabaseKey {
    DatabaseKey::new(Secret::new([0x5a; 32]))
}

/// Waits for locks hardly at all.
pub(super) fn impatient() -> StoreOptions {
    let little = Duration::from_millis(20);
    StoreOptions {
        lock_patience: little,
        busy_timeout: little,
        ..StoreOptions::default()
    }
}

/// A folder that goes away at the end, and the store's own below it.
pub(super) fn folder() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("store");
    (dir, home)
}

pub(super) fn store() -> (tempfile::TempDir, Store) {
    let (dir, home) = folder();
    let store = Store::create(&home, &key(), impatient()).unwrap();
    (dir, store)
}

pub(super) fn put(store: &Store, value: &[u8]) -> Result<(), StoreError> {
    store.write("test value", |tx| tx.put_meta_bytes("test", value))
}

pub(super) fn get(store: &Store) -> Option<Vec<u8>> {
    store.read(|tx| tx.meta_bytes("test")).unwrap()
}

/// Every file of the folder with its bytes, to see that nothing was changed.
pub(super) fn snapshot(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                std::fs::read(&path).unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}
