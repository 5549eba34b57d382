//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::{Config, ConfigError, Settings};

/// The blind relay: stores and orders ciphertext it cannot read.
#[derive(Debug, Parser)]
#[command(name = "sotto-relay", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve devices. Prints one line with address, pin and signing key once it is ready.
    Serve(ServeArgs),
    /// Organisations that may use this relay.
    Tenant {
        #[command(subcommand)]
        command: TenantCommand,
    },
    /// Check configuration, keys, database and blobs. Changes nothing.
    Check(ServeArgs),
    /// Copy everything into a new folder, also while the relay serves. The copy holds the relay's private keys.
    Backup {
        #[command(flatten)]
        data: DataArgs,
        /// The folder to make.
        folder: PathBuf,
    },
    /// Put a backup into an empty data folder.
    Restore {
        #[command(flatten)]
        data: DataArgs,
        /// The backup.
        folder: PathBuf,
    },
}

/// Organisations.
#[derive(Debug, Subcommand)]
pub(crate) enum TenantCommand {
    /// Print a registration token, good for one organisation, once.
    Add(DataArgs),
    /// List the organisations and how many tokens are unused.
    List(DataArgs),
    /// Remove an organisation and all it keeps here. Only its devices have anything else.
    Remove {
        #[command(flatten)]
        data: DataArgs,
        /// As the list shows it.
        tenant: String,
    },
}

/// Every setting.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The configuration file.
    #[arg(long, env = "SOTTO_RELAY_CONFIG")]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

impl ServeArgs {
    /// The settings that count.
    pub(crate) fn load(self) -> Result<Config, ConfigError> {
        Config::load(self.settings, self.config.as_deref())
    }
}

/// Where the data is.
#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    /// The configuration file.
    #[arg(long, env = "SOTTO_RELAY_CONFIG")]
    config: Option<PathBuf>,
    /// Folder for everything the relay keeps.
    #[arg(long, env = "SOTTO_RELAY_DATA")]
    data: Option<PathBuf>,
}

impl DataArgs {
    /// The data folder.
    pub(crate) fn folder(self) -> Result<PathBuf, ConfigError> {
        let settings = Settings {
            data: self.data,
            ..Settings::default()
        };
        Ok(Config::load(settings, self.config.as_deref())?.data)
    }
}
