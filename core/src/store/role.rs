//! One `run` per store: whoever holds the role talks to the relay; other commands write under the lock and leave the
//! rest to it.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::{Store, StoreError, lock};

/// Locked for as long as the role is held.
pub(super) const ROLE_LOCK: &str = "run.lock";

/// The role of the one that runs this store. Given back on drop, by the operating system if the process dies.
#[derive(Debug)]
pub struct RunRole {
    _lock: File,
}

impl RunRole {
    /// Takes the role for the store in this folder, which need not be open.
    ///
    /// # Errors
    /// [`StoreError::AlreadyRunning`], [`StoreError::Io`].
    pub fn try_take(dir: &Path) -> Result<Self, StoreError> {
        let file = lock::open(dir, ROLE_LOCK)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _lock: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::AlreadyRunning),
            Err(TryLockError::Error(error)) => Err(StoreError::io("taking the role of running the store")(error)),
        }
    }
}

impl Store {
    /// Takes the role of the one that runs this store.
    ///
    /// # Errors
    /// [`StoreError::AlreadyRunning`], [`StoreError::Io`].
    pub fn try_run_role(&self) -> Result<RunRole, StoreError> {
        RunRole::try_take(self.dir())
    }
}
