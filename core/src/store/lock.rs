//! Locks between processes: advisory, on files beside the database, released by the operating system when a process
//! dies.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use super::StoreError;
use crate::vault::file;

/// Held for the time of one write.
pub(super) const WRITE_LOCK: &str = "store.lock";

const DOING: &str = "locking the store";
/// How long one wait takes; the number of waits is the patience. There is no portable lock with a deadline.
const STEP: Duration = Duration::from_millis(2);

pub(super) fn open(dir: &Path, name: &str) -> Result<File, StoreError> {
    file::private()
        .write(true)
        .create(true)
        .truncate(false)
        .open(dir.join(name))
        .map_err(StoreError::io(DOING))
}

/// A held lock; released on drop, on a panic too.
pub(super) struct Held<'f>(&'f File);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // Cannot fail on a file that is locked; closing it would release it as well.
        let _ = self.0.unlock();
    }
}

/// Waits for the lock, at most about as long as `patience`.
pub(super) fn acquire(file: &File, patience: Duration) -> Result<Held<'_>, StoreError> {
    let mut left = patience;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Held(file)),
            Err(TryLockError::WouldBlock) if left.is_zero() => {
                return Err(StoreError::LockedByAnotherProcess);
            }
            Err(TryLockError::WouldBlock) => {
                let step = STEP.min(left);
                std::thread::sleep(step);
                left -= step;
            }
            Err(TryLockError::Error(error)) => return Err(StoreError::io(DOING)(error)),
        }
    }
}
