//! What every command needs: where the store is, how to open it, where to write.

use std::path::{Path, PathBuf};

use sotto_core::{Client, ClientBuilder, NeedsUnlock, Proof, Proxy, Unlock};
use zeroize::Zeroizing;

use crate::args::Global;
use crate::failure::{Failure, Outcome};
use crate::output::Out;
use crate::secret::Secrets;

/// The invocation: global arguments, resolved.
pub(crate) struct Context {
    home: PathBuf,
    proxy: Proxy,
    secrets: Secrets,
    /// Writes for a human or as JSON.
    pub(crate) out: Out,
    /// Not to contact the relay after writing.
    pub(crate) offline: bool,
}

/// How the key of a new store is protected.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Protection {
    /// Keep the store's key in the operating system's keyring
    #[arg(long)]
    keyring: bool,
    /// With --keyring: ask for a passphrase as well, so that opening needs both
    #[arg(long, requires = "keyring")]
    and_passphrase: bool,
}

impl Context {
    pub(crate) fn new(global: Global) -> Outcome<Self> {
        let home = match global.home {
            Some(home) => home,
            None => default_home().ok_or_else(|| {
                Failure::usage(
                    "home.unknown",
                    "this account has no home folder; name the store's folder with --home",
                )
            })?,
        };
        Ok(Self {
            home,
            proxy: global.proxy.unwrap_or_default(),
            secrets: Secrets::new(global.passphrase_fd, global.pin_fd),
            out: Out::new(global.json),
            offline: global.offline,
        })
    }

    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// Which way leads to the relay.
    pub(crate) const fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    pub(crate) const fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Whether there is a store.
    pub(crate) fn exists(&self) -> Outcome<bool> {
        Ok(Client::needs_unlock(&self.home)?.is_some())
    }

    /// Opens the store that is there.
    pub(crate) fn open(&self) -> Outcome<Client> {
        self.open_with(self.builder())
    }

    /// Opens it for a process that stays and shows nothing to anybody.
    pub(crate) fn open_unattended(&self) -> Outcome<Client> {
        self.open_with(self.builder().unattended())
    }

    fn open_with(&self, builder: ClientBuilder) -> Outcome<Client> {
        let Some(needs) = Client::needs_unlock(&self.home)? else {
            let home = self.home.display();
            return Err(Failure::not_found(
                "store.not_found",
                format!(
                    "there is no store in {home}; begin with `sotto enroll LINK` or `sotto org found`"
                ),
            ));
        };
        let unlock = match needs {
            NeedsUnlock::Keyring => Unlock::Keyring,
            NeedsUnlock::Passphrase => Unlock::Passphrase(self.passphrase()?),
            NeedsUnlock::KeyringAndPassphrase => Unlock::KeyringAndPassphrase(self.passphrase()?),
        };
        Ok(builder.open(unlock)?)
    }

    /// Opens the store for an act that asks for its owner.
    pub(crate) fn open_as_owner(&self) -> Outcome<Client> {
        let client = self.open()?;
        self.prove(&client)?;
        Ok(client)
    }

    /// Proves that the owner is there, and says whether it did. Typing the passphrase has proven it already; where the
    /// keyring alone opens the store, its PIN does. Where none is at hand, core says whether an act needs one.
    pub(crate) fn prove(&self, client: &Client) -> Outcome<bool> {
        let by_keyring = Client::needs_unlock(&self.home)? == Some(NeedsUnlock::Keyring);
        if by_keyring
            && client.has_pin()?
            && let Some(pin) = self.secrets.pin()?
        {
            client.verify(Proof::Pin(pin))?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Opens the store for an act, or only to look.
    pub(crate) fn open_for(&self, act: bool) -> Outcome<Client> {
        if act {
            self.open_as_owner()
        } else {
            self.open()
        }
    }

    /// Makes a new store, protected as asked.
    pub(crate) fn create(&self, protection: Protection) -> Outcome<Client> {
        let unlock = match (
            protection.keyring,
            protection.and_passphrase || self.secrets.given(),
        ) {
            (true, false) => Unlock::Keyring,
            (true, true) => Unlock::KeyringAndPassphrase(self.new_passphrase()?),
            (false, _) => Unlock::Passphrase(self.new_passphrase()?),
        };
        let pin = match unlock {
            Unlock::Keyring => self.secrets.new_pin(
                "Choose a PIN of at least six characters, for wiping, inviting, exporting and the like \
                 (just Enter for none; later none can be set): ",
            )?,
            _ => None,
        };
        let client = self.builder().create(unlock)?;
        if let Some(pin) = pin {
            client.set_pin(&pin)?;
        }
        Ok(client)
    }

    fn builder(&self) -> ClientBuilder {
        let builder = Client::builder(&self.home).proxy(self.proxy.clone());
        // A passphrase that stands in the environment protects nothing, so stretching it would only slow the tests.
        if self.secrets.stands_in_environment() {
            builder.insecure_fast_kdf()
        } else {
            builder
        }
    }

    fn passphrase(&self) -> Outcome<Zeroizing<String>> {
        self.secrets.passphrase("Passphrase: ")
    }

    fn new_passphrase(&self) -> Outcome<Zeroizing<String>> {
        self.secrets
            .new_passphrase("Choose a passphrase for this device: ")
    }
}

/// Where applications keep their data on this platform.
fn default_home() -> Option<PathBuf> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let base = if cfg!(windows) {
        absolute("LOCALAPPDATA")
    } else if cfg!(target_vendor = "apple") {
        std::env::home_dir().map(|home| home.join("Library/Application Support"))
    } else {
        absolute("XDG_DATA_HOME")
            .or_else(|| std::env::home_dir().map(|home| home.join(".local/share")))
    };
    base.map(|base| base.join("sotto"))
}
