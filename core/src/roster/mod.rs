//! Who is who: the MLS Authentication Service of one organisation, as an append-only, hash-chained, signed log that
//! the relay stores and orders and cannot read.
//!
//! Every device replays the log up to the organisation's root key, pinned at enrolment, and so decides alone, and
//! like every other device, who works here, which devices they have and what they may do. Nothing in this floor
//! touches a store, a clock or the network: bytes come in, [`Verdict`]s and answers come out.
//!
//! Reading order: [`entry`] (one link of the chain), [`kind`] (what it can say), [`replay`] (when it is valid),
//! [`authorize`] (who may do what), [`query`] (what follows from it), then the keys around it.

pub mod alias;
pub mod attestation;
pub mod authorize;
pub mod channel;
pub mod compose;
pub mod device_keys;
pub mod due;
pub mod enrolment;
pub mod entry;
pub mod error;
pub mod extension;
pub mod founding;
pub mod head;
pub mod ingest;
pub mod invitation;
pub mod key;
pub mod keyring;
pub mod kind;
pub mod lease;
pub mod link;
pub mod merkle;
pub mod order;
pub mod oversight;
pub mod query;
pub mod record;
pub mod replay;
pub mod root_seal;
pub mod rootfile;
pub mod rotation;
pub mod short_code;
pub mod state;
pub mod text;
pub mod verdict;
pub mod versioned;
pub mod words;

pub use alias::ContactAlias;
pub use attestation::{Attestation, Freshness};
pub use authorize::{Action, Actor, Refusal, Relation, Scope, View};
pub use channel::{ChannelDetails, ChannelSecret, SealedFor};
pub use compose::Composer;
pub use device_keys::DeviceSecrets;
pub use entry::{Author, Entry, Owner};
pub use error::RosterError;
pub use extension::{Extender, LeaseExtension};
pub use head::{HeadRelation, RosterHead};
pub use invitation::{InvitationKeys, InvitationSecret};
pub use key::RosterKey;
pub use keyring::Keyring;
pub use kind::Body;
pub use lease::{Lease, LeaseState};
pub use link::InvitationLink;
pub use order::{Authorities, OrderProof, OrderRefusal, VerifiedOrder};
pub use root_seal::RootSeal;
pub use rootfile::RootFile;
pub use rotation::Rotation;
pub use short_code::{SafetyCode, ShortCode};
pub use state::{Anchor, Roster};
pub use text::{Name, Text, Unit};
pub use verdict::{Junk, Verdict};
pub use versioned::Versioned;
pub use words::Words;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
pub(crate) mod tests;

/// Version of the entry format, and with it of the table of rights and of the rules by which entries are judged. A log
/// founded with a higher one halts this release. One that was founded with a lower one is judged by that one until
/// it adopts a higher one ([`RulesAdopted`](kind::RulesAdopted)), so that no verdict of the past ever changes.
pub const FORMAT: u16 = 2;
