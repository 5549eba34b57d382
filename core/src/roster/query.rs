//! What follows from the log: persons, places, devices, holders.

use std::collections::BTreeMap;

use super::authorize::{Action, Scope, toxic};
use super::entry::Owner;
use super::kind::{ExternalId, PartnerChanged, Shift};
use super::oversight::{CampaignRecord, ElevationRecord, ExceptionRecord, RecoveryRecord};
use super::record::{
    DeviceRecord, DeviceState, DutyRecord, GrantState, InvitationRecord, InvitationState,
    PersonRecord, PlaceRecord, ProposalRecord,
};
use super::{ContactAlias, Roster, Text};
use crate::base::{
    DeviceId, DutyId, InvitationId, OrganisationId, PersonId, PlaceId, RoleId, Timestamp,
};

impl Roster {
    /// Every person who ever was in the roster.
    #[must_use]
    pub const fn persons(&self) -> &BTreeMap<PersonId, PersonRecord> {
        &self.persons
    }
    /// A person.
    #[must_use]
    pub fn person(&self, id: &PersonId) -> Option<&PersonRecord> {
        self.persons.get(id)
    }
    /// The person who has an external id and has not left.
    #[must_use]
    pub fn person_by_external(&self, external: &ExternalId) -> Option<PersonId> {
        self.taken.external.get(external).copied()
    }
    /// Every place.
    #[must_use]
    pub const fn places(&self) -> &BTreeMap<PlaceId, PlaceRecord> {
        &self.places
    }
    /// A place.
    #[must_use]
    pub fn place(&self, id: &PlaceId) -> Option<&PlaceRecord> {
        self.places.get(id)
    }
    /// Every device that ever was in the roster.
    #[must_use]
    pub const fn devices(&self) -> &BTreeMap<DeviceId, DeviceRecord> {
        &self.devices
    }
    /// A device.
    #[must_use]
    pub fn device(&self, id: &DeviceId) -> Option<&DeviceRecord> {
        self.devices.get(id)
    }
    /// Who a device belongs to.
    #[must_use]
    pub fn owner_of(&self, device: &DeviceId) -> Option<Owner> {
        self.devices.get(device).map(|record| record.details.owner)
    }
    /// The device that has a contact alias.
    #[must_use]
    pub fn device_by_alias(&self, alias: &ContactAlias) -> Option<DeviceId> {
        self.taken.aliases.get(alias).copied()
    }
    /// All devices of a person or place, excluded ones included, oldest first.
    #[must_use]
    pub fn devices_of(&self, owner: Owner) -> &[DeviceId] {
        match owner {
            Owner::Person(id) => self.persons.get(&id).map_or(&[], |p| &p.devices),
            Owner::Place(id) => self.places.get(&id).map_or(&[], |p| &p.devices),
        }
    }
    /// Devices of a person or place that count now, oldest first: what a message to them is sealed for.
    pub fn active_devices_of(&self, owner: Owner) -> impl Iterator<Item = &DeviceRecord> {
        let view = self.view().ok();
        let counts = move |id: &&DeviceId| view.is_some_and(|view| view.confirmed(**id).is_ok());
        self.devices_of(owner)
            .iter()
            .filter(counts)
            .filter_map(|id| self.devices.get(id))
    }
    /// Devices in a state, whatever their owner's.
    pub fn devices_in(&self, state: DeviceState) -> impl Iterator<Item = &DeviceRecord> {
        self.devices
            .values()
            .filter(move |record| record.state.now() == Some(&state))
    }
    /// Every invitation.
    #[must_use]
    pub const fn invitations(&self) -> &BTreeMap<InvitationId, InvitationRecord> {
        &self.invitations
    }
    /// Invitations that could still be taken at a time.
    pub fn open_invitations(
        &self,
        now: Timestamp,
    ) -> impl Iterator<Item = (&InvitationId, &InvitationRecord)> {
        self.invitations
            .iter()
            .filter(move |(_, i)| i.state == InvitationState::Open && now < i.expires)
    }
    /// Persons and places that hold a role now and take part.
    #[must_use]
    pub fn holders_of_role(&self, role: &RoleId) -> Vec<Owner> {
        let Ok(view) = self.view() else {
            return Vec::new();
        };
        let holds = |owner: &Owner| {
            view.owner_acts(*owner).is_ok()
                && self.grants_of(*owner).iter().any(|grant| {
                    grant.terms.role == *role
                        && grant.state.now() == Some(&GrantState::Live)
                        && grant.holds_at(view.time())
                })
        };
        self.owners().filter(holds).collect()
    }
    /// Persons and places that may do something now.
    #[must_use]
    pub fn who_may(&self, action: Action, scope: &Scope) -> Vec<Owner> {
        let Ok(view) = self.view() else {
            return Vec::new();
        };
        self.owners()
            .filter(|owner| view.holder_may(*owner, action, scope).is_ok())
            .collect()
    }
    fn owners(&self) -> impl Iterator<Item = Owner> {
        self.persons
            .keys()
            .map(|id| Owner::Person(*id))
            .chain(self.places.keys().map(|id| Owner::Place(*id)))
    }
    /// The name of a role: of the pack, or as the organisation defined it.
    #[must_use]
    pub fn role_name(&self, role: &RoleId) -> Option<&str> {
        if let Some(entry) = super::authorize::pack::by_id(role) {
            return Some(entry.name);
        }
        self.roles
            .get(role)?
            .now()
            .map(|definition| definition.name.as_str())
    }
    /// Every duty, ended ones included.
    #[must_use]
    pub const fn duties(&self) -> &BTreeMap<DutyId, DutyRecord> {
        &self.duties
    }
    /// Who holds a duty at a time and takes part. Empty: it is not staffed.
    #[must_use]
    pub fn duty_holders(&self, duty: &DutyId, at: Timestamp) -> Vec<Owner> {
        let (Some(record), Ok(view)) = (self.duties.get(duty), self.view()) else {
            return Vec::new();
        };
        let running =
            |shift: &&Shift| record.definition.active && shift.from <= at && at < shift.until;
        let present = |owner: &Owner| view.owner_acts(*owner).is_ok();
        let mut holders: Vec<Owner> = record
            .shifts
            .iter()
            .filter(running)
            .map(|shift| shift.holder)
            .filter(present)
            .collect();
        holders.sort_unstable();
        holders.dedup();
        holders
    }
    /// The next shift of a duty that begins after a time: who is next where it is not staffed.
    #[must_use]
    pub fn next_shift(&self, duty: &DutyId, after: Timestamp) -> Option<&Shift> {
        let record = self
            .duties
            .get(duty)
            .filter(|record| record.definition.active)?;
        record.shifts.iter().find(|shift| shift.from > after)
    }
    /// Duties that a person or place holds at a time.
    pub fn duties_held(&self, owner: Owner, at: Timestamp) -> impl Iterator<Item = DutyId> {
        self.duties
            .keys()
            .filter(move |duty| self.duty_holders(duty, at).contains(&owner))
            .copied()
    }
    /// Proposals by entry number.
    #[must_use]
    pub const fn proposals(&self) -> &BTreeMap<u64, ProposalRecord> {
        &self.proposals
    }
    /// Partner organisations, ended ones included.
    #[must_use]
    pub const fn partners(&self) -> &BTreeMap<OrganisationId, PartnerChanged> {
        &self.partners
    }
    /// Roles of the organisation's own that can be granted.
    pub fn own_roles(&self) -> impl Iterator<Item = RoleId> {
        self.roles
            .keys()
            .filter(|role| !self.oversight.retired.contains_key(role))
            .copied()
    }
    /// The entry that retired a role of the organisation's own.
    #[must_use]
    pub fn role_retired_at(&self, role: &RoleId) -> Option<u64> {
        self.oversight.retired.get(role).copied()
    }
    /// Exceptions from the table of roles that exclude each other, ended ones included, oldest first.
    #[must_use]
    pub fn exceptions(&self) -> &[ExceptionRecord] {
        &self.oversight.exceptions
    }
    /// Requests for a role for some hours, by entry number.
    #[must_use]
    pub const fn elevations(&self) -> &BTreeMap<u64, ElevationRecord> {
        &self.oversight.elevations
    }
    /// Campaigns by name.
    #[must_use]
    pub const fn campaigns(&self) -> &BTreeMap<Text<64>, CampaignRecord> {
        &self.oversight.campaigns
    }
    /// Who was answered for in a campaign, how, by whom and when.
    #[must_use]
    pub fn campaign(&self, name: &Text<64>) -> Option<&CampaignRecord> {
        self.oversight.campaigns.get(name)
    }
    /// Announced recoveries, by entry number.
    #[must_use]
    pub const fn recoveries(&self) -> &BTreeMap<u64, RecoveryRecord> {
        &self.oversight.recoveries
    }
    /// Why one human must not hold two roles together, by what they permit now.
    #[must_use]
    pub fn roles_exclude(&self, one: &RoleId, other: &RoleId) -> Option<&'static str> {
        toxic::reason(&self.view().ok()?, one, other, None)
    }
}
