//! Who may say no to a proposal: whoever has the right to what is proposed, where it is proposed. By the first rules
//! that was any privileged role; but then whoever helps out in one unit could hold up the whole organisation.

use super::Act;
use crate::base::RoleId;
use crate::roster::authorize::{Action, Actor, Scope};
use crate::roster::entry::Owner;
use crate::roster::kind::{Body, Proposal, RevocationMode, Subject};
use crate::roster::{Junk, Roster, Unit};

/// A right and the unit it is needed in.
pub(super) type Needed = (Action, Option<Unit>);

impl Roster {
    pub(super) fn may_refuse(&self, act: &Act, proposal: &Proposal) -> Result<(), Junk> {
        let body = Body::from_bytes(proposal.kind, &proposal.body).map_err(|_| Junk::Malformed)?;
        let needed = body.map(|body| self.needed_for(act, &body));
        self.may_hold_back(act, needed.ok_or(Junk::Malformed)?)
    }

    /// Whether the author has all of these rights, alone.
    pub(super) fn may_hold_back(&self, act: &Act, needed: Vec<Needed>) -> Result<(), Junk> {
        let (view, device) = (act.view(self), act.device().ok_or(Junk::WrongAuthor)?);
        for (action, unit) in needed {
            let scope = Scope::unit(unit.as_ref());
            view.may(Actor::device(device), action, &scope)?;
        }
        Ok(())
    }

    /// What granting a role asks for.
    pub(super) fn granting(&self, act: &Act, role: &RoleId, unit: Option<&Unit>) -> Vec<Needed> {
        let mut needed = vec![(Action::GrantRole, unit.cloned())];
        if act.view(self).privileged_role(role) {
            needed.push((Action::GrantPrivilegedRole, unit.cloned()));
        }
        needed
    }

    fn needed_for(&self, act: &Act, body: &Body) -> Vec<Needed> {
        let of = |owner| self.unit_of(owner).cloned();
        let person = |id| of(Owner::Person(id));
        let place = |id| of(Owner::Place(id));
        let device = |id| self.owner_of(id).and_then(of);
        let one = |action, unit| vec![(action, unit)];
        match body {
            Body::Invited(body) => {
                let unit = match &body.subject {
                    Subject::NewPerson(_, details) => details.unit.clone(),
                    Subject::Person(id) => person(*id),
                    Subject::Place(id) => place(*id),
                };
                let roles = body.roles.iter();
                let granted = roles.flat_map(|t| self.granting(act, &t.role, t.unit.as_ref()));
                granted.chain([(Action::Invite, unit)]).collect()
            }
            Body::InvitationWithdrawn(body) => {
                let known = self.invitations.get(&body.invitation);
                one(Action::Invite, known.and_then(|known| of(known.owner)))
            }
            Body::PersonAdded(body) => one(Action::ManagePeople, body.details.unit.clone()),
            Body::PersonChanged(body) => one(Action::ManagePeople, person(body.person)),
            Body::PersonLeft(body) => one(Action::ManagePeople, person(body.person)),
            Body::PersonSuspended(body) => one(Action::ManagePeople, person(body.person)),
            Body::Recertified(body) => one(Action::Recertify, person(body.person)),
            Body::CampaignAnswered(body) => one(Action::Recertify, person(body.person)),
            Body::CampaignOpened(body) => one(Action::Recertify, body.unit.clone()),
            Body::PlaceAdded(body) => one(Action::ManagePlaces, body.details.unit.clone()),
            Body::PlaceChanged(body) => one(Action::ManagePlaces, place(body.place)),
            Body::PlaceClosed(body) => one(Action::ManagePlaces, place(body.place)),
            Body::DeviceApproved(body) => one(Action::ApproveDevice, device(&body.device)),
            Body::DeviceRevoked(body) => {
                let action = match body.mode {
                    RevocationMode::Revoke => Action::RevokeDevice,
                    RevocationMode::Wipe | RevocationMode::EmergencyWipe => Action::WipeDevice,
                };
                one(action, device(&body.device))
            }
            Body::RoleDefined(_) | Body::RoleRetired(_) => one(Action::DefineRole, None),
            Body::RoleGranted(body) => {
                self.granting(act, &body.terms.role, body.terms.unit.as_ref())
            }
            Body::RoleWithdrawn(body) => {
                let mut held = self.grants_of(body.holder).iter();
                let terms = held.find(|grant| grant.id == body.grant).map(|g| &g.terms);
                match terms {
                    Some(terms) => self.granting(act, &terms.role, terms.unit.as_ref()),
                    None => one(Action::GrantRole, None),
                }
            }
            Body::ElevationGranted(body) => match self.oversight.elevations.get(&body.request) {
                Some(known) => {
                    let request = &known.request;
                    self.granting(act, &request.role, request.unit.as_ref())
                }
                None => one(Action::GrantRole, None),
            },
            Body::ExceptionGranted(_) => one(Action::GrantPrivilegedRole, None),
            Body::DutyDefined(body) => one(Action::DefineDuty, body.unit.clone()),
            Body::PartnerChanged(_) => one(Action::ManagePartners, None),
            Body::RelayChanged(_) => one(Action::ChangeRelay, None),
            // The rules themselves, and what cannot be proposed.
            _ => one(Action::ChangePolicy, None),
        }
    }
}
