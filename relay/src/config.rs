//! What an operator can set. Each setting has one name, as a flag (`--listen`), in the environment
//! (`SOTTO_RELAY_LISTEN`) and in the configuration file (`listen = "…"`); the first of the three that says something
//! counts, else the default.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use sotto_wire::info::RelayLimits;
use sotto_wire::limits;

use crate::files::{self, FileError};
use crate::memory::rates::{Kind, Rate};
use crate::store::Quotas;

/// Why there is no usable configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("reading the configuration")]
    File(#[from] FileError),
    /// The file is not what it should be.
    #[error("the configuration file {path} is not valid: {message}")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What the parser says.
        message: String,
    },
    /// Two settings contradict each other, or one is out of its range.
    #[error("{0}")]
    Contradiction(&'static str),
}

macro_rules! settings {
    (
        required { $($(#[$doc:meta])* $name:ident: $type:ty = $default:expr, $env:literal;)* }
        optional { $($(#[$odoc:meta])* $oname:ident: $otype:ty, $oenv:literal;)* }
    ) => {
        /// The settings as one source gives them.
        #[derive(Debug, Clone, Default, clap::Args, serde::Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub(crate) struct Settings {
            $($(#[$doc])* #[arg(long, env = $env)] pub(crate) $name: Option<$type>,)*
            $($(#[$odoc])* #[arg(long, env = $oenv)] pub(crate) $oname: Option<$otype>,)*
        }

        /// The settings that count.
        #[derive(Debug, Clone)]
        pub(crate) struct Config {
            $($(#[$doc])* pub(crate) $name: $type,)*
            $($(#[$odoc])* pub(crate) $oname: Option<$otype>,)*
        }

        impl Settings {
            /// These, and where they say nothing, those of `below`.
            pub(crate) fn over(self, below: Self) -> Self {
                Self {
                    $($name: self.$name.or(below.$name),)*
                    $($oname: self.$oname.or(below.$oname),)*
                }
            }

            /// These, and where they say nothing, the defaults.
            fn or_default(self) -> Config {
                Config {
                    $($name: self.$name.unwrap_or_else(|| $default),)*
                    $($oname: self.$oname,)*
                }
            }

            /// The name of every setting, for the check that the documented example is complete.
            #[cfg(test)]
            pub(crate) const NAMES: &[&str] = &[$(stringify!($name),)* $(stringify!($oname),)*];
        }
    };
}

settings! {
    required {
        /// Address and port for devices; port 0 takes a free one.
        listen: SocketAddr = SocketAddr::from(([0, 0, 0, 0], 8443)), "SOTTO_RELAY_LISTEN";
        /// Folder for everything the relay keeps.
        data: PathBuf = PathBuf::from("/var/lib/sotto-relay"), "SOTTO_RELAY_DATA";
        /// Names and addresses in the self-made certificate, separated by commas.
        tls_names: String = "localhost,127.0.0.1".to_owned(), "SOTTO_RELAY_TLS_NAMES";
        /// What is logged: error, warn, info, debug or trace.
        log: LogLevel = LogLevel::Info, "SOTTO_RELAY_LOG";
        /// How it is logged: text or json, on standard error.
        log_format: LogFormat = LogFormat::Text, "SOTTO_RELAY_LOG_FORMAT";
        /// Reading connections to the store.
        readers: usize = 4, "SOTTO_RELAY_READERS";
        /// Seconds between two sweeps of what has expired.
        sweep_s: u32 = 5, "SOTTO_RELAY_SWEEP_S";
        /// Seconds that a stop waits for requests under way.
        drain_s: u32 = 10, "SOTTO_RELAY_DRAIN_S";
        /// Connections open at once.
        connections: u32 = 20_000, "SOTTO_RELAY_CONNECTIONS";
        /// Below so many free bytes on the data folder's disk nothing new is taken.
        disk_free_min: u64 = 1 << 30, "SOTTO_RELAY_DISK_FREE_MIN";
        /// Bytes of a file that is given up when the disk is full, so that acknowledgements can still free space.
        ballast: u64 = 64 << 20, "SOTTO_RELAY_BALLAST";
        /// Entries that may wait behind one alias.
        limit_alias_entries: u32 = 5_000, "SOTTO_RELAY_LIMIT_ALIAS_ENTRIES";
        /// Bytes that may wait behind one alias.
        limit_alias_bytes: u64 = 128 << 20, "SOTTO_RELAY_LIMIT_ALIAS_BYTES";
        /// Entries that may wait in one mailbox.
        limit_mailbox_entries: u32 = 50_000, "SOTTO_RELAY_LIMIT_MAILBOX_ENTRIES";
        /// Bytes that may wait in one mailbox.
        limit_mailbox_bytes: u64 = 1 << 30, "SOTTO_RELAY_LIMIT_MAILBOX_BYTES";
        /// Aliases of one mailbox.
        limit_mailbox_aliases: u32 = 20_000, "SOTTO_RELAY_LIMIT_MAILBOX_ALIASES";
        /// Mailboxes of one organisation.
        limit_tenant_mailboxes: u32 = 50_000, "SOTTO_RELAY_LIMIT_TENANT_MAILBOXES";
        /// Bytes one organisation may keep here.
        limit_tenant_bytes: u64 = 64 << 30, "SOTTO_RELAY_LIMIT_TENANT_BYTES";
        /// Group slots of one organisation.
        limit_tenant_slots: u32 = 500_000, "SOTTO_RELAY_LIMIT_TENANT_SLOTS";
        /// Open grants of one organisation.
        limit_tenant_grants: u32 = 10_000, "SOTTO_RELAY_LIMIT_TENANT_GRANTS";
        /// Wipe channels that devices of one organisation open.
        limit_tenant_channels: u32 = 50_000, "SOTTO_RELAY_LIMIT_TENANT_CHANNELS";
        /// Blobs of one organisation.
        limit_tenant_blobs: u32 = 500_000, "SOTTO_RELAY_LIMIT_TENANT_BLOBS";
        /// Receipt handles of one organisation that wait or are not collected.
        limit_tenant_receipts: u32 = 2_000_000, "SOTTO_RELAY_LIMIT_TENANT_RECEIPTS";
        /// Entries of one organisation's roster log.
        limit_roster_entries: u64 = 1_000_000, "SOTTO_RELAY_LIMIT_ROSTER_ENTRIES";
        /// Longest life of a delivery or blob in seconds.
        limit_ttl_s: u32 = 30 * 24 * 3600, "SOTTO_RELAY_LIMIT_TTL_S";
        /// Bytes of one blob.
        limit_blob_bytes: u64 = limits::BLOB_BYTES, "SOTTO_RELAY_LIMIT_BLOB_BYTES";
        /// Requests before any proof, and bearers tried, of one address per minute.
        rate_stranger: u32 = 6_000, "SOTTO_RELAY_RATE_STRANGER";
        /// The same, at once.
        burst_stranger: u32 = 1_000, "SOTTO_RELAY_BURST_STRANGER";
        /// Registrations tried by one address per minute.
        rate_register: u32 = 30, "SOTTO_RELAY_RATE_REGISTER";
        /// The same, at once.
        burst_register: u32 = 10, "SOTTO_RELAY_BURST_REGISTER";
        /// Challenges and session starts of one mailbox per minute.
        rate_session: u32 = 30, "SOTTO_RELAY_RATE_SESSION";
        /// The same, at once.
        burst_session: u32 = 60, "SOTTO_RELAY_BURST_SESSION";
        /// Submissions and advances of one organisation per minute.
        rate_submit: u32 = 60_000, "SOTTO_RELAY_RATE_SUBMIT";
        /// The same, at once.
        burst_submit: u32 = 10_000, "SOTTO_RELAY_BURST_SUBMIT";
        /// Roster, receipt, grant, slot and blob requests of one organisation per minute.
        rate_manage: u32 = 60_000, "SOTTO_RELAY_RATE_MANAGE";
        /// The same, at once.
        burst_manage: u32 = 10_000, "SOTTO_RELAY_BURST_MANAGE";
        /// Requests of one session per minute; frames of its live socket do not count.
        rate_mailbox: u32 = 6_000, "SOTTO_RELAY_RATE_MAILBOX";
        /// The same, at once.
        burst_mailbox: u32 = 2_000, "SOTTO_RELAY_BURST_MAILBOX";
        /// Key packages claimed by one organisation per minute.
        rate_claim: u32 = 3_000, "SOTTO_RELAY_RATE_CLAIM";
        /// The same, at once.
        burst_claim: u32 = 3_000, "SOTTO_RELAY_BURST_CLAIM";
        /// One-time key packages of one alias per minute; beyond it only the last-resort one is given.
        rate_claimed_alias: u32 = 5, "SOTTO_RELAY_RATE_CLAIMED_ALIAS";
        /// The same, at once.
        burst_claimed_alias: u32 = 60, "SOTTO_RELAY_BURST_CLAIMED_ALIAS";
        /// Requests of the taker of one grant per minute.
        rate_grant: u32 = 120, "SOTTO_RELAY_RATE_GRANT";
        /// The same, at once.
        burst_grant: u32 = 60, "SOTTO_RELAY_BURST_GRANT";
        /// Polls and certificates of one wipe channel per minute.
        rate_channel: u32 = 60, "SOTTO_RELAY_RATE_CHANNEL";
        /// The same, at once.
        burst_channel: u32 = 60, "SOTTO_RELAY_BURST_CHANNEL";
    }
    optional {
        /// The certificate chain as PEM; without it the relay makes its own and prints its pin.
        tls_cert: PathBuf, "SOTTO_RELAY_TLS_CERT";
        /// The certificate's private key as PEM.
        tls_key: PathBuf, "SOTTO_RELAY_TLS_KEY";
        /// Loopback address for metrics and health without TLS; off unless given.
        metrics: SocketAddr, "SOTTO_RELAY_METRICS";
    }
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogLevel {
    /// Failures.
    Error,
    /// And what may become one.
    Warn,
    /// And what the relay does.
    Info,
    /// And counts of it.
    Debug,
    /// And everything there is; still no id, address, token or content.
    Trace,
}

/// How it is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogFormat {
    /// Lines to read.
    Text,
    /// One object per line.
    Json,
}

impl Config {
    /// Puts flags and environment over the file, if one is named.
    pub(crate) fn load(given: Settings, file: Option<&Path>) -> Result<Self, ConfigError> {
        let from_file = match file {
            None => Settings::default(),
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(files::failed("reading", path))?;
                parse(&text).map_err(|message| ConfigError::Malformed {
                    path: path.to_owned(),
                    message,
                })?
            }
        };
        let config = given.over(from_file).or_default();
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let refuse = |why| Err(ConfigError::Contradiction(why));
        if self.tls_cert.is_some() != self.tls_key.is_some() {
            return refuse("tls-cert and tls-key belong together");
        }
        if self
            .metrics
            .is_some_and(|address| !address.ip().is_loopback())
        {
            return refuse(
                "metrics must be a loopback address: there is neither TLS nor a password on it",
            );
        }
        if self.readers == 0 || self.sweep_s == 0 || self.connections == 0 {
            return refuse("readers, sweep-s and connections must be at least 1");
        }
        if self.limit_ttl_s > limits::TTL_MAX_S || self.limit_blob_bytes > limits::BLOB_BYTES {
            return refuse("limit-ttl-s or limit-blob-bytes is above what the protocol allows");
        }
        Ok(())
    }

    /// What the store allows.
    pub(crate) const fn quotas(&self) -> Quotas {
        Quotas {
            alias_entries: self.limit_alias_entries,
            alias_bytes: self.limit_alias_bytes,
            mailbox_entries: self.limit_mailbox_entries,
            mailbox_bytes: self.limit_mailbox_bytes,
            mailbox_aliases: self.limit_mailbox_aliases,
            tenant_mailboxes: self.limit_tenant_mailboxes,
            tenant_bytes: self.limit_tenant_bytes,
            tenant_slots: self.limit_tenant_slots,
            tenant_grants: self.limit_tenant_grants,
            tenant_channels: self.limit_tenant_channels,
            tenant_blobs: self.limit_tenant_blobs,
            tenant_receipts: self.limit_tenant_receipts,
            roster_entries: self.limit_roster_entries,
        }
    }

    /// What `info` tells.
    pub(crate) const fn told(&self) -> RelayLimits {
        RelayLimits {
            alias_entries: self.limit_alias_entries,
            alias_bytes: self.limit_alias_bytes,
            mailbox_entries: self.limit_mailbox_entries,
            mailbox_bytes: self.limit_mailbox_bytes,
            mailbox_aliases: self.limit_mailbox_aliases,
            tenant_mailboxes: self.limit_tenant_mailboxes,
            tenant_bytes: self.limit_tenant_bytes,
            ttl_max_s: self.limit_ttl_s,
            blob_bytes: self.limit_blob_bytes,
        }
    }

    /// How often each kind may come.
    pub(crate) const fn rate(&self, kind: Kind) -> Rate {
        let (per_minute, burst) = match kind {
            Kind::Stranger => (self.rate_stranger, self.burst_stranger),
            Kind::Register => (self.rate_register, self.burst_register),
            Kind::Session => (self.rate_session, self.burst_session),
            Kind::Submit => (self.rate_submit, self.burst_submit),
            Kind::Manage => (self.rate_manage, self.burst_manage),
            Kind::Mailbox => (self.rate_mailbox, self.burst_mailbox),
            Kind::Claim => (self.rate_claim, self.burst_claim),
            Kind::ClaimedAlias => (self.rate_claimed_alias, self.burst_claimed_alias),
            Kind::Grant => (self.rate_grant, self.burst_grant),
            Kind::Channel => (self.rate_channel, self.burst_channel),
        };
        Rate { per_minute, burst }
    }
}

fn parse(text: &str) -> Result<Settings, String> {
    toml::from_str(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../packaging/sotto-relay.toml");

    #[test]
    fn the_documented_example_names_every_setting_and_parses() {
        let uncommented: String = EXAMPLE
            .lines()
            .map(|line| line.strip_prefix("#= ").unwrap_or(line))
            .collect::<Vec<_>>()
            .join("\n");
        parse(&uncommented).unwrap();
        for name in Settings::NAMES {
            let key = format!("{} = ", name.replace('_', "-"));
            assert!(
                uncommented.lines().any(|line| line.starts_with(&key)),
                "{name} is not documented"
            );
        }
    }

    #[test]
    fn the_documented_example_states_the_defaults() {
        let uncommented: String = EXAMPLE
            .lines()
            .filter(|line| {
                !["tls-cert", "tls-key", "metrics"]
                    .iter()
                    .any(|key| line.contains(&format!("#= {key} ")))
            })
            .map(|line| line.strip_prefix("#= ").unwrap_or(line))
            .collect::<Vec<_>>()
            .join("\n");
        let documented = parse(&uncommented).unwrap().or_default();
        assert_eq!(
            format!("{documented:?}"),
            format!("{:?}", Settings::default().or_default())
        );
    }

    #[test]
    fn an_earlier_source_counts_before_a_later_one() {
        let flags = Settings {
            sweep_s: Some(1),
            ..Settings::default()
        };
        let file = parse("sweep-s = 2\nreaders = 9").unwrap();
        let config = flags.over(file).or_default();
        assert_eq!((config.sweep_s, config.readers, config.drain_s), (1, 9, 10));
    }

    #[test]
    fn an_unknown_key_is_refused() {
        assert!(parse("lisen = \"127.0.0.1:1\"").is_err());
    }

    #[test]
    fn metrics_outside_of_loopback_are_refused() {
        let settings = Settings {
            metrics: Some(SocketAddr::from(([0, 0, 0, 0], 1))),
            ..Settings::default()
        };
        assert!(matches!(
            Config::load(settings, None),
            Err(ConfigError::Contradiction(_))
        ));
    }
}
