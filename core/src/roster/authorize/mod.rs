//! Who may do what: role × act × unit × relation × validity. Pure, denied by default, fixed by the entry format, and
//! answerable for any past entry as well as for the head.

pub mod action;
pub mod pack;
pub mod toxic;

use crate::base::{DeviceId, PersonId, RoleId, Timestamp};

pub use action::{Action, Bound};

use super::entry::Owner;
use super::record::{DeviceState, Grant, GrantState, PersonState};
use super::{Roster, Unit};

/// What ties the actor to the patient or item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Relation {
    /// Nothing.
    #[default]
    None,
    /// The item was sent to the actor or to a duty they hold.
    Addressed,
    /// Treating, ordering, or on the care team.
    Care,
    /// Emergency access was granted for this patient.
    Emergency,
}

/// Where an act takes place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// The unit concerned; absent means the organisation as a whole.
    pub unit: Option<Unit>,
    /// The actor's tie to the patient.
    pub relation: Relation,
}

impl Scope {
    /// The whole organisation, no patient.
    #[must_use]
    pub fn organisation() -> Self {
        Self::default()
    }
    /// One unit (the organisation if absent), no patient.
    #[must_use]
    pub fn unit(unit: Option<&Unit>) -> Self {
        Self {
            unit: unit.cloned(),
            relation: Relation::None,
        }
    }
    /// The same place with a tie to the patient.
    #[must_use]
    pub fn with(mut self, relation: Relation) -> Self {
        self.relation = relation;
        self
    }
}

/// Who acts: a device, and at a place's device the person who was recognised there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// The device.
    pub device: DeviceId,
    /// The person at a place's device. At a person's own device: absent, or that person.
    pub person: Option<PersonId>,
}

impl Actor {
    /// A device for its owner.
    #[must_use]
    pub const fn device(device: DeviceId) -> Self {
        Self {
            device,
            person: None,
        }
    }
}

/// Why an act is refused.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The device is not in the roster at this point.
    #[error("the device is not in the roster")]
    UnknownDevice,
    /// The device waits for approval.
    #[error("the device waits for approval")]
    DevicePending,
    /// The device is suspended.
    #[error("the device is suspended")]
    DeviceSuspended,
    /// The device was revoked.
    #[error("the device was revoked")]
    DeviceRevoked,
    /// Its owner is not in the roster at this point.
    #[error("the person or place is not in the roster")]
    UnknownOwner,
    /// Its owner is suspended.
    #[error("the person is suspended")]
    OwnerSuspended,
    /// Its owner left or closed.
    #[error("the person left, or the place closed")]
    OwnerLeft,
    /// The asserted person is not who this device belongs to.
    #[error("another person's device")]
    WrongPerson,
    /// No role permits the act.
    #[error("no role permits this")]
    NoRole,
    /// A role would, but not now.
    #[error("the role that permits this does not hold at this time")]
    OutsideValidity,
    /// A role would, but in another unit.
    #[error("the role that permits this holds in another unit")]
    OutsideUnit,
    /// A role would, with a relation to the patient.
    #[error("this needs a relation to the patient")]
    NoRelation,
}

impl crate::base::log::LogSafe for Refusal {}

/// The roster as it was after one entry. Rights are judged here.
#[derive(Clone, Copy)]
pub struct View<'a> {
    roster: &'a Roster,
    seq: u64,
    time: Timestamp,
    /// Whether who was not recertified in time counts all the same.
    lenient: bool,
}

impl std::fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View")
            .field("seq", &self.seq)
            .finish_non_exhaustive()
    }
}

impl<'a> View<'a> {
    pub(super) const fn new(roster: &'a Roster, seq: u64, time: Timestamp) -> Self {
        Self {
            roster,
            seq,
            time,
            lenient: false,
        }
    }
    /// The same, where who was not recertified in time counts all the same: only for ending that state, and for
    /// counting who must be asked.
    pub(super) const fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }
    /// The entry after which this is how things were.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }
    /// Log time then.
    #[must_use]
    pub const fn time(&self) -> Timestamp {
        self.time
    }

    /// Whether the owner may act at all.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn owner_acts(&self, owner: Owner) -> Result<(), Refusal> {
        let state = match owner {
            Owner::Person(id) => self
                .roster
                .persons
                .get(&id)
                .and_then(|p| p.state.at(self.seq)),
            Owner::Place(id) => self
                .roster
                .places
                .get(&id)
                .and_then(|p| p.state.at(self.seq)),
        };
        match state {
            None => Err(Refusal::UnknownOwner),
            Some(PersonState::Present) if !self.lenient && self.lapsed(owner) => {
                Err(Refusal::OwnerSuspended)
            }
            Some(PersonState::Present) => Ok(()),
            Some(PersonState::Suspended) => Err(Refusal::OwnerSuspended),
            Some(PersonState::Left) => Err(Refusal::OwnerLeft),
        }
    }

    /// Whether a person waits for the answer of a campaign whose date has passed: suspended until it comes.
    #[must_use]
    pub fn lapsed(&self, owner: Owner) -> bool {
        match owner {
            Owner::Person(id) => self.roster.oversight.lapsed(&id, self.seq, self.time),
            Owner::Place(_) => false,
        }
    }

    /// Version of the rules in force: 1 as release 0.1 had them.
    #[must_use]
    pub fn rules(&self) -> u16 {
        self.roster.oversight.rules_at(self.seq)
    }

    /// Whether a device counts: confirmed, and its owner too. Returns the owner.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn confirmed(&self, device: DeviceId) -> Result<Owner, Refusal> {
        let record = self
            .roster
            .devices
            .get(&device)
            .ok_or(Refusal::UnknownDevice)?;
        match record.state.at(self.seq).ok_or(Refusal::UnknownDevice)? {
            DeviceState::Confirmed => {}
            DeviceState::Pending => return Err(Refusal::DevicePending),
            DeviceState::Suspended => return Err(Refusal::DeviceSuspended),
            DeviceState::Revoked => return Err(Refusal::DeviceRevoked),
        }
        self.owner_acts(record.details.owner)?;
        Ok(record.details.owner)
    }

    /// Whether an actor may do something. Denied unless a role of the pack or of the organisation's own, held here
    /// and now, says otherwise.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn may(&self, actor: Actor, action: Action, scope: &Scope) -> Result<(), Refusal> {
        let owner = self.confirmed(actor.device)?;
        let holder = match (owner, actor.person) {
            (Owner::Person(own), Some(asserted)) if own != asserted => {
                return Err(Refusal::WrongPerson);
            }
            (Owner::Place(_), Some(asserted)) => Owner::Person(asserted),
            _ => owner,
        };
        self.holder_may(holder, action, scope)
    }

    /// Whether a person or place may do something, on whatever device.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn holder_may(&self, holder: Owner, action: Action, scope: &Scope) -> Result<(), Refusal> {
        self.owner_acts(holder)?;
        // The nearest miss is the most helpful answer.
        let mut refusal = Refusal::NoRole;
        for grant in self.roster.grants_of(holder) {
            match self.grant_permits(grant, action, scope) {
                Ok(()) => return Ok(()),
                Err(miss) if closeness(miss) > closeness(refusal) => refusal = miss,
                Err(_) => {}
            }
        }
        Err(refusal)
    }

    fn grant_permits(&self, grant: &Grant, action: Action, scope: &Scope) -> Result<(), Refusal> {
        if grant.state.at(self.seq) != Some(&GrantState::Live) {
            return Err(Refusal::NoRole);
        }
        let needs_relation = self
            .role_rule(&grant.terms.role, action)
            .ok_or(Refusal::NoRole)?;
        if !grant.holds_at(self.time) {
            return Err(Refusal::OutsideValidity);
        }
        let inside = grant.terms.unit.is_none() || grant.terms.unit == scope.unit;
        let reaches = match action.bound() {
            Bound::Free => true,
            Bound::Care => {
                inside || matches!(scope.relation, Relation::Addressed | Relation::Emergency)
            }
            Bound::Unit => inside,
        };
        if !reaches {
            return Err(Refusal::OutsideUnit);
        }
        if needs_relation && scope.relation == Relation::None {
            return Err(Refusal::NoRelation);
        }
        Ok(())
    }

    /// Whether a role permits an act: `None` no, `Some(true)` only with a relation to the patient.
    #[must_use]
    pub fn role_rule(&self, role: &RoleId, action: Action) -> Option<bool> {
        if action.since() > self.rules() {
            return None;
        }
        if let Some(entry) = pack::by_id(role) {
            return entry.rule(action);
        }
        let definition = self.roster.roles.get(role)?.at(self.seq)?;
        let mut found = definition
            .rules
            .iter()
            .filter(|rule| rule.action == action.code());
        // Where both are listed, the wider one counts: it is the first in order.
        found.next().map(|rule| rule.needs_relation)
    }

    /// Whether a role holds any privileged permission.
    #[must_use]
    pub fn privileged_role(&self, role: &RoleId) -> bool {
        Action::ALL
            .iter()
            .any(|action| action.privileged() && self.role_rule(role, *action).is_some())
    }

    /// Whether a person or place holds, or will hold, a privileged role that has not ended.
    #[must_use]
    pub fn privileged_holder(&self, holder: Owner) -> bool {
        self.roster.grants_of(holder).iter().any(|grant| {
            grant.state.at(self.seq) == Some(&GrantState::Live)
                && grant.terms.until.is_none_or(|until| self.time < until)
                && self.privileged_role(&grant.terms.role)
        })
    }
}

const fn closeness(refusal: Refusal) -> u8 {
    match refusal {
        Refusal::NoRelation => 3,
        Refusal::OutsideUnit => 2,
        Refusal::OutsideValidity => 1,
        _ => 0,
    }
}
