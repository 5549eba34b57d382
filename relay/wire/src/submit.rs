//! `submit`: one payload for many aliases, stored once, by nobody in particular.

use minicbor::{Decode, Encode};

use crate::{Alias, IdempotencyId, ReceiptHandle, RelayTime, Sealed, Sig};

/// How urgent a delivery is. It chooses the wake-up, never the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Class {
    /// May wait for the next look.
    #[n(1)]
    Routine,
    /// Wakes the device.
    #[n(2)]
    Urgent,
}

/// One addressee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Delivery {
    /// Where to.
    #[n(0)]
    pub alias: Alias,
    /// Under which the device leaves its receipt; absent where no state will be shown. Fresh for each delivery.
    #[n(1)]
    pub receipt: Option<ReceiptHandle>,
}

/// The request. The same idempotency id with the same request gets the same answer for
/// [`crate::limits::IDEMPOTENCY_S`] and stores nothing twice; with another request it is `AlreadyExists`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Submit {
    /// Names the intent.
    #[n(0)]
    pub idempotency: IdempotencyId,
    /// What each addressee gets.
    #[n(1)]
    pub payload: Sealed,
    /// To whom.
    #[n(2)]
    pub deliveries: Vec<Delivery>,
    /// How urgent.
    #[n(3)]
    pub class: Class,
    /// Life in seconds from acceptance.
    #[n(4)]
    pub ttl_s: u32,
    /// Reserved; empty in this version, otherwise the request is refused as unsupported.
    #[n(5)]
    pub escrow: Vec<Sealed>,
}

/// Why one addressee does not get it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum RefusedReason {
    /// There is no such alias, it was dropped, or its mailbox is closed.
    #[n(1)]
    Unknown,
    /// The alias's or mailbox's quota is used up; try again later.
    #[n(2)]
    Full,
}

/// One addressee that does not get it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Refused {
    /// Index into the request's deliveries (of `slot/advance`: counted through all posts).
    #[n(0)]
    pub index: u16,
    /// Why.
    #[n(1)]
    pub reason: RefusedReason,
}

/// Stored durably for every addressee that is not listed as refused.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Queued {
    /// When it was accepted.
    #[n(0)]
    pub time: RelayTime,
    /// Who does not get it.
    #[n(1)]
    pub refused: Vec<Refused>,
    /// By the relay's signing key over [`crate::signed::queued`].
    #[n(2)]
    pub sig: Sig,
}
