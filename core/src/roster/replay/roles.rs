//! Roles: defined, granted, withdrawn, retired; and which of them exclude each other.

use std::time::Duration;

use super::Act;
use super::dual::SECOND;
use crate::base::RoleId;
use crate::roster::authorize::{Action, pack, toxic};
use crate::roster::entry::Owner;
use crate::roster::kind::{
    ExceptionGranted, GrantRef, RoleDefined, RoleDefinition, RoleGranted, RoleRetired, RoleTerms,
    RoleWithdrawn,
};
use crate::roster::oversight::ExceptionRecord;
use crate::roster::record::{Grant, GrantState, PersonState};
use crate::roster::{Junk, Roster, Versioned};

/// Rules per role.
const MAX_RULES: usize = 64;
/// The longest exception.
const MAX_EXCEPTION: Duration = Duration::from_secs(366 * 24 * 3_600);

fn privileged(definition: &RoleDefinition) -> bool {
    definition
        .rules
        .iter()
        .filter_map(|rule| Action::from_code(rule.action))
        .any(Action::privileged)
}

fn overlap(one: &RoleTerms, other: &RoleTerms) -> bool {
    let before = |a: &RoleTerms, b: &RoleTerms| match (a.until, b.from) {
        (Some(until), Some(from)) => until <= from,
        _ => false,
    };
    !before(one, other) && !before(other, one)
}

impl Roster {
    /// Whether the author may grant a role on these terms, and the terms make sense.
    pub(super) fn grantable(&self, act: &Act, terms: &RoleTerms) -> Result<(), Junk> {
        if pack::by_id(&terms.role).is_none() && !self.roles.contains_key(&terms.role) {
            return Err(Junk::UnknownSubject);
        }
        if self.oversight.retired.contains_key(&terms.role) {
            return Err(Junk::WrongState);
        }
        let ended = terms
            .until
            .is_some_and(|until| until <= act.time || terms.from.is_some_and(|from| until <= from));
        if ended {
            return Err(Junk::OutOfBounds);
        }
        self.may_grant(act, terms)
    }

    fn may_grant(&self, act: &Act, terms: &RoleTerms) -> Result<(), Junk> {
        self.require(act, Action::GrantRole, terms.unit.as_ref())?;
        if act.view(self).privileged_role(&terms.role) {
            self.require(act, Action::GrantPrivilegedRole, terms.unit.as_ref())?;
        }
        Ok(())
    }

    /// Refuses roles that must not meet in one human: those to be added with those held and with each other.
    pub(super) fn compatible(
        &self,
        act: &Act,
        holder: Owner,
        adding: &[RoleTerms],
    ) -> Result<(), Junk> {
        if self.rules() < SECOND {
            return Ok(());
        }
        let held = self.held(act, holder);
        let clash = adding.iter().enumerate().any(|(n, new)| {
            let earlier = adding.iter().take(n);
            held.iter()
                .copied()
                .chain(earlier)
                .any(|old| self.clash(act, holder, old, new, None))
        });
        if clash { Err(Junk::ToxicPair) } else { Ok(()) }
    }

    fn held(&self, act: &Act, holder: Owner) -> Vec<&RoleTerms> {
        self.grants_of(holder)
            .iter()
            .filter(|grant| grant.state.now() == Some(&GrantState::Live))
            .map(|grant| &grant.terms)
            .filter(|terms| terms.until.is_none_or(|until| act.time < until))
            .collect()
    }

    fn clash(
        &self,
        act: &Act,
        holder: Owner,
        one: &RoleTerms,
        other: &RoleTerms,
        instead: toxic::Instead<'_>,
    ) -> bool {
        if !overlap(one, other)
            || toxic::reason(&act.view(self), &one.role, &other.role, instead).is_none()
        {
            return false;
        }
        let pair = [one.role, other.role];
        let covered = |record: &ExceptionRecord| {
            let exception = &record.exception;
            let end = exception.until;
            exception.holder == holder
                && (pair == [exception.first, exception.second]
                    || pair == [exception.second, exception.first])
                && act.time < end
                && [one, other]
                    .iter()
                    .any(|terms| terms.until.is_some_and(|until| until <= end))
        };
        !self.oversight.exceptions.iter().any(covered)
    }

    pub(super) fn insert_grants(&mut self, act: &Act, holder: Owner, terms: Vec<RoleTerms>) {
        let (seq, by) = (act.seq, act.author);
        let Some(grants) = self.grants_mut(holder) else {
            return;
        };
        for (index, terms) in (0..).zip(terms) {
            let state = Versioned::new(seq, GrantState::Live);
            grants.push(Grant {
                id: GrantRef { seq, index },
                terms,
                by,
                state,
            });
        }
    }

    pub(super) fn role_defined(&mut self, act: &Act, body: RoleDefined) -> Result<(), Junk> {
        self.require(act, Action::DefineRole, None)?;
        if pack::by_id(&body.role).is_some() {
            return Err(Junk::IdTaken);
        }
        if body.definition.rules.len() > MAX_RULES {
            return Err(Junk::OutOfBounds);
        }
        let before = self.roles.get(&body.role).and_then(Versioned::now);
        if privileged(&body.definition) || before.is_some_and(privileged) {
            self.require(act, Action::GrantPrivilegedRole, None)?;
        }
        if self.rules() >= SECOND {
            self.definable(act, &body)?;
        }
        match self.roles.get_mut(&body.role) {
            Some(role) => role.set(act.seq, body.definition),
            None => drop(
                self.roles
                    .insert(body.role, Versioned::new(act.seq, body.definition)),
            ),
        }
        Ok(())
    }

    /// A definition holds nothing that its author could not grant, has a name of its own, and leaves nobody with what
    /// excludes each other and somebody who administers.
    fn definable(&self, act: &Act, body: &RoleDefined) -> Result<(), Junk> {
        self.require(act, Action::GrantRole, None)?;
        let (role, definition) = (&body.role, &body.definition);
        if self.oversight.retired.contains_key(role) {
            return Err(Junk::WrongState);
        }
        let known = |code| Action::from_code(code).is_some_and(|a| a.since() <= self.rules());
        if !definition.rules.iter().all(|rule| known(rule.action)) {
            return Err(Junk::OutOfBounds);
        }
        let name = definition.name.as_str().to_lowercase();
        let same = |other: &RoleId| {
            other != role
                && self
                    .role_name(other)
                    .is_some_and(|other| other.to_lowercase() == name)
        };
        if pack::by_name(&name).is_some() || self.own_roles().any(|other| same(&other)) {
            return Err(Junk::IdTaken);
        }
        if toxic::in_itself(definition).is_some() {
            return Err(Junk::ToxicPair);
        }
        let persons = self.persons.keys().map(|id| Owner::Person(*id));
        let places = self.places.keys().map(|id| Owner::Place(*id));
        for holder in persons.chain(places) {
            let held = self.held(act, holder);
            let (changed, others): (Vec<&RoleTerms>, Vec<_>) =
                held.into_iter().partition(|terms| terms.role == *role);
            let instead = Some((role, definition));
            let clash = changed.iter().any(|one| {
                others
                    .iter()
                    .any(|other| self.clash(act, holder, one, other, instead))
            });
            if clash {
                return Err(Junk::ToxicPair);
            }
        }
        let stays = definition
            .rules
            .iter()
            .any(|rule| rule.action == Action::GrantPrivilegedRole.code());
        if stays {
            Ok(())
        } else {
            self.administered_without(act, role)
        }
    }

    /// Refuses what would leave nobody who can grant rights, were one role's grants to end.
    fn administered_without(&self, act: &Act, role: &RoleId) -> Result<(), Junk> {
        let by_another = |grant: &Grant| grant.terms.role != *role;
        let left = self.persons.iter().any(|(id, record)| {
            record.grants.iter().filter(|g| by_another(g)).any(|grant| {
                grant.state.now() == Some(&GrantState::Live)
                    && grant.terms.unit.is_none()
                    && grant.holds_at(act.time)
                    && act
                        .view(self)
                        .role_rule(&grant.terms.role, Action::GrantPrivilegedRole)
                        .is_some()
            }) && self.administers(act, id, None)
        });
        if left {
            Ok(())
        } else {
            Err(Junk::LastAdministrator)
        }
    }

    pub(super) fn role_granted(&mut self, act: &Act, body: RoleGranted) -> Result<(), Junk> {
        let state = match body.holder {
            Owner::Person(id) => self.persons.get(&id).and_then(|p| p.state.now()),
            Owner::Place(id) => self.places.get(&id).and_then(|p| p.state.now()),
        };
        if state.ok_or(Junk::UnknownSubject)? == &PersonState::Left {
            return Err(Junk::WrongState);
        }
        self.grantable(act, &body.terms)?;
        let terms = vec![body.terms];
        self.compatible(act, body.holder, &terms)?;
        self.insert_grants(act, body.holder, terms);
        Ok(())
    }

    pub(super) fn role_withdrawn(&mut self, act: &Act, body: &RoleWithdrawn) -> Result<(), Junk> {
        let found = self
            .grants_of(body.holder)
            .iter()
            .find(|grant| grant.id == body.grant);
        let grant = found.ok_or(Junk::UnknownSubject)?;
        if grant.state.now() == Some(&GrantState::Withdrawn) {
            return Err(Junk::WrongState);
        }
        self.may_grant(act, &grant.terms)?;
        if let Owner::Person(person) = &body.holder {
            self.another_administers(act, person, Some(body.grant))?;
        }
        self.end_grants(act, body.holder, |grant| grant.id == body.grant);
        Ok(())
    }

    /// Ends those grants of a holder that are meant and have not ended.
    pub(super) fn end_grants(&mut self, act: &Act, holder: Owner, meant: impl Fn(&Grant) -> bool) {
        if let Some(grants) = self.grants_mut(holder) {
            for grant in grants.iter_mut().filter(|grant| meant(grant)) {
                if grant.state.now() != Some(&GrantState::Withdrawn) {
                    grant.state.set(act.seq, GrantState::Withdrawn);
                }
            }
        }
    }

    pub(super) fn role_retired(&mut self, act: &Act, body: &RoleRetired) -> Result<(), Junk> {
        let definition = self
            .roles
            .get(&body.role)
            .and_then(Versioned::now)
            .ok_or(Junk::UnknownSubject)?;
        if self.oversight.retired.contains_key(&body.role) {
            return Err(Junk::WrongState);
        }
        self.require(act, Action::DefineRole, None)?;
        self.require(act, Action::GrantRole, None)?;
        if privileged(definition) {
            self.require(act, Action::GrantPrivilegedRole, None)?;
        }
        self.administered_without(act, &body.role)?;
        let persons = self.persons.keys().map(|id| Owner::Person(*id));
        let places = self.places.keys().map(|id| Owner::Place(*id));
        for holder in persons.chain(places).collect::<Vec<_>>() {
            self.end_grants(act, holder, |grant| grant.terms.role == body.role);
        }
        self.oversight.retired.insert(body.role, act.seq);
        Ok(())
    }

    /// Always by two, where there are two.
    pub(super) fn exception_granted(
        &mut self,
        act: &Act,
        body: ExceptionGranted,
    ) -> Result<(), Junk> {
        self.require(act, Action::GrantPrivilegedRole, None)?;
        self.two(act, Action::GrantPrivilegedRole, None)?;
        let known = match body.holder {
            Owner::Person(id) => self.persons.contains_key(&id),
            Owner::Place(id) => self.places.contains_key(&id),
        };
        if !known {
            return Err(Junk::UnknownSubject);
        }
        let (one, other) = (&body.first, &body.second);
        if toxic::reason(&act.view(self), one, other, None).is_none() {
            return Err(Junk::WrongState);
        }
        if body.until <= act.time || body.until > act.claimed().plus(MAX_EXCEPTION) {
            return Err(Junk::OutOfBounds);
        }
        let by = act.device().ok_or(Junk::WrongAuthor)?;
        self.oversight.exceptions.push(ExceptionRecord {
            exception: body,
            seq: act.seq,
            by,
            second: act.second,
        });
        Ok(())
    }
}
