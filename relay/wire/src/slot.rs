//! Group slots: one commit per epoch, by compare-and-set, without the relay knowing who commits or what.

use minicbor::{Decode, Encode};

use crate::submit::{Class, Delivery, Refused};
use crate::{Epoch, IdempotencyId, PublicKey, RelayTime, Sealed, Sig, SlotId};

/// Makes a slot. The same request again is no error.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Create {
    /// Chosen at random.
    #[n(0)]
    pub slot: SlotId,
    /// The epoch the group is in.
    #[n(1)]
    pub epoch: Epoch,
    /// Verifies who may commit in this epoch.
    #[n(2)]
    pub epoch_key: PublicKey,
    /// Verifies who may resync and read.
    #[n(3)]
    pub resync_key: PublicKey,
    /// The sealed GroupInfo of this epoch.
    #[n(4)]
    pub group_info: Sealed,
}

/// Done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Created {}

/// One payload of an advance.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Post {
    /// The commit, or a Welcome.
    #[n(0)]
    pub payload: Sealed,
    /// To whom. Of the commit it may be empty.
    #[n(1)]
    pub deliveries: Vec<Delivery>,
}

/// What an advance does; signed as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AdvanceBody {
    /// Names the intent; the same id gets the same answer.
    #[n(0)]
    pub idempotency: IdempotencyId,
    /// The slot.
    #[n(1)]
    pub slot: SlotId,
    /// The epoch the commit was made in; the slot goes to the next.
    #[n(2)]
    pub from_epoch: Epoch,
    /// Verifies who may commit in the next epoch.
    #[n(3)]
    pub next_epoch_key: PublicKey,
    /// Replaces the resync key; absent where it stays.
    #[n(4)]
    pub next_resync_key: Option<PublicKey>,
    /// The sealed GroupInfo of the next epoch.
    #[n(5)]
    pub group_info: Sealed,
    /// The commit first, at least that; then the welcomes.
    #[n(6)]
    pub posts: Vec<Post>,
    /// How urgent.
    #[n(7)]
    pub class: Class,
    /// Life of the deliveries in seconds.
    #[n(8)]
    pub ttl_s: u32,
}

/// By which right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum AdvanceAuth {
    /// A member of the epoch commits: by the epoch's key over [`crate::signed::slot_advance`].
    #[n(1)]
    EpochKey(#[n(0)] Sig),
    /// An external commit: by the resync key over the same bytes.
    #[n(2)]
    ResyncKey(#[n(0)] Sig),
}

/// Opens the next epoch, or answers `EpochConflict` with the current one and changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Advance {
    /// What is done.
    #[n(0)]
    pub body: AdvanceBody,
    /// By which right.
    #[n(1)]
    pub auth: AdvanceAuth,
}

/// The epoch is opened and everything stored durably.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Advanced {
    /// When it was accepted.
    #[n(0)]
    pub time: RelayTime,
    /// Addressees that do not get theirs, counted through all posts.
    #[n(1)]
    pub refused: Vec<Refused>,
    /// By the relay's signing key over [`crate::signed::queued`] with the digest of the first post's payload.
    #[n(2)]
    pub sig: Sig,
}

/// Reads a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Read {
    /// The slot.
    #[n(0)]
    pub slot: SlotId,
    /// Commits made in this epoch and later are wanted.
    #[n(1)]
    pub since: Epoch,
    /// The caller's idea of the relay's time, within [`crate::limits::SIGNED_AT_WINDOW_MS`].
    #[n(2)]
    pub at: RelayTime,
    /// By the resync key over [`crate::signed::slot_read`].
    #[n(3)]
    pub sig: Sig,
    /// Whether the GroupInfo is wanted; it is large.
    #[n(4)]
    pub group_info: bool,
}

/// A commit the relay still has.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RecentCommit {
    /// The epoch it was made in.
    #[n(0)]
    pub epoch: Epoch,
    /// Its payload.
    #[n(1)]
    pub payload: Sealed,
}

/// The slot. Where the first commit is later than asked for, the ones between are gone; where the last is earlier than
/// `epoch - 1`, there are more: ask again.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Slot {
    /// The current epoch.
    #[n(0)]
    pub epoch: Epoch,
    /// Its sealed GroupInfo, if it was asked for.
    #[n(1)]
    pub group_info: Option<Sealed>,
    /// In order of epoch.
    #[n(2)]
    pub commits: Vec<RecentCommit>,
}
