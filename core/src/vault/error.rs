//! What can go wrong between a person and the database key, told apart.

use std::io;

/// The database key could not be had. Nothing on disk was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// There is no record in this folder.
    #[error("no key record in this folder")]
    NotFound,
    /// There is a record already; it is left alone.
    #[error("this folder has a key record already")]
    AlreadyExists,
    /// The passphrase is not the one the record was made with.
    #[error("wrong passphrase")]
    WrongPassphrase,
    /// A passphrase of no characters protects nothing.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// The record asks for a factor that the caller did not bring.
    #[error("the key record asks for a factor that was not brought: {0}")]
    MissingFactor(&'static str),
    /// A record with no factor at all would be a plaintext key.
    #[error("a key record needs at least one factor")]
    NoFactor,
    /// The keyring holds another secret than the one this record was made with.
    #[error("the keyring holds another secret than the record was made with")]
    WrongKeyringSecret,
    /// The relay's share is not the one this record was made with.
    #[error("the unlock share is another than the record was made with")]
    WrongUnlockShare,
    /// The keyring answers and has no entry for this record.
    #[error("the keyring has no entry for this record")]
    KeyringEntryMissing,
    /// The keyring is locked, or its owner declined.
    #[error("the keyring is locked")]
    KeyringLocked,
    /// No keyring answers on this machine just now. Worth trying again.
    #[error("no keyring answers")]
    KeyringUnavailable,
    /// The record's bytes are not what was written.
    #[error("the key record is damaged")]
    Damaged,
    /// The record was written by a newer release.
    #[error("the key record is of version {found}, this release knows {known}")]
    NewerVersion {
        /// Version of the record.
        found: u16,
        /// Newest version this release reads.
        known: u16,
    },
    /// Argon2id parameters outside what this release is willing to compute.
    #[error("the cost of the passphrase is out of bounds")]
    CostOutOfBounds,
    /// The cryptographic provider refused.
    #[error("the cryptographic provider refused while wrapping the database key")]
    Crypto,
    /// The file system refused.
    #[error("while {doing}: {kind}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The operating system's answer.
        kind: io::ErrorKind,
    },
}

/// Adds what was being done to an input/output error and drops the rest: paths do not belong in errors.
pub(super) fn while_doing(doing: &'static str) -> impl FnOnce(io::Error) -> VaultError {
    move |error| VaultError::Io {
        doing,
        kind: error.kind(),
    }
}
