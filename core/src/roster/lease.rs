//! The offline lease: how long a device goes on without fresh word of the roster, and what follows when it has none.
//!
//! Without a fresh attestation it locks. A clock alone can lock it and never destroys anything: erasing needs the relay's
//! refusal, *repeated* once the limit has passed by signed times and by the device's own clock, with no acceptance and no
//! attestation in between. An outage refuses nobody, so it erases nothing, however long it lasts; one wrong answer is
//! taken back by the next right one.
//!
//! Two time lines are kept apart. Offline the device counts by its own clock from when it took the newest attestation;
//! connected, by the time that the relay has just signed, from when that attestation was made. A wrong signed time
//! therefore leaves nothing behind in the own time line, and the next signed time replaces it.

use std::time::Duration;

use minicbor::{Decode, Encode};

use super::RosterError;
use super::extension::{LeaseExtension, MAX_EXTENSION};
use super::order::Authorities;
use crate::base::{DeviceId, Timestamp};

/// How far the clock may go back before that counts as tampering.
pub const CLOCK_TOLERANCE: Duration = Duration::from_secs(10 * 60);

/// A signed time, an attestation or an extension further ahead than this of every other sign of the time is a wrong one.
pub const AHEAD: Duration = Duration::from_secs(24 * 3_600);

/// A signed time further ahead than this of the own clock and of every attestation locks nobody whose own clock says
/// that the lease is good.
pub const LEAP: Duration = Duration::from_secs(7 * 24 * 3_600);

/// The end of a lease that has none.
const NEVER: Timestamp = Timestamp::from_millis(i64::MAX);

/// What a device remembers of its lease, also while it is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Lease {
    /// Time of the newest attestation.
    #[n(0)]
    pub attested_at: Timestamp,
    /// Seconds after it at which the device locks; 0: it does not.
    #[n(1)]
    pub lock_after: u64,
    /// Seconds after it at which a device that knows itself excluded erases itself; 0: it does not.
    #[n(2)]
    pub erase_after: u64,
    /// The latest time seen on the device's own clock.
    #[n(3)]
    pub latest_time_seen: Timestamp,
    /// The time that the relay signed last.
    #[n(4)]
    pub witnessed: Timestamp,
    /// The first refusal that neither an attestation nor an acceptance has answered since: the later one of its signed
    /// time and the own clock.
    #[n(5)]
    pub refused_since: Option<Timestamp>,
    /// No other device could attest: then the lack of attestations says nothing.
    #[n(6)]
    pub alone: bool,
    /// The end of an extension that was verified.
    #[n(7)]
    pub extended_until: Option<Timestamp>,
    /// When the newest attestation was made, by the device's own clock; where it is not known, as it says itself.
    #[n(8)]
    pub attested_here: Option<Timestamp>,
    /// Signed time of the newest refusal.
    #[n(9)]
    pub refused_last: Option<Timestamp>,
}

/// What the lease allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseState {
    /// Go on.
    Good {
        /// Until then, if nothing new arrives.
        until: Timestamp,
    },
    /// No fresh word of the roster: locked until there is.
    LockedStale,
    /// The clock went back: locked until a signed time says what time it is.
    LockedClock,
    /// Excluded for longer than policy allows: the device erases itself.
    EraseDue,
}

impl Lease {
    /// The lease of a device that was attested, or enrolled, at a time. Limits in seconds, as policy has them.
    #[must_use]
    pub const fn new(attested_at: Timestamp, lock_after: u64, erase_after: u64) -> Self {
        Self {
            attested_at,
            lock_after,
            erase_after,
            latest_time_seen: attested_at,
            witnessed: attested_at,
            refused_since: None,
            alone: false,
            extended_until: None,
            attested_here: None,
            refused_last: None,
        }
    }
    /// What the lease allows at `now` by the device's own clock.
    #[must_use]
    pub fn judge(&self, now: Timestamp) -> LeaseState {
        if self.erase_due(now) {
            return LeaseState::EraseDue;
        }
        if now.plus(CLOCK_TOLERANCE) < self.latest_time_seen {
            return LeaseState::LockedClock;
        }
        self.standing(self.attested_here.unwrap_or(self.attested_at), now)
    }
    /// What it allows a device that is connected: by the time that the relay has just signed, so that an own clock that
    /// is off keeps nobody out. A leap of the signed time locks nobody whose own clock says that the lease is good.
    #[must_use]
    pub fn judge_connected(&self, own: Timestamp, signed: Timestamp) -> LeaseState {
        match self.judge(own) {
            LeaseState::EraseDue => LeaseState::EraseDue,
            good @ LeaseState::Good { .. } if self.leaps(own, signed) => good,
            _ => self.standing(self.attested_at, signed),
        }
    }
    fn standing(&self, attested: Timestamp, now: Timestamp) -> LeaseState {
        let until = self.until(attested);
        if now < until {
            LeaseState::Good { until }
        } else {
            LeaseState::LockedStale
        }
    }
    fn leaps(&self, own: Timestamp, signed: Timestamp) -> bool {
        let known = own.max(self.latest_time_seen).max(self.attested_at);
        signed > known.plus(LEAP)
    }
    fn until(&self, attested: Timestamp) -> Timestamp {
        if self.alone || self.lock_after == 0 {
            return NEVER;
        }
        let leased = attested.plus(Duration::from_secs(self.lock_after));
        self.extended_until.map_or(leased, |end| end.max(leased))
    }
    /// A refusal that stands by two clocks, a signed one, which the device cannot turn, and its own, which the relay
    /// cannot turn, and that the relay has repeated since. A device that nobody could attest for is never erased: there
    /// would be nobody left.
    fn erase_due(&self, now: Timestamp) -> bool {
        let (Some(refused), Some(last)) = (self.refused_since, self.refused_last) else {
            return false;
        };
        let patience = Duration::from_secs(self.erase_after.saturating_sub(self.lock_after));
        let due = refused.plus(patience);
        let answered = self.attested_at > refused;
        let extended = self.extended_until.is_some_and(|end| last < end);
        self.erase_after > 0
            && !self.alone
            && !answered
            && !extended
            && last > refused
            && last >= due
            && now >= due
    }
    /// The device's own clock was read.
    pub fn tick(&mut self, now: Timestamp) {
        self.latest_time_seen = self.latest_time_seen.max(now);
    }
    /// A time that the relay has just signed, and the own clock at that moment. It replaces the one before, and ends what
    /// a wrong clock, the own or an earlier signed one, had left ahead of both.
    pub fn witness(&mut self, signed: Timestamp, own: Timestamp) {
        let latest = own.max(signed);
        self.witnessed = signed;
        self.latest_time_seen = self.latest_time_seen.min(latest);
        self.attested_here = self.attested_here.map(|at| at.min(latest));
        if self.attested_at > latest.plus(AHEAD) {
            // Made under a wrong time. Kept as it is, it would never end and hide every right one.
            self.attested_here.get_or_insert(latest);
            self.attested_at = latest;
        }
        let longest = latest.plus(MAX_EXTENSION);
        self.extended_until = self.extended_until.map(|end| end.min(longest));
    }
    /// A verified attestation of another device, taken at `own` by the own clock and at `signed` by the relay's, where
    /// that was heard. One newer than the refusal answers it. One from the future is not believed.
    pub fn attested(&mut self, time: Timestamp, own: Timestamp, signed: Option<Timestamp>) {
        let latest = signed.map_or(own, |signed| signed.max(own));
        if time <= self.attested_at || time > latest.plus(AHEAD) {
            return;
        }
        // Its age is what both clocks agree on, however far apart they are; under a signed time that leaps it is not known.
        let signed = signed.filter(|signed| !self.leaps(own, *signed));
        let here = signed.map_or_else(|| time.min(own), |signed| own.minus(signed.since(time)));
        self.attested_at = time;
        self.attested_here = Some(self.attested_here.map_or(here, |before| before.max(here)));
        if self.refused_since.is_some_and(|refused| time > refused) {
            self.accepted();
        }
    }
    /// The relay refused this device, or somebody showed a fresher roster, at a signed time. The first one counts, from
    /// when both clocks had reached it; one that was noted under a wrong time gives way to an earlier one.
    pub fn refused(&mut self, signed: Timestamp, own: Timestamp) {
        let since = signed.max(own).max(self.latest_time_seen);
        self.refused_since = Some(self.refused_since.map_or(since, |first| first.min(since)));
        self.refused_last = Some(signed);
        self.witness(signed, own);
    }
    /// The relay let this device in: whatever it had refused before is taken back.
    pub const fn accepted(&mut self) {
        self.refused_since = None;
        self.refused_last = None;
    }
    /// An extension that [`LeaseExtension::verify`] accepts for this device, taken at `now` by its own clock. It lasts at
    /// most as long from now as from when it was made; one that was made in the future is refused. A new one also says
    /// what time it is.
    ///
    /// # Errors
    /// As [`LeaseExtension::verify`].
    pub fn extend(
        &mut self,
        extension: &LeaseExtension,
        device: &DeviceId,
        authorities: &Authorities,
        now: Timestamp,
    ) -> Result<(), RosterError> {
        extension.verify(device, authorities)?;
        let known = now.max(self.witnessed);
        if extension.made > known.plus(AHEAD) {
            return Err(RosterError::Extension);
        }
        let until = extension.until.min(known.plus(MAX_EXTENSION));
        let news = self.extended_until.is_none_or(|end| until > end);
        if news {
            self.extended_until = Some(until);
            // Else turning the clock back and taking an old one would never end.
            if extension.made >= self.witnessed {
                self.latest_time_seen = extension.made;
            }
        }
        Ok(())
    }
}
