//! Never write the disk full: a full disk cannot even delete. Below a soft limit nothing new is taken; if the disk is
//! full all the same, a ballast file is given up, so that acknowledgements can free space.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use sotto_wire::{ErrorCode, WireError};

use crate::files::{self, FileError};
use crate::logging::{Cause, log_event};

/// How soon a full disk is worth another try.
const RETRY_MS: u32 = 60_000;

/// Watches the data folder's disk.
#[derive(Debug)]
pub(crate) struct Disk {
    folder: PathBuf,
    free_min: u64,
    ballast: u64,
    full: AtomicBool,
    /// The ballast was given up and there is no room for another.
    given_up: AtomicBool,
}

impl Disk {
    /// Watches; lays the ballast if there is room for it.
    pub(crate) fn watch(folder: &Path, free_min: u64, ballast: u64) -> Self {
        let disk = Self {
            folder: folder.to_owned(),
            free_min,
            ballast,
            full: AtomicBool::new(false),
            given_up: AtomicBool::new(false),
        };
        disk.look();
        disk
    }

    /// Refuses what would store something new while the disk is nearly full.
    pub(crate) fn check(&self) -> Result<(), WireError> {
        if self.is_full() {
            Err(WireError::retry_after(ErrorCode::StorageFull, RETRY_MS))
        } else {
            Ok(())
        }
    }

    /// Whether nothing new is taken.
    pub(crate) fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    /// The disk said it is full: gives up the ballast.
    pub(crate) fn hit(&self) -> WireError {
        self.full.store(true, Ordering::Relaxed);
        self.given_up.store(true, Ordering::Relaxed);
        match std::fs::remove_file(self.ballast_file()) {
            Ok(()) => log_event!(WARN, "the disk is full: the ballast was given up"),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                log_event!(
                    ERROR,
                    "the disk is full and the ballast cannot be given up",
                    cause = Cause::of(&error)
                );
            }
        }
        WireError::retry_after(ErrorCode::StorageFull, RETRY_MS)
    }

    /// Looks how much is free; lays the ballast again where there is room for it and the limit.
    pub(crate) fn look(&self) {
        let Some(free) = self.free() else { return };
        let room = free.saturating_sub(self.free_min) > self.ballast.saturating_mul(2);
        // The room that giving up the ballast made is not there to be filled.
        let given_up = self.given_up.load(Ordering::Relaxed) && !room;
        let full = free < self.free_min || given_up;
        self.given_up.store(given_up, Ordering::Relaxed);
        if full != self.full.swap(full, Ordering::Relaxed) {
            log_event!(WARN, "the soft disk limit", full = full);
        }
        let missing = self.ballast > 0 && !self.ballast_file().exists();
        if missing
            && room
            && !full
            && let Err(error) = self.lay()
        {
            log_event!(WARN, "laying the ballast", cause = Cause::of(&error));
        }
    }

    fn ballast_file(&self) -> PathBuf {
        self.folder.join("ballast")
    }

    fn free(&self) -> Option<u64> {
        match rustix::fs::statvfs(&self.folder) {
            Ok(stat) => Some(stat.f_bavail.saturating_mul(stat.f_frsize)),
            Err(error) => {
                let cause = Cause::of(&std::io::Error::from(error));
                log_event!(ERROR, "asking how much of the disk is free", cause = cause);
                None
            }
        }
    }

    /// Writes real bytes: a sparse file would free nothing.
    fn lay(&self) -> Result<(), FileError> {
        let path = self.ballast_file();
        let new = path.with_extension("new");
        let write = || {
            let mut file = File::create(&new)?;
            let block = [0x5a; 1 << 16];
            let mut left = self.ballast;
            while left > 0 {
                let n = left.min(block.len() as u64);
                file.write_all(&block[..usize::try_from(n).unwrap_or(block.len())])?;
                left -= n;
            }
            file.sync_all()?;
            std::fs::rename(&new, &path)
        };
        write().map_err(files::failed("writing", &path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_the_soft_limit_nothing_new_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::watch(folder.path(), u64::MAX, 0);
        let refused = disk.check().unwrap_err();
        assert_eq!(
            (refused.code, refused.retry_after_ms),
            (ErrorCode::StorageFull, Some(RETRY_MS))
        );
    }

    #[test]
    fn the_room_of_a_given_up_ballast_is_not_filled() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::watch(folder.path(), 0, u64::MAX / 4);
        assert!(
            disk.check().is_ok(),
            "a ballast that never fitted is no reason to refuse"
        );
        disk.hit();
        disk.look();
        assert_eq!(disk.check().unwrap_err().code, ErrorCode::StorageFull);
    }

    #[test]
    fn a_full_disk_takes_the_ballast_and_room_lays_it_again() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::watch(folder.path(), 0, 100_000);
        assert_eq!(
            std::fs::metadata(folder.path().join("ballast"))
                .unwrap()
                .len(),
            100_000
        );
        disk.hit();
        assert!(!folder.path().join("ballast").exists());
        assert!(disk.check().is_err());
        disk.look();
        assert!(disk.check().is_ok());
        assert!(folder.path().join("ballast").exists());
    }
}
