//! Which rules hold, and when an act needs a second person.
//!
//! Under the rules of release 0.1 policy alone says it. Since the second version two are needed only where there are
//! two: whoever is the only one who could, acts alone, visibly. So that nobody can make themself the only one, or make
//! the second one themself, both questions are asked about a day ago: who had the right then, on a device confirmed
//! then, can agree and must be asked, by what two clocks have shown. Neither an intermediate person, nor a role that was changed, nor a device that
//! was added meanwhile alters the answer. And who lost the right by somebody's hand is asked until another clock than
//! the author's has seen a day pass, for log time is what its authors say.

use std::time::Duration;

use super::{Act, Stop};
use crate::base::{DeviceId, PersonId};
use crate::roster::authorize::{Action, Actor, Scope, View};
use crate::roster::entry::{Author, Owner};
use crate::roster::kind::RulesAdopted;
use crate::roster::record::{DeviceState, GrantState, PersonRecord, PersonState};
use crate::roster::{FORMAT, Junk, Roster, Unit};

/// The rules that brought bounds for settings, effective dual control, and the kinds below.
pub(super) const SECOND: u16 = 2;
/// Kinds of the second version of the rules. Where that was not adopted they are junk.
const SECOND_KINDS: &[u16] = &[3, 4, 5, 17, 18, 43, 44, 45, 46];
/// Whose right is younger agrees to nothing and needs to be agreed to by nobody.
const SEASON: Duration = Duration::from_secs(24 * 3_600);

fn may_on(person: &PersonRecord, view: &View<'_>, action: Action, scope: &Scope) -> bool {
    let may = |device: &DeviceId| view.may(Actor::device(*device), action, scope).is_ok();
    person.devices.iter().any(may)
}

impl Roster {
    /// Version of the rules in force for the next entry.
    #[must_use]
    pub fn rules(&self) -> u16 {
        self.oversight.rules_at(u64::MAX)
    }

    pub(super) fn adopted(&self, kind: u16) -> Result<(), Junk> {
        if SECOND_KINDS.contains(&kind) && self.rules() < SECOND {
            Err(Junk::NotAdopted)
        } else {
            Ok(())
        }
    }

    /// The root key may, where nobody is left who could otherwise: later rules are stricter, never laxer.
    pub(super) fn rules_adopted(&mut self, act: &Act, body: &RulesAdopted) -> Result<(), Stop> {
        if act.author != Author::Root {
            self.require(act, Action::ChangePolicy, None)?;
        }
        if body.rules > FORMAT {
            return Err(Stop::Halt(64));
        }
        if body.rules <= self.rules() {
            return Err(Junk::WrongState.into());
        }
        let policy = self.policy().map_err(|_| Junk::Founding)?;
        policy.check().map_err(|_| Junk::OutOfBounds)?;
        let before = self.rules();
        // A number that granted nothing when it was written must not begin to.
        for role in self.roles.values_mut() {
            let Some(mut definition) = role.now().cloned() else {
                continue;
            };
            definition.rules.retain(|rule| {
                Action::from_code(rule.action).is_some_and(|action| action.since() <= before)
            });
            if role.now() != Some(&definition) {
                role.set(act.seq, definition);
            }
        }
        if let Some(rules) = &mut self.oversight.rules {
            rules.set(act.seq, body.rules);
        }
        Ok(())
    }

    /// Whether policy names an act among those that need two.
    pub(super) fn needs_two(&self, action: Action) -> bool {
        self.policy().is_ok_and(|policy| policy.needs_two(action))
    }

    /// How things were a day ago, as far as two clocks have seen it pass, or at the beginning.
    fn a_day_before(&self, act: &Act) -> View<'_> {
        let then = act.seen().minus(SEASON);
        let later = self.times.partition_point(|time| *time <= then);
        let seq = u64::try_from(later).unwrap_or_default().saturating_sub(1);
        let time = self.times.first().copied().unwrap_or_default().max(then);
        View::new(self, seq, time).lenient()
    }

    /// Persons who could have done something a day ago and still take part. Devices lost since, or campaigns, make
    /// no difference: both can be brought about by one person.
    pub(super) fn askable(&self, act: &Act, action: Action, unit: Option<&Unit>) -> Vec<PersonId> {
        if self.rules() < SECOND {
            return Vec::new();
        }
        let (before, scope) = (self.a_day_before(act), Scope::unit(unit));
        self.persons
            .iter()
            .filter(|(_, record)| {
                record.state.now() == Some(&PersonState::Present)
                    && (may_on(record, &before, action, &scope)
                        || self.disarmed(act, record, action, &scope))
            })
            .map(|(id, _)| *id)
            .collect()
    }

    /// Whether a person lost the right with a device or by suspicion, and only log time says that this is a day ago:
    /// one author could have pushed that ahead. Orders to a device are left out, it could not judge this.
    fn disarmed(&self, act: &Act, person: &PersonRecord, action: Action, scope: &Scope) -> bool {
        if matches!(action, Action::RevokeDevice | Action::WipeDevice) {
            return false;
        }
        let devices = person.devices.iter().filter_map(|device| {
            let state = &self.devices.get(device)?.state;
            matches!(
                state.now(),
                Some(DeviceState::Revoked | DeviceState::Suspended)
            )
            .then(|| state.since())
        });
        let suspended = person
            .grants
            .iter()
            .filter(|grant| grant.state.now() == Some(&GrantState::Suspended));
        let grants = suspended.map(|grant| grant.state.since());
        devices.chain(grants).any(|lost| {
            let Some(before) = lost.checked_sub(1).and_then(|seq| self.at(seq)) else {
                return false;
            };
            self.oversight.rules_at(lost) >= SECOND
                && may_on(person, &before.lenient(), action, scope)
                && !self.seen_for_a_day(act, lost, person)
        })
    }

    /// Whether a clock of somebody else, known at that entry already, has seen the day after it pass. Where nobody
    /// else was there, log time has to do.
    fn seen_for_a_day(&self, act: &Act, entry: u64, person: &PersonRecord) -> bool {
        let Some(view) = self.at(entry) else {
            return false;
        };
        let end = view.time().plus(SEASON);
        let mut others = self
            .devices
            .iter()
            .filter(|(id, record)| {
                Some(record.details.owner) != act.owner
                    && !person.devices.contains(id)
                    && view.lenient().confirmed(**id).is_ok()
            })
            .peekable();
        if others.peek().is_none() {
            return end <= act.time;
        }
        others.any(|(id, _)| self.oversight.clocks.get(id).is_some_and(|at| end <= *at))
    }

    /// Demands a second person, where there is one to ask.
    pub(super) fn two(&self, act: &Act, action: Action, unit: Option<&Unit>) -> Result<(), Junk> {
        if act.second.is_some() {
            return Ok(());
        }
        let other = |id: &PersonId| Some(Owner::Person(*id)) != act.owner;
        if self.rules() < SECOND || self.askable(act, action, unit).iter().any(other) {
            Err(Junk::NeedsTwo)
        } else {
            Ok(())
        }
    }

    /// Demands a second person for what concerns somebody who administers.
    pub(super) fn two_over(&self, act: &Act, action: Action, person: PersonId) -> Result<(), Junk> {
        if self.rules() >= SECOND
            && self.needs_two(Action::GrantPrivilegedRole)
            && self.controls(act, person)
        {
            self.two(act, action, self.unit_of(Owner::Person(person)))
        } else {
            Ok(())
        }
    }

    /// Whether a person holds an act that policy puts under dual control.
    fn controls(&self, act: &Act, person: PersonId) -> bool {
        let view = act.view(self);
        let Ok(policy) = self.policy() else {
            return false;
        };
        let listed = policy.two_administrators();
        self.grants_of(Owner::Person(person)).iter().any(|grant| {
            grant.state.now() == Some(&GrantState::Live)
                && grant.terms.until.is_none_or(|until| act.time < until)
                && listed
                    .iter()
                    .any(|action| view.role_rule(&grant.terms.role, *action).is_some())
        })
    }

    /// Proposer and countersigner had the right, on these devices, a day ago already.
    pub(super) fn both_seasoned(
        &self,
        act: &Act,
        action: Action,
        scope: &Scope,
    ) -> Result<(), Junk> {
        if self.rules() < SECOND {
            return Ok(());
        }
        let before = self.a_day_before(act);
        let seasoned = |device| before.may(Actor::device(device), action, scope).is_ok();
        if [act.device(), act.second]
            .into_iter()
            .flatten()
            .all(seasoned)
        {
            Ok(())
        } else {
            Err(Junk::NewAdministrator)
        }
    }
}
