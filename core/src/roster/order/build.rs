//! Choosing the entries of a proof: the order, and what gave its author the right.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::bytes::ByteVec;

use super::{Known, MAX_ENTRIES, OrderProof};
use crate::base::{DeviceId, InvitationId, RoleId};
use crate::roster::entry::{Author, Entry, Owner};
use crate::roster::kind::{Body, RevocationMode, Subject};
use crate::roster::record::GrantState;
use crate::roster::{Roster, RosterError, Versioned};

/// How much is taken in. What bears on rights may be long, and some of it is written by whoever it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// All that bears on anybody of interest.
    Full,
    /// Of what replaces itself only the newest, of roles only those held at the order.
    Lean,
}

/// Who and what the proof has to account for.
struct Interest {
    depth: Depth,
    /// The order's entry.
    order: u64,
    owners: BTreeSet<Owner>,
    devices: BTreeSet<DeviceId>,
    invitations: BTreeSet<InvitationId>,
    roles: BTreeSet<RoleId>,
    proposals: BTreeSet<u64>,
}

impl Interest {
    const fn new(depth: Depth, order: u64) -> Self {
        Self {
            depth,
            order,
            owners: BTreeSet::new(),
            devices: BTreeSet::new(),
            invitations: BTreeSet::new(),
            roles: BTreeSet::new(),
            proposals: BTreeSet::new(),
        }
    }
    fn owner(&mut self, roster: &Roster, owner: Owner) {
        if self.owners.insert(owner) {
            let held = roster.grants_of(owner).iter();
            let held = held.filter(|grant| self.counts(&grant.state));
            let roles: Vec<RoleId> = held.map(|grant| grant.terms.role).collect();
            self.roles.extend(roles);
        }
    }
    fn counts(&self, state: &Versioned<GrantState>) -> bool {
        self.depth == Depth::Full || state.at(self.order) == Some(&GrantState::Live)
    }
    /// Whether an entry brought somebody into the organisation, or gave them a role.
    fn made(&self, roster: &Roster, owner: Owner, seq: u64) -> bool {
        let state = match owner {
            Owner::Person(id) => roster.person(&id).map(|person| &person.state),
            Owner::Place(id) => roster.place(&id).map(|place| &place.state),
        };
        let mut grants = roster.grants_of(owner).iter();
        state.is_some_and(|state| state.changes().any(|change| change == seq))
            || grants.any(|grant| grant.id.seq == seq && self.counts(&grant.state))
    }
    fn author(&mut self, roster: &Roster, author: Author) {
        match author {
            Author::Device(device) => {
                self.devices.insert(device);
                if let Some(owner) = roster.owner_of(&device) {
                    self.owner(roster, owner);
                }
            }
            Author::Invitation(invitation) => drop(self.invitations.insert(invitation)),
            Author::Root => {}
        }
    }
    /// Whether an entry bears on anybody of interest.
    fn concerns(&self, roster: &Roster, seq: u64, body: &Body) -> bool {
        let person = |id| self.owners.contains(&Owner::Person(id));
        let place = |id| self.owners.contains(&Owner::Place(id));
        match body {
            Body::Invited(body) => {
                let owner = match &body.subject {
                    Subject::NewPerson(id, _) | Subject::Person(id) => Owner::Person(*id),
                    Subject::Place(id) => Owner::Place(*id),
                };
                // An invitation that nobody took, or another device of theirs, gave nobody any right.
                self.invitations.contains(&body.invitation)
                    || self.owners.contains(&owner) && self.made(roster, owner, seq)
            }
            Body::PersonAdded(body) => person(body.person),
            Body::PersonChanged(body) => person(body.person),
            Body::PersonLeft(body) => person(body.person),
            Body::PersonSuspended(body) => person(body.person),
            Body::PlaceAdded(body) => place(body.place),
            Body::PlaceChanged(body) => place(body.place),
            Body::DeviceEnrolled(body) => self.devices.contains(&body.details.device),
            Body::DeviceApproved(body) => self.devices.contains(&body.device),
            Body::RoleDefined(body) => self.roles.contains(&body.role),
            Body::RoleGranted(body) => {
                self.owners.contains(&body.holder)
                    && (self.depth == Depth::Full || self.made(roster, body.holder, seq))
            }
            Body::ExceptionGranted(body) => self.owners.contains(&body.holder),
            Body::CampaignAnswered(body) => person(body.person),
            Body::Policy(_) | Body::RulesAdopted(_) => true,
            _ => false,
        }
    }
}

/// The decoded entries of a stretch of the log.
struct Stretch(BTreeMap<u64, (Entry, Body)>);

impl Stretch {
    fn read(entries: &dyn Fn(u64) -> Option<Vec<u8>>, from: u64, to: u64) -> Self {
        let read = |seq| {
            let entry = Entry::from_bytes(&entries(seq)?).ok()?;
            let body = Body::from_bytes(entry.kind, &entry.body).ok()??;
            Some((seq, (entry, body)))
        };
        Self((from..to).filter_map(read).collect())
    }
    /// What an entry does: its body, or that of the proposal it countersigns.
    fn effect(&self, body: &Body) -> Option<Body> {
        let Body::Countersign(agreed) = body else {
            return Some(body.clone());
        };
        let Some((_, Body::Proposal(proposal))) = self.0.get(&agreed.proposal) else {
            return None;
        };
        Body::from_bytes(proposal.kind, &proposal.body).ok()?
    }
    /// For each thing that is replaced as a whole, the newest entry that does.
    fn newest(&self, roster: &Roster) -> BTreeMap<(u8, Vec<u8>), u64> {
        let keys = self.0.iter();
        keys.filter_map(|(seq, (_, body))| Some((self.replaces(roster, body)?, *seq)))
            .collect()
    }
    /// What an entry replaces.
    fn replaces(&self, roster: &Roster, body: &Body) -> Option<(u8, Vec<u8>)> {
        let key = match self.effect(body)? {
            Body::Policy(_) => (0, Vec::new()),
            Body::PersonChanged(body) => (1, body.person.as_bytes().to_vec()),
            Body::PersonSuspended(body) => (2, body.person.as_bytes().to_vec()),
            Body::PlaceChanged(body) => (3, body.place.as_bytes().to_vec()),
            Body::RoleDefined(body) => (4, body.role.as_bytes().to_vec()),
            Body::CampaignAnswered(body) => (5, body.person.as_bytes().to_vec()),
            Body::ExceptionGranted(body) => (6, body.holder.as_bytes().to_vec()),
            Body::DeviceApproved(body) => (7, body.device.as_bytes().to_vec()),
            Body::ElevationGranted(_) => {
                let (_, asker) = self.request(body)?;
                (8, roster.owner_of(&asker)?.as_bytes().to_vec())
            }
            _ => return None,
        };
        Some(key)
    }
    /// The request that an entry grants, and the device that asked.
    fn request(&self, body: &Body) -> Option<(u64, DeviceId)> {
        let Some(Body::ElevationGranted(granted)) = self.effect(body) else {
            return None;
        };
        match self.0.get(&granted.request)?.0.author {
            Author::Device(asker) => Some((granted.request, asker)),
            Author::Root | Author::Invitation(_) => None,
        }
    }
}

impl OrderProof {
    /// Proves the order at `order_seq` of a log that `roster` has replayed. `entries` gives the encoded valid entry of
    /// a number. Where it is known how far the device had read the log, `authorities_seq_hint` keeps the proof short;
    /// it must not lie beyond. A device knows the log at least up to its own enrolment.
    ///
    /// # Errors
    /// [`RosterError::Proof`] where that entry orders no wipe, or the proof would exceed its limits. Nothing else may
    /// wait for it: the device is to be excluded all the same.
    pub fn build(
        roster: &Roster,
        entries: &dyn Fn(u64) -> Option<Vec<u8>>,
        order_seq: u64,
        authorities_seq_hint: Option<u64>,
    ) -> Result<Self, RosterError> {
        let order = entries(order_seq).ok_or(RosterError::Proof)?;
        let entry = Entry::from_bytes(&order)?;
        let body = Body::from_bytes(entry.kind, &entry.body)?.ok_or(RosterError::Proof)?;
        let device = target(entries, &body).and_then(|id| roster.device(&id));
        let known = authorities_seq_hint.max(device.map(|record| record.enrolled));
        let from = known.map_or(1, |seq| seq.saturating_add(1));
        let mut stretch = Stretch::read(entries, from, order_seq);
        if let Body::Countersign(agreed) = &body
            && !stretch.0.contains_key(&agreed.proposal)
        {
            // The device may have read it; it does no harm to show it again.
            let proposal = Stretch::read(entries, agreed.proposal, agreed.proposal + 1);
            stretch.0.extend(proposal.0);
        }
        let Some(Body::DeviceRevoked(revoked)) = stretch.effect(&body) else {
            return Err(RosterError::Proof);
        };
        if revoked.mode == RevocationMode::Revoke {
            return Err(RosterError::Proof);
        }
        [Depth::Full, Depth::Lean]
            .into_iter()
            .find_map(|depth| {
                let mut interest = Interest::new(depth, order_seq);
                interest.author(roster, entry.author);
                if let Some(owner) = roster.owner_of(&revoked.device) {
                    interest.owner(roster, owner);
                }
                if let Body::Countersign(agreed) = &body {
                    interest.proposals.insert(agreed.proposal);
                }
                let newest = match depth {
                    Depth::Full => None,
                    Depth::Lean => Some(stretch.newest(roster)),
                };
                let mut chosen = BTreeSet::new();
                while choose(
                    roster,
                    &stretch,
                    newest.as_ref(),
                    &mut interest,
                    &mut chosen,
                ) {}
                // What is too long is not worth its bytes; it need not be complete to be refused.
                let chosen = chosen.iter().take(MAX_ENTRIES);
                let chosen = chosen.filter_map(|seq| entries(*seq));
                let proof = Self {
                    entries: chosen.chain([order.clone()]).map(ByteVec::from).collect(),
                    known: known_by_name(roster, &interest),
                };
                proof.to_bytes().ok().map(|_| proof)
            })
            .ok_or(RosterError::Proof)
    }
}

/// The device that an order, or the proposal it countersigns, is about.
fn target(entries: &dyn Fn(u64) -> Option<Vec<u8>>, body: &Body) -> Option<DeviceId> {
    let order = match body {
        Body::Countersign(agreed) => {
            let entry = Entry::from_bytes(&entries(agreed.proposal)?).ok()?;
            let Body::Proposal(proposal) = Body::from_bytes(entry.kind, &entry.body).ok()?? else {
                return None;
            };
            Body::from_bytes(proposal.kind, &proposal.body).ok()??
        }
        other => other.clone(),
    };
    match order {
        Body::DeviceRevoked(order) => Some(order.device),
        _ => None,
    }
}

/// One pass: takes in what bears on the interest so far, and with it whoever signed it. `true` while it grows.
fn choose(
    roster: &Roster,
    stretch: &Stretch,
    newest: Option<&BTreeMap<(u8, Vec<u8>), u64>>,
    interest: &mut Interest,
    chosen: &mut BTreeSet<u64>,
) -> bool {
    let before = chosen.len();
    for (seq, (entry, body)) in stretch.0.iter().rev() {
        if chosen.contains(seq) {
            continue;
        }
        let newer = newest.and_then(|newest| newest.get(&stretch.replaces(roster, body)?));
        if newer.is_some_and(|newer| newer > seq) {
            continue;
        }
        let request = stretch.request(body);
        let concerns = match body {
            Body::Proposal(_) | Body::ElevationRequested(_) => interest.proposals.contains(seq),
            _ => match request {
                Some((_, asker)) => roster
                    .owner_of(&asker)
                    .is_some_and(|owner| interest.owners.contains(&owner)),
                None => stretch
                    .effect(body)
                    .is_some_and(|effect| interest.concerns(roster, *seq, &effect)),
            },
        };
        if !concerns {
            continue;
        }
        chosen.insert(*seq);
        interest.author(roster, entry.author);
        interest.proposals.extend(request.map(|(seq, _)| seq));
        match body {
            Body::Countersign(agreed) => drop(interest.proposals.insert(agreed.proposal)),
            Body::DeviceEnrolled(enrolled) => {
                interest.invitations.insert(enrolled.invitation);
            }
            _ => {}
        }
    }
    chosen.len() > before
}

/// Everybody of interest by name, for a device that knew them by digest.
fn known_by_name(roster: &Roster, interest: &Interest) -> Vec<Known> {
    let mut known: Vec<Known> = interest.owners.iter().map(|o| Known::Owner(*o)).collect();
    for owner in &interest.owners {
        for id in roster.devices_of(*owner) {
            if let (true, Some(record)) = (interest.devices.contains(id), roster.device(id)) {
                let key = record.details.signature_key;
                known.push(Known::Device(*id, key, *owner));
            }
        }
    }
    known.sort_unstable();
    known
}
