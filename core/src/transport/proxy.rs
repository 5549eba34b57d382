//! The one way to the relay, for calls and the socket alike: direct, through an HTTP proxy's CONNECT, or through SOCKS5.
//! Whatever the proxy, it carries TLS it cannot open.

use std::future::poll_fn;
use std::time::Duration;

use http::{HeaderValue, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tokio::net::TcpStream;
use tower_service::Service;

use super::endpoint::{EndpointError, ProxySetting};
use super::error::{NetworkError, kind};

/// How connections to the relay are opened.
#[derive(Clone)]
pub(super) enum Route {
    /// Straight.
    Direct,
    /// CONNECT to the proxy at this address, with this `proxy-authorization`.
    Http(Uri, Option<HeaderValue>),
    /// SOCKS5 at this address, names resolved there, with this user and password.
    Socks(Uri, Option<(String, String)>),
}

impl Route {
    /// Reads the setting for connections to `relay`.
    pub(super) fn resolve(setting: &ProxySetting, relay: &Uri) -> Result<Self, EndpointError> {
        match setting {
            ProxySetting::None => Ok(Self::Direct),
            ProxySetting::System => Matcher::from_system()
                .intercept(relay)
                .map_or(Ok(Self::Direct), Self::through),
            ProxySetting::Url(url) => {
                let matcher = Matcher::builder().all(url.as_str()).build();
                matcher
                    .intercept(relay)
                    .ok_or(EndpointError::Proxy)
                    .and_then(Self::through)
            }
        }
    }

    fn through(proxy: Intercept) -> Result<Self, EndpointError> {
        let uri = proxy.uri().clone();
        match uri.scheme_str() {
            Some("http") => Ok(Self::Http(uri, proxy.basic_auth().cloned())),
            Some("socks5" | "socks5h") => {
                let auth = proxy
                    .raw_auth()
                    .map(|(user, password)| (user.to_owned(), password.to_owned()));
                Ok(Self::Socks(uri, auth))
            }
            // TLS to the proxy would need roots of trust that this device does not keep.
            _ => Err(EndpointError::Proxy),
        }
    }

    /// The same way, for the client of calls. `None` where it is direct.
    pub(super) fn for_calls(&self) -> Result<Option<reqwest::Proxy>, EndpointError> {
        let (uri, scheme) = match self {
            Self::Direct => return Ok(None),
            Self::Http(uri, _) => (uri, "http"),
            Self::Socks(uri, _) => (uri, "socks5h"),
        };
        let authority = uri.authority().ok_or(EndpointError::Proxy)?;
        let proxy = reqwest::Proxy::all(format!("{scheme}://{authority}/"))
            .map_err(|_| EndpointError::Proxy)?;
        Ok(Some(match self {
            Self::Http(_, Some(auth)) => proxy.custom_http_auth(auth.clone()),
            Self::Socks(_, Some((user, password))) => proxy.basic_auth(user, password),
            _ => proxy,
        }))
    }

    /// Opens a TCP connection to the relay, or a tunnel that behaves like one.
    pub(super) async fn open(
        &self,
        relay: &Uri,
        within: Duration,
    ) -> Result<TcpStream, NetworkError> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(within));
        let relay = relay.clone();
        let opened = match self {
            Self::Direct => call(tcp, relay)
                .await
                .map_err(|e| kind(&e).unwrap_or(NetworkError::Connect)),
            Self::Http(uri, auth) => {
                let tunnel = Tunnel::new(uri.clone(), tcp);
                let tunnel = match auth {
                    Some(auth) => tunnel.with_auth(auth.clone()),
                    None => tunnel,
                };
                call(tunnel, relay)
                    .await
                    .map_err(|e| kind(&e).unwrap_or(NetworkError::Proxy))
            }
            Self::Socks(uri, auth) => {
                let socks = SocksV5::new(uri.clone(), tcp);
                let socks = match auth {
                    Some((user, password)) => socks.with_auth(user.clone(), password.clone()),
                    None => socks,
                };
                call(socks, relay)
                    .await
                    .map_err(|e| kind(&e).unwrap_or(NetworkError::Proxy))
            }
        };
        opened.map(hyper_util::rt::TokioIo::into_inner)
    }
}

async fn call<S: Service<Uri>>(mut service: S, to: Uri) -> Result<S::Response, S::Error> {
    poll_fn(|context| service.poll_ready(context)).await?;
    service.call(to).await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn route(url: &str) -> Result<Route, EndpointError> {
        Route::resolve(
            &ProxySetting::Url(url.into()),
            &Uri::from_static("https://relay.example:8443/"),
        )
    }

    #[test]
    fn only_proxies_that_carry_our_own_tls_are_taken() {
        assert!(matches!(
            route("http://proxy:3128"),
            Ok(Route::Http(_, None))
        ));
        assert!(matches!(
            route("http://u:p@proxy:3128"),
            Ok(Route::Http(_, Some(_)))
        ));
        assert!(matches!(
            route("socks5://u:p@proxy"),
            Ok(Route::Socks(_, Some(_)))
        ));
        for refused in [
            "https://proxy:3128",
            "socks4://proxy",
            "ftp://proxy",
            "",
            "://",
        ] {
            assert!(
                matches!(route(refused), Err(EndpointError::Proxy)),
                "{refused}"
            );
        }
        assert!(matches!(
            Route::resolve(
                &ProxySetting::None,
                &Uri::from_static("https://relay.example/")
            ),
            Ok(Route::Direct)
        ));
    }
}
