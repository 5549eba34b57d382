//! The states of a message, said the same everywhere.

/// What has been proven about a message. `Queued` is the relay's signed word; the others are a device's signature, or
/// the relay's word that a delivery ended without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// The relay stored it durably.
    Queued,
    /// Its time at the relay was over before this device fetched it.
    Expired,
    /// The device was revoked before it fetched it.
    Revoked,
    /// The device holds it in a committed transaction.
    Delivered,
    /// It was displayed.
    Seen,
    /// A read-back did not match.
    Mismatch,
    /// A person declined it, with a reason.
    Declined,
    /// A person sent it on to somebody else.
    Redirected,
    /// Responsibility was handed over.
    Transferred,
    /// A person took responsibility by telephone.
    AcknowledgedByTelephone,
    /// A person took responsibility, having read back.
    Acknowledged,
    /// What the result asked for is done.
    Completed,
}

impl State {
    const ALL: [Self; 12] = [
        Self::Queued,
        Self::Expired,
        Self::Revoked,
        Self::Delivered,
        Self::Seen,
        Self::Mismatch,
        Self::Declined,
        Self::Redirected,
        Self::Transferred,
        Self::AcknowledgedByTelephone,
        Self::Acknowledged,
        Self::Completed,
    ];
    /// Stable number in the store.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8 + 1
    }
    /// From its number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code).checked_sub(1)?).copied()
    }
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Delivered => "delivered",
            Self::Seen => "seen",
            Self::Mismatch => "mismatch",
            Self::Declined => "declined",
            Self::Redirected => "redirected",
            Self::Transferred => "transferred",
            Self::AcknowledgedByTelephone => "acknowledged_by_telephone",
            Self::Acknowledged => "acknowledged",
            Self::Completed => "completed",
        }
    }
}
