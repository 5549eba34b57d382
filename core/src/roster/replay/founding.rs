//! The first entry, and the root key's change of hands.

use std::collections::BTreeSet;

use super::{Act, Stop};
use crate::base::Digest;
use crate::roster::authorize::{Action, Actor, Scope, pack};
use crate::roster::entry::{Author, Entry, Owner};
use crate::roster::kind::{Body, Founded, RelayDescriptor, RoleTerms, RootRotated};
use crate::roster::record::{DeviceRecord, DeviceState, KeyRecord, PersonRecord, PersonState};
use crate::roster::state::{Organisation, root_fingerprint};
use crate::roster::{FORMAT, Junk, Roster, Verdict, Versioned};

/// Administrators, one device of each, that a root rotation needs where there are so many.
const ROOT_QUORUM: usize = 2;

/// An address the transport accepts, and at least one pin.
pub(super) fn relay_fits(relay: &RelayDescriptor) -> Result<(), Junk> {
    let fits =
        relay.address.as_str().starts_with("https://") && (1..=4).contains(&relay.pins.len());
    if fits { Ok(()) } else { Err(Junk::OutOfBounds) }
}

impl Roster {
    pub(super) fn found(&mut self, entry: &Entry) -> Result<Verdict, Stop> {
        if entry.seq != 0
            || entry.previous != Digest::ZERO
            || entry.author != Author::Root
            || !entry.critical
        {
            return Err(Junk::Founding.into());
        }
        let body = match Body::from_bytes(entry.kind, &entry.body) {
            Ok(Some(Body::Founded(body))) => *body,
            Ok(_) => return Err(Junk::Founding.into()),
            Err(_) => return Err(Junk::Malformed.into()),
        };
        if body.organisation != self.anchor.organisation
            || root_fingerprint(&body.root) != self.anchor.root
        {
            return Err(Junk::Founding.into());
        }
        entry
            .verify(&body.organisation, &body.root)
            .map_err(|_| Junk::Signature)?;
        if body.format > FORMAT {
            return Err(Stop::Halt(entry.kind));
        }
        body.verify_device().map_err(|_| Junk::Signature)?;
        self.check_founding(&body)?;
        self.begin(entry, body);
        Ok(Verdict::Valid {
            seq: 0,
            kind: entry.kind,
        })
    }

    fn check_founding(&self, body: &Founded) -> Result<(), Junk> {
        relay_fits(&body.relay)?;
        self.person_free(&body.admin, &body.details)?;
        self.device_free(&body.device)?;
        let keys = BTreeSet::from([
            body.root,
            body.device.signature_key,
            body.device.receipt_key,
        ]);
        let fits = body.device.owner == Owner::Person(body.admin)
            && keys.len() == 3
            && body.policy.version == 1
            && body.roles.iter().all(|role| pack::by_id(role).is_some());
        if fits { Ok(()) } else { Err(Junk::Founding) }
    }

    fn begin(&mut self, entry: &Entry, body: Founded) {
        let key = KeyRecord {
            epoch: 0,
            commitments: vec![body.key_commitment],
            since: 0,
            time: entry.time,
            due: false,
            seals_root: None,
        };
        self.organisation = Some(Organisation {
            name: body.name,
            root: body.root,
            relay: body.relay,
            key,
            policy: Versioned::new(0, body.policy),
        });
        let act = Act {
            seq: 0,
            time: entry.time,
            author: Author::Root,
            owner: None,
            second: None,
        };
        self.insert_person(0, body.admin, body.details);
        let roles = std::iter::once(pack::ADMIN).chain(body.roles);
        let terms = roles
            .map(|role| RoleTerms {
                role,
                unit: None,
                from: None,
                until: None,
            })
            .collect();
        self.insert_grants(&act, Owner::Person(body.admin), terms);
        self.taken.keys.insert(body.root);
        self.insert_device(DeviceRecord {
            details: body.device,
            state: Versioned::new(0, DeviceState::Confirmed),
            invitation: None,
            enrolled: 0,
            approved: None,
            revocation: None,
        });
    }

    pub(super) fn root_rotated(&mut self, act: &Act, body: &RootRotated) -> Result<(), Junk> {
        if act.author != Author::Root {
            return Err(Junk::WrongAuthor);
        }
        let previous = self.hash_at(act.seq - 1).ok_or(Junk::WrongPredecessor)?;
        let organisation = &self.anchor.organisation;
        body.verify_root(organisation, &previous)
            .map_err(|_| Junk::Signature)?;
        if self.taken.keys.contains(&body.root) {
            return Err(Junk::KeyTaken);
        }
        let view = act.view(self);
        let mut consenting = BTreeSet::new();
        for approval in &body.approvals {
            let record = self
                .devices
                .get(&approval.device)
                .ok_or(Junk::UnknownAuthor)?;
            approval
                .verify(
                    organisation,
                    &previous,
                    &body.root,
                    &record.details.signature_key,
                )
                .map_err(|_| Junk::Signature)?;
            view.may(
                Actor::device(approval.device),
                Action::GrantPrivilegedRole,
                &Scope::organisation(),
            )?;
            if let Owner::Person(person) = record.details.owner {
                consenting.insert(person);
            }
        }
        let administrators = self
            .persons
            .keys()
            .filter(|id| self.administers(act, id, None))
            .count();
        if consenting.len() < administrators.min(ROOT_QUORUM) {
            return Err(Junk::NeedsTwo);
        }
        self.taken.keys.insert(body.root);
        if let Some(own) = &mut self.organisation {
            own.root = body.root;
        }
        Ok(())
    }

    pub(super) fn insert_person(
        &mut self,
        seq: u64,
        id: crate::base::PersonId,
        details: crate::roster::kind::PersonDetails,
    ) {
        self.taken.external.extend(
            details
                .external
                .iter()
                .map(|external| (external.clone(), id)),
        );
        let state = Versioned::new(seq, PersonState::Present);
        let record = PersonRecord {
            details,
            state,
            grants: vec![],
            devices: vec![],
            availability: None,
            recertified: None,
        };
        self.persons.insert(id, record);
    }
}
