//! The certificate of a wipe: what this device says it destroyed, signed by the key that it destroys last. It is the
//! device's word, not proof that no copy exists: the key that signs lies in the stub, readable without unlocking, because
//! a locked device must be able to certify. Whoever copied the stub before can sign the same, and keep the disk.

use std::fmt;

use minicbor::{Decode, Encode};

use super::Protection;
use super::places::{Erased, Outcome};
use crate::base::{
    CryptoError, DeviceId, Digest, OrganisationId, Signature, SigningKey, Timestamp, VerifyingKey,
    codec, sha256,
};
use crate::roster::kind::RevocationMode;
use crate::roster::{RosterError, VerifiedOrder};

const LABEL: &str = "wipe certificate";

/// How it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
#[non_exhaustive]
pub enum Method {
    /// The only key was destroyed first, then the files were deleted.
    #[n(1)]
    CryptographicErase,
}

impl Method {
    /// For people, in the terms of NIST SP 800-88 Rev. 1.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::CryptographicErase => {
                "purge by cryptographic erase (NIST SP 800-88 Rev. 1, section 2.6): the wrapped database key was overwritten and deleted; then the encrypted files were deleted, small ones overwritten once"
            }
        }
    }
}

/// What is certified.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Statement {
    /// The organisation.
    #[n(0)]
    pub organisation: OrganisationId,
    /// The device that destroyed itself.
    #[n(1)]
    pub device: DeviceId,
    /// On whose order; `None` where the lease had run out on an excluded device.
    #[n(2)]
    pub order: Option<VerifiedOrder>,
    /// When it began, by the device's clock.
    #[n(3)]
    pub began: Timestamp,
    /// When it ended, by the device's clock.
    #[n(4)]
    pub ended: Timestamp,
    /// What became of each place.
    #[n(5)]
    pub erased: Vec<Erased>,
    /// What had protected the key.
    #[n(6)]
    pub protection: Protection,
    /// When the store was last opened, by the device's clock.
    #[n(7)]
    pub unlocked_at: Option<Timestamp>,
    /// How it was done.
    #[n(8)]
    pub method: Method,
    /// Without an order: the signed time of the refusal that nothing had answered since.
    #[n(9)]
    pub lapsed: Option<Timestamp>,
}

/// A signed statement. What is inside can be read before it is verified, and must not be believed before.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Certificate {
    #[n(0)]
    statement: Statement,
    #[n(1)]
    signature: Signature,
}

impl Certificate {
    /// Signs a statement with the device's receipt key.
    #[must_use]
    pub fn sign(statement: Statement, receipt: &SigningKey) -> Self {
        let signature = receipt.sign(LABEL, &codec::encode(&statement));
        Self {
            statement,
            signature,
        }
    }
    /// The statement, if the key that the roster shows as the device's receipt key signed it.
    ///
    /// # Errors
    /// [`CryptoError::Signature`].
    pub fn verify(&self, receipt_key: &VerifyingKey) -> Result<&Statement, CryptoError> {
        receipt_key.verify(LABEL, &codec::encode(&self.statement), &self.signature)?;
        Ok(&self.statement)
    }
    /// The encoded certificate, to be sealed for the channel.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }
    /// Reads an encoded certificate.
    ///
    /// # Errors
    /// [`RosterError::Codec`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RosterError> {
        Ok(codec::decode(bytes)?)
    }
    /// SHA-256 of the encoded certificate.
    #[must_use]
    pub fn digest(&self) -> Digest {
        sha256(&self.to_bytes())
    }
}

/// What the signature says, and what it does not.
const WORTH: &str = "This is the word of whoever held this device's receipt key. The key lies readable beside the store until the device is wiped, so that a locked device can certify: whoever copied the file stub.cbor before could have signed this, and kept the disk and its encrypted content. It does not prove that the device did it, or that no copy exists elsewhere.";

impl Statement {
    /// What the certificate proves and what it does not, for people: to be shown wherever one is called good.
    #[must_use]
    pub const fn worth(&self) -> &'static str {
        WORTH
    }
    /// Whether everything that was there is gone, as far as the device can tell.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.erased
            .iter()
            .all(|erased| !matches!(erased.outcome, Outcome::Failed(_)))
    }
    /// The statement for people, line by line, ready to be printed. Identifiers are in it, names are not.
    #[must_use]
    pub fn to_text(&self) -> String {
        let order = match (&self.order, self.lapsed) {
            (Some(order), _) => {
                let mode = match order.mode {
                    RevocationMode::EmergencyWipe => "emergency wipe by one administrator",
                    RevocationMode::Wipe => "wipe",
                    RevocationMode::Revoke => "exclusion",
                };
                let (seq, digest) = (order.seq, order.entry_digest);
                format!("order: {mode}, roster entry {seq} ({digest})")
            }
            (None, Some(refused)) => format!(
                "order: none; the device was refused at {} and its lease ended",
                refused.to_rfc3339()
            ),
            (None, None) => "order: none".to_owned(),
        };
        let unlocked = self
            .unlocked_at
            .map_or_else(|| "unknown".to_owned(), Timestamp::to_rfc3339);
        let mut lines = vec![
            "CERTIFICATE OF SANITIZATION".to_owned(),
            format!("organisation: {}", self.organisation),
            format!("device: {}", self.device),
            order,
            format!("method: {}", self.method.words()),
            format!("began (device's clock): {}", self.began.to_rfc3339()),
            format!("ended (device's clock): {}", self.ended.to_rfc3339()),
            format!("the key was protected by: {}", self.protection.words()),
            format!("last unlocked (device's clock): {unlocked}"),
        ];
        lines.extend(
            self.erased
                .iter()
                .map(|erased| format!("{}: {}", erased.place, erased.outcome.words())),
        );
        lines.push(self.worth().to_owned());
        lines.join("\n")
    }
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Statement(..)")
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate(..)")
    }
}
