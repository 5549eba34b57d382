//! TLS 1.3 with the relay: hybrid post-quantum key exchange first, and trust by pin alone.
//!
//! The pin is the identity. A certificate's name, dates and issuer are not consulted, so a relay may use a self-made
//! certificate, renew it with the same key at will, and no certificate authority (nor a hospital's inspecting proxy with
//! one of its own) can stand in for it. That the server holds the key is checked by the handshake signature.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConfig, Resumption};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls13_signature};
use rustls::version::TLS13;
use rustls::{CertificateError, DigitallySignedStruct, Error, PeerIncompatible, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::base::sha256;

/// Protocols offered on connections that carry calls.
pub(super) const CALLS: &[&[u8]] = &[b"h2", b"http/1.1"];
/// Protocols offered on the connection that becomes a socket.
pub(super) const SOCKET: &[&[u8]] = &[b"http/1.1"];

/// SHA-256 of the certificate's SubjectPublicKeyInfo; `None` where it is not a certificate.
pub(super) fn pin_of(certificate: &CertificateDer<'_>) -> Option<[u8; 32]> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    Some(*sha256(parsed.tbs_certificate.subject_pki.raw).as_bytes())
}

/// Accepts the pinned keys and no others.
#[derive(Debug)]
pub(super) struct PinVerifier {
    pins: Vec<[u8; 32]>,
    provider: Arc<CryptoProvider>,
}

impl PinVerifier {
    pub(super) fn new(pins: &[[u8; 32]]) -> Self {
        Self {
            pins: pins.to_vec(),
            provider: Arc::new(aws_lc_rs::default_provider()),
        }
    }
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let pin =
            pin_of(end_entity).ok_or(Error::InvalidCertificate(CertificateError::BadEncoding))?;
        if self.pins.contains(&pin) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(
                CertificateError::ApplicationVerificationFailure,
            ))
        }
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::PeerIncompatible(
            PeerIncompatible::Tls12NotOfferedOrEnabled,
        ))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// A configuration that trusts `verifier`. Sessions are not resumed: a resumed handshake shows no certificate, so a pin
/// that was withdrawn would go on working, and the ticket would link connections that are kept apart.
pub(super) fn config(
    verifier: Arc<dyn ServerCertVerifier>,
    protocols: &[&[u8]],
) -> Result<ClientConfig, Error> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Ok(config)
}
