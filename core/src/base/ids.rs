//! Newtypes for every identifier. Random 16 bytes, printed as 32 hexadecimal digits; a message id is the 32 bytes
//! that draft-ietf-mimi-content-08 defines.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Encode};

use super::Random;

/// Why a printed identifier could not be read back.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
#[error("not an identifier: {expected} hexadecimal digits are needed")]
pub struct ParseIdError {
    /// Number of hexadecimal digits that the identifier has.
    pub expected: usize,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
        #[cbor(transparent)]
        pub struct $name(#[cbor(with = "minicbor::bytes")] [u8; $len]);

        impl $name {
            /// Wraps raw bytes.
            #[must_use]
            pub const fn new(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }
            /// The raw bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
            /// Reads raw bytes; `None` where the length is wrong.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }
            /// Draws a new one.
            #[must_use]
            pub fn random(random: &dyn Random) -> Self {
                let mut bytes = [0u8; $len];
                random.fill(&mut bytes);
                Self(bytes)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                super::codec::hex(&self.0).fmt(f)
            }
        }

        /// Redacted: identifiers do not belong in logs.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(s: &str) -> Result<Self, ParseIdError> {
                super::codec::unhex(s)
                    .and_then(|b| Self::from_slice(&b))
                    .ok_or(ParseIdError { expected: $len * 2 })
            }
        }
    };
}

id!(/// One organisation, as its roster and its relay name it.
    OrganisationId, 16);
id!(/// One human. A person may have several devices.
    PersonId, 16);
id!(/// A place that owns devices: a ward station, a lab bench, an agent.
    PlaceId, 16);
id!(/// One device: one core, one store, one MLS leaf per conversation.
    DeviceId, 16);
id!(/// A role that carries permissions.
    RoleId, 16);
id!(/// A duty: who is on call.
    DutyId, 16);
id!(/// An invitation, also the identifier of its rendezvous at the relay.
    InvitationId, 16);
id!(/// One conversation. Survives resets of its MLS group.
    ConversationId, 16);
id!(/// A message, as draft-ietf-mimi-content-08 defines its MessageId (32 bytes).
    MessageId, 32);

/// Whom a device belongs to, and so who speaks in a conversation: a person or a place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Encode, Decode)]
pub enum Owner {
    /// A human.
    #[n(0)]
    Person(#[n(0)] PersonId),
    /// A ward station, a lab bench, an agent.
    #[n(1)]
    Place(#[n(0)] PlaceId),
}

impl Owner {
    /// The raw bytes of the identifier.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        match self {
            Self::Person(id) => id.as_bytes(),
            Self::Place(id) => id.as_bytes(),
        }
    }
    /// 1 person, 2 place.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Person(_) => 1,
            Self::Place(_) => 2,
        }
    }
    /// From its two parts; `None` where they are not of this shape.
    #[must_use]
    pub fn from_parts(kind: u8, bytes: &[u8]) -> Option<Self> {
        match kind {
            1 => PersonId::from_slice(bytes).map(Self::Person),
            2 => PlaceId::from_slice(bytes).map(Self::Place),
            _ => None,
        }
    }
    /// The person, if it is one.
    #[must_use]
    pub const fn person(&self) -> Option<PersonId> {
        match self {
            Self::Person(id) => Some(*id),
            Self::Place(_) => None,
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::codec::hex(self.as_bytes()).fmt(f)
    }
}
