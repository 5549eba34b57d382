//! What an MLS application message of this project carries: the sender's view of the roster, and then content or a word
//! between devices.

use minicbor::{Decode, Encode};

use crate::base::{Secret, Timestamp};
use crate::roster::RosterHead;

/// The plaintext of an MLS application message.
#[derive(Clone, Encode, Decode)]
#[cbor(map)]
pub struct Inner {
    /// The sender's newest verified roster entry: two people shown two rosters learn of it here.
    #[n(0)]
    pub head: RosterHead,
    /// Sender's time.
    #[n(1)]
    pub sent: Timestamp,
    /// What it is.
    #[n(2)]
    pub body: Body,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inner(..)")
    }
}

/// Content for people, or a word between devices. New kinds get new numbers; an unknown one is held, not dropped.
#[derive(Clone, Encode, Decode)]
#[cbor(flat)]
pub enum Body {
    /// MIMI content, with its priority (1 routine, 2 urgent, 3 critical).
    #[n(1)]
    Content(
        #[n(0)] u8,
        #[n(1)]
        #[cbor(with = "minicbor::bytes")]
        Vec<u8>,
    ),
    /// The sender's device wants this conversation's traffic under this alias.
    #[n(2)]
    Alias(
        #[n(0)]
        #[cbor(with = "minicbor::bytes")]
        [u8; 16],
    ),
    /// A new conversation key; this message travels under the old one.
    #[n(3)]
    Key(#[n(0)] u64, #[n(1)] Secret<32>),
    /// Title and patient (digest, empty for none) of the conversation.
    #[n(4)]
    Info(
        #[n(0)] String,
        #[n(1)]
        #[cbor(with = "minicbor::bytes")]
        Vec<u8>,
    ),
}

/// Something to be encrypted for a conversation and sent: as it waits in the outbox, and as one floor hands it to
/// another.
#[derive(Clone, Encode, Decode)]
#[cbor(map)]
pub struct Outgoing {
    /// What.
    #[n(0)]
    pub body: Body,
    /// Wakes sooner.
    #[n(1)]
    pub urgent: bool,
    /// How long the relay keeps it, in seconds.
    #[n(2)]
    pub ttl_s: u32,
    /// Whether each device's receipt is wanted.
    #[n(3)]
    pub receipts: bool,
    /// The outer key's generation where it is not the newest: a new key travels under the old one.
    #[n(4)]
    pub generation: Option<u64>,
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outgoing(..)")
    }
}

impl Outgoing {
    /// A word between devices: quiet, without receipts, kept as long as a commit is.
    #[must_use]
    pub const fn word(body: Body) -> Self {
        Self {
            body,
            urgent: false,
            ttl_s: super::commit::TTL_SECONDS,
            receipts: false,
            generation: None,
        }
    }
}
