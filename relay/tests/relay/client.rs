//! A small client: one connection for each request, the relay's key pinned.

use std::net::SocketAddr;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::{Body, to_bytes};
use futures_util::{SinkExt, StreamExt};
use http::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use sotto_wire::live::{ClientFrame, ServerFrame};
use sotto_wire::{Bearer, Digest, Operation, TenantId, WireError, decode, encode};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use x509_parser::prelude::{FromDer, X509Certificate};

pub(crate) fn sha256(bytes: &[u8]) -> Digest {
    Digest::try_from(digest(&SHA256, bytes).as_ref()).unwrap()
}

#[derive(Debug)]
struct Pinned(Digest, Arc<CryptoProvider>);

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let (_, certificate) = X509Certificate::from_der(end_entity).unwrap();
        if sha256(certificate.tbs_certificate.subject_pki.raw) == self.0 {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(rustls::Error::General(
                "another key than the pinned one".into(),
            ))
        }
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.2".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.1.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.1.signature_verification_algorithms.supported_schemes()
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<u64>,
    pub(crate) body: Vec<u8>,
}

/// Where requests go.
#[derive(Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    tls: TlsConnector,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, pin: Digest) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Pinned(pin, provider)))
            .with_no_client_auth();
        Self {
            address,
            tls: TlsConnector::from(Arc::new(config)),
        }
    }

    /// A connection. An error is a relay that is gone.
    pub(crate) async fn connect(&self) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        self.tls
            .connect(ServerName::try_from("localhost").unwrap(), stream)
            .await
    }

    /// Sends any request; `None` if the relay went away without an answer.
    pub(crate) async fn send(&self, request: Request<Body>) -> Option<Answer> {
        let stream = self.connect().await.ok()?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .ok()?;
        let driver = tokio::spawn(connection);
        let response = sender.send_request(request).await.ok()?;
        let status = response.status();
        let retry_after = response
            .headers()
            .get("retry-after")
            .map(|value| value.to_str().unwrap().parse().unwrap());
        let body = to_bytes(Body::new(response.into_body()), usize::MAX)
            .await
            .ok()?
            .to_vec();
        driver.abort();
        Some(Answer {
            status,
            retry_after,
            body,
        })
    }

    /// A request with the usual headers.
    pub(crate) fn request(
        method: Method,
        path: &str,
        tenant: Option<&TenantId>,
        bearer: Option<&Bearer>,
        body: Vec<u8>,
    ) -> Request<Body> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost");
        request = request.header("content-type", "application/cbor");
        if let Some(tenant) = tenant {
            request = request.header(
                sotto_wire::http::TENANT_HEADER,
                sotto_wire::http::tenant_value(tenant),
            );
        }
        if let Some(bearer) = bearer {
            request = request.header("authorization", sotto_wire::http::bearer_value(bearer));
        }
        request.body(Body::from(body)).unwrap()
    }

    /// Calls an operation; `None` if the answer was lost.
    pub(crate) async fn try_call<O: Operation>(
        &self,
        _operation: O,
        tenant: Option<&TenantId>,
        bearer: Option<&Bearer>,
        request: &O::Request,
    ) -> Option<Result<O::Response, WireError>> {
        let request = Self::request(
            Method::POST,
            O::DESCRIPTOR.path,
            tenant,
            bearer,
            encode(request),
        );
        let answer = self.send(request).await?;
        if answer.status == StatusCode::OK {
            return Some(Ok(decode(&answer.body).unwrap()));
        }
        let error: WireError = decode(&answer.body).unwrap();
        assert_eq!(error.code.http_status(), answer.status.as_u16());
        assert_eq!(answer.retry_after.is_some(), error.retry_after_ms.is_some());
        Some(Err(error))
    }

    /// Opens a live socket.
    pub(crate) async fn live(&self, tenant: &TenantId, token: &Bearer) -> Result<Live, StatusCode> {
        use tokio_tungstenite::tungstenite::Error;
        use tokio_tungstenite::tungstenite::client::IntoClientRequest;
        let mut request = format!("wss://localhost{}", sotto_wire::http::LIVE_PATH)
            .into_client_request()
            .unwrap();
        let headers = request.headers_mut();
        headers.insert(
            "sotto-tenant",
            sotto_wire::http::tenant_value(tenant).parse().unwrap(),
        );
        headers.insert(
            "authorization",
            sotto_wire::http::bearer_value(token).parse().unwrap(),
        );
        let stream = self.connect().await.unwrap();
        match tokio_tungstenite::client_async(request, stream).await {
            Ok((socket, _)) => Ok(Live(socket)),
            Err(Error::Http(response)) => Err(response.status()),
            Err(error) => panic!("{error}"),
        }
    }
}

/// A live socket.
pub(crate) struct Live(pub(crate) WebSocketStream<TlsStream<TcpStream>>);

impl Live {
    /// The next frame of the relay; `None` when the socket has ended.
    pub(crate) async fn next(&mut self) -> Option<ServerFrame> {
        loop {
            match self.0.next().await?.ok()? {
                Message::Binary(bytes) => return Some(decode(&bytes).unwrap()),
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    /// The next frame, which must be entries.
    pub(crate) async fn entries(&mut self) -> Vec<sotto_wire::live::Entry> {
        match self.next().await {
            Some(ServerFrame::Deliver(entries)) => entries,
            other => panic!("entries were expected, not {other:?}"),
        }
    }

    pub(crate) async fn send(&mut self, frame: &ClientFrame) {
        self.0
            .send(Message::Binary(encode(frame).into()))
            .await
            .unwrap();
    }
}
