//! Roles: defined, granted, withdrawn.

use super::Act;
use crate::roster::authorize::{Action, pack};
use crate::roster::entry::Owner;
use crate::roster::kind::{
    GrantRef, RoleDefined, RoleDefinition, RoleGranted, RoleTerms, RoleWithdrawn,
};
use crate::roster::record::{Grant, GrantState, PersonState};
use crate::roster::{Junk, Roster, Versioned};

/// Rules per role.
const MAX_RULES: usize = 64;

fn privileged(definition: &RoleDefinition) -> bool {
    definition
        .rules
        .iter()
        .filter_map(|rule| Action::from_code(rule.action))
        .any(Action::privileged)
}

impl Roster {
    /// Whether the author may grant a role on these terms, and the terms make sense.
    pub(super) fn grantable(&self, act: &Act, terms: &RoleTerms) -> Result<(), Junk> {
        if pack::by_id(&terms.role).is_none() && !self.roles.contains_key(&terms.role) {
            return Err(Junk::UnknownSubject);
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
        match self.roles.get_mut(&body.role) {
            Some(role) => role.set(act.seq, body.definition),
            None => drop(
                self.roles
                    .insert(body.role, Versioned::new(act.seq, body.definition)),
            ),
        }
        Ok(())
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
        self.insert_grants(act, body.holder, vec![body.terms]);
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
        if let Some(grants) = self.grants_mut(body.holder) {
            for grant in grants.iter_mut().filter(|grant| grant.id == body.grant) {
                grant.state.set(act.seq, GrantState::Withdrawn);
            }
        }
        Ok(())
    }
}
