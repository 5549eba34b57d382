//! What can go wrong around the log. Whether an *entry* is valid is not an error but a
//! [`Verdict`](super::Verdict).

use crate::base::CryptoError;
use crate::base::codec::CodecError;

/// An operation of the roster floor failed.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum RosterError {
    /// A text is empty, too long, or holds characters that are not shown.
    #[error("a text is empty, too long, or holds characters that cannot be shown")]
    Text,
    /// A word is not in the list, or their number is wrong.
    #[error("these are not {expected} words of the list")]
    Words {
        /// How many words are expected.
        expected: usize,
    },
    /// An invitation link could not be read.
    #[error("not an invitation link of this version")]
    Link,
    /// The root file is not one, or was altered.
    #[error("not a root file, or its checksum is wrong")]
    RootFile,
    /// The passphrase does not open the root file.
    #[error("the passphrase does not open the root file")]
    Passphrase,
    /// Argon2id refused its cost parameters.
    #[error("the cost of the passphrase's derivation is out of bounds")]
    Cost,
    /// Bytes were not what they claim to be.
    #[error("while decoding a roster record: {0}")]
    Codec(#[from] CodecError),
    /// A primitive failed.
    #[error("while sealing or opening a roster record: {0}")]
    Crypto(#[from] CryptoError),
    /// An entry would exceed the format's limit.
    #[error("an entry is larger than the format allows")]
    Oversize,
    /// The roster has no founding entry yet.
    #[error("the roster is not founded yet")]
    NotFounded,
    /// No key for this roster epoch is held.
    #[error("no roster key for epoch {epoch} is held")]
    NoKey {
        /// The epoch whose key is missing.
        epoch: u64,
    },
    /// A seal does not belong to the rotation it came with.
    #[error("a sealed roster key does not belong to its rotation")]
    Seal,
    /// A snapshot was written by another release; the log must be replayed.
    #[error("the snapshot is of another release: replay the log")]
    Snapshot,
    /// The attestation is of another organisation.
    #[error("the attestation is of another organisation")]
    AttestationForeign,
    /// The attestation's signature is wrong, or its author unknown.
    #[error("the attestation is not signed by a device of the roster")]
    AttestationForged,
    /// The attesting device may not attest (any more), or is the verifier's own.
    #[error("the attestation's author has no right to attest")]
    AttestationRight,
    /// The attestation names an entry that has not been read yet.
    #[error("the attestation is ahead of the roster read so far")]
    AttestationAhead,
    /// The attestation names another entry at this place: two rosters are being shown.
    #[error("the attestation contradicts the roster: two rosters are being shown")]
    AttestationFork,
    /// The lease extension is for another device or organisation, too long, or not signed by who may extend leases.
    #[error("the lease extension does not hold for this device")]
    Extension,
    /// An order's proof would need more entries or bytes than the format allows, or the order is not in the log.
    #[error("the order cannot be proven to its device")]
    Proof,
    /// The attestation is from the future.
    #[error("the attestation's time lies ahead")]
    AttestationFuture,
}
