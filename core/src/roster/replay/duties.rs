//! Duties: defined, planned, handed off; who can be reached.

use std::time::Duration;

use super::Act;
use crate::roster::authorize::Action;
use crate::roster::entry::Owner;
use crate::roster::kind::{Availability, DutyDefined, DutyHandedOff, DutyScheduled, Shift};
use crate::roster::record::DutyRecord;
use crate::roster::{Junk, Roster};

/// Shifts per entry.
const MAX_SHIFTS: usize = 512;
/// Shifts that ended longer ago than this, by log time, are dropped from the plan.
const KEPT: Duration = Duration::from_secs(90 * 24 * 3_600);

impl Roster {
    pub(super) fn duty_defined(&mut self, act: &Act, body: DutyDefined) -> Result<(), Junk> {
        if let Some(record) = self.duties.get(&body.duty) {
            self.require(act, Action::DefineDuty, record.definition.unit.as_ref())?;
        }
        self.require(act, Action::DefineDuty, body.unit.as_ref())?;
        if let Some(desk) = body.desk {
            act.view(self)
                .owner_acts(Owner::Place(desk))
                .map_err(|_| Junk::UnknownSubject)?;
        }
        let shifts = self
            .duties
            .remove(&body.duty)
            .map(|record| record.shifts)
            .unwrap_or_default();
        self.duties.insert(
            body.duty,
            DutyRecord {
                definition: body,
                shifts,
            },
        );
        Ok(())
    }

    pub(super) fn duty_scheduled(&mut self, act: &Act, body: DutyScheduled) -> Result<(), Junk> {
        let record = self.duties.get(&body.duty).ok_or(Junk::UnknownSubject)?;
        self.require(act, Action::ScheduleDuty, record.definition.unit.as_ref())?;
        let inside = |shift: &Shift| {
            body.from <= shift.from && shift.from < shift.until && shift.until <= body.until
        };
        if body.shifts.len() > MAX_SHIFTS
            || body.from >= body.until
            || !body.shifts.iter().all(inside)
        {
            return Err(Junk::OutOfBounds);
        }
        let view = act.view(self);
        if body
            .shifts
            .iter()
            .any(|shift| view.owner_acts(shift.holder).is_err())
        {
            return Err(Junk::UnknownSubject);
        }
        let oldest = act.time.minus(KEPT);
        let Some(record) = self.duties.get_mut(&body.duty) else {
            return Ok(());
        };
        let mut plan = Vec::with_capacity(record.shifts.len() + body.shifts.len());
        for shift in record.shifts.drain(..).filter(|shift| shift.until > oldest) {
            // What reaches out of the window stays, cut at its edges.
            if shift.from < body.from {
                plan.push(Shift {
                    until: shift.until.min(body.from),
                    ..shift.clone()
                });
            }
            if shift.until > body.until {
                plan.push(Shift {
                    from: shift.from.max(body.until),
                    ..shift
                });
            }
        }
        plan.extend(body.shifts);
        plan.sort_by_key(|shift| (shift.from, shift.until, shift.holder));
        record.shifts = plan;
        Ok(())
    }

    pub(super) fn duty_handed_off(&mut self, act: &Act, body: &DutyHandedOff) -> Result<(), Junk> {
        let record = self.duties.get(&body.duty).ok_or(Junk::UnknownSubject)?;
        if act.owner != Some(body.from) {
            self.require(act, Action::ScheduleDuty, record.definition.unit.as_ref())?;
        }
        let running = |shift: &Shift| {
            shift.holder == body.from && shift.from <= act.claimed() && act.claimed() < shift.until
        };
        let position = record
            .shifts
            .iter()
            .position(running)
            .ok_or(Junk::WrongState)?;
        act.view(self)
            .owner_acts(body.to)
            .map_err(|_| Junk::UnknownSubject)?;
        let Some(record) = self.duties.get_mut(&body.duty) else {
            return Ok(());
        };
        let Some(shift) = record.shifts.get_mut(position) else {
            return Ok(());
        };
        let rest = Shift {
            holder: body.to,
            from: act.claimed(),
            until: shift.until,
        };
        shift.until = act.claimed();
        record.shifts.push(rest);
        record.shifts.retain(|shift| shift.from < shift.until);
        record
            .shifts
            .sort_by_key(|shift| (shift.from, shift.until, shift.holder));
        Ok(())
    }

    pub(super) fn availability(&mut self, act: &Act, body: Availability) -> Result<(), Junk> {
        let record = self.persons.get(&body.person).ok_or(Junk::UnknownSubject)?;
        if act.owner != Some(Owner::Person(body.person)) {
            self.require(act, Action::ScheduleDuty, record.details.unit.as_ref())?;
        }
        if let Some(deputy) = body.deputy {
            act.view(self)
                .owner_acts(Owner::Person(deputy))
                .map_err(|_| Junk::UnknownSubject)?;
        }
        if let Some(record) = self.persons.get_mut(&body.person) {
            record.availability = Some(body);
        }
        Ok(())
    }
}
