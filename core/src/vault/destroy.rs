//! Destroying a key record: the cryptographic erase of the store (NIST SP 800-88 Rev. 1, section 2.6). The wrapped key
//! exists nowhere else, so what the store holds is ciphertext without a key from then on.

use std::fs::TryLockError;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::error::while_doing;
use super::record::{RECORD, Record};
use super::{Factors, SlotId, Vault, VaultError, file};

const DOING: &str = "destroying the key record";
/// How long one wait for another process takes.
const STEP: Duration = Duration::from_millis(10);

impl Vault {
    /// Where the keyring keeps this record's part, so that it can be forgotten once the record is gone; `None` where
    /// there is no such part, no record, or none that can be read.
    #[must_use]
    pub fn kept_slot(&self) -> Option<SlotId> {
        let record = Record::read(self.dir()).ok()?;
        record.factors.contain(Factors::KEPT).then_some(record.slot)
    }

    /// Destroys the record: overwritten once, made durable, unlinked, made durable. Another process that is writing the
    /// record is waited for, at most about as long as `patience`. An absent record is no error, so that a destruction
    /// that a crash cut short is done again.
    ///
    /// What a solid-state disk keeps of overwritten blocks is out of this program's reach; such a block is still wrapped
    /// under what the owner knows and what the keyring held.
    ///
    /// # Errors
    /// [`VaultError::Io`]: the record may still be there.
    pub fn destroy(&self, patience: Duration) -> Result<(), VaultError> {
        let _held = self.lock_within(patience);
        for name in [RECORD.to_owned(), format!("{RECORD}.new")] {
            remove(&self.dir().join(name)).map_err(while_doing(DOING))?;
        }
        match file::sync_dir(self.dir()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(while_doing(DOING)(error)),
            _ => Ok(()),
        }
    }

    /// The record's lock, if it comes free in time: whoever holds it longer does not stand in the way.
    fn lock_within(&self, patience: Duration) -> Option<std::fs::File> {
        let lock = self.lock_file().ok()?;
        let mut left = patience;
        loop {
            match lock.try_lock() {
                Ok(()) => return Some(lock),
                Err(TryLockError::WouldBlock) if !left.is_zero() => {
                    let step = STEP.min(left);
                    std::thread::sleep(step);
                    left -= step;
                }
                Err(_) => return None,
            }
        }
    }
}

fn remove(path: &Path) -> io::Result<()> {
    let absent = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    };
    // A link is removed and what it leads to left alone.
    let found = match std::fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) => return absent(error),
    };
    if found.is_file() {
        // Where it cannot be overwritten it is unlinked all the same.
        let _ = file::overwrite(path, found.len());
    }
    std::fs::remove_file(path).or_else(absent)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::base::SystemRandom;
    use crate::vault::{KeyVault as _, MemoryVault};

    #[test]
    fn what_was_destroyed_opens_nothing_and_is_destroyed_again_without_error() {
        let dir = tempfile::tempdir().unwrap();
        let (vault, keyring) = (Vault::at(dir.path()), MemoryVault::default());
        vault.create(&keyring, &SystemRandom).unwrap();
        let slot = vault.kept_slot().unwrap();
        std::fs::write(dir.path().join("vault.cbor.new"), b"half").unwrap();
        vault.destroy(Duration::ZERO).unwrap();
        vault.destroy(Duration::ZERO).unwrap();
        assert_eq!(vault.open(&keyring).unwrap_err(), VaultError::NotFound);
        assert_eq!(vault.kept_slot(), None);
        assert!(!dir.path().join("vault.cbor.new").exists());
        keyring.forget(&slot).unwrap();
    }

    #[test]
    fn another_process_in_the_record_does_not_stand_in_the_way() {
        let dir = tempfile::tempdir().unwrap();
        let (vault, keyring) = (Vault::at(dir.path()), MemoryVault::default());
        vault.create(&keyring, &SystemRandom).unwrap();
        let held = vault.lock_file().unwrap();
        held.lock().unwrap();
        vault.destroy(Duration::from_millis(30)).unwrap();
        assert_eq!(vault.open(&keyring).unwrap_err(), VaultError::NotFound);
    }
}
