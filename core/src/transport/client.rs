//! The transport: one relay, two sets of connections, and `call`.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::ClientConfig;
use sotto_wire::op::Info;
use sotto_wire::{LimitKind, Operation, WireError, codec};
use tokio::time::timeout;

use super::endpoint::{Endpoint, EndpointError, Origin};
use super::error::{NetworkError, TransportError};
use super::exchange::{Exchange, Method};
use super::lane::{Auth, Lane, answer_limit};
use super::proxy::Route;
use super::tls::{self, PinVerifier};

/// The way to one relay. Cheap to share behind an `Arc`; all calls take `&self`.
pub struct Transport {
    current: RwLock<Arc<Link>>,
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transport(..)")
    }
}

/// Everything made from one endpoint. Calls in flight keep theirs while another is set.
pub(super) struct Link {
    pub(super) endpoint: Endpoint,
    pub(super) origin: Origin,
    pub(super) route: Route,
    pub(super) socket_tls: Arc<ClientConfig>,
    anonymous: reqwest::Client,
    mailbox: reqwest::Client,
}

impl Link {
    fn new(endpoint: Endpoint) -> Result<Self, EndpointError> {
        let origin = endpoint.origin()?;
        let route = Route::resolve(&endpoint.proxy, &origin.uri)?;
        let verifier = Arc::new(PinVerifier::new(&endpoint.pins));
        let socket_tls =
            tls::config(verifier.clone(), tls::SOCKET).map_err(|_| EndpointError::Tls)?;
        let client = |idle: Duration| -> Result<reqwest::Client, EndpointError> {
            let config =
                tls::config(verifier.clone(), tls::CALLS).map_err(|_| EndpointError::Tls)?;
            let mut builder = reqwest::Client::builder()
                .tls_backend_preconfigured(config)
                .https_only(true)
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .connect_timeout(endpoint.timeouts.connect)
                .pool_idle_timeout(idle)
                // A network that changed under a long poll is noticed by the ping, not by the poll's deadline.
                .http2_keep_alive_interval(endpoint.timeouts.ping_after)
                .http2_keep_alive_timeout(endpoint.timeouts.connect)
                .no_proxy();
            if let Some(proxy) = route.for_calls()? {
                builder = builder.proxy(proxy);
            }
            builder.build().map_err(|_| EndpointError::Tls)
        };
        Ok(Self {
            anonymous: client(ANONYMOUS_IDLE)?,
            mailbox: client(MAILBOX_IDLE)?,
            socket_tls: Arc::new(socket_tls),
            endpoint,
            origin,
            route,
        })
    }

    pub(super) const fn client(&self, lane: Lane) -> &reqwest::Client {
        match lane {
            Lane::Anonymous => &self.anonymous,
            Lane::Mailbox => &self.mailbox,
        }
    }
}

/// Kept short: what travels on one connection can be seen to come from one device.
const ANONYMOUS_IDLE: Duration = Duration::from_secs(20);
const MAILBOX_IDLE: Duration = Duration::from_secs(90);

impl Transport {
    /// Gets ready to talk to a relay. Nothing is sent.
    ///
    /// # Errors
    /// [`EndpointError`] where the address, pins or proxy cannot be used.
    pub fn new(endpoint: Endpoint) -> Result<Self, EndpointError> {
        Ok(Self {
            current: RwLock::new(Arc::new(Link::new(endpoint)?)),
        })
    }

    /// Replaces the endpoint: rotated pins, another address, a proxy, or a network that changed. Calls from now on use
    /// fresh connections; those in flight end as they began. A live socket stays until its owner drops it.
    ///
    /// # Errors
    /// [`EndpointError`]; the earlier endpoint then stays.
    pub fn set_endpoint(&self, endpoint: Endpoint) -> Result<(), EndpointError> {
        let link = Arc::new(Link::new(endpoint)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = link;
        Ok(())
    }

    /// The endpoint in use.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        self.link().endpoint.clone()
    }

    pub(super) fn link(&self) -> Arc<Link> {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Asks the relay one thing. The answer is decoded strictly; its signature, where it has one, is not looked at:
    /// [`Transport::submit`], [`Transport::advance`] and [`Transport::info`] do that.
    ///
    /// After an error other than a refusal it is unknown whether the relay did it: send the same request again.
    ///
    /// # Errors
    /// [`TransportError`]; a request larger than the contract allows is refused before it leaves.
    pub fn call<O: Operation>(
        &self,
        auth: &Auth,
        request: &O::Request,
        deadline: Duration,
    ) -> impl Future<Output = Result<O::Response, TransportError>> + Send + use<O> {
        let exchange = self.prepare::<O>(auth, request);
        async move {
            let (exchange, limit) = exchange?;
            let bytes = timeout(deadline, exchange.run(limit))
                .await
                .map_err(|_| NetworkError::Timeout)??;
            codec::decode(&bytes).map_err(|_| TransportError::Malformed)
        }
    }

    fn prepare<O: Operation>(
        &self,
        auth: &Auth,
        request: &O::Request,
    ) -> Result<(Exchange, usize), TransportError> {
        let operation = O::DESCRIPTOR;
        auth.check(&operation)?;
        let (method, body) = if operation.number == Info::DESCRIPTOR.number {
            (Method::Get, Vec::new())
        } else {
            (Method::Post, codec::encode(request))
        };
        if body.len() > operation.body {
            return Err(WireError::too_large(LimitKind::Body, operation.body as u64).into());
        }
        let link = self.link();
        let lane = Lane::of(&operation, auth);
        let exchange = Exchange::new(link, lane, method, operation.path, auth.bearer(), body)?;
        Ok((exchange, answer_limit(&operation)))
    }
}
