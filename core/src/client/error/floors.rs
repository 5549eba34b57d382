//! What the floors below answer: store, vault, network, sync.

use std::io;

use sotto_wire::ErrorCode;

use super::{Error, ErrorKind, Retry};
use crate::inbox::InboxError;
use crate::membership::MembershipError;
use crate::outbox::OutboxError;
use crate::store::StoreError;
use crate::sync::SyncError;
use crate::timeline::TimelineError;
use crate::transport::{self, NetworkError, TransportError};
use crate::vault::VaultError;

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let (kind, code, retry) = match &error {
            StoreError::NotFound => (ErrorKind::NotFound, "store.not_found", Retry::NeedsUser),
            StoreError::AlreadyExists => (ErrorKind::Usage, "store.exists", Retry::Never),
            StoreError::WrongKey => (ErrorKind::Locked, "store.wrong_key", Retry::NeedsUser),
            StoreError::LockedByAnotherProcess | StoreError::Busy { .. } => {
                (ErrorKind::Locked, "store.busy", Retry::Later(None))
            }
            StoreError::AlreadyRunning => (ErrorKind::Refused, "store.running", Retry::NeedsUser),
            StoreError::Corrupt | StoreError::Value { .. } => {
                (ErrorKind::Internal, "store.damaged", Retry::NeedsUser)
            }
            StoreError::NewerSchema { .. } | StoreError::ForeignMigration { .. } => {
                (ErrorKind::Internal, "store.newer", Retry::NeedsUser)
            }
            StoreError::NetworkFileSystem { .. } => (
                ErrorKind::Refused,
                "store.network_file_system",
                Retry::Never,
            ),
            StoreError::DiskFull { .. } => {
                (ErrorKind::Internal, "store.disk_full", Retry::NeedsUser)
            }
            _ => (ErrorKind::Internal, "store.failed", Retry::Later(None)),
        };
        Self::new(kind, code, retry, error.to_string())
    }
}

impl From<VaultError> for Error {
    fn from(error: VaultError) -> Self {
        let (kind, code, retry) = match &error {
            VaultError::NotFound => (ErrorKind::NotFound, "store.not_found", Retry::NeedsUser),
            VaultError::AlreadyExists => (ErrorKind::Usage, "store.exists", Retry::Never),
            VaultError::WrongPassphrase => (
                ErrorKind::Locked,
                "vault.wrong_passphrase",
                Retry::NeedsUser,
            ),
            VaultError::EmptyPassphrase | VaultError::NoFactor => {
                (ErrorKind::Usage, "vault.empty", Retry::Never)
            }
            VaultError::MissingFactor(_) => {
                (ErrorKind::Locked, "vault.missing_factor", Retry::NeedsUser)
            }
            VaultError::KeyringLocked
            | VaultError::KeyringEntryMissing
            | VaultError::WrongKeyringSecret => {
                (ErrorKind::Locked, "vault.keyring", Retry::NeedsUser)
            }
            VaultError::WrongUnlockShare => {
                (ErrorKind::Locked, "vault.unlock_share", Retry::NeedsUser)
            }
            VaultError::KeyringUnavailable => (
                ErrorKind::Locked,
                "vault.keyring_unavailable",
                Retry::Later(None),
            ),
            _ => (ErrorKind::Internal, "vault.failed", Retry::NeedsUser),
        };
        Self::new(kind, code, retry, error.to_string())
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        let retry = match error.retry() {
            transport::Retry::Now => Retry::Now,
            transport::Retry::After(wait) => Retry::Later(Some(wait)),
            transport::Retry::Never => Retry::Never,
            transport::Retry::NeedsUser => Retry::NeedsUser,
        };
        // Not the network's doing.
        match &error {
            TransportError::Local(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
                return Self::new(
                    ErrorKind::Internal,
                    "disk.full",
                    Retry::NeedsUser,
                    error.to_string(),
                );
            }
            TransportError::Local(_) => {
                return Self::new(
                    ErrorKind::Internal,
                    "file.failed",
                    Retry::NeedsUser,
                    error.to_string(),
                );
            }
            TransportError::Endpoint(_) => {
                return Self::new(
                    ErrorKind::BadInput,
                    "relay.address",
                    Retry::NeedsUser,
                    error.to_string(),
                );
            }
            _ => {}
        }
        let code = match &error {
            TransportError::Network(NetworkError::PinMismatch) => "relay.pin_mismatch",
            TransportError::Network(_) | TransportError::SocketClosed => "relay.unreachable",
            TransportError::RelaySignature => "relay.signature",
            TransportError::Relay(refusal) => match refusal.code {
                ErrorCode::RateLimited | ErrorCode::QuotaExceeded => "relay.limit",
                ErrorCode::StorageFull => "relay.full",
                ErrorCode::UnsupportedVersion => "relay.version",
                ErrorCode::Unauthorized => "relay.unauthorized",
                ErrorCode::TooLarge => "relay.too_large",
                _ => "relay.refused",
            },
            _ => "relay.answer",
        };
        Self::new(ErrorKind::Network, code, retry, error.to_string())
    }
}

impl From<SyncError> for Error {
    fn from(error: SyncError) -> Self {
        let text = error.to_string();
        let of = |kind, code, retry| Self::new(kind, code, retry, text.clone());
        match error {
            SyncError::Store(error)
            | SyncError::Inbox(InboxError::Store(error))
            | SyncError::Outbox(
                OutboxError::Store(error) | OutboxError::Membership(MembershipError::Store(error)),
            )
            | SyncError::Membership(MembershipError::Store(error))
            | SyncError::Timeline(TimelineError::Store(error)) => error.into(),
            SyncError::Transport(error) => error.into(),
            SyncError::Membership(MembershipError::TooLarge)
            | SyncError::Outbox(OutboxError::Membership(MembershipError::TooLarge)) => {
                of(ErrorKind::BadInput, "message.too_long", Retry::Never)
            }
            SyncError::NotEnrolled => {
                of(ErrorKind::Refused, "device.not_enrolled", Retry::NeedsUser)
            }
            SyncError::CopiedStore => {
                of(ErrorKind::Refused, "device.copied_store", Retry::NeedsUser)
            }
            SyncError::Excluded => of(ErrorKind::Refused, "device.excluded", Retry::Never),
            SyncError::UpdateRequired => of(
                ErrorKind::Refused,
                "roster.update_required",
                Retry::NeedsUser,
            ),
            SyncError::RosterFork => of(ErrorKind::Refused, "roster.fork", Retry::NeedsUser),
            SyncError::AwaitsRosterKey { .. } => {
                of(ErrorKind::Network, "roster.awaits_key", Retry::Later(None))
            }
            SyncError::ClockWrong { .. } => {
                of(ErrorKind::Refused, "device.clock_wrong", Retry::NeedsUser)
            }
            SyncError::Stopped => of(ErrorKind::Internal, "client.stopped", Retry::Later(None)),
            _ => of(ErrorKind::Internal, "client.failed", Retry::Later(None)),
        }
    }
}
