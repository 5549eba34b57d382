//! One relay per data folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::files::{self, FileError};

/// Why the folder cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LockError {
    /// Somebody has it.
    #[error("another relay serves from this data folder")]
    Taken,
    /// The lock file.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Held while a relay serves from a folder; the system gives it back even after a crash.
#[derive(Debug)]
pub(crate) struct DataLock(#[allow(dead_code, reason = "held, never read")] File);

impl DataLock {
    /// Takes the folder.
    pub(crate) fn take(data: &Path) -> Result<Self, LockError> {
        let path = data.join("lock");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path);
        let file = file.map_err(files::failed("opening", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(LockError::Taken),
            Err(TryLockError::Error(error)) => Err(files::failed("locking", &path)(error).into()),
        }
    }
}
