//! Who may order the wipe of one device, as that device itself last replayed the log.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use minicbor::{Decode, Encode};

use super::Known;
use super::veil::Veil;
use crate::base::{
    DeviceId, Digest, InvitationId, OrganisationId, RoleId, Timestamp, VerifyingKey, codec, sha256,
};
use crate::roster::authorize::{Action, Actor, Scope, View, pack};
use crate::roster::entry::{Author, Owner};
use crate::roster::kind::{ApprovalMode, Policy, RoleDefinition};
use crate::roster::oversight::{ElevationState, Oversight};
use crate::roster::record::{
    DeviceState, Grant, GrantState, InvitationState, PersonState, ProposalRecord, ProposalState,
};
use crate::roster::state::Anchor;
use crate::roster::{Roster, RosterError, Unit, Versioned};

/// First bytes of the digest by which a device or owner is known.
pub(super) const KNOWN_LEN: usize = 16;
/// The age of a right that some rules ask for, and an hour to spare.
const SEASON: Duration = Duration::from_secs(25 * 3_600);

/// The organisation's root keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RootKeys {
    /// Fingerprint of the key that founded it, pinned at enrolment.
    #[n(0)]
    pub founding: Digest,
    /// The key in force as last replayed.
    #[n(1)]
    pub current: VerifyingKey,
}

/// A device of somebody with a say in who may order the wipe.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Authority {
    /// Its id.
    #[n(0)]
    pub device: DeviceId,
    /// Its signature key.
    #[n(1)]
    pub key: VerifyingKey,
    /// Whose it is.
    #[n(2)]
    pub owner: Owner,
    /// Whether it counts.
    #[n(3)]
    pub state: DeviceState,
    /// May order the wipe: another device of the same owner, or of a holder of `wipe device` for the unit.
    #[n(4)]
    pub may_wipe: bool,
    /// May make others able to: by invitation, approval or a privileged role.
    #[n(5)]
    pub may_empower: bool,
    /// May extend the device's lease.
    #[n(6)]
    pub may_extend: bool,
    /// How it stood before: some rules ask for a right that is a day old.
    #[n(7)]
    pub(super) history: Versioned<DeviceState>,
}

/// A person or place as far as rights go.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct Standing {
    #[n(0)]
    pub(super) owner: Owner,
    #[n(1)]
    pub(super) unit: Option<Unit>,
    #[n(2)]
    pub(super) state: Versioned<PersonState>,
    #[n(3)]
    pub(super) grants: Vec<Grant>,
}

/// An invitation that could still be taken.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct Open {
    #[n(0)]
    pub(super) invitation: InvitationId,
    #[n(1)]
    pub(super) key: VerifyingKey,
    #[n(2)]
    pub(super) owner: Owner,
    #[n(3)]
    pub(super) mode: ApprovalMode,
    #[n(4)]
    pub(super) expires: Timestamp,
    #[n(5)]
    pub(super) by: Author,
    #[n(6)]
    pub(super) seq: u64,
}

/// What one device last knew of who may order its wipe. Keys, ids and rights; no name of anybody, units as digests.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Authorities {
    #[n(0)]
    pub(super) device: DeviceId,
    #[n(1)]
    pub(super) anchor: Anchor,
    #[n(2)]
    pub(super) root: Option<VerifyingKey>,
    #[n(3)]
    pub(super) seq: u64,
    #[n(4)]
    pub(super) head: Digest,
    #[n(5)]
    pub(super) time: Timestamp,
    #[n(6)]
    pub(super) list: Vec<Authority>,
    #[n(7)]
    pub(super) owners: Vec<Standing>,
    #[n(8)]
    pub(super) open: Vec<Open>,
    #[n(9)]
    pub(super) roles: BTreeMap<RoleId, Versioned<RoleDefinition>>,
    #[n(10)]
    pub(super) policy: Policy,
    #[n(11)]
    pub(super) proposals: BTreeMap<u64, ProposalRecord>,
    /// Everybody else who took part, by digest: enough to recognise them once they are named.
    #[n(12)]
    #[cbor(with = "minicbor::bytes")]
    pub(super) known: Vec<u8>,
    /// Times of the entries that changed anything above, in order.
    #[n(13)]
    pub(super) times: Vec<(u64, Timestamp)>,
    /// Exceptions, requests and reviews that bear on rights.
    #[n(14)]
    pub(super) oversight: Oversight,
}

impl std::fmt::Debug for Authorities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authorities")
            .field("seq", &self.seq)
            .field("list", &self.list.len())
            .finish_non_exhaustive()
    }
}

impl Known {
    /// By what it is recognised.
    pub(super) fn digest(&self) -> [u8; KNOWN_LEN] {
        let mut out = [0; KNOWN_LEN];
        out.copy_from_slice(&sha256(&codec::encode(self)).as_bytes()[..KNOWN_LEN]);
        out
    }
}

impl Authorities {
    /// What `roster` says about who may order the wipe of `device`. Before founding: nobody.
    #[must_use]
    pub fn of(roster: &Roster, device: DeviceId) -> Self {
        let mut found = Self {
            device,
            anchor: roster.anchor,
            root: None,
            seq: 0,
            head: Digest::ZERO,
            time: Timestamp::default(),
            list: Vec::new(),
            owners: Vec::new(),
            open: Vec::new(),
            roles: BTreeMap::new(),
            policy: Policy::default(),
            proposals: BTreeMap::new(),
            known: Vec::new(),
            times: Vec::new(),
            oversight: Oversight::default(),
        };
        if let (Some(head), Ok(organisation), Ok(policy), Ok(view)) = (
            roster.head(),
            roster.organisation(),
            roster.policy(),
            roster.view(),
        ) {
            (found.seq, found.head) = (head.seq, head.hash);
            found.time = view.time();
            found.root = Some(organisation.root);
            found.policy = Veil::policy(policy.clone());
            found.gather(roster, view);
        }
        found
    }

    fn gather(&mut self, roster: &Roster, view: View<'_>) {
        let (anchor, device) = (self.anchor, self.device);
        let veil = Veil {
            organisation: &anchor.organisation,
            device: &device,
        };
        let own = roster.owner_of(&device);
        let persons = roster.persons().keys().map(|id| Owner::Person(*id));
        let places = roster.places().keys().map(|id| Owner::Place(*id));
        let weighty = |owner: &Owner| own == Some(*owner) || has_say(roster, view, *owner);
        let (say, others): (Vec<_>, Vec<_>) = persons.chain(places).partition(weighty);
        for owner in say {
            self.take_owner(roster, view, &veil, owner);
        }
        self.know(roster, view, &others);
        self.take_invitations(roster);
        let definitions = roster.roles.iter();
        self.roles = definitions
            .map(|(id, role)| (*id, role.map(|now| Veil::definition(now.clone()))))
            .collect();
        let open = roster.proposals().iter();
        self.proposals = open
            .filter(|(_, record)| {
                record.state == ProposalState::Open && self.time < record.proposal.expires
            })
            .map(|(seq, record)| {
                let mut record = record.clone();
                record.proposal = veil.proposal(record.proposal);
                (*seq, record)
            })
            .collect();
        self.oversight = self.watched(roster, &veil);
        self.times = self.marks(roster);
    }

    /// What bears on rights beside roles, as far as it is about anybody kept here. An announced recovery is not: it
    /// needs the word of witnesses whom this device does not know.
    fn watched(&self, roster: &Roster, veil: &Veil<'_>) -> Oversight {
        let mut kept = roster.oversight.clone();
        kept.recoveries.clear();
        kept.exceptions
            .retain(|record| self.time < record.exception.until);
        for record in &mut kept.exceptions {
            record.exception = veil.exception(record.exception.clone());
        }
        kept.elevations
            .retain(|_, record| record.state == ElevationState::Open && self.time < record.expires);
        for record in kept.elevations.values_mut() {
            record.request = veil.request(record.request.clone());
        }
        let owners: BTreeSet<Owner> = self.owners.iter().map(|s| s.owner).collect();
        for record in kept.campaigns.values_mut() {
            record.campaign = veil.campaign(record.campaign.clone());
            record
                .persons
                .retain(|id, _| owners.contains(&Owner::Person(*id)));
        }
        kept
    }

    fn marks(&self, roster: &Roster) -> Vec<(u64, Timestamp)> {
        let mut changes = BTreeSet::from([0]);
        for standing in &self.owners {
            changes.extend(standing.state.changes());
            for grant in &standing.grants {
                changes.insert(grant.id.seq);
                changes.extend(grant.state.changes());
            }
        }
        changes.extend(self.list.iter().flat_map(|a| a.history.changes()));
        changes.extend(self.roles.values().flat_map(Versioned::changes));
        changes.extend(self.oversight.rules.iter().flat_map(Versioned::changes));
        let time = |seq| Some((seq, roster.at(seq)?.time()));
        changes.into_iter().filter_map(time).collect()
    }

    fn take_owner(&mut self, roster: &Roster, view: View<'_>, veil: &Veil<'_>, owner: Owner) {
        let (unit, state) = match owner {
            Owner::Person(id) => {
                let Some(record) = roster.person(&id) else {
                    return;
                };
                let details = veil.person(record.details.clone());
                (details.unit, record.state.clone())
            }
            Owner::Place(id) => {
                let Some(record) = roster.place(&id) else {
                    return;
                };
                let details = veil.place(record.details.clone());
                (details.unit, record.state.clone())
            }
        };
        let live = roster.grants_of(owner).iter();
        let grants = live
            .filter(|grant| counted(roster, view, grant))
            .map(|grant| {
                let mut grant = grant.clone();
                grant.terms = veil.terms(grant.terms);
                grant
            })
            .collect();
        self.owners.push(Standing {
            owner,
            unit,
            state,
            grants,
        });
        for id in roster.devices_of(owner) {
            if let Some(authority) = self.authority(roster, view, *id) {
                self.list.push(authority);
            }
        }
    }

    /// How a device stands; `None` where it is excluded for good and not the one concerned.
    fn authority(&self, roster: &Roster, view: View<'_>, id: DeviceId) -> Option<Authority> {
        let record = roster.device(&id)?;
        let state = *record.state.now()?;
        let gone = state == DeviceState::Revoked && id != self.device;
        if gone && !recent(roster, view, record.state.since()) {
            return None;
        }
        let own = roster.owner_of(&self.device);
        let unit = own.and_then(|owner| roster.order_unit(owner));
        let scope = Scope::unit(unit);
        let counts = view.confirmed(id).is_ok() && id != self.device;
        let holds = |action| counts && view.may(Actor::device(id), action, &scope).is_ok();
        // Who may make others able to may do so for any unit that reaches the device's.
        let anywhere = |action| counts && has_action(roster, view, record.details.owner, action);
        let same = matches!(own, Some(Owner::Person(_))) && own == Some(record.details.owner);
        Some(Authority {
            device: id,
            key: record.details.signature_key,
            owner: record.details.owner,
            state,
            may_wipe: counts && same || holds(Action::WipeDevice),
            may_empower: [
                Action::GrantPrivilegedRole,
                Action::Invite,
                Action::ApproveDevice,
            ]
            .into_iter()
            .any(anywhere),
            may_extend: [
                Action::ApproveDevice,
                Action::WipeDevice,
                Action::ManagePeople,
            ]
            .into_iter()
            .any(holds),
            history: record.state.clone(),
        })
    }

    fn know(&mut self, roster: &Roster, view: View<'_>, others: &[Owner]) {
        let mut digests = BTreeSet::new();
        for owner in others
            .iter()
            .filter(|owner| view.owner_acts(**owner).is_ok())
        {
            digests.insert(Known::Owner(*owner).digest());
            for record in roster.active_devices_of(*owner) {
                let details = &record.details;
                let known = Known::Device(details.device, details.signature_key, *owner);
                digests.insert(known.digest());
            }
        }
        self.known = digests.into_iter().flatten().collect();
    }

    fn take_invitations(&mut self, roster: &Roster) {
        let open = roster.invitations().iter();
        self.open = open
            .filter(|(_, i)| i.state == InvitationState::Open && self.time < i.expires)
            .map(|(id, i)| Open {
                invitation: *id,
                key: i.key,
                owner: i.owner,
                mode: i.mode,
                expires: i.expires,
                by: i.by,
                seq: i.seq,
            })
            .collect();
    }

    /// Whether a device or owner was known by digest.
    pub(super) fn knew(&self, known: &Known) -> bool {
        let digest = known.digest();
        self.known.chunks(KNOWN_LEN).any(|chunk| chunk == digest)
    }
    /// The device concerned.
    #[must_use]
    pub const fn device(&self) -> &DeviceId {
        &self.device
    }
    /// The organisation.
    #[must_use]
    pub const fn organisation(&self) -> &OrganisationId {
        &self.anchor.organisation
    }
    /// The root keys; `None` before founding.
    #[must_use]
    pub fn root(&self) -> Option<RootKeys> {
        self.root.map(|current| RootKeys {
            founding: self.anchor.root,
            current,
        })
    }
    /// The newest entry the device had replayed.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }
    /// Hash of that entry.
    #[must_use]
    pub const fn head(&self) -> &Digest {
        &self.head
    }
    /// Devices of everybody with a say, the device's own owner included; whether each counts and what it may do.
    #[must_use]
    pub fn list(&self) -> &[Authority] {
        &self.list
    }
    /// Everything as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }
    /// Reads what [`Authorities::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`RosterError::Codec`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RosterError> {
        Ok(codec::decode(bytes)?)
    }
}

/// Whether something happened so lately that rules about rights of some age still ask for what was before.
fn recent(roster: &Roster, view: View<'_>, seq: u64) -> bool {
    let then = roster.at(seq).map(|then| then.time());
    then.is_some_and(|time| time > view.time().minus(SEASON))
}

/// Whether a grant counts, or did until lately.
fn counted(roster: &Roster, view: View<'_>, grant: &Grant) -> bool {
    grant.state.now() == Some(&GrantState::Live) || recent(roster, view, grant.state.since())
}

/// Whether somebody's rights are kept in full: a privileged role, or one of the organisation's own, which may become
/// privileged by a new definition.
fn has_say(roster: &Roster, view: View<'_>, owner: Owner) -> bool {
    roster.grants_of(owner).iter().any(|grant| {
        let role = &grant.terms.role;
        counted(roster, view, grant) && (view.privileged_role(role) || pack::by_id(role).is_none())
    })
}

/// Whether somebody holds a permission now, in whatever unit.
fn has_action(roster: &Roster, view: View<'_>, owner: Owner, action: Action) -> bool {
    roster.grants_of(owner).iter().any(|grant| {
        grant.state.now() == Some(&GrantState::Live)
            && grant.holds_at(view.time())
            && view.role_rule(&grant.terms.role, action).is_some()
    })
}

impl Roster {
    fn order_unit(&self, owner: Owner) -> Option<&Unit> {
        match owner {
            Owner::Person(id) => self.person(&id).and_then(|p| p.details.unit.as_ref()),
            Owner::Place(id) => self.place(&id).and_then(|p| p.details.unit.as_ref()),
        }
    }
}
