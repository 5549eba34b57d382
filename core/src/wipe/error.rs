//! What can go wrong between an order and its certificate.

use std::io;

use crate::base::CryptoError;
use crate::roster::RosterError;
use crate::store::StoreError;
use crate::sync::SyncError;
use crate::transport::TransportError;
use crate::vault::VaultError;

/// A step could not be done. What was done before stays done, and the next attempt goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum WipeError {
    /// The file system refused.
    #[error("while {doing}: {kind}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The operating system's answer.
        kind: io::ErrorKind,
    },
    /// The stub's bytes are not what was written.
    #[error("the stub is damaged")]
    Damaged,
    /// The stub was written by a newer release.
    #[error("the stub was written by a newer release")]
    Newer {
        /// It says that an order is being or was carried out.
        begun: bool,
    },
    /// This folder has no stub: the device has not joined an organisation, or has no wipe channel yet.
    #[error("this device has no wipe channel yet")]
    NotReady,
    /// An order is being or was carried out here: nothing is opened and nothing written any more.
    #[error("an order to wipe this device is being or was carried out")]
    Begun,
    /// The key record could not be destroyed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine refused.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// The relay was not reached, or refused.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The roster refused.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// A primitive failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// The work was abandoned because the process is ending.
    #[error("stopped")]
    Stopped,
}

/// Adds what was being done to an input/output error and drops the rest: paths do not belong in errors.
pub(super) fn while_doing(doing: &'static str) -> impl FnOnce(io::Error) -> WipeError {
    move |error| WipeError::Io {
        doing,
        kind: error.kind(),
    }
}
