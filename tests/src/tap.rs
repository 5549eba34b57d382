//! Somebody behind the end of TLS: the operator who sees what devices and relay say to each other in the clear.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs::default_provider};
use rustls::{ClientConfig, DigitallySignedStruct, ServerConfig, SignatureScheme};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::canary::Piece;

/// Ends the devices' TLS with a key of its own, writes down what passes, and goes on to the relay.
#[derive(Debug)]
pub struct Tap {
    /// What devices are told as the relay's address.
    pub address: SocketAddr,
    /// SHA-256 of its key, as `sotto --pin` takes it.
    pub pin: String,
    lines: Lines,
    /// Dropping it ends all that passes.
    _runtime: tokio::runtime::Runtime,
}

type Lines = Arc<Mutex<Vec<Line>>>;

/// One connection: what the device said, and what it was told.
#[derive(Debug, Clone, Default)]
pub struct Line {
    /// Bytes from the device, without TLS.
    pub asked: Vec<u8>,
    /// Bytes to the device, without TLS.
    pub told: Vec<u8>,
}

impl Tap {
    /// Stands before a relay.
    #[must_use]
    pub fn before(relay: SocketAddr) -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let spki = rcgen::PublicKeyData::subject_public_key_info(&key);
        let pin = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &spki);
        let certificate = rcgen::CertificateParams::new(vec!["localhost".into()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(default_provider());
        let mut server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        // HTTP/1.1 only: headers and bodies then stand in the bytes as they are.
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        let mut client = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
            .with_no_client_auth();
        client.alpn_protocols = vec![b"http/1.1".to_vec()];

        let runtime = tokio::runtime::Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let lines = Lines::default();
        let (acceptor, connector) = (
            TlsAcceptor::from(Arc::new(server)),
            TlsConnector::from(Arc::new(client)),
        );
        runtime.spawn(accept(
            listener,
            acceptor,
            connector,
            relay,
            Arc::clone(&lines),
        ));
        let pin = pin
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            address,
            pin,
            lines,
            _runtime: runtime,
        }
    }

    /// Everything that has passed so far.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        self.lines.lock().unwrap().clone()
    }
}

impl Line {
    /// The requests of this connection: path, and what authorised it.
    #[must_use]
    pub fn requests(&self) -> Vec<(String, Option<String>)> {
        let text = String::from_utf8_lossy(&self.asked);
        let heads = text.split("\r\n\r\n").filter_map(|part| {
            // A body without a line feed of its own may stand before the next request.
            let at = ["POST /", "GET /", "PUT /"]
                .iter()
                .filter_map(|method| part.find(method))
                .min()?;
            let mut lines = part[at..].split("\r\n");
            let path = lines
                .next()?
                .split(' ')
                .nth(1)?
                .split('?')
                .next()?
                .to_owned();
            let bearer = lines.find_map(|line| {
                line.strip_prefix("authorization: Bearer ")
                    .map(str::to_owned)
            });
            Some((path, bearer))
        });
        heads.collect()
    }

    /// Whether a request whose path begins so was made on this connection.
    #[must_use]
    pub fn asks(&self, path: &str) -> bool {
        self.requests()
            .iter()
            .any(|(asked, _)| asked.starts_with(path))
    }

    /// What passed, to be searched. What a device says on a live socket is masked by RFC 6455 and stands here unmasked.
    #[must_use]
    pub fn pieces(&self, number: usize) -> Vec<Piece> {
        let mut pieces = vec![
            Piece::new(
                format!("traffic {number}, from the device"),
                self.asked.clone(),
            ),
            Piece::new(
                format!("traffic {number}, to the device"),
                self.told.clone(),
            ),
        ];
        if self.asks("/v1/live") {
            pieces.push(Piece::new(
                format!("traffic {number}, frames of the device"),
                unmasked(&self.asked),
            ));
        }
        pieces
    }
}

/// The frames of a client after its request, unmasked (RFC 6455 §5.2).
fn unmasked(asked: &[u8]) -> Vec<u8> {
    let Some(head) = asked.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Vec::new();
    };
    let (mut rest, mut out) = (&asked[head + 4..], Vec::new());
    while let [_, second, ..] = rest {
        let (at, length) = match second & 0x7f {
            126 if rest.len() >= 4 => (4, usize::from(u16::from_be_bytes([rest[2], rest[3]]))),
            127 if rest.len() >= 10 => (
                10,
                usize::try_from(u64::from_be_bytes(rest[2..10].try_into().unwrap())).unwrap(),
            ),
            short => (2, usize::from(short)),
        };
        if second & 0x80 == 0 || rest.len() < at + 4 + length {
            break;
        }
        let (mask, body) = (&rest[at..at + 4], &rest[at + 4..at + 4 + length]);
        out.extend(
            body.iter()
                .zip(mask.iter().cycle())
                .map(|(byte, mask)| byte ^ mask),
        );
        rest = &rest[at + 4 + length..];
    }
    out
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    connector: TlsConnector,
    relay: SocketAddr,
    lines: Lines,
) {
    while let Ok((device, _)) = listener.accept().await {
        let (acceptor, connector, lines) =
            (acceptor.clone(), connector.clone(), Arc::clone(&lines));
        tokio::spawn(async move {
            let Ok(device) = acceptor.accept(device).await else {
                return;
            };
            let Ok(stream) = TcpStream::connect(relay).await else {
                return;
            };
            let name = ServerName::IpAddress(relay.ip().into());
            let Ok(relay) = connector.connect(name, stream).await else {
                return;
            };
            let place = {
                let mut lines = lines.lock().unwrap();
                lines.push(Line::default());
                lines.len() - 1
            };
            let (from_device, to_device) = tokio::io::split(device);
            let (from_relay, to_relay) = tokio::io::split(relay);
            let asked = carry(from_device, to_relay, &lines, |lines| {
                &mut lines[place].asked
            });
            let told = carry(from_relay, to_device, &lines, |lines| {
                &mut lines[place].told
            });
            tokio::join!(asked, told);
        });
    }
}

async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    lines: &Lines,
    place: impl for<'a> Fn(&'a mut Vec<Line>) -> &'a mut Vec<u8>,
) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        place(&mut lines.lock().unwrap()).extend_from_slice(&buffer[..count]);
        if to.write_all(&buffer[..count]).await.is_err() || to.flush().await.is_err() {
            break;
        }
    }
    let _closed_already = to.shutdown().await;
}

/// An operator who listens trusts whomever he has put behind himself.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
