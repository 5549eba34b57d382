//! What an MLS message says on its outside, without any key or state: enough to find its group, to hold it back, or
//! to ask for a newer roster first. Nothing here is authenticated.

use super::{Error, GroupId};

/// The content type of a message for a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// An application message.
    Application,
    /// A proposal. Groups of this project send none.
    Proposal,
    /// A commit.
    Commit,
}

/// The outside of an MLS message.
#[derive(Clone, PartialEq, Eq)]
pub enum Peek {
    /// A message for the members of a group.
    Message {
        /// The group.
        group: GroupId,
        /// The epoch it was sent in.
        epoch: u64,
        /// What it carries.
        content: Content,
        /// True for a public MLS message, as external commits are.
        public: bool,
        /// What the sender authenticates with it.
        authenticated_data: Vec<u8>,
    },
    /// A Welcome; its group is encrypted.
    Welcome,
    /// A GroupInfo.
    GroupInfo {
        /// The group.
        group: GroupId,
        /// The epoch it describes.
        epoch: u64,
    },
    /// A key package.
    KeyPackage,
}

impl std::fmt::Debug for Peek {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Message { epoch, content, .. } => f
                .debug_struct("Message")
                .field("epoch", epoch)
                .field("content", content)
                .finish_non_exhaustive(),
            Self::Welcome => f.write_str("Welcome"),
            Self::GroupInfo { epoch, .. } => f
                .debug_struct("GroupInfo")
                .field("epoch", epoch)
                .finish_non_exhaustive(),
            Self::KeyPackage => f.write_str("KeyPackage"),
        }
    }
}

const MLS10: u16 = 1;

/// Reads the outside of an MLS message.
///
/// # Errors
/// [`Error::Malformed`], also for a group id that is not one of ours.
pub fn peek(message: &[u8]) -> Result<Peek, Error> {
    let mut reader = Reader(message);
    read(&mut reader).ok_or(Error::Malformed)
}

/// RFC 9420 §6: `MLSMessage`, and the beginnings of its bodies.
fn read(r: &mut Reader<'_>) -> Option<Peek> {
    if r.u16()? != MLS10 {
        return None;
    }
    match r.u16()? {
        1 => {
            let (group, epoch) = (r.group()?, r.u64()?);
            match r.u8()? {
                1 | 2 => drop(r.take(4)?),
                3 | 4 => {}
                _ => return None,
            }
            let authenticated_data = r.vector()?.to_vec();
            Some(Peek::Message {
                group,
                epoch,
                content: r.content()?,
                public: true,
                authenticated_data,
            })
        }
        2 => {
            let (group, epoch, content) = (r.group()?, r.u64()?, r.content()?);
            let authenticated_data = r.vector()?.to_vec();
            Some(Peek::Message {
                group,
                epoch,
                content,
                public: false,
                authenticated_data,
            })
        }
        3 => Some(Peek::Welcome),
        4 => {
            r.take(4)?;
            Some(Peek::GroupInfo {
                group: r.group()?,
                epoch: r.u64()?,
            })
        }
        5 => Some(Peek::KeyPackage),
        _ => None,
    }
}

/// The presentation language of RFC 9420 §2.1.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        Some(head)
    }
    fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }
    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_be_bytes)
    }
    fn u64(&mut self) -> Option<u64> {
        self.take(8)?.try_into().ok().map(u64::from_be_bytes)
    }
    /// A vector with a variable-size length of 1, 2 or 4 bytes (RFC 9420 §2.1.2).
    fn vector(&mut self) -> Option<&'a [u8]> {
        let first = self.u8()?;
        let more = match first >> 6 {
            0 => 0,
            1 => 1,
            2 => 3,
            _ => return None,
        };
        let start = usize::from(first & 0x3f);
        let length = self
            .take(more)?
            .iter()
            .fold(start, |sum, byte| sum << 8 | usize::from(*byte));
        self.take(length)
    }
    fn group(&mut self) -> Option<GroupId> {
        GroupId::from_slice(self.vector()?)
    }
    fn content(&mut self) -> Option<Content> {
        match self.u8()? {
            1 => Some(Content::Application),
            2 => Some(Content::Proposal),
            3 => Some(Content::Commit),
            _ => None,
        }
    }
}
