//! Which of the two sets of connections an operation travels on, and what its caller proves.

use sotto_wire::op::{
    ChannelCertify, ChannelChallenge, ChannelOpen, ChannelPoll, MailboxOpen, SessionChallenge,
    SessionStart, SlotRead,
};
use sotto_wire::{Auth as Asked, Bearer, Descriptor, Operation, limits};

use super::TransportError;

/// What the caller proves in the `authorization` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// Nothing, or something inside the request.
    None,
    /// The submit bearer of the organisation's roster epoch.
    Submit(Bearer),
    /// A session token of the own mailbox.
    Session(Bearer),
}

impl Auth {
    pub(super) const fn bearer(&self) -> Option<&Bearer> {
        match self {
            Self::None => None,
            Self::Submit(bearer) | Self::Session(bearer) => Some(bearer),
        }
    }

    /// Whether this is what the operation asks for.
    pub(super) const fn check(&self, operation: &Descriptor) -> Result<(), TransportError> {
        match (operation.auth, self) {
            (Asked::None, Self::None)
            | (
                Asked::Submit | Asked::SubmitOrEarlier | Asked::Either | Asked::EitherOrEarlier,
                Self::Submit(_),
            )
            | (Asked::Session | Asked::Either | Asked::EitherOrEarlier, Self::Session(_)) => Ok(()),
            _ => Err(TransportError::WrongProof),
        }
    }
}

/// A set of connections. A submission names no sender; on a connection that has also named a mailbox it would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// Names no device: everything under the submit bearer, and grants.
    Anonymous,
    /// Names the mailbox, or the device's wipe channel.
    Mailbox,
}

impl Lane {
    pub(super) const fn of(operation: &Descriptor, auth: &Auth) -> Self {
        // Opening a mailbox or a channel proves the submit bearer, and yet names whose it is.
        const NAMING: [u16; 7] = [
            MailboxOpen::DESCRIPTOR.number,
            SessionChallenge::DESCRIPTOR.number,
            SessionStart::DESCRIPTOR.number,
            ChannelOpen::DESCRIPTOR.number,
            ChannelChallenge::DESCRIPTOR.number,
            ChannelPoll::DESCRIPTOR.number,
            ChannelCertify::DESCRIPTOR.number,
        ];
        let mut at = 0;
        while at < NAMING.len() {
            if operation.number == NAMING[at] {
                return Self::Mailbox;
            }
            at += 1;
        }
        if matches!(auth, Auth::Session(_)) {
            Self::Mailbox
        } else {
            Self::Anonymous
        }
    }
}

/// Largest answer to an operation in bytes. The contract bounds what answers hold; this leaves room for the framing.
pub(super) const fn answer_limit(operation: &Descriptor) -> usize {
    if operation.number == SlotRead::DESCRIPTOR.number {
        limits::SLOT_READ_BYTES + limits::GROUP_INFO_BYTES + limits::BODY_BYTES
    } else {
        2 * limits::BODY_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sotto_wire::OPERATIONS;

    #[test]
    fn nothing_that_names_a_mailbox_travels_with_submissions() {
        let submit = Auth::Submit(Bearer::new([1; 32]));
        let session = Auth::Session(Bearer::new([2; 32]));
        let mailbox_paths = [
            "/v1/mailbox/open",
            "/v1/session/challenge",
            "/v1/session/start",
            "/v1/channel/open",
            "/v1/channel/challenge",
            "/v1/channel/poll",
            "/v1/channel/certify",
        ];
        for operation in OPERATIONS {
            assert_eq!(
                Lane::of(operation, &session),
                Lane::Mailbox,
                "{}",
                operation.path
            );
            let other = if operation.auth == Asked::None {
                &Auth::None
            } else {
                &submit
            };
            let expected = if mailbox_paths.contains(&operation.path) {
                Lane::Mailbox
            } else {
                Lane::Anonymous
            };
            assert_eq!(Lane::of(operation, other), expected, "{}", operation.path);
        }
    }

    #[test]
    fn each_operation_takes_only_the_proof_it_asks_for() {
        let proofs = [
            Auth::None,
            Auth::Submit(Bearer::new([1; 32])),
            Auth::Session(Bearer::new([2; 32])),
        ];
        for operation in OPERATIONS {
            let taken: Vec<bool> = proofs
                .iter()
                .map(|proof| proof.check(operation).is_ok())
                .collect();
            let expected = match operation.auth {
                Asked::None => [true, false, false],
                Asked::Submit | Asked::SubmitOrEarlier => [false, true, false],
                Asked::Session => [false, false, true],
                Asked::Either | Asked::EitherOrEarlier => [false, true, true],
            };
            assert_eq!(taken, expected, "{}", operation.path);
        }
    }
}
