//! Grants: the rendezvous of an invitation. An inviter leaves an offer; whoever has the link takes it with a key of
//! their own, and only that key can take it again, leave a request and read the answer. Everything is deleted at expiry.

use minicbor::{Decode, Encode};

use crate::{Alias, Bearer, Digest, GrantId, PublicKey, RelayTime, Sealed, Sig};

/// Makes a grant. The same values again are no error.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Create {
    /// Chosen at random, or derived from the invitation's secret.
    #[n(0)]
    pub grant: GrantId,
    /// SHA-256 of the take token.
    #[n(1)]
    pub take_hash: Digest,
    /// What the taker gets, sealed to the invitation's key.
    #[n(2)]
    pub offer: Sealed,
    /// Life in seconds.
    #[n(3)]
    pub expires_s: u32,
    /// An alias to which the request is delivered as an entry.
    #[n(4)]
    pub notify: Option<Alias>,
}

/// Done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Created {
    /// When it ends.
    #[n(0)]
    pub expires: RelayTime,
}

/// Takes the offer. The first key is bound; the same may take again, another is refused as `GrantTaken`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Take {
    /// The grant.
    #[n(0)]
    pub grant: GrantId,
    /// From the invitation.
    #[n(1)]
    pub token: Bearer,
    /// The taker's key.
    #[n(2)]
    pub taker: PublicKey,
    /// By that key over [`crate::signed::grant_take`].
    #[n(3)]
    pub sig: Sig,
}

/// The offer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Taken {
    /// As the inviter left it.
    #[n(0)]
    pub offer: Sealed,
    /// When the grant ends.
    #[n(1)]
    pub expires: RelayTime,
}

/// Leaves the one request of a grant. The same bytes again are no error, others are `AlreadyExists`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Request {
    /// The grant.
    #[n(0)]
    pub grant: GrantId,
    /// Sealed to the inviter.
    #[n(1)]
    pub request: Sealed,
    /// By the taker's key over [`crate::signed::grant_request`].
    #[n(2)]
    pub sig: Sig,
}

/// Done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Requested {}

/// The inviter asks what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Status {
    /// The grant.
    #[n(0)]
    pub grant: GrantId,
}

/// A grant as its inviter sees it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Grant {
    /// The key that took it.
    #[n(0)]
    pub taker: Option<PublicKey>,
    /// What the taker asked.
    #[n(1)]
    pub request: Option<Sealed>,
    /// Whether it was answered.
    #[n(2)]
    pub answered: bool,
    /// When it ends.
    #[n(3)]
    pub expires: RelayTime,
}

/// Answers. The same bytes again are no error, others are `AlreadyExists`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Answer {
    /// The grant.
    #[n(0)]
    pub grant: GrantId,
    /// Sealed to the taker.
    #[n(1)]
    pub answer: Sealed,
}

/// Done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Answered {}

/// The taker waits for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Poll {
    /// The grant.
    #[n(0)]
    pub grant: GrantId,
    /// The caller's idea of the relay's time, within [`crate::limits::SIGNED_AT_WINDOW_MS`].
    #[n(1)]
    pub at: RelayTime,
    /// Wait at most so long.
    #[n(2)]
    pub wait_ms: u32,
    /// By the taker's key over [`crate::signed::grant_poll`].
    #[n(3)]
    pub sig: Sig,
}

/// The answer, if there is one by now.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Polled {
    /// Sealed to the taker.
    #[n(0)]
    pub answer: Option<Sealed>,
}

/// Ends a grant. An unknown one is no error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Drop {
    /// The grant.
    #[n(0)]
    pub grant: GrantId,
}

/// Done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Dropped {}
