//! Where the relay is, which keys it must show, and the way there.

use std::fmt;
use std::time::Duration;

use rustls_pki_types::ServerName;
use sotto_wire::TenantId;
use url::Url;

use crate::base::VerifyingKey;

/// A relay and what is pinned about it. All of it comes from the invitation or the roster; nothing is learnt from the
/// relay itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Name or address (an IPv6 address without brackets).
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// SHA-256 of each SubjectPublicKeyInfo (DER) that the relay may show: the one in use, then the backup.
    pub pins: Vec<[u8; 32]>,
    /// The relay signing key: signs `queued` answers and times.
    pub signing_key: VerifyingKey,
    /// The organisation at this relay.
    pub tenant: TenantId,
    /// The way there.
    pub proxy: ProxySetting,
    /// How long each step may take.
    pub timeouts: Timeouts,
}

/// Redacted: where an organisation's relay stands is nobody's business in a log.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Endpoint(..)")
    }
}

/// Which proxy leads to the relay.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum ProxySetting {
    /// What the environment (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`) or the system's settings say, read when the
    /// endpoint is set.
    #[default]
    System,
    /// None, whatever the system says.
    None,
    /// This one: `http://` (CONNECT) or `socks5://` (names are resolved by the proxy), with `user:password@` if it
    /// asks for them.
    Url(String),
}

/// Redacted: the address may hold a password.
impl fmt::Debug for ProxySetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::None => "None",
            Self::Url(_) => "Url(..)",
        })
    }
}

/// How long each step may take. A call's own deadline holds besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// TCP, proxy and TLS until a connection stands.
    pub connect: Duration,
    /// One request of an attachment's upload or download.
    pub chunk: Duration,
    /// Silence on the live socket after which a ping leaves.
    pub ping_after: Duration,
    /// Silence on the live socket after which it counts as dead; longer than `ping_after`.
    pub dead_after: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            chunk: Duration::from_secs(60),
            ping_after: Duration::from_secs(30),
            dead_after: Duration::from_secs(45),
        }
    }
}

/// Why an endpoint cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not a name or address.
    #[error("the relay's address is not one")]
    Host,
    /// Nothing is pinned: nobody could be trusted.
    #[error("no pin for the relay")]
    NoPin,
    /// Not a proxy address, or of a kind other than `http` and `socks5`.
    #[error("the proxy's address is not one this device can use")]
    Proxy,
    /// The TLS library refused the configuration.
    #[error("TLS could not be set up")]
    Tls,
}

/// The address, checked, in the forms the libraries want.
pub(super) struct Origin {
    pub(super) url: Url,
    pub(super) uri: http::Uri,
    pub(super) name: ServerName<'static>,
}

impl Endpoint {
    pub(super) fn origin(&self) -> Result<Origin, EndpointError> {
        if self.pins.is_empty() {
            return Err(EndpointError::NoPin);
        }
        let host = match self.host.parse::<std::net::Ipv6Addr>() {
            Ok(address) => format!("[{address}]"),
            Err(_) => self.host.clone(),
        };
        // Anything that could end the host part of an address early would lead elsewhere.
        if host.is_empty()
            || host.contains(['/', '@', '?', '#', '\\'])
            || (host.contains(':') && !host.starts_with('['))
        {
            return Err(EndpointError::Host);
        }
        let url = Url::parse(&format!("https://{host}:{}/", self.port))
            .map_err(|_| EndpointError::Host)?;
        let spelled = url.host_str().ok_or(EndpointError::Host)?;
        let bare = spelled
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        Ok(Origin {
            uri: format!("https://{spelled}:{}/", self.port)
                .parse()
                .map_err(|_| EndpointError::Host)?,
            name: ServerName::try_from(bare).map_err(|_| EndpointError::Host)?,
            url,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn endpoint(host: &str) -> Endpoint {
        Endpoint {
            host: host.into(),
            port: 8443,
            pins: vec![[1; 32]],
            signing_key: VerifyingKey::new([2; 32]),
            tenant: TenantId::new([3; 16]),
            proxy: ProxySetting::Url("http://u:secret@p:1".into()),
            timeouts: Timeouts::default(),
        }
    }

    #[test]
    fn an_address_leads_where_it_says() {
        assert_eq!(
            endpoint("relay.example").origin().unwrap().url.as_str(),
            "https://relay.example:8443/"
        );
        assert_eq!(
            endpoint("127.0.0.1").origin().unwrap().uri.to_string(),
            "https://127.0.0.1:8443/"
        );
        assert_eq!(
            endpoint("::1").origin().unwrap().uri.to_string(),
            "https://[::1]:8443/"
        );
        for host in [
            "",
            "relay.example/x",
            "user@relay.example",
            "relay.example:1",
            "re lay",
            "a?b",
            "a#b",
            "a\\b",
        ] {
            assert_eq!(
                endpoint(host).origin().err(),
                Some(EndpointError::Host),
                "{host}"
            );
        }
        let unpinned = Endpoint {
            pins: Vec::new(),
            ..endpoint("relay.example")
        };
        assert_eq!(unpinned.origin().err(), Some(EndpointError::NoPin));
    }

    #[test]
    fn neither_the_address_nor_a_proxy_password_is_printed() {
        let shown = format!(
            "{:?} {:?}",
            endpoint("relay.example"),
            endpoint("relay.example").proxy
        );
        assert!(
            !shown.contains("relay.example") && !shown.contains("secret"),
            "{shown}"
        );
    }
}
