//! Reading the organisation's log from its beginning, before there is anything in the store to continue from.

use sotto_wire::roster::Read;
use sotto_wire::{Bearer, Position, limits, op};

use super::{EnrolError, REQUEST};
use crate::roster::{Anchor, HeadRelation, Junk, Keyring, Roster, RosterHead, RosterKey, Verdict};
use crate::transport::{Auth, Transport};

/// The submit bearer of a roster key, as the wire carries it.
pub(super) fn bearer_of(key: &RosterKey) -> Bearer {
    Bearer::new(*key.submit_bearer().expose())
}

/// Reads sealed positions from one on until there are no more. An earlier bearer is good for it too.
pub(super) async fn read(
    transport: &Transport,
    bearer: &Bearer,
    from: u64,
) -> Result<Vec<Vec<u8>>, EnrolError> {
    let mut log = Vec::new();
    let limit = u16::try_from(limits::ROSTER_READ_ENTRIES).unwrap_or(u16::MAX);
    let mut next = from;
    loop {
        let request = Read {
            from: Position(next),
            limit,
        };
        let answer = transport
            .call::<op::RosterRead>(&Auth::Submit(bearer.clone()), &request, REQUEST)
            .await?;
        let read = answer.entries.len();
        for entry in answer.entries {
            if entry.position.0 != next {
                return Err(EnrolError::RosterUnreadable);
            }
            log.push(entry.entry.into_bytes());
            next += 1;
        }
        if next >= answer.end.0 || read == 0 {
            return Ok(log);
        }
    }
}

/// The log as the store keeps it: position, sealed entry, whether it was judged.
pub(super) type Row = (u64, Vec<u8>, bool);

/// A replayed log.
pub(super) struct Replayed {
    pub(super) roster: Roster,
    pub(super) rows: Vec<Row>,
}

impl Replayed {
    /// Before the first position.
    pub(super) fn new(anchor: Anchor) -> Self {
        Self {
            roster: Roster::new(anchor),
            rows: Vec::new(),
        }
    }

    /// Judges the positions that follow. The caller has seen the relay take the newest key's bearer *after* it served
    /// them: a rotation replaces the bearer in the same operation, so what claims a later key is none.
    pub(super) fn follow(&mut self, log: Vec<Vec<u8>>, keys: &Keyring) -> Result<(), EnrolError> {
        let newest = keys.newest().map(RosterKey::epoch);
        for sealed in log {
            let position = self.roster.next_position();
            let mut judged = true;
            let mut verdict = self.roster.ingest(position, &sealed, keys);
            if let Verdict::NeedsKey { epoch } = verdict
                && Some(epoch) > newest
            {
                verdict = self.roster.set_aside(position, Junk::NoSeals);
                judged = false;
            }
            match verdict {
                Verdict::Valid { .. } | Verdict::Ignored { .. } | Verdict::Junk(_) => {
                    self.rows.push((position, sealed, judged));
                }
                Verdict::Halt { .. } => return Err(EnrolError::UpdateRequired),
                Verdict::NeedsKey { .. } | Verdict::OutOfOrder { .. } => {
                    return Err(EnrolError::RosterUnreadable);
                }
            }
        }
        Ok(())
    }

    /// The key that was handed over must be the one in force, and the log must hold the entry that the link names.
    pub(super) fn check(&self, keys: &Keyring, minimum: &RosterHead) -> Result<(), EnrolError> {
        if !keys
            .newest()
            .is_some_and(|key| self.roster.key_in_force(key))
        {
            return Err(EnrolError::RosterUnreadable);
        }
        match self.roster.compare(minimum) {
            HeadRelation::Known { .. } => Ok(()),
            HeadRelation::Ahead => Err(EnrolError::RosterOlder),
            HeadRelation::Fork => Err(EnrolError::RosterForked),
        }
    }
}
