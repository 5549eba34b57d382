//! SHA-256 and HKDF-SHA-256 (RFC 5869).

use std::fmt;

use minicbor::{Decode, Encode};

use super::Secret;

/// A SHA-256 digest (FIPS 180-4), 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Digest(#[cbor(with = "minicbor::bytes")] [u8; 32]);

impl Digest {
    /// The digest of nothing yet: the predecessor of a chain's first link.
    pub const ZERO: Self = Self([0; 32]);
    /// Wraps raw bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
    /// The raw bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
    /// Reads raw bytes; `None` where the length is wrong.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(..)")
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::codec::hex(&self.0).fmt(f)
    }
}

/// SHA-256 over one input.
#[must_use]
pub fn sha256(data: &[u8]) -> Digest {
    sha256_parts(&[data])
}

/// SHA-256 over the concatenation of several inputs. Callers frame them: lengths are not mixed in.
#[must_use]
pub fn sha256_parts(parts: &[&[u8]]) -> Digest {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for part in parts {
        context.update(part);
    }
    let mut out = [0u8; 32];
    out.copy_from_slice(context.finish().as_ref());
    Digest(out)
}

/// HKDF-SHA-256: 32 bytes from key material, a salt (may be empty) and a label that separates uses.
#[must_use]
pub fn hkdf(material: &[u8], salt: &[u8], label: &str) -> Secret<32> {
    let salt = aws_lc_rs::hkdf::Salt::new(aws_lc_rs::hkdf::HKDF_SHA256, salt);
    let mut out = [0u8; 32];
    let info = [b"sotto/".as_slice(), label.as_bytes()];
    // 32 bytes are one block of SHA-256, far below the limit at which expansion can fail.
    let filled = salt
        .extract(material)
        .expand(&info, aws_lc_rs::hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut out));
    if filled.is_err() {
        std::process::abort();
    }
    Secret::new(out)
}
