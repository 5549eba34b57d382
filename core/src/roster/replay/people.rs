//! Persons and invitations.

use super::Act;
use crate::base::PersonId;
use crate::roster::authorize::{Action, Scope};
use crate::roster::entry::Owner;
use crate::roster::kind::{
    ApprovalMode, GrantRef, InvitationWithdrawn, Invited, PersonAdded, PersonChanged,
    PersonDetails, PersonLeft, PersonSuspended, Recertified, Setting, Subject,
};
use crate::roster::record::{GrantState, InvitationRecord, InvitationState, PersonState};
use crate::roster::{Junk, Roster};

/// External ids per person or place.
pub(super) const MAX_EXTERNAL: usize = 16;
/// Roles per invitation.
const MAX_ROLES: usize = 32;

impl Roster {
    pub(super) fn person_free(&self, id: &PersonId, details: &PersonDetails) -> Result<(), Junk> {
        if self.persons.contains_key(id) {
            return Err(Junk::IdTaken);
        }
        self.external_free(id, details)
    }

    /// One human, one id: an external id belongs to one person.
    pub(super) fn external_free(&self, id: &PersonId, details: &PersonDetails) -> Result<(), Junk> {
        if details.external.len() > MAX_EXTERNAL {
            return Err(Junk::OutOfBounds);
        }
        let taken = |external| {
            self.taken
                .external
                .get(external)
                .is_some_and(|owner| owner != id)
        };
        if details.external.iter().any(taken) {
            Err(Junk::ExternalIdTaken)
        } else {
            Ok(())
        }
    }

    /// Whether a new device of this owner must wait for an administrator, whatever its invitation says.
    /// A recovered administrator's does not: there may be nobody to ask.
    pub(super) fn must_wait(&self, act: &Act, owner: Owner) -> bool {
        if self.recovers(owner) {
            return false;
        }
        self.policy().is_ok_and(|policy| {
            policy.flag(Setting::ApproveAll)
                || policy.flag(Setting::ApprovePrivileged)
                    && act.view(self).privileged_holder(owner)
        })
    }

    pub(super) fn invited(&mut self, act: &Act, body: Invited) -> Result<(), Junk> {
        if self.invitations.contains_key(&body.invitation) {
            return Err(Junk::IdTaken);
        }
        if self.taken.keys.contains(&body.key) {
            return Err(Junk::KeyTaken);
        }
        let policy = self.policy().map_err(|_| Junk::Founding)?;
        let latest = act.claimed().plus(policy.duration(Setting::InvitationLife));
        if body.roles.len() > MAX_ROLES || body.expires <= act.time || body.expires > latest {
            return Err(Junk::OutOfBounds);
        }
        let owner = self.check_subject(act, &body)?;
        for terms in &body.roles {
            self.grantable(act, terms)?;
        }
        self.compatible(act, owner, &body.roles)?;
        let own = act.owner == Some(owner);
        let view = act.view(self);
        let privileged = policy.flag(Setting::ApprovePrivileged)
            && body
                .roles
                .iter()
                .any(|terms| view.privileged_role(&terms.role));
        let wait = privileged
            || self.must_wait(act, owner)
            || own && policy.number(Setting::NextDevice) == 1;
        if wait && body.mode == ApprovalMode::Instant {
            return Err(Junk::ApprovalRequired);
        }
        match body.subject {
            Subject::NewPerson(id, details) => self.insert_person(act.seq, id, details),
            Subject::Person(id) => self.readmit(act, id),
            Subject::Place(_) => {}
        }
        self.insert_grants(act, owner, body.roles);
        self.taken.keys.insert(body.key);
        let record = InvitationRecord {
            key: body.key,
            sealing_key: body.sealing_key,
            owner,
            mode: body.mode,
            expires: body.expires,
            by: act.author,
            seq: act.seq,
            state: InvitationState::Open,
        };
        self.invitations.insert(body.invitation, record);
        Ok(())
    }

    /// Whether the author may invite for this subject; a person's existing device may vouch for their next one.
    fn check_subject(&self, act: &Act, body: &Invited) -> Result<Owner, Junk> {
        match &body.subject {
            Subject::NewPerson(id, details) => {
                self.person_free(id, details)?;
                self.require(act, Action::Invite, details.unit.as_ref())?;
                Ok(Owner::Person(*id))
            }
            Subject::Person(id) => {
                let record = self.persons.get(id).ok_or(Junk::UnknownSubject)?;
                let unit = record.details.unit.as_ref();
                match record.state.now() {
                    Some(PersonState::Present) => {}
                    Some(PersonState::Left) => {
                        self.external_free(id, &record.details)?;
                        self.require(act, Action::ManagePeople, unit)?;
                    }
                    _ => return Err(Junk::WrongState),
                }
                let by_policy = self
                    .policy()
                    .is_ok_and(|policy| policy.number(Setting::NextDevice) != 2);
                let vouched =
                    act.owner == Some(Owner::Person(*id)) && body.roles.is_empty() && by_policy;
                if !vouched {
                    self.require(act, Action::Invite, unit)?;
                    self.two_over(act, Action::Invite, *id)?;
                }
                Ok(Owner::Person(*id))
            }
            Subject::Place(id) => {
                let record = self.places.get(id).ok_or(Junk::UnknownSubject)?;
                if record.state.now() != Some(&PersonState::Present) {
                    return Err(Junk::WrongState);
                }
                self.require(act, Action::Invite, record.details.unit.as_ref())?;
                Ok(Owner::Place(*id))
            }
        }
    }

    /// A person who had left is back; devices and roles of the past stay ended.
    pub(super) fn readmit(&mut self, act: &Act, id: PersonId) {
        let Some(record) = self.persons.get_mut(&id) else {
            return;
        };
        if record.state.now() == Some(&PersonState::Left) {
            record.state.set(act.seq, PersonState::Present);
            let external = record
                .details
                .external
                .iter()
                .map(|external| (external.clone(), id));
            self.taken.external.extend(external);
            self.oversight.excuse(&id, act.seq);
        }
    }

    pub(super) fn invitation_withdrawn(
        &mut self,
        act: &Act,
        body: &InvitationWithdrawn,
    ) -> Result<(), Junk> {
        let record = self
            .invitations
            .get(&body.invitation)
            .ok_or(Junk::UnknownSubject)?;
        if record.state != InvitationState::Open {
            return Err(Junk::WrongState);
        }
        if record.by != act.author && act.owner != Some(record.owner) {
            self.require(act, Action::Invite, self.unit_of(record.owner))?;
        }
        self.void_invitation(body.invitation);
        Ok(())
    }

    pub(super) fn void_invitation(&mut self, id: crate::base::InvitationId) {
        if let Some(record) = self.invitations.get_mut(&id)
            && record.state == InvitationState::Open
        {
            record.state = InvitationState::Void;
        }
    }

    pub(super) fn person_added(&mut self, act: &Act, body: PersonAdded) -> Result<(), Junk> {
        self.require(act, Action::ManagePeople, body.details.unit.as_ref())?;
        self.person_free(&body.person, &body.details)?;
        self.insert_person(act.seq, body.person, body.details);
        Ok(())
    }

    pub(super) fn person_changed(&mut self, act: &Act, body: PersonChanged) -> Result<(), Junk> {
        let record = self.persons.get(&body.person).ok_or(Junk::UnknownSubject)?;
        if record.state.now() == Some(&PersonState::Left) {
            return Err(Junk::WrongState);
        }
        self.require(act, Action::ManagePeople, record.details.unit.as_ref())?;
        self.require(act, Action::ManagePeople, body.details.unit.as_ref())?;
        self.external_free(&body.person, &body.details)?;
        self.taken.external.retain(|_, owner| *owner != body.person);
        self.taken.external.extend(
            body.details
                .external
                .iter()
                .map(|e| (e.clone(), body.person)),
        );
        if let Some(record) = self.persons.get_mut(&body.person) {
            record.details = body.details;
        }
        Ok(())
    }

    pub(super) fn person_left(&mut self, act: &Act, body: &PersonLeft) -> Result<(), Junk> {
        let record = self.persons.get(&body.person).ok_or(Junk::UnknownSubject)?;
        if record.state.now() == Some(&PersonState::Left) {
            return Err(Junk::WrongState);
        }
        self.require(act, Action::ManagePeople, record.details.unit.as_ref())?;
        self.two_over(act, Action::ManagePeople, body.person)?;
        self.another_administers(act, &body.person, None)?;
        self.exclude_owner(act, Owner::Person(body.person));
        self.taken.external.retain(|_, owner| *owner != body.person);
        if let Some(record) = self.persons.get_mut(&body.person) {
            record.state.set(act.seq, PersonState::Left);
            record.availability = None;
        }
        Ok(())
    }

    pub(super) fn person_suspended(
        &mut self,
        act: &Act,
        body: &PersonSuspended,
    ) -> Result<(), Junk> {
        let record = self.persons.get(&body.person).ok_or(Junk::UnknownSubject)?;
        let (from, to) = if body.suspended {
            (PersonState::Present, PersonState::Suspended)
        } else {
            (PersonState::Suspended, PersonState::Present)
        };
        if record.state.now() != Some(&from) {
            return Err(Junk::WrongState);
        }
        self.require(act, Action::ManagePeople, record.details.unit.as_ref())?;
        self.two_over(act, Action::ManagePeople, body.person)?;
        if body.suspended {
            self.another_administers(act, &body.person, None)?;
        }
        if let Some(record) = self.persons.get_mut(&body.person) {
            record.state.set(act.seq, to);
        }
        Ok(())
    }

    pub(super) fn recertified(&mut self, act: &Act, body: Recertified) -> Result<(), Junk> {
        let record = self.persons.get(&body.person).ok_or(Junk::UnknownSubject)?;
        self.require(act, Action::Recertify, record.details.unit.as_ref())?;
        if let Some(record) = self.persons.get_mut(&body.person) {
            record.recertified = Some(body);
        }
        Ok(())
    }

    /// Whether a person can grant any right anywhere: takes part, has a confirmed device and the permission, by
    /// another grant than `without`.
    pub(super) fn administers(
        &self,
        act: &Act,
        person: &PersonId,
        without: Option<GrantRef>,
    ) -> bool {
        let view = act.view(self);
        let Some(record) = self.persons.get(person) else {
            return false;
        };
        let grants = record.grants.iter().any(|grant| {
            Some(grant.id) != without
                && grant.state.now() == Some(&GrantState::Live)
                && grant.terms.unit.is_none()
                && grant.holds_at(act.time)
                && view
                    .role_rule(&grant.terms.role, Action::GrantPrivilegedRole)
                    .is_some()
        });
        grants
            && view
                .holder_may(
                    Owner::Person(*person),
                    Action::GrantPrivilegedRole,
                    &Scope::organisation(),
                )
                .is_ok()
            && record
                .devices
                .iter()
                .any(|device| view.confirmed(*device).is_ok())
    }

    /// Refuses what would leave nobody who can grant rights: if `person` is an administrator (by `grant`, or at
    /// all), there must be another.
    pub(super) fn another_administers(
        &self,
        act: &Act,
        person: &PersonId,
        grant: Option<GrantRef>,
    ) -> Result<(), Junk> {
        let stays = grant.is_some() && self.administers(act, person, grant);
        let other = |id: &&PersonId| *id != person && self.administers(act, id, None);
        if stays || !self.administers(act, person, None) || self.persons.keys().any(|id| other(&id))
        {
            Ok(())
        } else {
            Err(Junk::LastAdministrator)
        }
    }
}
