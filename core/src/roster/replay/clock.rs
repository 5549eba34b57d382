//! Log time, since the second version of the rules.
//!
//! An entry's time is the word of one clock. Log time follows it, but runs at most a day ahead of what two owners have
//! shown: the second newest of the times that each has signed itself. So nobody alone makes anything end, lapse or
//! expire more than a day early; and because it is log time itself that stays behind, honest clocks overtake it within
//! a day, whatever one has claimed. Where a count starts anew or a right has to be of some age, even that day is too
//! much: there only what two have shown counts ([`Act::seen`]).
//!
//! Where two others do, a device's clock counts only after two days, which nobody alone can make pass: an invented
//! colleague is no second clock. Whoever is the only owner is believed, for there is nobody to ask.

use std::time::Duration;

use super::Act;
use super::dual::SECOND;
use crate::base::{DeviceId, Timestamp};
use crate::roster::Roster;
use crate::roster::entry::{Author, Entry, Owner};
use crate::roster::record::{DeviceRecord, DeviceState, PersonState};

/// How far log time runs ahead of what two owners have shown.
pub(super) const AHEAD: Duration = Duration::from_secs(24 * 3_600);
/// How long a device has been confirmed before its clock counts. More than [`AHEAD`], or one could wait for it alone.
const PROBATION: Duration = Duration::from_secs(48 * 3_600);

/// The times at which one entry is judged.
#[derive(Clone, Copy)]
pub(super) struct Times {
    /// Log time after it.
    pub(super) log: Timestamp,
    /// What its author says.
    pub(super) claimed: Timestamp,
    /// What two owners have shown.
    pub(super) seen: Timestamp,
}

impl Times {
    /// Where the author's word is all there is.
    pub(super) const fn of(time: Timestamp) -> Self {
        Self {
            log: time,
            claimed: time,
            seen: time,
        }
    }
}

impl Act {
    /// The time up to which an end may be set, by the author's word: the log of an organisation that slept stays behind
    /// until a second one is awake, and what begins now must not be over then.
    pub(super) const fn claimed(&self) -> Timestamp {
        self.times.claimed
    }
    /// What two owners have shown: never later than log time.
    pub(super) const fn seen(&self) -> Timestamp {
        self.times.seen
    }
}

impl Roster {
    /// When an entry is taken to have been made.
    pub(super) fn times_of(&self, entry: &Entry) -> Times {
        let last = self.log_time().unwrap_or_default();
        if self.rules() < SECOND {
            return Times::of(entry.time);
        }
        let claim = match entry.author {
            // One that only repeats log time says nothing about a clock.
            Author::Device(device) if entry.time > last => Some((device, entry.time)),
            Author::Device(_) | Author::Root | Author::Invitation(_) => None,
        };
        let seen = self.shown(claim).unwrap_or(entry.time);
        let log = entry.time.min(seen.plus(AHEAD)).max(last);
        Times {
            log,
            claimed: entry.time,
            seen: seen.min(log),
        }
    }

    /// What two owners have shown, with one more clock: the second newest of the newest times of each. The only one's
    /// where there is one; `None` where there is none.
    fn shown(&self, claim: Option<(DeviceId, Timestamp)>) -> Option<Timestamp> {
        let last = self.log_time()?;
        let counted = self.newest_two(claim, |since| since.plus(PROBATION) <= last);
        match counted {
            (_, Some(second)) => Some(second),
            // Too few have been there for long: whoever has come since is better than one alone.
            (_, None) => match self.newest_two(claim, |_| true) {
                (_, Some(second)) => Some(second),
                (only, None) => only,
            },
        }
    }

    /// The newest and second newest of the clocks of the owners that take part, on devices confirmed since a time that
    /// counts.
    fn newest_two(
        &self,
        claim: Option<(DeviceId, Timestamp)>,
        counts: impl Fn(Timestamp) -> bool,
    ) -> (Option<Timestamp>, Option<Timestamp>) {
        let begun = self.counted_since();
        let mut newest: Option<(Owner, Timestamp)> = None;
        let mut second: Option<Timestamp> = None;
        for (id, record) in &self.devices {
            let Some(since) = self.takes_part_since(record).filter(|since| counts(*since)) else {
                continue;
            };
            let owner = record.details.owner;
            let said = claim.filter(|(device, _)| device == id).map(|(_, at)| at);
            let known = said.or_else(|| self.oversight.clocks.get(id).copied());
            let clock = known.unwrap_or_default().max(begun).max(since);
            match &mut newest {
                Some((first, at)) if *first == owner => *at = clock.max(*at),
                Some((_, at)) if *at >= clock => second = second.max(Some(clock)),
                _ => {
                    second = newest.map(|(_, at)| at);
                    newest = Some((owner, clock));
                }
            }
        }
        (newest.map(|(_, at)| at), second)
    }

    /// Since when a device has been confirmed; `None` where it does not take part.
    fn takes_part_since(&self, record: &DeviceRecord) -> Option<Timestamp> {
        if record.state.now() != Some(&DeviceState::Confirmed) {
            return None;
        }
        let state = match record.details.owner {
            Owner::Person(id) => self.persons.get(&id)?.state.now(),
            Owner::Place(id) => self.places.get(&id)?.state.now(),
        };
        let since = self.time_at(record.state.since())?;
        (state == Some(&PersonState::Present)).then_some(since)
    }

    /// When clocks began to be kept.
    fn counted_since(&self) -> Timestamp {
        let adopted = self
            .oversight
            .rules
            .as_ref()
            .map_or(0, |rules| rules.since());
        self.time_at(adopted).unwrap_or_default()
    }

    /// Log time of an entry.
    pub(super) fn time_at(&self, seq: u64) -> Option<Timestamp> {
        self.times.get(usize::try_from(seq).ok()?).copied()
    }
}
