//! When an entry is valid. The judgement uses the log alone: no clock, no store, nobody's word.
//!
//! Order of the checks: size, encoding, place in the chain, time, signature, then whether the author counted at this
//! point, then whether they had the right and the statement makes sense. Each kind's function checks everything
//! before it changes anything, so that a junk entry leaves no trace.

mod bench;
mod campaign;
mod clock;
mod control;
mod devices;
mod dual;
mod duties;
mod elevation;
mod founding;
mod people;
mod places;
mod recovery;
mod refusal;
mod roles;
mod suspicion;
mod upkeep;

use std::time::Duration;

use super::authorize::{Action, Actor, Scope, View};
use super::entry::{Author, Entry, MAX_ENTRY, Owner};
use super::kind::{Body, KINDS};
use super::{Junk, Roster, Unit, Verdict};
use crate::base::{DeviceId, Timestamp};

/// How far an entry's time may lie ahead of log time. What of it counts is another question ([`clock`]); an
/// organisation that slept longer is woken by ticks.
pub const MAX_LEAP: Duration = Duration::from_secs(400 * 24 * 3_600);

/// Kinds that came after the first release and need not be known. That release chains them unread, so a reader that
/// knows them must chain them too, whatever they say; otherwise the two would hold different logs.
const LATER_KINDS: &[u16] = &[33];

/// Why judging stopped.
enum Stop {
    Junk(Junk),
    Halt(u16),
}

impl<T: Into<Junk>> From<T> for Stop {
    fn from(junk: T) -> Self {
        Self::Junk(junk.into())
    }
}

/// An authenticated author at one point of the log.
struct Act {
    seq: u64,
    /// Log time.
    time: Timestamp,
    times: clock::Times,
    author: Author,
    /// Whose device the author is.
    owner: Option<Owner>,
    /// The countersigning device, where the act was proposed.
    second: Option<DeviceId>,
}

impl Act {
    const fn device(&self) -> Option<DeviceId> {
        match self.author {
            Author::Device(device) => Some(device),
            Author::Root | Author::Invitation(_) => None,
        }
    }
    /// The roster before this entry, at this entry's time.
    const fn view<'a>(&self, roster: &'a Roster) -> View<'a> {
        View::new(roster, self.seq - 1, self.time)
    }
}

impl Roster {
    /// Judges the entry at the next position of the relay's log, decrypted, and takes it over if it is valid.
    pub fn apply(&mut self, position: u64, bytes: &[u8]) -> Verdict {
        if position != self.next_position {
            return Verdict::OutOfOrder {
                expected: self.next_position,
            };
        }
        match self.judge(bytes) {
            Ok(verdict) => {
                self.next_position += 1;
                verdict
            }
            Err(Stop::Junk(reason)) => self.set_aside(position, reason),
            Err(Stop::Halt(kind)) => Verdict::Halt { kind },
        }
    }
    /// Passes over the next position as junk that was found before decoding.
    pub fn set_aside(&mut self, position: u64, reason: Junk) -> Verdict {
        if position != self.next_position {
            return Verdict::OutOfOrder {
                expected: self.next_position,
            };
        }
        self.next_position += 1;
        self.junk += 1;
        Verdict::Junk(reason)
    }
    /// What [`Roster::apply`] would say to these entries in a row. Changes nothing.
    #[must_use]
    pub fn rehearse(&self, entries: &[&[u8]]) -> Vec<Verdict> {
        let mut copy = self.clone();
        entries
            .iter()
            .map(|bytes| copy.apply(copy.next_position, bytes))
            .collect()
    }

    fn judge(&mut self, bytes: &[u8]) -> Result<Verdict, Stop> {
        if bytes.len() > MAX_ENTRY {
            return Err(Junk::Oversize.into());
        }
        let entry = Entry::from_bytes(bytes).map_err(|_| Junk::Malformed)?;
        let mut times = clock::Times::of(entry.time);
        let verdict = match self.head() {
            None => self.found(&entry)?,
            Some(head) => {
                if entry.seq != head.seq + 1 || entry.previous != head.hash {
                    return Err(Junk::WrongPredecessor.into());
                }
                times = self.times_of(&entry);
                self.follow(&entry, times)?
            }
        };
        self.witness(&entry);
        self.hashes.push(Entry::hash_of(bytes));
        self.times.push(times.log);
        Ok(verdict)
    }

    fn follow(&mut self, entry: &Entry, times: clock::Times) -> Result<Verdict, Stop> {
        let last = self.log_time().unwrap_or_default();
        if entry.time < last {
            return Err(Junk::TimeWentBack.into());
        }
        if entry.time > last.plus(MAX_LEAP) {
            return Err(Junk::TimeLeap.into());
        }
        let act = self.authenticate(entry, times)?;
        let (seq, kind) = (entry.seq, entry.kind);
        if LATER_KINDS.contains(&kind) && !entry.critical {
            return self.later(&act, entry);
        }
        let Some(body) = Body::from_bytes(kind, &entry.body).map_err(|_| Junk::Malformed)? else {
            return self.unknown(&act, entry);
        };
        if body.critical() != entry.critical {
            return Err(Junk::CriticalMark.into());
        }
        self.carry_out(&act, body)?;
        Ok(Verdict::Valid { seq, kind })
    }

    fn authenticate(&self, entry: &Entry, times: clock::Times) -> Result<Act, Junk> {
        let organisation = &self.anchor.organisation;
        let key = match &entry.author {
            Author::Root => self.organisation.as_ref().map(|o| o.root),
            Author::Device(device) => self.devices.get(device).map(|d| d.details.signature_key),
            Author::Invitation(invitation) => self.invitations.get(invitation).map(|i| i.key),
        };
        entry
            .verify(organisation, &key.ok_or(Junk::UnknownAuthor)?)
            .map_err(|_| Junk::Signature)?;
        let mut act = Act {
            seq: entry.seq,
            time: times.log,
            times,
            author: entry.author,
            owner: None,
            second: None,
        };
        if let Author::Device(device) = entry.author {
            // Who was not answered for in time may still answer for others, so that nobody is locked out for good.
            let view = match entry.kind {
                campaign::ANSWERED => act.view(self).lenient(),
                _ => act.view(self),
            };
            act.owner = Some(view.confirmed(device)?);
        }
        Ok(act)
    }

    /// A kind of a later release. Only who may change the rules can make older releases halt; a confirmed device
    /// may add what need not be known.
    fn unknown(&self, act: &Act, entry: &Entry) -> Result<Verdict, Stop> {
        debug_assert!(KINDS.iter().all(|(code, ..)| *code != entry.kind));
        match act.author {
            Author::Invitation(_) => Err(Junk::WrongAuthor.into()),
            Author::Device(device) if entry.critical => {
                act.view(self).may(
                    Actor::device(device),
                    Action::ChangePolicy,
                    &Scope::organisation(),
                )?;
                Err(Stop::Halt(entry.kind))
            }
            Author::Root if entry.critical => Err(Stop::Halt(entry.kind)),
            Author::Root | Author::Device(_) => Ok(Verdict::Ignored {
                seq: entry.seq,
                kind: entry.kind,
            }),
        }
    }

    /// An entry of one of [`LATER_KINDS`]: in force where it is acceptable, else chained and ignored.
    fn later(&mut self, act: &Act, entry: &Entry) -> Result<Verdict, Stop> {
        let (seq, kind) = (entry.seq, entry.kind);
        if matches!(act.author, Author::Invitation(_)) {
            return Err(Junk::WrongAuthor.into());
        }
        let done = match Body::from_bytes(kind, &entry.body) {
            Ok(Some(body)) => self.carry_out(act, body).is_ok(),
            Ok(None) | Err(_) => false,
        };
        Ok(if done {
            Verdict::Valid { seq, kind }
        } else {
            Verdict::Ignored { seq, kind }
        })
    }

    fn carry_out(&mut self, act: &Act, body: Body) -> Result<(), Stop> {
        self.adopted(body.kind())?;
        match body {
            Body::Founded(_) => Err(Junk::Founding),
            Body::RootRotated(body) => self.root_rotated(act, &body),
            Body::Invited(body) => self.invited(act, *body),
            Body::PersonAdded(body) => self.person_added(act, *body),
            Body::PersonChanged(body) => self.person_changed(act, *body),
            Body::PersonLeft(body) => self.person_left(act, &body),
            Body::PersonSuspended(body) => self.person_suspended(act, &body),
            Body::InvitationWithdrawn(body) => self.invitation_withdrawn(act, &body),
            Body::Recertified(body) => self.recertified(act, *body),
            Body::PlaceAdded(body) => self.place_added(act, *body),
            Body::PlaceChanged(body) => self.place_changed(act, *body),
            Body::PlaceClosed(body) => self.place_closed(act, &body),
            Body::DeviceEnrolled(body) => self.device_enrolled(act, *body),
            Body::DeviceApproved(body) => self.device_approved(act, &body),
            Body::DeviceRevoked(body) => self.device_revoked(act, &body),
            Body::DeviceChannel(body) => self.device_channel(act, &body),
            Body::RoleDefined(body) => self.role_defined(act, *body),
            Body::RoleGranted(body) => self.role_granted(act, *body),
            Body::RoleWithdrawn(body) => self.role_withdrawn(act, &body),
            Body::RoleRetired(body) => self.role_retired(act, &body),
            Body::ExceptionGranted(body) => self.exception_granted(act, *body),
            Body::ElevationRequested(body) => self.elevation_requested(act, *body),
            Body::ElevationGranted(body) => self.elevation_granted(act, &body),
            Body::CampaignOpened(body) => self.campaign_opened(act, *body),
            Body::CampaignAnswered(body) => self.campaign_answered(act, &body),
            Body::RecoveryAnnounced(body) => self.recovery_announced(act, *body),
            Body::RecoveryVetoed(body) => self.recovery_vetoed(act, &body),
            Body::RecoveryDone(body) => self.recovery_done(act, &body),
            Body::RulesAdopted(body) => return self.rules_adopted(act, &body),
            Body::DutyDefined(body) => self.duty_defined(act, *body),
            Body::DutyScheduled(body) => self.duty_scheduled(act, *body),
            Body::DutyHandedOff(body) => self.duty_handed_off(act, &body),
            Body::Availability(body) => self.availability(act, *body),
            Body::Policy(body) => self.policy_changed(act, *body),
            Body::Proposal(body) => return self.proposed(act, *body),
            Body::Countersign(body) => return self.countersigned(act, &body),
            Body::Refused(body) => self.refused(act, &body),
            Body::KeyRotated(body) => self.key_rotated(act, &body),
            Body::PartnerChanged(body) => self.partner_changed(act, *body),
            Body::Tick(_) => self.require(act, Action::Attest, None),
            Body::RelayChanged(body) => self.relay_changed(act, *body),
        }
        .map_err(Stop::Junk)
    }

    /// The author's right at this point; where policy asks for two, the countersigner's as well.
    fn require(&self, act: &Act, action: Action, unit: Option<&Unit>) -> Result<(), Junk> {
        self.require_alone(act, action, unit)?;
        if self.needs_two(action) {
            self.two(act, action, unit)
        } else {
            Ok(())
        }
    }

    /// The author's right (and the countersigner's, if there is one) whatever policy asks for.
    fn require_alone(&self, act: &Act, action: Action, unit: Option<&Unit>) -> Result<(), Junk> {
        let device = act.device().ok_or(Junk::WrongAuthor)?;
        let (view, scope) = (act.view(self), Scope::unit(unit));
        view.may(Actor::device(device), action, &scope)?;
        if let Some(second) = act.second {
            view.may(Actor::device(second), action, &scope)?;
            self.both_seasoned(act, action, &scope)?;
        }
        Ok(())
    }

    /// The unit of a person or place, by which rights over them are scoped.
    fn unit_of(&self, owner: Owner) -> Option<&Unit> {
        match owner {
            Owner::Person(id) => self.persons.get(&id).and_then(|p| p.details.unit.as_ref()),
            Owner::Place(id) => self.places.get(&id).and_then(|p| p.details.unit.as_ref()),
        }
    }
}
