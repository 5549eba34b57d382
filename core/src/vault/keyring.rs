//! The operating system's keyring: Secret Service on Linux, Keychain on macOS, Credential Manager on Windows.

use std::sync::Arc;

use keyring_core::{CredentialStore, Entry, Error};
use zeroize::Zeroizing;

use super::{Ask, Factors, KeyVault, Part, SlotId, VaultError};
use crate::base::codec::{hex, unhex};
use crate::base::{Random, Secret};

/// The service under which entries are filed.
const SERVICE: &str = "sotto";

type Connect = dyn Fn() -> Result<Arc<CredentialStore>, Error> + Send + Sync;

/// The factor [`Factors::KEPT`] in the operating system's keyring. Connects anew for each call, so it outlives a
/// keyring that restarts; the library's global connection stays failed for the life of the process if the keyring was
/// not there at the first call.
#[derive(Clone)]
pub struct KeyringVault {
    connect: Arc<Connect>,
}

impl std::fmt::Debug for KeyringVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyringVault")
    }
}

impl KeyringVault {
    /// This machine's keyring, if it answers. May be called again after a failure.
    ///
    /// # Errors
    /// [`VaultError::KeyringUnavailable`], [`VaultError::KeyringLocked`].
    pub fn connect() -> Result<Self, VaultError> {
        apart(|| platform_store().map(drop))?;
        Ok(Self {
            connect: Arc::new(platform_store),
        })
    }

    #[cfg(test)]
    pub(super) fn with_store(store: Arc<CredentialStore>) -> Self {
        Self {
            connect: Arc::new(move || Ok(store.clone())),
        }
    }

    fn call<T: Send>(
        &self,
        slot: &SlotId,
        call: impl FnOnce(&Entry) -> Result<T, Error> + Send,
    ) -> Result<T, VaultError> {
        let account = hex(slot.as_bytes());
        apart(|| call(&(self.connect)()?.build(SERVICE, &account, None)?))
    }

    fn read(&self, slot: &SlotId) -> Result<Secret<32>, VaultError> {
        // Hexadecimal, because some keyrings (KWallet) keep nothing but text.
        let text = Zeroizing::new(self.call(slot, Entry::get_password)?);
        let bytes = Zeroizing::new(unhex(&text).unwrap_or_default());
        Secret::from_slice(&bytes).ok_or(VaultError::WrongKeyringSecret)
    }
}

impl KeyVault for KeyringVault {
    fn establish(&self, slot: &SlotId, random: &dyn Random) -> Result<Part, VaultError> {
        let secret = Secret::random(random);
        let text = Zeroizing::new(hex(secret.expose()));
        self.call(slot, |entry| entry.set_password(&text))?;
        // A keyring that takes a secret and does not give it back would lock the store for good.
        if self.read(slot)? == secret {
            Ok(Part::from_kept(secret))
        } else {
            Err(VaultError::WrongKeyringSecret)
        }
    }
    fn recall(&self, ask: &Ask<'_>) -> Result<Part, VaultError> {
        if ask.factors.contain(Factors::KEPT) {
            self.read(ask.slot).map(Part::from_kept)
        } else {
            Ok(Part::none())
        }
    }
    fn forget(&self, slot: &SlotId) -> Result<(), VaultError> {
        match self.call(slot, Entry::delete_credential) {
            Ok(()) | Err(VaultError::KeyringEntryMissing) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Connects, calls and disconnects on a thread of its own: the Linux client blocks on its own runtime, when it is
/// dropped too, and that panics on a thread that drives another one.
fn apart<T: Send>(call: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, VaultError> {
    std::thread::scope(|scope| scope.spawn(|| call().map_err(told_apart)).join())
        .unwrap_or(Err(VaultError::KeyringUnavailable))
}

/// The library's errors may carry the secret itself (`BadEncoding`), so only their kind goes on.
fn told_apart(error: Error) -> VaultError {
    match error {
        Error::NoEntry => VaultError::KeyringEntryMissing,
        Error::NoStorageAccess(_) => VaultError::KeyringLocked,
        Error::BadEncoding(_) | Error::BadDataFormat(..) | Error::Ambiguous(_) => {
            VaultError::WrongKeyringSecret
        }
        _ => VaultError::KeyringUnavailable,
    }
}

#[cfg(target_os = "linux")]
fn platform_store() -> Result<Arc<CredentialStore>, Error> {
    let store: Arc<CredentialStore> = zbus_secret_service_keyring_store::Store::new()?;
    Ok(store)
}

#[cfg(target_os = "macos")]
fn platform_store() -> Result<Arc<CredentialStore>, Error> {
    let store: Arc<CredentialStore> = apple_native_keyring_store::keychain::Store::new()?;
    Ok(store)
}

#[cfg(windows)]
fn platform_store() -> Result<Arc<CredentialStore>, Error> {
    let store: Arc<CredentialStore> = windows_native_keyring_store::Store::new()?;
    Ok(store)
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn platform_store() -> Result<Arc<CredentialStore>, Error> {
    Err(Error::NoDefaultStore)
}
