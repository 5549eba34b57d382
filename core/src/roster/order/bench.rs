//! The rules of the log, applied to what a locked device knows: a roster that holds only who has a say.

use super::Known;
use super::authorities::{Authorities, Authority, Open, Standing};
use super::veil::{Veil, blank};
use crate::base::{Digest, InvitationId, VerifyingKey};
use crate::roster::entry::{Entry, Owner};
use crate::roster::kind::device::SEALING_KEY_LEN;
use crate::roster::kind::{
    Body, DeviceDetails, PersonDetails, PlaceDetails, PlaceKind, Policy, RelayDescriptor,
    SealingPublic,
};
use crate::roster::record::{
    DeviceRecord, DeviceState, InvitationRecord, InvitationState, KeyRecord, PersonState,
};
use crate::roster::state::Organisation;
use crate::roster::{ContactAlias, Junk, Roster, Unit, Versioned};

/// How far an order may lie beyond what the device last read, in entries. Bounds the memory a proof can ask for.
pub(super) const MAX_GAP: u64 = 1_000_000;

fn no_seal() -> Option<SealingPublic> {
    SealingPublic::new(&[0; SEALING_KEY_LEN]).ok()
}

fn person(unit: Option<Unit>) -> Option<PersonDetails> {
    Some(PersonDetails {
        name: blank()?,
        unit,
        title: None,
        phone: None,
        external: Default::default(),
    })
}

fn place(unit: Option<Unit>) -> Option<PlaceDetails> {
    Some(PlaceDetails {
        name: blank()?,
        kind: PlaceKind::DESK,
        unit,
        phone: None,
        duties: Default::default(),
        external: Default::default(),
    })
}

fn device(authority: &Authority) -> Option<DeviceRecord> {
    Some(DeviceRecord {
        details: DeviceDetails {
            device: authority.device,
            owner: authority.owner,
            label: blank()?,
            signature_key: authority.key,
            sealing_key: no_seal()?,
            receipt_key: authority.key,
            contact_alias: ContactAlias::new(*authority.device.as_bytes()),
            channel: None,
        },
        state: authority.history.clone(),
        invitation: None,
        enrolled: 0,
        approved: None,
        revocation: None,
    })
}

fn invitation(open: &Open) -> Option<(InvitationId, InvitationRecord)> {
    let record = InvitationRecord {
        key: open.key,
        sealing_key: no_seal()?,
        owner: open.owner,
        mode: open.mode,
        expires: open.expires,
        by: open.by,
        seq: open.seq,
        state: InvitationState::Open,
    };
    Some((open.invitation, record))
}

fn seat(bench: &mut Roster, standing: &Standing) {
    let (unit, state, grants) = (
        standing.unit.clone(),
        standing.state.clone(),
        standing.grants.clone(),
    );
    match standing.owner {
        Owner::Person(id) => {
            if let Some(details) = person(unit) {
                bench.seat_person(id, details, state, grants);
            }
        }
        Owner::Place(id) => {
            if let Some(details) = place(unit) {
                bench.seat_place(id, details, state, grants);
            }
        }
    }
}

impl Authorities {
    fn veil(&self) -> Veil<'_> {
        Veil {
            organisation: self.organisation(),
            device: &self.device,
        }
    }

    /// The roster that judges. Who is named in `named` and was known by digest takes part without a right.
    pub(super) fn bench(&self, named: &[Known]) -> Roster {
        let mut bench = Roster::new(self.anchor);
        bench.organisation = self.organisation_record();
        for standing in &self.owners {
            seat(&mut bench, standing);
        }
        for known in named.iter().filter(|known| self.knew(known)) {
            if let Known::Owner(owner) = known
                && bench.seated(*owner).is_none()
            {
                let (owner, unit) = (*owner, None);
                let state = Versioned::new(0, PersonState::Present);
                let grants = Vec::new();
                seat(
                    &mut bench,
                    &Standing {
                        owner,
                        unit,
                        state,
                        grants,
                    },
                );
            }
        }
        let named = named.iter().filter(|known| self.knew(known));
        let devices = named.filter_map(|known| match known {
            Known::Device(device, key, owner) => Some(Authority {
                device: *device,
                key: *key,
                owner: *owner,
                state: DeviceState::Confirmed,
                may_wipe: false,
                may_empower: false,
                may_extend: false,
                history: Versioned::new(0, DeviceState::Confirmed),
            }),
            Known::Owner(_) => None,
        });
        for authority in self.list.iter().cloned().chain(devices) {
            let free = bench.device(&authority.device).is_none();
            if let Some(record) = device(&authority).filter(|_| free) {
                bench.seat_device(record);
            }
        }
        bench.invitations = self.open.iter().filter_map(invitation).collect();
        bench.roles = self.roles.clone();
        bench.oversight = self.oversight.clone();
        bench.proposals = self.proposals.clone();
        bench.set_times(self.seq, self.time, &self.times);
        bench
    }

    fn organisation_record(&self) -> Option<Organisation> {
        let relay = RelayDescriptor {
            address: blank()?,
            pins: Vec::new(),
            signing_key: VerifyingKey::new([0; 32]),
            tenant: [0; 16],
        };
        let key = KeyRecord {
            epoch: 0,
            commitments: vec![Digest::ZERO],
            since: 0,
            time: self.time,
            due: false,
            seals_root: None,
        };
        Some(Organisation {
            name: blank()?,
            root: self.root?,
            relay,
            key,
            policy: Versioned::new(0, self.policy.clone()),
            root_sealing: None,
            root_seal: None,
        })
    }

    /// Judges one entry by the rules of the log and takes it over where it is valid.
    pub(super) fn hear(&self, bench: &mut Roster, entry: &Entry) -> Result<(), Junk> {
        // Founding, root key, recovery, roster key, relay and partners need what is not known here.
        if matches!(entry.kind, 1..=5 | 70 | 71 | 73) {
            return Err(Junk::WrongState);
        }
        let before = bench.organisation.clone();
        if let Some(policy) = policy_in(bench, entry) {
            skip_to(bench, policy.version);
        }
        let heard = bench.hear(entry, self.time, |body| self.veil().body(body));
        if heard.is_err() {
            bench.organisation = before;
        }
        heard
    }
}

/// The rules that an entry would put in force.
fn policy_in(bench: &Roster, entry: &Entry) -> Option<Policy> {
    match Body::from_bytes(entry.kind, &entry.body) {
        Ok(Some(Body::Policy(policy))) => Some(*policy),
        Ok(Some(Body::Countersign(agreed))) => {
            let proposal = &bench.proposals().get(&agreed.proposal)?.proposal;
            match Body::from_bytes(proposal.kind, &proposal.body) {
                Ok(Some(Body::Policy(policy))) => Some(*policy),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Versions between are not shown; none may be taken back.
fn skip_to(bench: &mut Roster, version: u32) {
    let Some(own) = &mut bench.organisation else {
        return;
    };
    if let Some(policy) = own.policy.now().cloned()
        && version > policy.version
    {
        let skipped = Policy {
            version: version - 1,
            ..policy
        };
        own.policy = Versioned::new(0, skipped);
    }
}

impl Roster {
    fn seated(&self, owner: Owner) -> Option<()> {
        match owner {
            Owner::Person(id) => self.person(&id).map(drop),
            Owner::Place(id) => self.place(&id).map(drop),
        }
    }
}
