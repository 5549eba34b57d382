//! What the frames of an archive say.

use minicbor::{Decode, Encode};

use crate::base::{DeviceId, Digest, OrganisationId, Owner, Signature, Timestamp};
use crate::store::table::history::{Cells, Table};
use crate::vault::Stretch;

/// Version of the format.
pub(super) const VERSION: u16 = 1;
/// Domain of the signature over the digest of everything.
pub(super) const SIGNED_AS: &str = "history archive";

/// What opens an archive.
#[derive(Clone, Encode, Decode)]
#[cbor(flat)]
pub(super) enum Protection {
    /// A passphrase of its own.
    #[n(1)]
    Passphrase(#[n(0)] Stretch),
    /// One device; the key is sealed to it.
    #[n(2)]
    Device(
        #[n(0)] DeviceId,
        #[cbor(n(1), with = "minicbor::bytes")] Vec<u8>,
    ),
}

/// In clear at the beginning, and bound to every frame.
#[derive(Clone, Encode, Decode)]
#[cbor(array)]
pub(super) struct Header {
    #[n(0)]
    pub(super) version: u16,
    #[n(1)]
    pub(super) organisation: OrganisationId,
    #[n(2)]
    pub(super) made: Timestamp,
    #[n(3)]
    pub(super) protection: Protection,
}

/// Rows per table, in the order of [`Table::ALL`], and bytes of files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Counts {
    /// Conversations.
    #[n(0)]
    pub conversations: u64,
    /// Messages.
    #[n(1)]
    pub messages: u64,
    /// Proven states.
    #[n(2)]
    pub states: u64,
    /// Reactions.
    #[n(3)]
    pub reactions: u64,
    /// Versions of results.
    #[n(4)]
    pub cards: u64,
    /// Attachments named.
    #[n(5)]
    pub attachments: u64,
    /// Patients' tokens.
    #[n(6)]
    pub tokens: u64,
    /// Bytes of attachments' encrypted copies.
    #[n(7)]
    pub file_bytes: u64,
}

impl Counts {
    pub(super) const fn of(&mut self, table: Table) -> &mut u64 {
        match table {
            Table::Conversation => &mut self.conversations,
            Table::Message => &mut self.messages,
            Table::State => &mut self.states,
            Table::Reaction => &mut self.reactions,
            Table::Card => &mut self.cards,
            Table::Attachment => &mut self.attachments,
            Table::Token => &mut self.tokens,
        }
    }
    /// Rows of all tables together.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.conversations
            + self.messages
            + self.states
            + self.reactions
            + self.cards
            + self.attachments
            + self.tokens
    }
}

/// One frame.
#[derive(Clone, Encode, Decode)]
#[cbor(flat)]
pub(super) enum Frame {
    /// The first: who wrote it.
    #[n(1)]
    Manifest {
        #[n(0)]
        device: DeviceId,
        #[n(1)]
        owner: Owner,
    },
    /// Some rows of one table.
    #[n(2)]
    Rows {
        #[n(0)]
        table: u8,
        #[n(1)]
        rows: Vec<Cells>,
    },
    /// A piece of an attachment's encrypted copy. `blob` names it.
    #[n(3)]
    Piece {
        #[cbor(n(0), with = "minicbor::bytes")]
        blob: [u8; 16],
        #[n(1)]
        offset: u64,
        #[cbor(n(2), with = "minicbor::bytes")]
        bytes: Vec<u8>,
    },
    /// The last: how much there was, and the writer's signature over the digest of all frames before.
    #[n(4)]
    End {
        #[n(0)]
        counts: Counts,
        #[n(1)]
        digest: Digest,
        #[n(2)]
        signature: Signature,
    },
}
