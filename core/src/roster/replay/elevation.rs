//! A role for some hours: asked for by one person, agreed to by another, ended by log time.

use std::time::Duration;

use super::Act;
use crate::base::PersonId;
use crate::roster::authorize::pack;
use crate::roster::entry::Owner;
use crate::roster::kind::{ElevationGranted, ElevationRequested, RoleTerms, Setting};
use crate::roster::oversight::{ElevationRecord, ElevationState};
use crate::roster::{Junk, Roster};

/// The longest elevation in seconds.
const LONGEST: u32 = 12 * 3_600;
/// Requests of one person that wait at a time.
const MAX_OPEN: usize = 4;

const fn person_of(owner: Option<Owner>) -> Option<PersonId> {
    match owner {
        Some(Owner::Person(id)) => Some(id),
        _ => None,
    }
}

impl Roster {
    pub(super) fn elevation_requested(
        &mut self,
        act: &Act,
        body: ElevationRequested,
    ) -> Result<(), Junk> {
        let person = person_of(act.owner).ok_or(Junk::WrongAuthor)?;
        if pack::by_id(&body.role).is_none() && !self.roles.contains_key(&body.role) {
            return Err(Junk::UnknownSubject);
        }
        if self.oversight.retired.contains_key(&body.role) {
            return Err(Junk::WrongState);
        }
        let waiting = self.oversight.elevations.values().filter(|record| {
            record.person == person
                && record.state == ElevationState::Open
                && act.time < record.expires
        });
        if !(1..=LONGEST).contains(&body.seconds) || waiting.count() >= MAX_OPEN {
            return Err(Junk::OutOfBounds);
        }
        let policy = self.policy().map_err(|_| Junk::Founding)?;
        let expires = act.time.plus(policy.duration(Setting::ProposalLife));
        let record = ElevationRecord {
            request: body,
            person,
            expires,
            state: ElevationState::Open,
        };
        self.oversight.elevations.insert(act.seq, record);
        Ok(())
    }

    /// The right to grant the role decides, with all that dual control asks for; the requester does not count.
    pub(super) fn elevation_granted(
        &mut self,
        act: &Act,
        body: &ElevationGranted,
    ) -> Result<(), Junk> {
        let record = self
            .oversight
            .elevations
            .get(&body.request)
            .ok_or(Junk::UnknownSubject)?;
        if record.state != ElevationState::Open {
            return Err(Junk::WrongState);
        }
        if act.time >= record.expires {
            return Err(Junk::Expired);
        }
        let holder = Owner::Person(record.person);
        let second = act.second.and_then(|device| self.owner_of(&device));
        if act.owner == Some(holder) || second == Some(holder) {
            return Err(Junk::SamePerson);
        }
        act.view(self)
            .owner_acts(holder)
            .map_err(|_| Junk::WrongState)?;
        let until = act
            .time
            .plus(Duration::from_secs(record.request.seconds.into()));
        let terms = RoleTerms {
            role: record.request.role,
            unit: record.request.unit.clone(),
            from: Some(act.time),
            until: Some(until),
        };
        self.grantable(act, &terms)?;
        let terms = vec![terms];
        self.compatible(act, holder, &terms)?;
        self.insert_grants(act, holder, terms);
        if let Some(record) = self.oversight.elevations.get_mut(&body.request) {
            record.state = ElevationState::Granted(until);
        }
        Ok(())
    }

    /// The requester takes it back, or somebody who could grant the role says no.
    pub(super) fn elevation_refused(&mut self, act: &Act, request: u64) -> Result<(), Junk> {
        let record = self
            .oversight
            .elevations
            .get(&request)
            .ok_or(Junk::UnknownSubject)?;
        if person_of(act.owner) != Some(record.person) {
            let (role, unit) = (record.request.role, record.request.unit.as_ref());
            self.may_hold_back(act, self.granting(act, &role, unit))?;
        }
        match self.oversight.elevations.get_mut(&request) {
            Some(record) if record.state == ElevationState::Open => {
                record.state = ElevationState::Refused;
                Ok(())
            }
            _ => Err(Junk::WrongState),
        }
    }
}
