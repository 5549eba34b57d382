//! Who talks to the relay for a store: one `run` that stays connected, or one command for the time of a round. Other
//! commands write under the write lock and leave the rest to it.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::{Store, StoreError, lock};

/// Locked for as long as a process stays connected.
pub(super) const ROLE_LOCK: &str = "run.lock";
/// Locked while a process uses this store's session: for one round, or for as long as it stays connected.
pub(super) const SESSION_LOCK: &str = "session.lock";

/// The role of the one that runs this store. Given back on drop, by the operating system if the process dies.
#[derive(Debug)]
pub struct RunRole {
    lock: File,
}

/// The right to use this store's session with the relay. Given back like [`RunRole`].
#[derive(Debug)]
pub struct SessionRole {
    lock: File,
}

/// Said outright: a program that was started meanwhile may hold the file for a moment longer, and the lock with it.
impl Drop for RunRole {
    fn drop(&mut self) {
        let _ = self.lock.unlock();
    }
}

impl Drop for SessionRole {
    fn drop(&mut self) {
        let _ = self.lock.unlock();
    }
}

impl RunRole {
    /// Takes the role for the store in this folder, which need not be open.
    ///
    /// # Errors
    /// [`StoreError::AlreadyRunning`], [`StoreError::Io`].
    pub fn try_take(dir: &Path) -> Result<Self, StoreError> {
        let lock = try_lock(dir, ROLE_LOCK)?.ok_or(StoreError::AlreadyRunning)?;
        Ok(Self { lock })
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

    /// Takes the session; `None` where another process has it.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn try_session_role(&self) -> Result<Option<SessionRole>, StoreError> {
        Ok(try_lock(self.dir(), SESSION_LOCK)?.map(|lock| SessionRole { lock }))
    }
}

fn try_lock(dir: &Path, name: &str) -> Result<Option<File>, StoreError> {
    let file = lock::open(dir, name)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(StoreError::io("taking a role of the store")(error)),
    }
}
