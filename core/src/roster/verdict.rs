//! What replaying one entry came to.

use super::authorize::Refusal;

/// The judgement of one position of the log. It depends on the log alone, so every device reaches the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Chained and in force.
    Valid {
        /// Its number among the valid entries.
        seq: u64,
        /// Its kind.
        kind: u16,
    },
    /// Chained; of a kind this release does not know and need not know.
    Ignored {
        /// Its number among the valid entries.
        seq: u64,
        /// Its kind.
        kind: u16,
    },
    /// Takes a position in the relay's log and nothing else: evidence beside the chain.
    Junk(Junk),
    /// A kind this release does not know and would have to: stop here and update. Nothing changed.
    Halt {
        /// The kind, or the founding entry's kind where the whole format is newer.
        kind: u16,
    },
    /// The key of this epoch is not held. Nothing changed: fetch the seals of this position and ask again.
    NeedsKey {
        /// The epoch whose key is missing.
        epoch: u64,
    },
    /// Not the position that comes next. Nothing changed.
    OutOfOrder {
        /// The position that comes next.
        expected: u64,
    },
}

/// Why an entry is not valid.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum Junk {
    /// Larger than the format allows.
    #[error("the entry is too large")]
    Oversize,
    /// Not an entry, or a body that is not of its kind.
    #[error("the entry is malformed")]
    Malformed,
    /// A list in the body is longer than the format allows, or a range is empty.
    #[error("a list or range in the entry is out of bounds")]
    OutOfBounds,
    /// Sealed under a key it may not be sealed under, or under none that opens it.
    #[error("the entry is not sealed under the key of its epoch")]
    WrongKey,
    /// No seals were stored with what claims to be a rotation.
    #[error("the rotation came without seals")]
    NoSeals,
    /// Does not follow the newest valid entry.
    #[error("the entry does not follow the newest valid one")]
    WrongPredecessor,
    /// Earlier than the entry before it.
    #[error("the entry's time lies before its predecessor's")]
    TimeWentBack,
    /// Later than its predecessor by more than the format allows: a broken clock.
    #[error("the entry's time leaps ahead")]
    TimeLeap,
    /// The critical mark does not belong to this kind.
    #[error("the entry's critical mark is wrong for its kind")]
    CriticalMark,
    /// The first entry does not found this organisation, or founding happens twice.
    #[error("the founding entry is not the pinned one")]
    Founding,
    /// The author is not in the roster.
    #[error("the entry's author is unknown")]
    UnknownAuthor,
    /// A signature does not verify.
    #[error("a signature in the entry does not verify")]
    Signature,
    /// The author had no right at this point.
    #[error("the author had no right: {0}")]
    NoRight(Refusal),
    /// This kind cannot come from this sort of author.
    #[error("this kind of entry cannot come from this author")]
    WrongAuthor,
    /// Policy asks for a second administrator.
    #[error("the act needs a second person")]
    NeedsTwo,
    /// Nobody can agree with themselves.
    #[error("proposer and countersigner are the same person")]
    SamePerson,
    /// The countersigner got a privileged role from the proposer less than a day ago.
    #[error("the countersigner has their role from the proposer since less than a day")]
    NewAdministrator,
    /// An id is taken.
    #[error("an id in the entry is taken")]
    IdTaken,
    /// A key or alias is taken.
    #[error("a key or alias in the entry is taken")]
    KeyTaken,
    /// An external id belongs to another person.
    #[error("an external id in the entry belongs to another person")]
    ExternalIdTaken,
    /// Names something that is not in the roster.
    #[error("the entry names something that is not in the roster")]
    UnknownSubject,
    /// Not possible in the state that it is in.
    #[error("the entry's subject is not in a state that allows it")]
    WrongState,
    /// The invitation was used.
    #[error("the invitation was used already")]
    InvitationUsed,
    /// The invitation, or a proposal, expired by log time.
    #[error("the invitation or proposal had expired")]
    Expired,
    /// The invitation was taken back or fell with its author.
    #[error("the invitation is void")]
    InvitationVoid,
    /// The claim is for another person or place than the invitation.
    #[error("the invitation is for somebody else")]
    WrongOwner,
    /// Privileged roles, or policy, ask for approval.
    #[error("this enrolment must wait for approval")]
    ApprovalRequired,
    /// Nobody would be left who could grant rights.
    #[error("no administrator would be left")]
    LastAdministrator,
    /// The rotation's epoch or commitment is wrong.
    #[error("the rotation does not fit the key it is sealed under")]
    Rotation,
    /// The organisation has not adopted the rules that know this.
    #[error("the organisation has not adopted the rules that this needs")]
    NotAdopted,
    /// Two roles that one human must not hold, and no exception.
    #[error("one human must not hold these two roles without an exception")]
    ToxicPair,
    /// A delay is not over, or not seen by enough others.
    #[error("the delay is not over yet, or too few others have seen that it is")]
    TooSoon,
    /// The policy's version is not the next one.
    #[error("the policy's version is not the next one")]
    PolicyVersion,
}

impl crate::base::log::LogSafe for Junk {}

impl From<Refusal> for Junk {
    fn from(refusal: Refusal) -> Self {
        Self::NoRight(refusal)
    }
}
