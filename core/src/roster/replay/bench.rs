//! Judging a few entries out of the middle of a log by the rules of the whole, for a device that cannot read it
//! ([`order`](crate::roster::order)). Nothing is assumed about what stood between them.

use super::Stop;
use super::clock::Times;
use super::dual::SECOND;
use crate::base::{PersonId, PlaceId, Timestamp};
use crate::roster::entry::{Entry, Owner};
use crate::roster::kind::{Body, PersonDetails, PlaceDetails};
use crate::roster::record::{Grant, PersonState, PlaceRecord};
use crate::roster::{Junk, Roster, Versioned};

impl Roster {
    /// Judges an entry somewhere after the last one heard and takes it over if it is valid. Place in the chain and
    /// leaps of time are not judged: both need the entries between. `known` is log time where the excerpt begins. The
    /// body passes `veil` before it is carried out.
    pub(in crate::roster) fn hear(
        &mut self,
        entry: &Entry,
        known: Timestamp,
        veil: impl FnOnce(Body) -> Body,
    ) -> Result<(), Junk> {
        let last = self.log_time().unwrap_or_default();
        let seq = usize::try_from(entry.seq).map_err(|_| Junk::OutOfBounds)?;
        if seq < self.times.len() {
            return Err(Junk::WrongPredecessor);
        }
        if entry.time < last && (self.rules() < SECOND || entry.time < known) {
            return Err(Junk::TimeWentBack);
        }
        let act = self.authenticate(entry, Times::of(entry.time))?;
        // Log time never went back. So an earlier entry that says more was one clock that the log did not follow.
        let last = last.min(entry.time);
        for time in self.times.iter_mut().filter(|time| **time > last) {
            *time = last;
        }
        let body = Body::from_bytes(entry.kind, &entry.body)
            .ok()
            .flatten()
            .ok_or(Junk::Malformed)?;
        if body.critical() != entry.critical {
            return Err(Junk::CriticalMark);
        }
        self.carry_out(&act, veil(body))
            .map_err(|stop| match stop {
                Stop::Junk(reason) => reason,
                Stop::Halt(_) => Junk::Malformed,
            })?;
        self.times.resize(seq, last);
        self.times.push(entry.time);
        Ok(())
    }

    /// Log time up to entry `seq`, as far as it is known: from each mark on its time, and `time` at the end. Marks
    /// are in order.
    pub(in crate::roster) fn set_times(
        &mut self,
        seq: u64,
        time: Timestamp,
        marks: &[(u64, Timestamp)],
    ) {
        self.times.clear();
        let mut last = Timestamp::default();
        for (seq, time) in marks.iter().chain([&(seq, time)]) {
            let place = usize::try_from(*seq).unwrap_or(0);
            if place >= self.times.len() {
                self.times.resize(place, last);
                self.times.push(*time);
            }
            last = *time;
        }
        if let Some(newest) = self.times.last_mut() {
            *newest = time;
        }
    }

    /// Puts a person or place where it was known to stand.
    pub(in crate::roster) fn seat_person(
        &mut self,
        id: PersonId,
        details: PersonDetails,
        state: Versioned<PersonState>,
        grants: Vec<Grant>,
    ) {
        self.insert_person(0, id, details);
        if let Some(record) = self.persons.get_mut(&id) {
            record.state = state;
        }
        if let Some(held) = self.grants_mut(Owner::Person(id)) {
            *held = grants;
        }
    }

    /// The same for a place.
    pub(in crate::roster) fn seat_place(
        &mut self,
        id: PlaceId,
        details: PlaceDetails,
        state: Versioned<PersonState>,
        grants: Vec<Grant>,
    ) {
        let record = PlaceRecord {
            details,
            state,
            grants,
            devices: Vec::new(),
        };
        self.places.insert(id, record);
    }

    /// The same for a device.
    pub(in crate::roster) fn seat_device(&mut self, record: crate::roster::record::DeviceRecord) {
        self.insert_device(record);
    }
}
