//! The two kinds of bytes that must not be shown: ciphertext, which is large, and bearers, which are secrets.

use core::fmt;

use minicbor::decode::Decoder;
use minicbor::encode::{Encoder, Write};
use minicbor::{Decode, Encode};

/// Ciphertext the relay cannot open. `Debug` shows its length only.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Wraps a ciphertext.
    #[must_use]
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The ciphertext.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The ciphertext, by value.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

impl<C> Encode<C> for Sealed {
    fn encode<W: Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Sealed {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Ok(Self(d.bytes()?.to_vec()))
    }
}

/// 32 secret bytes whose possession is the right: submit bearer, administration capability, session token, registration
/// token, take token, link token. The relay stores only their SHA-256. `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Bearer([u8; 32]);

impl Bearer {
    /// Length in bytes.
    pub const LEN: usize = 32;

    /// Wraps secret bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The secret bytes.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Drop for Bearer {
    fn drop(&mut self) {
        // A plain store may be optimised away; the barrier keeps it. Overwriting here is best effort, without a crate.
        self.0 = [0; 32];
        core::hint::black_box(&mut self.0);
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer(..)")
    }
}

impl<C> Encode<C> for Bearer {
    fn encode<W: Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Bearer {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let wrong = |_| minicbor::decode::Error::message("length of Bearer");
        d.bytes()?.try_into().map(Self).map_err(wrong)
    }
}
