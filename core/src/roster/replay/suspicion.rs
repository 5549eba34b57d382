//! What falls with a device or a person: unused invitations always, and on suspicion everything signed since.

use std::collections::BTreeSet;

use super::Act;
use crate::base::{DeviceId, InvitationId};
use crate::roster::Roster;
use crate::roster::entry::{Author, Owner};
use crate::roster::kind::RevocationMode;
use crate::roster::record::{DeviceState, Grant, GrantState, InvitationState, Revocation};

impl Roster {
    /// Excludes all devices of a person who left or a place that closed, ends their roles, and voids open
    /// invitations for them.
    pub(super) fn exclude_owner(&mut self, act: &Act, owner: Owner) {
        for device in self.devices_of(owner).to_vec() {
            if self
                .devices
                .get(&device)
                .is_none_or(|d| d.revocation.is_none())
            {
                let mode = RevocationMode::Revoke;
                let revocation = Revocation {
                    seq: act.seq,
                    by: act.author,
                    mode,
                    suspect_since: None,
                };
                self.exclude_device(act, device, revocation);
            }
        }
        if let Some(grants) = self.grants_mut(owner) {
            for grant in grants
                .iter_mut()
                .filter(|g| g.state.now() != Some(&GrantState::Withdrawn))
            {
                grant.state.set(act.seq, GrantState::Withdrawn);
            }
        }
        for invitation in self.invitations.values_mut() {
            if invitation.owner == owner && invitation.state == InvitationState::Open {
                invitation.state = InvitationState::Void;
            }
        }
    }

    pub(super) fn void_invitations_by(&mut self, device: DeviceId) {
        for invitation in self.invitations.values_mut() {
            if invitation.by == Author::Device(device) && invitation.state == InvitationState::Open
            {
                invitation.state = InvitationState::Void;
            }
        }
    }

    /// Suspends what a device signed from entry `since` on, and what the devices suspended by that signed in turn.
    /// An administrator lifts a device's suspension by approving it; roles are granted anew.
    pub(super) fn suspect(&mut self, act: &Act, device: DeviceId, since: u64) {
        let mut done = BTreeSet::from([device]);
        let mut queue = vec![(device, since)];
        while let Some((suspect, since)) = queue.pop() {
            let signed = |by: Author, seq: u64| by == Author::Device(suspect) && seq >= since;
            let invitations: BTreeSet<InvitationId> = self
                .invitations
                .iter()
                .filter(|(_, i)| signed(i.by, i.seq))
                .map(|(id, _)| *id)
                .collect();
            for id in &invitations {
                self.void_invitation(*id);
            }
            for (id, record) in &mut self.devices {
                let enrolled = record.invitation.is_some_and(|i| invitations.contains(&i));
                let approved = record
                    .approved
                    .filter(|(by, seq)| *by == suspect && *seq >= since);
                if !(enrolled || approved.is_some()) || !done.insert(*id) {
                    continue;
                }
                queue.push((
                    *id,
                    approved.map_or(record.enrolled, |(_, seq)| seq.min(record.enrolled)),
                ));
                if record.state.now() != Some(&DeviceState::Revoked) {
                    record.state.set(act.seq, DeviceState::Suspended);
                }
            }
            let persons = self.persons.values_mut().map(|p| &mut p.grants);
            let places = self.places.values_mut().map(|p| &mut p.grants);
            for grant in persons.chain(places).flatten() {
                if signed(grant.by, grant.id.seq) && grant.state.now() == Some(&GrantState::Live) {
                    grant.state.set(act.seq, GrantState::Suspended);
                }
            }
        }
    }

    pub(super) fn grants_mut(&mut self, owner: Owner) -> Option<&mut Vec<Grant>> {
        match owner {
            Owner::Person(id) => self.persons.get_mut(&id).map(|p| &mut p.grants),
            Owner::Place(id) => self.places.get_mut(&id).map(|p| &mut p.grants),
        }
    }
}
