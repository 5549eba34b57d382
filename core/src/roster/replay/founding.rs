//! The first entry, and the root key's change of hands.

use std::collections::BTreeSet;
use std::time::Duration;

use super::clock::Times;
use super::dual::SECOND;
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
/// How long a consent to a new root key is good, in log time.
const CONSENT: Duration = Duration::from_secs(7 * 24 * 3_600);

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
        let sound = body.format < SECOND || body.policy.check().is_ok();
        // Release 0.1 calls what it does not know malformed; a log that it can read must not hold any of it.
        let sealed = match (&body.root_sealing, &body.root_seal) {
            (None, None) => true,
            (Some(_), Some(seal)) => body.format >= SECOND && seal.fits(),
            _ => false,
        };
        if fits && sound && sealed {
            Ok(())
        } else {
            Err(Junk::Founding)
        }
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
            root_sealing: body.root_sealing,
            root_seal: body.root_seal,
        });
        let act = Act {
            seq: 0,
            time: entry.time,
            times: Times::of(entry.time),
            author: Author::Root,
            owner: None,
            second: None,
        };
        self.oversight.rules = Some(Versioned::new(0, body.format));
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
        let next = body.next(self.agreed_after(act, body)?);
        let organisation = &self.anchor.organisation;
        body.verify_root(organisation, &next)
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
                .verify(organisation, &next, &record.details.signature_key)
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
        let askable = self.askable(act, Action::GrantPrivilegedRole, None).len();
        if consenting.len() < administrators.max(askable).min(ROOT_QUORUM) {
            return Err(Junk::NeedsTwo);
        }
        self.taken.keys.insert(body.root);
        if let Some(own) = &mut self.organisation {
            own.root = body.root;
            // Whoever has the old root file opens nothing from here on; the new one gets its seal with the next key.
            own.key.due |= body.root_sealing.is_some() || own.root_seal.is_some();
            own.root_sealing.clone_from(&body.root_sealing);
            own.root_seal = None;
        }
        Ok(())
    }

    /// Hash of the entry after which the consents to a new root key were given.
    fn agreed_after(&self, act: &Act, body: &RootRotated) -> Result<Digest, Junk> {
        if self.rules() < SECOND && (body.root_sealing.is_some() || body.follows.is_some()) {
            return Err(Junk::Malformed);
        }
        let follows = body.follows.unwrap_or(act.seq - 1);
        let agreed = self.at(follows).ok_or(Junk::WrongPredecessor)?;
        // Against the newest entry, not this one: a log that stood still made no consent older.
        if agreed.time().plus(CONSENT) < self.log_time().unwrap_or_default() {
            return Err(Junk::Expired);
        }
        self.hash_at(follows).ok_or(Junk::WrongPredecessor)
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
