//! Making and opening a client: where its store is, what opens it, which way leads to the relay.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::verify::{Brought, Guard};
use super::{Client, Erase, Error, ErrorKind, Retry, Unlock, share, standby};
use crate::audit::{self, Act, Record};
use crate::base::{Clock, Random, Secret, SystemClock, SystemRandom};
use crate::store::{Store, StoreError, StoreOptions};
use crate::transport::ProxySetting;
use crate::vault::{
    Argon2Cost, CombinedVault, DatabaseKey, Factors, KeyVault, KeyringVault, Passphrase,
    PassphraseVault, ShareVault, Vault, VaultError,
};
use crate::wipe::Tools;

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
    places: Vec<Arc<dyn Erase>>,
    unattended: bool,
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
            places: Vec::new(),
            unattended: false,
        }
    }
    /// Which way leads to the relay; the system's by default.
    #[must_use]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = proxy;
        self
    }
    /// A further place that an order to wipe erases; may be given several times.
    #[must_use]
    pub fn erase(mut self, place: Arc<dyn Erase>) -> Self {
        self.places.push(place);
        self
    }
    /// This process shows nothing to anybody: a place's sessions have no end here. A person's end as policy says.
    #[must_use]
    pub fn unattended(mut self) -> Self {
        self.unattended = true;
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
    /// `device.wiped` where an order to wipe is being or was carried out; `store.exists` where there is one; `store.network_file_system`; the vault's and the disk's refusals.
    pub fn create(self, unlock: Unlock) -> Result<Client, Error> {
        standby::refuse_wiped(&self.home, &self.tools())?;
        if Store::exists(&self.home)? {
            return Err(StoreError::AlreadyExists.into());
        }
        std::fs::create_dir_all(&self.home).map_err(|error| {
            let text = format!(
                "the folder for the store could not be made: {}",
                error.kind()
            );
            Error::new(ErrorKind::BadInput, "file.failed", Retry::NeedsUser, text)
        })?;
        restrict(&self.home);
        let vault = vault(&unlock, None, self.cost)?;
        let key = match Vault::at(&self.home).create(&*vault, &*self.random) {
            // A first attempt ended between the vault's record and the store: the record is taken as it is.
            Err(VaultError::AlreadyExists) => Vault::at(&self.home).open(&*vault)?,
            other => other?,
        };
        let store = Store::create(&self.home, &key, StoreOptions::default())?;
        Ok(self.client(store, Brought::of(&unlock, None), true))
    }

    /// Opens the store in the home folder.
    ///
    /// # Errors
    /// `device.wiped`: an order to wipe was met, and is gone on with first; `store.not_found`, `vault.wrong_passphrase`,
    /// `store.damaged` and others, each told apart; `lease.stale`, `lease.clock` where the offline lease has ended and the
    /// relay gave no fresh word; `vault.share_unreachable`, `vault.share_gone` where policy keeps a share there. For those
    /// the relay is asked, for at most some forty seconds. Nothing is deleted.
    pub fn open(self, unlock: Unlock) -> Result<Client, Error> {
        standby::refuse_wiped(&self.home, &self.tools())?;
        if !Store::exists(&self.home)? {
            return Err(StoreError::NotFound.into());
        }
        let tools = self.tools();
        let share = if Vault::at(&self.home)
            .factors()?
            .contain(Factors::UNLOCK_SHARE)
        {
            Some(share::fetch(&self.home, self.proxy.setting(), &tools)?)
        } else {
            None
        };
        let whole = vault(&unlock, share.clone(), self.cost)?;
        let key: DatabaseKey = Vault::at(&self.home).open(&*whole)?;
        let store = Store::open(&self.home, &key, StoreOptions::default())?;
        let (brought, base) = (
            Brought::of(&unlock, share.clone()),
            vault(&unlock, None, self.cost)?,
        );
        let proven = brought.passphrase;
        let client = self.client(store, brought, proven);
        client.admit()?;
        client.settle_share(&*base, share.as_ref())?;
        // Between the first look and now, another process may have begun to carry out an order.
        standby::note_unlocked(&client.inner.home, &tools)?;
        client.record_unlocked();
        Ok(client)
    }

    fn client(self, store: Store, brought: Brought, proven: bool) -> Client {
        let guard = Guard::new(&*self.clock, brought, proven, self.unattended);
        Client::over(
            self.home,
            store,
            self.clock,
            self.random,
            self.proxy,
            self.fast_kdf,
            self.places,
            guard,
        )
    }

    fn tools(&self) -> Tools {
        Tools {
            places: self.places.clone(),
            ..Tools::new(Arc::clone(&self.clock), Arc::clone(&self.random))
        }
    }
}

impl Client {
    /// Records that the device was unlocked. A store that can be read and not written to (a full or a failing disk) is
    /// opened all the same: its results must be seen, and the doctor must be able to look at it.
    fn record_unlocked(&self) {
        let Ok(store) = self.store() else { return };
        let recorded = store.write::<_, StoreError>("recording that it was unlocked", |tx| {
            let person = tx.device_self()?.and_then(|me| me.owner.person());
            let now = self.inner.clock.now();
            audit::append(tx, &Record::of(Act::Unlocked, now).by(person))
        });
        if recorded.is_err() {
            crate::log_event!(WARN, "that the device was unlocked could not be recorded");
        }
    }
}

/// What brings the key: what the person brought, with the relay's share where there is one.
pub(super) fn vault(
    unlock: &Unlock,
    share: Option<Secret<32>>,
    cost: Argon2Cost,
) -> Result<Box<dyn KeyVault>, Error> {
    let with = |text: &zeroize::Zeroizing<String>| {
        PassphraseVault::with_cost(Passphrase::new(text.as_str().to_owned()), cost)
    };
    let base: Box<dyn KeyVault> = match unlock {
        Unlock::Keyring => Box::new(KeyringVault::connect()?),
        Unlock::Passphrase(text) => Box::new(with(text)),
        Unlock::KeyringAndPassphrase(text) => {
            Box::new(CombinedVault::new(KeyringVault::connect()?, with(text)))
        }
    };
    Ok(match share {
        Some(share) => Box::new(CombinedVault::new(base, ShareVault::new(share))),
        None => base,
    })
}

/// What the store in a folder asks for; `None` where there is no store.
pub(super) fn needs_unlock(home: &Path) -> Result<Option<NeedsUnlock>, Error> {
    standby::refuse_wiped_without_places(home)?;
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
