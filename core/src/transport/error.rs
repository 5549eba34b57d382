//! What can go wrong on the way to the relay and back, and what would help. No error holds an address, an id or a
//! token; the libraries' own errors print all three and are therefore sorted into kinds here and dropped.

use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::CertificateError;
use sotto_wire::{Detail, ErrorCode, WireError};

use super::EndpointError;

/// A call, socket or transfer failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The relay refused, or would: limits of the contract are checked before anything is sent.
    #[error(transparent)]
    Relay(#[from] WireError),
    /// The relay was not reached, or the connection broke. Whether it did what was asked is unknown.
    #[error("while talking to the relay: {0}")]
    Network(#[from] NetworkError),
    /// The relay, or something before it, answered with a status and no refusal this release can read.
    #[error("answered with status {0} and no reason")]
    Status(u16),
    /// What arrived is not what the contract says.
    #[error("the answer is not what the contract says")]
    Malformed,
    /// The answer is larger than any answer to this operation may be.
    #[error("the answer is larger than allowed")]
    AnswerTooLarge,
    /// The relay's signature does not verify with the pinned signing key, or it names another one.
    #[error("the answer is not signed by the pinned relay")]
    RelaySignature,
    /// The relay, or something before it, does not switch to the live socket (HTTP status given). Long polls still work.
    #[error("the live socket was refused with status {0}")]
    UpgradeRefused(u16),
    /// The live socket was closed without a reason.
    #[error("the live socket was closed")]
    SocketClosed,
    /// The operation asks for another proof than the one given.
    #[error("the operation asks for another proof")]
    WrongProof,
    /// Reading the attachment to be sent, or writing the one received, failed on this device.
    #[error("the local end of a transfer failed: {0}")]
    Local(io::ErrorKind),
    /// The endpoint itself cannot be used.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
}

/// How the network failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// No connection came to stand.
    #[error("no connection")]
    Connect,
    /// The deadline passed, or the other side fell silent.
    #[error("no answer in time")]
    Timeout,
    /// A TLS 1.3 connection could not be agreed on.
    #[error("no TLS 1.3 connection")]
    Tls,
    /// The other side does not hold a pinned key: another server, or something that reads along.
    #[error("the server does not hold the pinned key")]
    PinMismatch,
    /// The proxy was not reached or does not lead there.
    #[error("the proxy does not lead to the relay")]
    Proxy,
    /// The proxy asks for a user name and password, or refused them.
    #[error("the proxy asks for authorization")]
    ProxyAuthRequired,
    /// The connection broke while it was in use.
    #[error("the connection broke")]
    Interrupted,
}

/// What the caller can do. Same bytes, same idempotency id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// At once, after the repair the error names: a new session, the current epoch, position or offset.
    Now,
    /// Not before so long; a [`super::Backoff`] adds to it.
    After(Duration),
    /// Never like this: the same request will fail the same way.
    Never,
    /// A person must act: settings, an update, or whoever runs the relay or the network.
    NeedsUser,
}

const SOON: Duration = Duration::from_secs(1);
const LATER: Duration = Duration::from_secs(30);

impl TransportError {
    /// What would help.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self {
            Self::Relay(refusal) => retry_refusal(refusal),
            Self::Network(NetworkError::PinMismatch | NetworkError::ProxyAuthRequired) => {
                Retry::NeedsUser
            }
            Self::Network(NetworkError::Tls | NetworkError::Proxy) => Retry::After(LATER),
            Self::Network(_) | Self::SocketClosed => Retry::After(SOON),
            // A broken answer does not tell that nothing was done, and a relay can be mended: waiting loses nothing.
            Self::Status(_) | Self::Malformed | Self::AnswerTooLarge => Retry::After(LATER),
            Self::UpgradeRefused(_) => Retry::After(LATER),
            Self::RelaySignature | Self::Endpoint(_) => Retry::NeedsUser,
            Self::WrongProof | Self::Local(_) => Retry::Never,
        }
    }

    /// The relay's code, where it is a refusal.
    #[must_use]
    pub const fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Relay(refusal) => Some(refusal.code),
            _ => None,
        }
    }

    /// The relay's numbers, where it is a refusal that has some.
    #[must_use]
    pub const fn detail(&self) -> Option<Detail> {
        match self {
            Self::Relay(refusal) => refusal.detail,
            _ => None,
        }
    }
}

fn retry_refusal(refusal: &WireError) -> Retry {
    let named = refusal
        .retry_after_ms
        .map(|ms| Duration::from_millis(u64::from(ms)));
    match refusal.code {
        ErrorCode::SessionExpired | ErrorCode::EpochConflict | ErrorCode::PositionConflict => {
            Retry::Now
        }
        ErrorCode::RateLimited | ErrorCode::Unavailable => Retry::After(named.unwrap_or(SOON)),
        ErrorCode::QuotaExceeded | ErrorCode::StorageFull => Retry::After(named.unwrap_or(LATER)),
        ErrorCode::UnsupportedVersion | ErrorCode::MailboxClosed => Retry::NeedsUser,
        _ => named.map_or(Retry::Never, Retry::After),
    }
}

impl From<reqwest::Error> for TransportError {
    fn from(error: reqwest::Error) -> Self {
        let fallback = if error.is_timeout() {
            NetworkError::Timeout
        } else if error.is_connect() {
            NetworkError::Connect
        } else {
            NetworkError::Interrupted
        };
        Self::Network(kind(&error).unwrap_or(fallback))
    }
}

/// How a proxy's wish for a user name and password is worded; the tests with real proxies notice if that changes.
const PROXY_WANTS: [&str; 3] = [
    "proxy authorization required",
    "credentials not accepted",
    "does not support user/pass authentication",
];

/// Looks through a library's error and its causes for what this floor tells apart.
pub(super) fn kind(error: &(dyn Error + 'static)) -> Option<NetworkError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(match tls {
                // Only the verifier of pins says this.
                rustls::Error::InvalidCertificate(
                    CertificateError::ApplicationVerificationFailure,
                ) => NetworkError::PinMismatch,
                _ => NetworkError::Tls,
            });
        }
        // hyper-util does not export the types of its proxy errors, only how they begin to speak.
        let text = error.to_string();
        if text.starts_with("tunnel error") || text.starts_with("SOCKS error") {
            let wants = PROXY_WANTS.iter().any(|words| text.contains(words));
            return Some(if wants {
                NetworkError::ProxyAuthRequired
            } else {
                NetworkError::Proxy
            });
        }
        // The cause inside an io::Error is not its source: its source is the cause's source.
        let inside = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        next = match inside {
            Some(cause) => Some(cause),
            None => error.source(),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_relay_says_what_would_help() {
        let retry = |refusal: WireError| TransportError::Relay(refusal).retry();
        assert_eq!(retry(WireError::new(ErrorCode::EpochConflict)), Retry::Now);
        assert_eq!(
            retry(WireError::retry_after(ErrorCode::RateLimited, 1500)),
            Retry::After(Duration::from_millis(1500))
        );
        assert_eq!(
            retry(WireError::new(ErrorCode::GenerationConflict)),
            Retry::Never
        );
        assert_eq!(
            retry(WireError::new(ErrorCode::UnsupportedVersion)),
            Retry::NeedsUser
        );
        for code in ErrorCode::ALL {
            let waits = matches!(retry(WireError::new(*code)), Retry::After(_));
            let passing = [
                ErrorCode::RateLimited,
                ErrorCode::Unavailable,
                ErrorCode::QuotaExceeded,
                ErrorCode::StorageFull,
            ];
            assert_eq!(waits, passing.contains(code), "{code:?}");
        }
    }

    #[test]
    fn a_pin_mismatch_is_found_under_layers_of_io_errors() {
        let tls =
            rustls::Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure);
        let wrapped = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, tls));
        assert_eq!(kind(&wrapped), Some(NetworkError::PinMismatch));
        assert_eq!(kind(&io::Error::from(io::ErrorKind::ConnectionReset)), None);
    }
}
