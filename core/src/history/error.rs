//! What can go wrong with an archive, told apart.

use std::io;

use crate::base::CryptoError;
use crate::store::StoreError;
use crate::vault::VaultError;

/// An archive could not be written, read or restored. Nothing in the store was changed that is not whole.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The file system refused.
    #[error("while {doing}: {kind}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The operating system's answer.
        kind: io::ErrorKind,
    },
    /// There is a file of this name; it is left alone.
    #[error("the archive's file exists already")]
    Exists,
    /// The store's own.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The passphrase's own.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The provider refused.
    #[error("the cryptographic provider refused while sealing an archive")]
    Crypto(#[from] CryptoError),
    /// The file does not begin as an archive does.
    #[error("this file is no archive of history")]
    NotAnArchive,
    /// A newer release wrote it.
    #[error("the archive was written by a newer release")]
    Newer,
    /// It is sealed under another passphrase, or for another device.
    #[error("the archive does not open with this passphrase or on this device")]
    WrongKey,
    /// Its bytes are not what was written, or its end is missing.
    #[error("the archive is damaged or cut short")]
    Damaged,
    /// It is of another organisation.
    #[error("the archive is of another organisation")]
    OtherOrganisation,
    /// Its signature is not that of a device of the roster.
    #[error("the archive was not written by a device of this organisation")]
    UnknownWriter,
    /// A backup is restored by its own person; somebody else's needs a handover.
    #[error("the archive is somebody else's backup")]
    NotYours,
    /// The restored copy does not hold what the archive says.
    #[error("the rehearsal found {found} of {expected} rows")]
    Rehearsal {
        /// Rows found.
        found: u64,
        /// Rows the archive names.
        expected: u64,
    },
}

pub(super) fn while_doing(doing: &'static str) -> impl FnOnce(io::Error) -> HistoryError {
    move |error| HistoryError::Io {
        doing,
        kind: error.kind(),
    }
}
