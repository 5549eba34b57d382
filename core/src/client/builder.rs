//! Making and opening a client: where its store is, what opens it, which way leads to the relay.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Client, Error, ErrorKind, Retry, Unlock};
use crate::base::{Clock, Random, SystemClock, SystemRandom};
use crate::store::{Store, StoreOptions};
use crate::transport::ProxySetting;
use crate::vault::{
    Argon2Cost, CombinedVault, DatabaseKey, Factors, KeyVault, KeyringVault, Passphrase,
    PassphraseVault, Vault, VaultError,
};

// An address may hold a name and a password.
redacted!(Proxy);

/// Which way leads to the relay.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Proxy {
    /// What the system's settings say.
    #[default]
    System,
    /// None.
    None,
    /// This one (`http://` or `socks5://`).
    Url(String),
}

impl Proxy {
    pub(super) fn setting(&self) -> ProxySetting {
        match self {
            Self::System => ProxySetting::System,
            Self::None => ProxySetting::None,
            Self::Url(url) => ProxySetting::Url(url.clone()),
        }
    }
}

/// What a store asks for to be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NeedsUnlock {
    /// The operating system's keyring.
    Keyring,
    /// A passphrase.
    Passphrase,
    /// Both.
    KeyringAndPassphrase,
}

/// Collects what a client needs.
pub struct ClientBuilder {
    home: PathBuf,
    proxy: Proxy,
    cost: Argon2Cost,
    fast_kdf: bool,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl std::fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientBuilder(..)")
    }
}

impl ClientBuilder {
    pub(super) fn new(home: &Path) -> Self {
        Self {
            home: home.to_owned(),
            proxy: Proxy::default(),
            cost: Argon2Cost::STANDARD,
            fast_kdf: false,
            clock: Arc::new(SystemClock::default()),
            random: Arc::new(SystemRandom),
        }
    }
    /// Which way leads to the relay; the system's by default.
    #[must_use]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = proxy;
        self
    }
    /// A clock other than the system's, for tests.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }
    /// Argon2id parameters that protect nothing, for tests that open hundreds of stores.
    #[must_use]
    pub fn insecure_fast_kdf(mut self) -> Self {
        if let Ok(cost) = Argon2Cost::new(64, 1, 1) {
            self.cost = cost;
            self.fast_kdf = true;
        }
        self
    }

    /// Makes a new, empty store in the home folder.
    ///
    /// # Errors
    /// `store.exists` where there is one; `store.network_file_system`; the vault's and the disk's refusals.
    pub fn create(self, unlock: Unlock) -> Result<Client, Error> {
        if Store::exists(&self.home)? {
            return Err(crate::store::StoreError::AlreadyExists.into());
        }
        std::fs::create_dir_all(&self.home).map_err(|error| {
            let text = format!(
                "the folder for the store could not be made: {}",
                error.kind()
            );
            Error::new(ErrorKind::BadInput, "file.failed", Retry::NeedsUser, text)
        })?;
        restrict(&self.home);
        let vault = self.vault(unlock)?;
        let key = match Vault::at(&self.home).create(&*vault, &*self.random) {
            // A first attempt ended between the vault's record and the store: the record is taken as it is.
            Err(VaultError::AlreadyExists) => Vault::at(&self.home).open(&*vault)?,
            other => other?,
        };
        let store = Store::create(&self.home, &key, StoreOptions::default())?;
        Ok(self.client(store))
    }

    /// Opens the store in the home folder.
    ///
    /// # Errors
    /// `store.not_found`, `vault.wrong_passphrase`, `store.damaged` and others, each told apart; nothing is deleted.
    pub fn open(self, unlock: Unlock) -> Result<Client, Error> {
        if !Store::exists(&self.home)? {
            return Err(crate::store::StoreError::NotFound.into());
        }
        let vault = self.vault(unlock)?;
        let key: DatabaseKey = Vault::at(&self.home).open(&*vault)?;
        let store = Store::open(&self.home, &key, StoreOptions::default())?;
        Ok(self.client(store))
    }

    fn client(self, store: Store) -> Client {
        Client::over(
            self.home,
            store,
            self.clock,
            self.random,
            self.proxy,
            self.fast_kdf,
        )
    }

    fn vault(&self, unlock: Unlock) -> Result<Box<dyn KeyVault>, Error> {
        let with = |text: zeroize::Zeroizing<String>| {
            PassphraseVault::with_cost(Passphrase::new(text.as_str().to_owned()), self.cost)
        };
        Ok(match unlock {
            Unlock::Keyring => Box::new(KeyringVault::connect()?),
            Unlock::Passphrase(text) => Box::new(with(text)),
            Unlock::KeyringAndPassphrase(text) => {
                Box::new(CombinedVault::new(KeyringVault::connect()?, with(text)))
            }
        })
    }
}

/// What the store in a folder asks for; `None` where there is no store.
pub(super) fn needs_unlock(home: &Path) -> Result<Option<NeedsUnlock>, Error> {
    if !Store::exists(home)? {
        return Ok(None);
    }
    let factors = Vault::at(home).factors()?;
    let (keyring, passphrase) = (
        factors.contain(Factors::KEPT),
        factors.contain(Factors::PASSPHRASE),
    );
    Ok(Some(match (keyring, passphrase) {
        (true, true) => NeedsUnlock::KeyringAndPassphrase,
        (true, false) => NeedsUnlock::Keyring,
        (false, _) => NeedsUnlock::Passphrase,
    }))
}

/// Other users of the machine have no business in this folder.
#[cfg(unix)]
fn restrict(home: &Path) {
    use std::os::unix::fs::PermissionsExt;
    // Best effort: the content is encrypted whoever can read the file.
    let _ = std::fs::set_permissions(home, std::fs::Permissions::from_mode(0o700));
}

#[cfg(not(unix))]
fn restrict(_: &Path) {}
