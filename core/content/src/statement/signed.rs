//! A body and the signature over it.

use super::StatementError;
use crate::cbor::{Reader, Writer};

/// Something a device signs.
pub trait Body: Sized {
    /// The label that separates its signatures from all others; the signer puts it before the bytes.
    const LABEL: &'static str;

    /// The bytes that are signed: the one encoding of the body.
    ///
    /// # Errors
    /// What decoding would refuse.
    fn signing_bytes(&self) -> Result<Vec<u8>, StatementError>;

    /// Reads a body; bytes that [`Self::signing_bytes`] would not write are refused.
    ///
    /// # Errors
    /// See [`StatementError`].
    fn decode(bytes: &[u8]) -> Result<Self, StatementError>;
}

/// A body with an Ed25519 signature. Holding one proves nothing: core verifies the signature against the roster.
#[derive(Clone, PartialEq, Eq)]
pub struct Signed<T> {
    /// What was signed.
    pub body: T,
    /// Ed25519 over label and body.
    pub signature: [u8; 64],
}

impl<T: std::fmt::Debug> std::fmt::Debug for Signed<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signed")
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

impl<T: Body> Signed<T> {
    /// Body and signature as one deterministic CBOR array of two byte strings.
    ///
    /// # Errors
    /// As [`Body::signing_bytes`].
    pub fn encode(&self) -> Result<Vec<u8>, StatementError> {
        let mut w = Writer::new();
        w.array(2)
            .bytes(&self.body.signing_bytes()?)
            .bytes(&self.signature);
        Ok(w.finish())
    }

    /// Reads what [`Self::encode`] wrote, and nothing else.
    ///
    /// # Errors
    /// See [`StatementError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, StatementError> {
        let mut r = Reader::new(bytes);
        r.array_of(2, "an array of two")?;
        let signed = Self {
            body: T::decode(r.bytes()?)?,
            signature: r.byte_array("a signature of 64 bytes")?,
        };
        r.finish()?;
        Ok(signed)
    }
}
