//! Sessions: a device proves that it owns a mailbox, and the relay notices a store that was copied or restored, because
//! each start replaces the session generation by compare-and-set.

use minicbor::{Decode, Encode};

use crate::{Bearer, Generation, MailboxId, Nonce, RelayTime, Sig};

/// Asks for a nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Challenge {
    /// Whose ownership will be proven.
    #[n(0)]
    pub mailbox: MailboxId,
}

/// The nonce. It is good once, for [`crate::limits::NONCE_S`]; whether the mailbox exists is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Challenged {
    /// To be signed.
    #[n(0)]
    pub nonce: Nonce,
    /// The relay's time now.
    #[n(1)]
    pub time: RelayTime,
}

/// Starts a session and ends the earlier one. If the current generation is `expect` it becomes `next`; if it is already
/// `next` (an answer was lost) that is a success too; anything else is `GenerationConflict`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Start {
    /// The mailbox.
    #[n(0)]
    pub mailbox: MailboxId,
    /// From the challenge.
    #[n(1)]
    pub nonce: Nonce,
    /// The generation the device's store holds.
    #[n(2)]
    pub expect: Generation,
    /// The generation the device has durably written as its next one.
    #[n(3)]
    pub next: Generation,
    /// By the mailbox key over [`crate::signed::session`].
    #[n(4)]
    pub sig: Sig,
}

/// The session.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Started {
    /// Bearer of this mailbox's operations. A restart of the relay ends it.
    #[n(0)]
    pub token: Bearer,
    /// Life of the token in seconds.
    #[n(1)]
    pub expires_in_s: u32,
    /// Whether a live socket or long poll of the earlier session was open at this moment: two stores may be in use.
    #[n(2)]
    pub other_live: bool,
    /// The relay's time now.
    #[n(3)]
    pub time: RelayTime,
}
