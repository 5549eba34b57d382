//! TLS 1.3 and nothing older, with the post-quantum hybrid key exchange preferred. Devices do not trust authorities:
//! they pin the SHA-256 of the certificate's public key, so a self-made certificate is as good as a bought one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sotto_wire::Digest;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::config::Config;
use crate::crypto::sha256;
use crate::files::{self, FileError};

/// Why TLS cannot be offered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    /// A file.
    #[error("reading or writing TLS files")]
    File(#[from] FileError),
    /// A PEM file.
    #[error("{path} is not the PEM it should be")]
    Pem {
        /// Which.
        path: PathBuf,
        /// What the parser says.
        #[source]
        source: rustls_pki_types::pem::Error,
    },
    /// The chain is empty or its first certificate cannot be read.
    #[error("the certificate chain has no readable certificate")]
    NoCertificate,
    /// Making one's own.
    #[error("making a certificate")]
    Make(#[from] rcgen::Error),
    /// Key and certificate do not go together, or the key's kind is not supported.
    #[error("using certificate and key")]
    Use(#[from] rustls::Error),
}

/// TLS, and what devices pin.
pub(crate) struct Tls {
    /// For the acceptor.
    pub(crate) config: Arc<ServerConfig>,
    /// SHA-256 of the certificate's SubjectPublicKeyInfo (RFC 7469 §2.4).
    pub(crate) pin: Digest,
}

/// From the operator's files, or from the self-made ones in the data folder, which are made once.
pub(crate) fn load_or_make(config: &Config) -> Result<Tls, TlsError> {
    let (cert, key) = match (&config.tls_cert, &config.tls_key) {
        (Some(cert), Some(key)) => (cert.clone(), key.clone()),
        _ => self_made(&config.data, &config.tls_names)?,
    };
    load(&cert, &key)
}

fn self_made(data: &Path, names: &str) -> Result<(PathBuf, PathBuf), TlsError> {
    let (cert, key) = (data.join("tls-cert.pem"), data.join("tls-key.pem"));
    if cert.exists() && key.exists() {
        return Ok((cert, key));
    }
    let names: Vec<String> = names
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    let mut params = CertificateParams::new(names)?;
    params
        .distinguished_name
        .push(DnType::CommonName, "Sotto relay");
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    // Devices check the pin, not the date; a date in reach would only be an outage.
    params.not_after = rcgen::date_time_ymd(4096, 1, 1);
    let pair = KeyPair::generate()?;
    let made = params.self_signed(&pair)?;
    files::write_secret(&key, pair.serialize_pem().as_bytes())?;
    files::write_secret(&cert, made.pem().as_bytes())?;
    Ok((cert, key))
}

fn load(cert: &Path, key: &Path) -> Result<Tls, TlsError> {
    let pem = |path: &Path| {
        let path = path.to_owned();
        move |source| TlsError::Pem { path, source }
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect)
        .map_err(pem(cert))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(pem(key))?;
    let pin = pin(chain.first().ok_or(TlsError::NoCertificate)?)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Tls {
        config: Arc::new(config),
        pin,
    })
}

fn pin(certificate: &CertificateDer<'_>) -> Result<Digest, TlsError> {
    let (_, parsed) =
        X509Certificate::from_der(certificate).map_err(|_| TlsError::NoCertificate)?;
    Ok(sha256(parsed.tbs_certificate.subject_pki.raw))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_self_made_certificate_is_made_once_and_keeps_its_pin() {
        let folder = tempfile::tempdir().unwrap();
        let (cert, key) = self_made(folder.path(), "localhost").unwrap();
        let first = load(&cert, &key).unwrap().pin;
        let (cert, key) = self_made(folder.path(), "elsewhere").unwrap();
        assert_eq!(load(&cert, &key).unwrap().pin, first);
        let pair = KeyPair::from_pem(&std::fs::read_to_string(&key).unwrap()).unwrap();
        assert_eq!(
            sha256(&rcgen::PublicKeyData::subject_public_key_info(&pair)),
            first
        );
    }

    #[test]
    fn the_hybrid_key_exchange_is_preferred() {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        assert_eq!(
            provider.kx_groups[0].name(),
            rustls::NamedGroup::X25519MLKEM768
        );
    }
}
