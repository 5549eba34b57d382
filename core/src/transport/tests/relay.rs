//! A server that answers as each test tells it to: TLS 1.3 with a self-made certificate, HTTP/1.1, HTTP/2 and sockets.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use minicbor::Encode;
use rustls::{NamedGroup, ServerConfig};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sotto_wire::http::LIVE_PATH;
use sotto_wire::op::Submit as SubmitOperation;
use sotto_wire::submit::{Queued, Submit};
use sotto_wire::{Digest, Operation, RelayTime, Sig, TenantId, WireError, codec, signed};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::base::{Secret, SigningKey, sha256};
use crate::transport::tls::pin_of;
use crate::transport::{Endpoint, ProxySetting, Timeouts, Transport};

/// One request as it arrived.
#[derive(Clone)]
pub(super) struct Asked {
    /// Which connection it came on.
    pub(super) connection: usize,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: http::HeaderMap,
    pub(super) body: Vec<u8>,
}

/// What to do with it.
pub(super) enum Reply {
    Bytes(u16, Vec<u8>),
    /// A body without an announced length.
    Stream(u16, Vec<u8>),
    /// Half an answer, then the connection breaks.
    Broken(Vec<u8>),
    /// Never answers.
    Silence,
}

pub(super) fn ok<T: Encode<()>>(answer: &T) -> Reply {
    Reply::Bytes(200, codec::encode(answer))
}

pub(super) fn refuse(error: WireError) -> Reply {
    Reply::Bytes(error.code.http_status(), codec::encode(&error))
}

pub(super) type ServerSocket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;
type Handler = Arc<dyn Fn(&Asked) -> Reply + Send + Sync>;

pub(super) struct TestRelay {
    pub(super) port: u16,
    pub(super) pin: [u8; 32],
    pub(super) key: SigningKey,
    /// Everything asked so far.
    pub(super) log: Arc<Mutex<Vec<Asked>>>,
    /// The key exchange group of each finished handshake.
    pub(super) groups: Arc<Mutex<Vec<NamedGroup>>>,
    /// Sockets that were opened, for the test to speak on.
    pub(super) sockets: tokio::sync::mpsc::UnboundedReceiver<ServerSocket>,
}

pub(super) fn relay_key() -> SigningKey {
    SigningKey::from_seed(Secret::new([42; 32]))
}

/// A certificate of its own making, and its pin.
pub(super) fn certificate() -> (
    rustls_pki_types::CertificateDer<'static>,
    PrivateKeyDer<'static>,
    [u8; 32],
) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(vec!["somebody.example".into()]).unwrap();
    parameters
        .distinguished_name
        .push(rcgen::DnType::CommonName, "Inspector\u{7} of St. Elsewhere");
    let certificate = parameters.self_signed(&key).unwrap().der().clone();
    let pin = pin_of(&certificate).unwrap();
    (
        certificate,
        PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        pin,
    )
}

pub(super) fn server_config(
    version: &'static rustls::SupportedProtocolVersion,
) -> (ServerConfig, [u8; 32]) {
    let (certificate, key, pin) = certificate();
    let mut config = ServerConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_protocol_versions(&[version])
    .unwrap()
    .with_no_client_auth()
    .with_single_cert(vec![certificate], key)
    .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    (config, pin)
}

impl TestRelay {
    pub(super) async fn start(handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::with_version(&rustls::version::TLS13, handler).await
    }

    pub(super) async fn with_version(
        version: &'static rustls::SupportedProtocolVersion,
        handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let (config, pin) = server_config(version);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (opened, sockets) = tokio::sync::mpsc::unbounded_channel();
        let relay = Self {
            port,
            pin,
            key: relay_key(),
            log: Arc::default(),
            groups: Arc::default(),
            sockets,
        };
        let (log, groups) = (relay.log.clone(), relay.groups.clone());
        let handler: Handler = Arc::new(handler);
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            let counter = AtomicUsize::new(0);
            while let Ok((tcp, _)) = listener.accept().await {
                let connection = counter.fetch_add(1, Ordering::SeqCst);
                let (acceptor, handler) = (acceptor.clone(), handler.clone());
                let (log, groups, opened) = (log.clone(), groups.clone(), opened.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(tcp).await else {
                        return;
                    };
                    if let Some(group) = stream.get_ref().1.negotiated_key_exchange_group() {
                        groups.lock().unwrap().push(group.name());
                    }
                    serve(stream, connection, handler, log, opened).await;
                });
            }
        });
        relay
    }

    pub(super) fn endpoint(&self) -> Endpoint {
        Endpoint {
            host: "127.0.0.1".into(),
            port: self.port,
            pins: vec![self.pin],
            signing_key: self.key.verifying_key(),
            tenant: TenantId::new([5; 16]),
            proxy: ProxySetting::None,
            timeouts: Timeouts::default(),
        }
    }

    pub(super) fn transport(&self) -> Transport {
        Transport::new(self.endpoint()).unwrap()
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.log.lock().unwrap().clone()
    }
}

async fn serve(
    stream: TlsStream<TcpStream>,
    connection: usize,
    handler: Handler,
    log: Arc<Mutex<Vec<Asked>>>,
    opened: tokio::sync::mpsc::UnboundedSender<ServerSocket>,
) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        let (handler, log, opened) = (handler.clone(), log.clone(), opened.clone());
        async move {
            let upgrade = request.headers().get("sec-websocket-key").cloned();
            let asked = Asked {
                connection,
                path: request.uri().path().to_owned(),
                query: request.uri().query().unwrap_or_default().to_owned(),
                headers: request.headers().clone(),
                body: collect(request.body_mut()).await?,
            };
            log.lock().unwrap().push(asked.clone());
            let reply = handler(&asked);
            if let (Some(key), true, Reply::Bytes(101, _)) =
                (upgrade, asked.path == LIVE_PATH, &reply)
            {
                tokio::spawn(async move {
                    let upgraded = hyper::upgrade::on(&mut request).await.unwrap();
                    let socket = WebSocketStream::from_raw_socket(
                        TokioIo::new(upgraded),
                        Role::Server,
                        None,
                    )
                    .await;
                    let _gone = opened.send(socket);
                });
                return Ok(Response::builder()
                    .status(101)
                    .header("connection", "upgrade")
                    .header("upgrade", "websocket")
                    .header("sec-websocket-accept", derive_accept_key(key.as_bytes()))
                    .body(reqwest::Body::default())
                    .unwrap());
            }
            answer(reply).await
        }
    });
    let _ended = auto::Builder::new(TokioExecutor::new())
        .serve_connection_with_upgrades(TokioIo::new(stream), service)
        .await;
}

async fn answer(reply: Reply) -> io::Result<Response<reqwest::Body>> {
    let (status, body) = match reply {
        Reply::Bytes(status, bytes) => (status, reqwest::Body::from(bytes)),
        Reply::Stream(status, bytes) => {
            let parts: Vec<io::Result<Bytes>> = bytes
                .chunks(60_000)
                .map(|c| Ok(Bytes::copy_from_slice(c)))
                .collect();
            (
                status,
                reqwest::Body::wrap_stream(futures_util::stream::iter(parts)),
            )
        }
        Reply::Broken(bytes) => {
            let parts = vec![
                Ok(Bytes::from(bytes)),
                Err(io::Error::from(io::ErrorKind::ConnectionReset)),
            ];
            (
                200,
                reqwest::Body::wrap_stream(futures_util::stream::iter(parts)),
            )
        }
        Reply::Silence => std::future::pending().await,
    };
    Ok(Response::builder().status(status).body(body).unwrap())
}

async fn collect(body: &mut Incoming) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(frame) =
        std::future::poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await
    {
        if let Ok(data) = frame.map_err(io::Error::other)?.into_data() {
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes)
}

/// Answers `submit` as a relay does, signed with this key.
pub(super) fn queue(asked: &Asked, key: &SigningKey) -> Reply {
    assert_eq!(asked.path, SubmitOperation::DESCRIPTOR.path);
    let request: Submit = codec::decode(&asked.body).unwrap();
    let time = RelayTime(1_700_000_000_000);
    let digest = Digest::new(*sha256(request.payload.as_bytes()).as_bytes());
    let bytes = signed::queued(&request.idempotency, &digest, time).bytes();
    ok(&Queued {
        time,
        refused: Vec::new(),
        sig: Sig::new(*key.sign_raw(&bytes).as_bytes()),
    })
}
