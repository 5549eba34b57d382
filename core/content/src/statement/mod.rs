//! Statements: what a person or a device says about a card, signed by the device so that it convinces a third party.
//!
//! The body is deterministic CBOR. Core signs [`Body::signing_bytes`] under the label [`Body::LABEL`] and puts both
//! together in a [`Signed`].

mod codec;
mod receipt;
mod signed;

pub use receipt::DeliveryReceipt;
pub use signed::{Body, Signed};

use crate::cbor::CborError;
use crate::id::{CardId, DeviceId, DutyId, PersonId, PlaceId};
use crate::readback::{Confirmed, IdentifierKind, Mode};

/// Longest reason or name in a statement, in bytes.
pub const MAX_WORDS: usize = 1_000;

/// Why bytes are not a statement, or a statement may not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Not deterministic CBOR of the expected shape.
    #[error("while decoding a statement: {0}")]
    Cbor(#[from] CborError),
    /// A version of the format that is not known.
    #[error("a statement of an unknown version")]
    Version,
    /// A kind that is not known.
    #[error("a statement of an unknown kind")]
    Kind,
    /// A reason or name that is empty where one is needed, or too long.
    #[error("a statement whose words are missing or too long")]
    Words,
    /// A statement that only a person can make, without one.
    #[error("a statement of this kind needs a person")]
    NoPerson,
    /// Observations that are repeated or out of order, or more than a card can have.
    #[error("a statement with a malformed list of observations or identifiers")]
    List,
}

/// Which version of which card a statement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subject {
    /// The result.
    pub card: CardId,
    /// Its version.
    pub version: u32,
    /// SHA-256 of that version's bytes.
    pub digest: [u8; 32],
}

/// Who speaks, from where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Speaker {
    /// The person, where one acts; on a place's device, the person who was verified there.
    pub person: Option<PersonId>,
    /// The device, or the place it belongs to.
    pub from: From,
}

/// A device of a person, or a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum From {
    /// A person's device.
    Device(DeviceId),
    /// A place (ward station, bench, agent).
    Place(PlaceId),
}

/// To whom a result is handed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Recipient {
    /// A person.
    Person(PersonId),
    /// Whoever holds a duty.
    Duty(DutyId),
}

/// What is said.
#[derive(Clone, PartialEq, Eq)]
pub enum Act {
    /// A person took responsibility and read back.
    Acknowledged(ReadBackRecord),
    /// A read-back was wrong. What was typed is not recorded.
    ReadBackMismatch {
        /// The observations read back wrongly; empty when it was an identifier.
        observations: Vec<u16>,
    },
    /// Not taken.
    Declined {
        /// Why.
        reason: String,
    },
    /// Not for me, but for somebody else.
    Redirected {
        /// For whom.
        to: Recipient,
        /// Why.
        reason: String,
    },
    /// Responsibility handed on.
    Transferred {
        /// To whom.
        to: Recipient,
        /// Why.
        reason: String,
    },
    /// Told by telephone, read back there.
    AcknowledgedByTelephone {
        /// Who took it, as said on the telephone.
        taken_by: String,
        /// What was read back.
        record: ReadBackRecord,
    },
    /// Displayed to a person.
    Seen,
}

impl std::fmt::Debug for Act {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Act {
    /// The name of the act, as states and exports say it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Acknowledged(_) => "acknowledged",
            Self::ReadBackMismatch { .. } => "read-back mismatch",
            Self::Declined { .. } => "declined",
            Self::Redirected { .. } => "redirected",
            Self::Transferred { .. } => "transferred",
            Self::AcknowledgedByTelephone { .. } => "acknowledged by telephone",
            Self::Seen => "seen",
        }
    }
}

/// What was read back, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadBackRecord {
    observations: Vec<u16>,
    identifiers: Vec<IdentifierKind>,
    numbers: Mode,
}

impl ReadBackRecord {
    /// A record of what was confirmed; `numbers` is the way that the policy asked for.
    #[must_use]
    pub fn new(confirmed: &Confirmed, numbers: Mode) -> Self {
        Self {
            observations: confirmed
                .observations()
                .iter()
                .filter_map(|at| u16::try_from(*at).ok())
                .collect(),
            identifiers: confirmed.identifiers().to_vec(),
            numbers,
        }
    }

    /// The observations read back, by their place in the card.
    #[must_use]
    pub fn observations(&self) -> &[u16] {
        &self.observations
    }

    /// The identifiers confirmed.
    #[must_use]
    pub fn identifiers(&self) -> &[IdentifierKind] {
        &self.identifiers
    }

    /// How numbers were read back.
    #[must_use]
    pub const fn numbers(&self) -> Mode {
        self.numbers
    }
}

/// A statement about a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// About what.
    pub subject: Subject,
    /// By whom.
    pub speaker: Speaker,
    /// What is said.
    pub act: Act,
    /// When, in milliseconds since the UNIX epoch.
    pub at_ms: i64,
    /// The newest entry of the roster that the device had replayed.
    pub roster_seq: u64,
}

#[cfg(test)]
mod tests;
