//! The database key: 32 bytes that open the store.

use std::fmt::Write as _;

use zeroize::Zeroizing;

use crate::base::{Digest, Random, Secret, hkdf};

/// The raw key of the encrypted store. Erased on drop, redacted in Debug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseKey(Secret<32>);

impl DatabaseKey {
    /// Takes 32 secret bytes over.
    #[must_use]
    pub const fn new(secret: Secret<32>) -> Self {
        Self(secret)
    }
    /// Draws a new key.
    #[must_use]
    pub fn random(source: &dyn Random) -> Self {
        Self(Secret::random(source))
    }
    /// The bytes, for wrapping.
    pub(super) const fn secret(&self) -> &Secret<32> {
        &self.0
    }
    /// SQLCipher's raw form, key and salt: `x'<96 hexadecimal digits>'`. The salt is external, because the first bytes of
    /// the file are the plain header; it is no secret, and deriving it means that it cannot be lost.
    pub(crate) fn raw_form(&self) -> Zeroizing<String> {
        let salt = hkdf(self.0.expose(), &[], "database salt");
        // Room for all of it, so that no half of the key stays behind in a buffer that was grown out of.
        let mut text = Zeroizing::new(String::with_capacity(2 * (32 + 16) + 3));
        text.push_str("x'");
        for byte in self.0.expose().iter().chain(&salt.expose()[..16]) {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text.push('\'');
        text
    }
    /// A one-way value that tells this key from another without opening anything.
    pub(crate) fn check(&self) -> Digest {
        Digest::new(*hkdf(self.0.expose(), &[], "database key check").expose())
    }
}
