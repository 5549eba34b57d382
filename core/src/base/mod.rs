//! The ground floor: identifiers, time, randomness, secrets, cryptographic primitives, encoding, the door through
//! which anything may be logged, and the named points at which a test may end the process.
//!
//! Nothing here knows what a message is. Time and randomness are traits, so that tests own them; the two system
//! implementations here are the only places in `core` that read the clock or the entropy source.

pub mod aead;
pub mod codec;
pub mod crash;
pub mod digest;
pub mod ids;
pub mod log;
pub mod random;
pub mod seal;
pub mod secret;
pub mod sign;
pub mod time;

pub use digest::{Digest, hkdf, sha256};
pub use ids::{
    ConversationId, DeviceId, DutyId, InvitationId, MessageId, OrganisationId, Owner, PersonId,
    PlaceId, RoleId,
};
pub use random::{Random, SystemRandom};
pub use secret::Secret;
pub use sign::{Signature, SigningKey, VerifyingKey};
pub use time::{Clock, SystemClock, Timestamp};

/// A primitive failed. Says which operation; never with what.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum CryptoError {
    /// A ciphertext did not authenticate: wrong key, or altered bytes.
    #[error("a ciphertext did not authenticate")]
    Open,
    /// A signature did not verify.
    #[error("a signature did not verify")]
    Signature,
    /// Input too short, or of a version this release does not know.
    #[error("malformed ciphertext")]
    Malformed,
    /// The provider refused (key of the wrong size, output too long).
    #[error("the cryptographic provider refused the operation")]
    Provider,
}
