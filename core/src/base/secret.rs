//! Bytes that must not be printed, compared in variable time, or left in memory.

use std::fmt;

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Decoder, Encode, Encoder};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{Random, random};

/// `N` secret bytes: erased on drop, compared in constant time, redacted in Debug.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret<const N: usize>([u8; N]);

impl<const N: usize> Secret<N> {
    /// Takes the bytes over.
    #[must_use]
    pub const fn new(bytes: [u8; N]) -> Self {
        Self(bytes)
    }
    /// Draws a new secret.
    #[must_use]
    pub fn random(source: &dyn Random) -> Self {
        Self(random::array(source))
    }
    /// Reads raw bytes; `None` where the length is wrong.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
    /// The bytes, for the one call that needs them.
    #[must_use]
    pub const fn expose(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl<const N: usize> PartialEq for Secret<N> {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}
impl<const N: usize> Eq for Secret<N> {}

impl<C, const N: usize> Encode<C> for Secret<N> {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C, const N: usize> Decode<'b, C> for Secret<N> {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
        ByteArray::<N>::decode(d, ctx).map(|b| Self(b.into()))
    }
}
