//! Making, opening and re-wrapping a key record.

use std::fs::File;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::error::while_doing;
use super::record::{RECORD, Record};
use super::{Ask, DatabaseKey, Factors, KeyVault, Part, SlotId, VaultError, file};
use crate::base::{Digest, Random, Secret, aead, hkdf};

/// Held while a record is written, so that two processes never make two keys for one folder.
const LOCK: &str = "vault.lock";
const LABEL: &str = "vault database key";
const WRAP_VERSION: u8 = 1;

/// The key record of one folder.
#[derive(Debug, Clone)]
pub struct Vault {
    dir: PathBuf,
}

impl Vault {
    /// The record of this folder, whether or not there is one yet.
    #[must_use]
    pub fn at(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
        }
    }

    /// What must be brought to [`Vault::open`]: so that a shell asks for a passphrase only where one is needed.
    ///
    /// # Errors
    /// [`VaultError::NotFound`], [`VaultError::Damaged`], [`VaultError::NewerVersion`], [`VaultError::Io`].
    pub fn factors(&self) -> Result<Factors, VaultError> {
        Record::read(&self.dir).map(|record| record.factors)
    }

    /// Draws a database key and keeps it wrapped under everything `vault` brings. Makes the folder if needed.
    ///
    /// # Errors
    /// [`VaultError::AlreadyExists`]: a record is never overwritten by this. Else what the vault answers.
    pub fn create(
        &self,
        vault: &dyn KeyVault,
        random: &dyn Random,
    ) -> Result<DatabaseKey, VaultError> {
        file::make_private_dir(&self.dir).map_err(while_doing("making the store's folder"))?;
        let _held = self.lock()?;
        if self
            .dir
            .join(RECORD)
            .try_exists()
            .map_err(while_doing("looking for a key record"))?
        {
            return Err(VaultError::AlreadyExists);
        }
        let key = DatabaseKey::random(random);
        self.wrap(&key, vault, random)?;
        Ok(key)
    }

    /// Unwraps the database key. A wrong passphrase is a typed error; slowing guesses down is the caller's part.
    ///
    /// # Errors
    /// [`VaultError`], each cause told apart.
    pub fn open(&self, vault: &dyn KeyVault) -> Result<DatabaseKey, VaultError> {
        unwrap(&Record::read(&self.dir)?, vault)
    }

    /// Wraps the same database key under what `new` brings instead of `old`: a changed passphrase, a factor added or
    /// dropped. The store itself is not touched. A crash leaves the old record or the new one.
    ///
    /// # Errors
    /// As [`Vault::open`] for `old`, as [`Vault::create`] for `new`.
    pub fn change(
        &self,
        old: &dyn KeyVault,
        new: &dyn KeyVault,
        random: &dyn Random,
    ) -> Result<(), VaultError> {
        self.change_where(old, |_| true, || Ok(new), random)
            .map(drop)
    }

    /// The same where the record still asks for what `wanted` expects, and with a vault that is made only then, while no
    /// other process can change the record: so that two processes never leave two shares at the relay for one record.
    /// Says whether it was changed.
    ///
    /// # Errors
    /// As [`Vault::change`]; what `new` answers, and then nothing was changed.
    pub fn change_where<E: From<VaultError>, V: KeyVault>(
        &self,
        old: &dyn KeyVault,
        wanted: impl FnOnce(Factors) -> bool,
        new: impl FnOnce() -> Result<V, E>,
        random: &dyn Random,
    ) -> Result<bool, E> {
        let _held = self.lock()?;
        let before = Record::read(&self.dir)?;
        if !wanted(before.factors) {
            return Ok(false);
        }
        let key = unwrap(&before, old)?;
        self.wrap(&key, &new()?, random)?;
        // The change is done. What stays behind in a keyring that does not answer now opens nothing any more.
        let _ = old.forget(&before.slot);
        Ok(true)
    }

    fn wrap(
        &self,
        key: &DatabaseKey,
        vault: &dyn KeyVault,
        random: &dyn Random,
    ) -> Result<(), VaultError> {
        let slot = SlotId::random(random);
        let part = vault.establish(&slot, random)?;
        let written = self.write_wrapped(key, &slot, &part, random);
        // A failure may come after the new record is in place. Only an entry that no record names is forgotten.
        if written.is_err() && self.names_another(&slot) {
            let _ = vault.forget(&slot);
        }
        written
    }

    fn write_wrapped(
        &self,
        key: &DatabaseKey,
        slot: &SlotId,
        part: &Part,
        random: &dyn Random,
    ) -> Result<(), VaultError> {
        let factors = part.factors();
        let kek = key_encryption_key(slot, factors, part)?;
        let wrapped = aead::seal(
            &kek,
            WRAP_VERSION,
            LABEL,
            &[],
            key.secret().expose(),
            random,
        )
        .map_err(|_| VaultError::Crypto)?;
        Record {
            slot: *slot,
            factors,
            stretch: part.stretch().cloned(),
            kept_check: part.kept().map(|kept| kept_check(slot, kept)),
            share_check: part.share().map(|share| share_check(slot, share)),
            wrapped: wrapped.into(),
        }
        .write(&self.dir)
    }

    fn names_another(&self, slot: &SlotId) -> bool {
        match Record::read(&self.dir) {
            Ok(record) => record.slot != *slot,
            Err(error) => error == VaultError::NotFound,
        }
    }

    /// The folder.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    fn lock(&self) -> Result<File, VaultError> {
        let lock = self.lock_file()?;
        lock.lock().map_err(while_doing("locking the key record"))?;
        Ok(lock)
    }

    /// The file that is locked, not locked yet.
    pub(super) fn lock_file(&self) -> Result<File, VaultError> {
        file::private()
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.dir.join(LOCK))
            .map_err(|error| match error.kind() {
                // No folder, no record.
                std::io::ErrorKind::NotFound => VaultError::NotFound,
                kind => VaultError::Io {
                    doing: "locking the key record",
                    kind,
                },
            })
    }
}

fn unwrap(record: &Record, vault: &dyn KeyVault) -> Result<DatabaseKey, VaultError> {
    let ask = Ask {
        slot: &record.slot,
        factors: record.factors,
        stretch: record.stretch.as_ref(),
    };
    let part = vault.recall(&ask)?;
    part.covers(record.factors)?;
    if record.factors.contain(Factors::KEPT)
        && part.kept().map(|kept| kept_check(&record.slot, kept)) != record.kept_check
    {
        return Err(VaultError::WrongKeyringSecret);
    }
    if record.factors.contain(Factors::UNLOCK_SHARE)
        && part.share().map(|share| share_check(&record.slot, share)) != record.share_check
    {
        return Err(VaultError::WrongUnlockShare);
    }
    let kek = key_encryption_key(&record.slot, record.factors, &part)?;
    // The record's digest held, the kept secret and the share are the right ones: what is left is the passphrase.
    let wrong = if record.factors.contain(Factors::PASSPHRASE) {
        VaultError::WrongPassphrase
    } else {
        VaultError::Damaged
    };
    let plain = Zeroizing::new(
        aead::open(&kek, WRAP_VERSION, LABEL, &[], &record.wrapped).map_err(|_| wrong.clone())?,
    );
    Secret::from_slice(&plain)
        .map(DatabaseKey::new)
        .ok_or(VaultError::Damaged)
}

/// HKDF(kept ‖ stretched ‖ share), salted with the slot and the set of factors: each part has 32 bytes, so the set says
/// unambiguously what was concatenated. Only what the record names is mixed in.
fn key_encryption_key(
    slot: &SlotId,
    factors: Factors,
    part: &Part,
) -> Result<Secret<32>, VaultError> {
    let mut material = Zeroizing::new(Vec::with_capacity(96));
    if let Some(kept) = part.kept().filter(|_| factors.contain(Factors::KEPT)) {
        material.extend_from_slice(kept.expose());
    }
    if let Some(stretched) = part
        .stretched()
        .filter(|_| factors.contain(Factors::PASSPHRASE))
    {
        material.extend_from_slice(stretched.expose());
    }
    if let Some(share) = part
        .share()
        .filter(|_| factors.contain(Factors::UNLOCK_SHARE))
    {
        // Alone it would let the relay open what it does not have; only ever beside another factor.
        if !material.is_empty() {
            material.extend_from_slice(share.expose());
        }
    }
    if material.is_empty() {
        return Err(VaultError::NoFactor);
    }
    let mut salt = [0u8; 17];
    salt[..16].copy_from_slice(slot.as_bytes());
    salt[16] = factors.bits();
    Ok(hkdf(&material, &salt, "vault key-encryption key"))
}

fn share_check(slot: &SlotId, share: &Secret<32>) -> Digest {
    Digest::new(*hkdf(share.expose(), slot.as_bytes(), "vault share check").expose())
}

fn kept_check(slot: &SlotId, kept: &Secret<32>) -> Digest {
    Digest::new(*hkdf(kept.expose(), slot.as_bytes(), "vault kept check").expose())
}
