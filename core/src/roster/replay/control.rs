//! Dual control: a proposal is carried out by the entry that countersigns it.

use std::time::Duration;

use super::dual::SECOND;
use super::{Act, Stop};
use crate::base::{DeviceId, PersonId};
use crate::roster::authorize::Refusal;
use crate::roster::entry::{Author, Owner};
use crate::roster::kind::{Body, Countersign, Proposal, Refused, Setting};
use crate::roster::record::{GrantState, ProposalRecord, ProposalState};
use crate::roster::{Junk, Roster};

/// Who got a privileged role from the proposer cannot countersign them for this long.
const NEW_ADMINISTRATOR: Duration = Duration::from_secs(24 * 3_600);

const fn proposable(body: &Body) -> bool {
    matches!(
        body,
        Body::Invited(_)
            | Body::PersonAdded(_)
            | Body::PersonChanged(_)
            | Body::PersonLeft(_)
            | Body::PersonSuspended(_)
            | Body::InvitationWithdrawn(_)
            | Body::Recertified(_)
            | Body::PlaceAdded(_)
            | Body::PlaceChanged(_)
            | Body::PlaceClosed(_)
            | Body::DeviceApproved(_)
            | Body::DeviceRevoked(_)
            | Body::RoleDefined(_)
            | Body::RoleGranted(_)
            | Body::RoleWithdrawn(_)
            | Body::RoleRetired(_)
            | Body::ExceptionGranted(_)
            | Body::ElevationGranted(_)
            | Body::CampaignOpened(_)
            | Body::CampaignAnswered(_)
            | Body::RulesAdopted(_)
            | Body::DutyDefined(_)
            | Body::Policy(_)
            | Body::PartnerChanged(_)
            | Body::RelayChanged(_)
    )
}

impl Roster {
    /// A person with a privileged role, on a confirmed device.
    pub(super) fn controller(&self, act: &Act) -> Result<(DeviceId, PersonId), Junk> {
        let device = act.device().ok_or(Junk::WrongAuthor)?;
        let Some(Owner::Person(person)) = act.owner else {
            return Err(Junk::WrongAuthor);
        };
        if act.view(self).privileged_holder(Owner::Person(person)) {
            Ok((device, person))
        } else {
            Err(Junk::NoRight(Refusal::NoRole))
        }
    }

    pub(super) fn proposed(&mut self, act: &Act, body: Proposal) -> Result<(), Stop> {
        let (device, person) = self.controller(act)?;
        let Some(inner) = Body::from_bytes(body.kind, &body.body).map_err(|_| Junk::Malformed)?
        else {
            return Err(Stop::Halt(body.kind));
        };
        if !proposable(&inner) {
            return Err(Junk::WrongState.into());
        }
        self.adopted(inner.kind())?;
        let policy = self.policy().map_err(|_| Junk::Founding)?;
        let latest = act.claimed().plus(policy.duration(Setting::ProposalLife));
        if body.expires <= act.time || body.expires > latest {
            return Err(Junk::OutOfBounds.into());
        }
        let state = ProposalState::Open;
        self.proposals.insert(
            act.seq,
            ProposalRecord {
                proposal: body,
                device,
                person,
                state,
            },
        );
        Ok(())
    }

    pub(super) fn countersigned(&mut self, act: &Act, body: &Countersign) -> Result<(), Stop> {
        let (device, person) = self.controller(act)?;
        let record = self
            .proposals
            .get(&body.proposal)
            .ok_or(Junk::UnknownSubject)?;
        if record.state != ProposalState::Open {
            return Err(Junk::WrongState.into());
        }
        if act.time >= record.proposal.expires {
            return Err(Junk::Expired.into());
        }
        if record.person == person {
            return Err(Junk::SamePerson.into());
        }
        if self.owes_role_to(act, person, record.person) {
            return Err(Junk::NewAdministrator.into());
        }
        act.view(self).confirmed(record.device)?;
        let inner = Body::from_bytes(record.proposal.kind, &record.proposal.body)
            .map_err(|_| Junk::Malformed)?;
        let inner = inner.ok_or(Stop::Halt(record.proposal.kind))?;
        let joint = Act {
            seq: act.seq,
            time: act.time,
            times: act.times,
            author: Author::Device(record.device),
            owner: Some(Owner::Person(record.person)),
            second: Some(device),
        };
        self.carry_out(&joint, inner)?;
        if let Some(record) = self.proposals.get_mut(&body.proposal) {
            record.state = ProposalState::Carried;
        }
        Ok(())
    }

    pub(super) fn refused(&mut self, act: &Act, body: &Refused) -> Result<(), Junk> {
        if self.oversight.elevations.contains_key(&body.proposal) {
            return self.elevation_refused(act, body.proposal);
        }
        if self.rules() < SECOND {
            self.controller(act)?;
        }
        let record = self
            .proposals
            .get(&body.proposal)
            .ok_or(Junk::UnknownSubject)?;
        if record.state != ProposalState::Open {
            return Err(Junk::WrongState);
        }
        if self.rules() >= SECOND && act.owner != Some(Owner::Person(record.person)) {
            self.may_refuse(act, &record.proposal)?;
        }
        if let Some(record) = self.proposals.get_mut(&body.proposal) {
            record.state = ProposalState::Refused;
        }
        Ok(())
    }

    /// Whether `person` has a privileged role that `grantor` signed less than a day ago.
    fn owes_role_to(&self, act: &Act, person: PersonId, grantor: PersonId) -> bool {
        let view = act.view(self);
        self.grants_of(Owner::Person(person)).iter().any(|grant| {
            let Author::Device(by) = grant.by else {
                return false;
            };
            let time = usize::try_from(grant.id.seq)
                .ok()
                .and_then(|seq| self.times.get(seq));
            grant.state.now() == Some(&GrantState::Live)
                && view.privileged_role(&grant.terms.role)
                && self
                    .devices
                    .get(&by)
                    .is_some_and(|d| d.details.owner == Owner::Person(grantor))
                && time.is_some_and(|time| act.seen().since(*time) < NEW_ADMINISTRATOR)
        })
    }
}
