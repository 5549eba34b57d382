//! Dual control: an act proposed by one person happens when another one agrees.

use minicbor::{Decode, Encode};

use crate::base::Timestamp;
use crate::roster::Text;

/// An act that waits for a second person. Nothing happens yet.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Proposal {
    /// Kind of the proposed entry.
    #[n(0)]
    pub kind: u16,
    /// Its body.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub body: Vec<u8>,
    /// After this log time nobody can agree any more.
    #[n(2)]
    pub expires: Timestamp,
    /// For the record.
    #[n(3)]
    pub reason: Option<Text<256>>,
}

impl std::fmt::Debug for Proposal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proposal")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// A second person with the same right agrees: the proposed act happens with this entry.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Countersign {
    /// The proposal's entry number.
    #[n(0)]
    pub proposal: u64,
}

/// The proposal is off.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Refused {
    /// The proposal's entry number.
    #[n(0)]
    pub proposal: u64,
    /// For the record.
    #[n(1)]
    pub reason: Option<Text<256>>,
}

/// From here on the log is judged by a later version of the table of rights and of the rules. Critical, so that a
/// release that does not know them halts here and does not judge differently.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RulesAdopted {
    /// The version, above the one in force.
    #[n(0)]
    pub rules: u16,
}
