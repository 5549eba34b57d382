//! The folder on disk: every step is one rename or one synced file, so that a dead process leaves either the state
//! before it or the state after it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::watch::Fingerprint;
use crate::failure::{Failure, Outcome};

const TAKEN: &str = ".taken";
const LOCK: &str = ".sotto-drop.lock";

/// Where a file ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Done,
    Refused,
}

/// A drop folder that this process alone works on.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
    _lock: File,
}

impl Folder {
    /// Takes the folder and makes the ones inside it.
    pub(crate) fn open(root: &Path) -> Outcome<Self> {
        if !root.is_dir() {
            return Err(Failure::not_found(
                "drop.not_found",
                format!("there is no folder {}", root.display()),
            ));
        }
        let lock = File::create(root.join(LOCK))
            .map_err(|error| Failure::io("opening the drop folder", &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::refused(
                    "drop.taken",
                    "another process takes files from this drop folder already",
                ));
            }
            Err(TryLockError::Error(error)) => {
                return Err(Failure::io("locking the drop folder", &error));
            }
        }
        let folder = Self {
            root: root.to_owned(),
            _lock: lock,
        };
        for inside in [
            folder.taken(),
            folder.end(End::Done),
            folder.end(End::Refused),
        ] {
            make_private(&inside)
                .map_err(|error| Failure::io("preparing the drop folder", &error))?;
        }
        Ok(folder)
    }

    /// Files that wait in the folder.
    pub(crate) fn waiting(&self) -> io::Result<BTreeMap<OsString, Fingerprint>> {
        list(&self.root)
    }

    /// Files that were taken and have not come to an end.
    pub(crate) fn in_hand(&self) -> io::Result<BTreeMap<OsString, Fingerprint>> {
        list(&self.taken())
    }

    /// Takes a waiting file.
    pub(crate) fn take(&self, name: &OsStr) -> io::Result<()> {
        fs::rename(self.root.join(name), self.taken().join(name))?;
        sync_folder(&self.taken())?;
        sync_folder(&self.root)
    }

    /// What a taken file holds.
    pub(crate) fn read(&self, name: &OsStr) -> io::Result<Vec<u8>> {
        fs::read(self.taken().join(name))
    }

    /// Puts the answer beside where the file lay: whole or not at all, in place of an older one.
    pub(crate) fn answer(&self, name: &OsStr, answer: &[u8]) -> io::Result<()> {
        let making = self.root.join(joined(".", name, ".ack.tmp"));
        let mut file = File::create(&making)?;
        file.write_all(answer)?;
        file.sync_all()?;
        fs::rename(&making, self.root.join(joined("", name, ".ack")))?;
        sync_folder(&self.root)
    }

    /// Moves a taken file to its end. An earlier file of this name there is kept beside it.
    pub(crate) fn finish(&self, name: &OsStr, end: End) -> io::Result<()> {
        let folder = self.end(end);
        let mut to = folder.join(name);
        let mut number = 2u32;
        while to.try_exists()? {
            to = folder.join(joined("", name, &format!("~{number}")));
            number += 1;
        }
        fs::rename(self.taken().join(name), to)?;
        sync_folder(&folder)?;
        sync_folder(&self.taken())
    }

    fn taken(&self) -> PathBuf {
        self.root.join(TAKEN)
    }

    fn end(&self, end: End) -> PathBuf {
        self.root.join(match end {
            End::Done => "done",
            End::Refused => "refused",
        })
    }
}

fn joined(before: &str, name: &OsStr, after: &str) -> OsString {
    let mut joined = OsString::from(before);
    joined.push(name);
    joined.push(after);
    joined
}

/// Plain files only: what a link points at may lie anywhere and belong to anybody.
fn list(folder: &Path) -> io::Result<BTreeMap<OsString, Fingerprint>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // Gone between the listing and the question: its writer renamed or removed it.
        let Ok(metadata) = fs::symlink_metadata(entry.path()) else {
            continue;
        };
        if metadata.is_file() {
            files.insert(
                entry.file_name(),
                Fingerprint {
                    size: metadata.len(),
                    modified: metadata.modified()?,
                },
            );
        }
    }
    Ok(files)
}

/// Results in clear lie here: for this account alone.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes a rename last through a power cut.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Renames on other systems are journaled by the file system; a folder cannot be opened as a file there.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
