//! Making entries that follow the head, one or several in a row.

use super::entry::{Author, Entry};
use super::head::RosterHead;
use super::kind::Body;
use super::{Roster, RosterError};
use crate::base::{OrganisationId, Signature, SigningKey, Timestamp};

/// Chains new entries after a roster's head. What it makes is valid only if no other entry was appended meanwhile.
#[derive(Debug, Clone)]
pub struct Composer {
    organisation: OrganisationId,
    head: RosterHead,
    time: Timestamp,
}

impl Composer {
    /// The entry that the next one will follow.
    #[must_use]
    pub const fn head(&self) -> RosterHead {
        self.head
    }
    /// Signs one entry and moves on to it. `now` is raised to log time where it lies before. Returns the encoded
    /// entry.
    ///
    /// # Errors
    /// [`RosterError::Oversize`].
    pub fn entry(
        &mut self,
        author: Author,
        now: Timestamp,
        body: &Body,
        key: &SigningKey,
    ) -> Result<Vec<u8>, RosterError> {
        let mut entry = Entry {
            seq: self.head.seq + 1,
            previous: self.head.hash,
            time: now.max(self.time),
            author,
            kind: body.kind(),
            critical: body.critical(),
            body: body.to_bytes(),
            signature: Signature::new([0; 64]),
        };
        entry.sign(&self.organisation, key);
        let bytes = entry.to_bytes()?;
        self.head = RosterHead {
            seq: entry.seq,
            hash: Entry::hash_of(&bytes),
        };
        self.time = entry.time;
        Ok(bytes)
    }
}

impl Roster {
    /// Starts after the head.
    ///
    /// # Errors
    /// [`RosterError::NotFounded`].
    pub fn composer(&self) -> Result<Composer, RosterError> {
        let head = self.head().ok_or(RosterError::NotFounded)?;
        let time = self.log_time().ok_or(RosterError::NotFounded)?;
        Ok(Composer {
            organisation: self.anchor.organisation,
            head,
            time,
        })
    }
}
