//! A look at who answers where the relay should be, for a person who asks why nothing gets through. It sends no request
//! and no proof; what it sees is for that person's eyes and never for a log.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{DigitallySignedStruct, Error, NamedGroup, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::error::kind;
use super::proxy::Route;
use super::tls::{self, PinVerifier};
use super::{Endpoint, EndpointError, NetworkError, TransportError};

/// Longest issuer name shown.
const ISSUER_CHARS: usize = 100;

/// Who answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// The pinned relay.
    Relay {
        /// Whether the key exchange was the hybrid X25519MLKEM768.
        post_quantum: bool,
    },
    /// Somebody else: another server, or a device on the way that opens TLS to read along.
    Stranger {
        /// The common name of the issuer of the certificate it showed, printable characters only. An inspecting proxy
        /// usually names itself there.
        issuer: Option<String>,
    },
}

/// Connects by the endpoint's route, shakes hands, and hangs up.
///
/// # Errors
/// [`TransportError::Network`] where nobody speaking TLS 1.3 answered, [`TransportError::Endpoint`].
pub async fn probe(endpoint: &Endpoint, deadline: Duration) -> Result<Probe, TransportError> {
    let origin = endpoint.origin()?;
    let route = Route::resolve(&endpoint.proxy, &origin.uri)?;
    let verifier = Arc::new(Watching {
        inner: PinVerifier::new(&endpoint.pins),
        issuer: Mutex::new(None),
    });
    let config =
        Arc::new(tls::config(verifier.clone(), tls::SOCKET).map_err(|_| EndpointError::Tls)?);
    let steps = async {
        let tcp = route.open(&origin.uri, deadline).await?;
        TlsConnector::from(config)
            .connect(origin.name, tcp)
            .await
            .map_err(|e| kind(&e).unwrap_or(NetworkError::Interrupted))
    };
    match timeout(deadline, steps)
        .await
        .map_err(|_| NetworkError::Timeout)?
    {
        Ok(stream) => {
            let group = stream.get_ref().1.negotiated_key_exchange_group();
            Ok(Probe::Relay {
                post_quantum: group.is_some_and(|g| g.name() == NamedGroup::X25519MLKEM768),
            })
        }
        Err(NetworkError::PinMismatch) => {
            let issuer = verifier
                .issuer
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            Ok(Probe::Stranger { issuer })
        }
        Err(other) => Err(other.into()),
    }
}

/// Decides as the verifier of pins does, and remembers the issuer.
#[derive(Debug)]
struct Watching {
    inner: PinVerifier,
    issuer: Mutex<Option<String>>,
}

fn issuer_of(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let name = parsed.issuer().iter_common_name().next()?.as_str().ok()?;
    // It ends on a terminal, and a stranger wrote it.
    Some(
        name.chars()
            .filter(|c| !c.is_control())
            .take(ISSUER_CHARS)
            .collect(),
    )
}

impl ServerCertVerifier for Watching {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.issuer.lock().unwrap_or_else(PoisonError::into_inner) = issuer_of(end_entity);
        self.inner
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
