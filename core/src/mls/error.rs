//! What can go wrong, told apart by what the caller must do. No error holds content, an id or a key.

use super::StateError;

/// An operation of this device failed. The transaction must be rolled back, except where a variant says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// State could not be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// The engine failed for a reason that no caller can act upon. Says what was being done.
    #[error("the MLS engine failed while {0}")]
    Engine(&'static str),
    /// Bytes are not the MLS message that was expected. Nothing was changed.
    #[error("not a well-formed MLS message of the expected kind")]
    Malformed,
    /// A ciphersuite that groups of this project do not use. Nothing was changed.
    #[error("the ciphersuite is not one of ours")]
    Suite,
    /// This device was removed from the group: delete it.
    #[error("this device is no longer a member of the group")]
    Removed,
    /// A proposal waits for a commit, so nothing can be encrypted. Groups of this project never queue one.
    #[error("a proposal is pending")]
    PendingProposal,
    /// A commit of ours is pending: merge or clear it first. Nothing was changed.
    #[error("a commit of ours is pending")]
    PendingCommit,
    /// There is no pending commit. Nothing was changed.
    #[error("no commit of ours is pending")]
    NoPendingCommit,
    /// A commit that would change nothing. Nothing was changed.
    #[error("the commit would change nothing")]
    EmptyChange,
    /// More key packages than one commit may add ([`super::MAX_ADDS`]). Nothing was changed.
    #[error("too many additions in one commit")]
    TooManyAdds,
    /// A device to remove is not in the group, or is this device. Nothing was changed.
    #[error("a device to remove cannot be removed by this commit")]
    CannotRemove,
    /// A device to add is in the group already. Nothing was changed.
    #[error("a device to add is a member already")]
    AlreadyMember,
    /// A key package is not valid: signature, lifetime, key or credential. Nothing was changed.
    #[error("a key package is not valid")]
    KeyPackage,
    /// The engine refused the commit: a new member cannot take part in this group.
    #[error("the change does not fit this group")]
    Unfit,
    /// The Welcome is for no key package that this device still holds. Nothing was changed.
    #[error("no key package of ours matches the Welcome")]
    NoKeyPackage,
    /// The Welcome leads to an epoch at or before one that this device already was in, so joining would use keys
    /// twice. The key package it used is consumed.
    #[error("the Welcome is older than what this device knows of the group")]
    StaleWelcome,
    /// The Welcome does not authenticate or its tree is broken. The key package it used is consumed.
    #[error("the Welcome cannot be opened")]
    BadWelcome,
    /// The GroupInfo is older than this device's own epoch.
    #[error("the GroupInfo is older than our own epoch")]
    StaleGroupInfo,
    /// The GroupInfo does not authenticate, or its tree is broken.
    #[error("the GroupInfo cannot be used")]
    BadGroupInfo,
    /// A resync is only for a device whose old leaf is still in the group.
    #[error("the group has no old leaf of this device")]
    NoOldLeaf,
    /// The staged commit belongs to another epoch or group than the one it is merged into. Nothing was changed.
    #[error("the staged commit is not for this epoch")]
    StaleCommit,
    /// A leaf is not one of this project: its credential is no device id or its key no Ed25519 key.
    #[error("a leaf of the group is not a device of ours")]
    ForeignLeaf,
    /// A group with this id exists already. Nothing was changed.
    #[error("a group with this id exists already")]
    GroupExists,
}

/// The verdict on one received message.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// Its epoch or generation is older than the secrets kept, or it is a handshake that lost: acknowledge it; an
    /// application message is lost to this device.
    #[error("the message is older than the secrets kept")]
    TooOld {
        /// The epoch the message names.
        epoch: u64,
    },
    /// Its epoch lies ahead: hold it until the commits in between have arrived.
    #[error("the message belongs to a later epoch")]
    FutureEpoch {
        /// The epoch the message names.
        epoch: u64,
    },
    /// Its key was used: it was processed before. Acknowledge it.
    #[error("the message was processed before")]
    Duplicate,
    /// It does not open with the secrets of its epoch. At the group's own epoch this suggests a fork: compare epoch
    /// authenticators, resync.
    #[error("the message cannot be decrypted")]
    Undecryptable {
        /// The epoch the message names.
        epoch: u64,
    },
    /// A commit that a member sent under this epoch's keys and that cannot be applied. The relay has accepted it, so
    /// the group is stuck here: resync, and reset where resync fails.
    #[error("the commit cannot be applied")]
    JunkCommit,
    /// A commit adds a device whose key package expired before this device got to see the commit. Others could apply
    /// it: resync.
    #[error("the commit adds an expired key package")]
    ExpiredAdd,
    /// Not MLS, or not a message for a group. Report it.
    #[error("not a well-formed MLS message")]
    Malformed,
    /// For another group.
    #[error("the message is for another group")]
    WrongGroup,
    /// Authentic, but nothing a device of this project would send. Report it; a commit is as stuck as
    /// [`ProcessError::JunkCommit`].
    #[error("the message is refused: {0}")]
    Unauthorised(Refusal),
    /// This device was removed from the group.
    #[error("this device is no longer a member of the group")]
    Removed,
    /// Our own failure: roll the transaction back.
    #[error(transparent)]
    Fault(#[from] Error),
}

impl From<StateError> for ProcessError {
    fn from(error: StateError) -> Self {
        Self::Fault(Error::State(error))
    }
}

impl ProcessError {
    /// True if the transaction must be rolled back; else this is a verdict on the message alone.
    #[must_use]
    pub const fn is_fault(&self) -> bool {
        matches!(self, Self::Fault(_))
    }
}

/// Why an authentic message is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A proposal outside a commit, or a commit that names proposals by reference.
    #[error("proposals travel only inside the commit")]
    Proposal,
    /// A commit holds something else than additions, removals and, from outside, an external init.
    #[error("a kind of proposal that is not used")]
    ProposalKind,
    /// A leaf whose credential is no device id or whose key is no Ed25519 key.
    #[error("a leaf that is not a device of ours")]
    ForeignLeaf,
    /// The committer's new leaf claims another device or another signature key than the old one.
    #[error("a committer that changes its identity")]
    IdentityChange,
    /// An external commit that does not remove exactly the old leaf of the same device and key.
    #[error("an external commit that is no resync")]
    NotAResync,
    /// After the commit one device would have two leaves.
    #[error("a device with two leaves")]
    DuplicateDevice,
    /// A signature or membership tag does not verify, or the sender is not in the group.
    #[error("a sender that is not who it claims to be")]
    Sender,
    /// A framing that members do not use (an unencrypted application message, for example).
    #[error("a framing that is not used")]
    Framing,
}
