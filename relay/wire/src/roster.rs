//! The roster log as the relay sees it: positions and ciphertext. Rotation is one operation, so that no moment exists
//! in which a revoked device's mailbox is open under the new key.

use minicbor::{Decode, Encode};

use crate::{Alias, Bearer, Digest, IdempotencyId, Position, PublicKey, RelayTime, Sealed};

/// Appends, if the log is as long as the caller believes; else `PositionConflict` with its length.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Append {
    /// The log's length.
    #[n(0)]
    pub expect: Position,
    /// At least one.
    #[n(1)]
    pub entries: Vec<Sealed>,
}

/// Appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Appended {
    /// The log's length now.
    #[n(0)]
    pub end: Position,
}

/// Reads the log. Besides the current submit bearer and a session, an earlier submit bearer may: what was encrypted
/// under the old key is no secret to those who had it, and a revoked device can so read its own order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Read {
    /// First position wanted.
    #[n(0)]
    pub from: Position,
    /// At most so many; the relay may give fewer.
    #[n(1)]
    pub limit: u16,
}

/// One entry of the log.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RosterEntry {
    /// Its place.
    #[n(0)]
    pub position: Position,
    /// Its ciphertext.
    #[n(1)]
    pub entry: Sealed,
}

/// A stretch of the log.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Entries {
    /// In order, without a gap.
    #[n(0)]
    pub entries: Vec<RosterEntry>,
    /// The log's length; there is more where the last entry is not before it.
    #[n(1)]
    pub end: Position,
}

/// A roster key sealed to one device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Seal {
    /// An alias of that device.
    #[n(0)]
    pub alias: Alias,
    /// The ciphertext.
    #[n(1)]
    pub seal: Sealed,
}

/// An order laid in a wipe channel. The channel need not be open; its share goes in the same instant.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Order {
    /// The channel.
    #[n(0)]
    pub key: PublicKey,
    /// What the device verifies before it obeys, sealed to it; at most [`crate::limits::ORDER_BYTES`].
    #[n(1)]
    pub order: Sealed,
}

/// Rotates: appends, replaces the submit bearer and the administration capability, stores the seals, closes mailboxes
/// and channels and lays orders, all or nothing. No quota refuses it. The same idempotency id gets the same answer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Rotate {
    /// Names the intent.
    #[n(0)]
    pub idempotency: IdempotencyId,
    /// The administration capability, besides the submit bearer in the header.
    #[n(1)]
    pub admin_capability: Bearer,
    /// The log's length.
    #[n(2)]
    pub expect: Position,
    /// At least one; the last is the rotation.
    #[n(3)]
    pub entries: Vec<Sealed>,
    /// SHA-256 of the next submit bearer.
    #[n(4)]
    pub new_bearer_hash: Digest,
    /// SHA-256 of the next administration capability.
    #[n(5)]
    pub new_admin_capability_hash: Digest,
    /// The new roster key for each device that stays.
    #[n(6)]
    pub seals: Vec<Seal>,
    /// Any alias of each mailbox to close. Its sessions end, its entries are dropped and their receipts `Revoked`.
    #[n(7)]
    pub close: Vec<Alias>,
    /// At most [`crate::limits::ORDERS_PER_CALL`], each for another channel. An order that stands already is replaced;
    /// absent where there is none.
    #[n(8)]
    pub orders: Option<Vec<Order>>,
    /// Channels of devices that are excluded, with an order or without: their shares go, and they are refused from now
    /// on. At most [`crate::limits::CHANNELS_PER_CALL`]; an order that stands keeps standing. Absent where there is none.
    #[n(9)]
    pub refuse: Option<Vec<PublicKey>>,
}

/// Rotated.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Rotated {
    /// The log's length now.
    #[n(0)]
    pub end: Position,
    /// Indexes of seals whose alias is unknown or closed.
    #[n(1)]
    pub unknown_seals: Vec<u16>,
    /// Indexes of `close` whose alias is unknown. One already closed counts as closed.
    #[n(2)]
    pub unknown_close: Vec<u16>,
}

/// Reads the seals of this mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ReadSeals {
    /// Only those of rotations at this position or later.
    #[n(0)]
    pub from: Position,
}

/// One seal.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ReadSeal {
    /// The position of the rotation's last entry.
    #[n(0)]
    pub rotation: Position,
    /// The ciphertext.
    #[n(1)]
    pub seal: Sealed,
}

/// The seals, in order of rotation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Seals {
    /// At most [`crate::limits::SEALS_READ`].
    #[n(0)]
    pub seals: Vec<ReadSeal>,
}

/// Replaces the attestation, if it is newer than the one kept.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PutAttestation {
    /// The ciphertext.
    #[n(0)]
    pub attestation: Sealed,
    /// When it was made, within [`crate::limits::SIGNED_AT_WINDOW_MS`] of the relay's time.
    #[n(1)]
    pub at: RelayTime,
}

/// Looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AttestationPutDone {
    /// Whether it is now the newest. If not, another is.
    #[n(0)]
    pub kept: bool,
}

/// Asks for the newest attestation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct GetAttestation {}

/// The newest attestation. `NotFound` where there is none yet.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Attestation {
    /// The ciphertext.
    #[n(0)]
    pub attestation: Sealed,
    /// As it was put.
    #[n(1)]
    pub at: RelayTime,
}
