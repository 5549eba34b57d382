//! A small organisation whose keys, ids and times are the same in every run.

use std::sync::Mutex;
use std::time::Duration;

use crate::base::seal::SealingKey;
use crate::base::{
    DeviceId, Digest, InvitationId, OrganisationId, PersonId, PlaceId, Random, RoleId, Secret,
    Signature, SigningKey, Timestamp, sha256,
};
use crate::roster::authorize::pack;
use crate::roster::kind::{
    ApprovalMode, Countersign, DeviceApproved, DeviceDetails, DeviceEnrolled, ExternalId, Founded,
    Invited, PersonDetails, PlaceAdded, PlaceDetails, PlaceDuty, PlaceKind, Policy, Proposal,
    RelayDescriptor, RoleTerms, SealingPublic, Subject, Tick,
};
use crate::roster::state::root_fingerprint;
use crate::roster::{
    Anchor, Author, Body, ContactAlias, DeviceSecrets, Entry, InvitationKeys, InvitationSecret,
    Name, Owner, RootSeal, Roster, RosterKey, Text, Unit, Verdict, root_seal,
};

pub(crate) const HOUR: Duration = Duration::from_secs(3_600);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Random bytes that are the same in every run.
pub(crate) struct Seeded(Mutex<u64>);

impl Seeded {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(0))
    }
}

impl Random for Seeded {
    fn fill(&self, buffer: &mut [u8]) {
        let mut counter = self.0.lock().unwrap();
        for chunk in buffer.chunks_mut(32) {
            *counter += 1;
            chunk.copy_from_slice(&sha256(&counter.to_be_bytes()).as_bytes()[..chunk.len()]);
        }
    }
}

/// A device with its private keys.
#[derive(Clone)]
pub(crate) struct Device {
    pub(crate) id: DeviceId,
    pub(crate) owner: Owner,
    pub(crate) secrets: DeviceSecrets,
}

impl Device {
    pub(crate) fn person(&self) -> PersonId {
        match self.owner {
            Owner::Person(id) => id,
            Owner::Place(_) => panic!("a place's device"),
        }
    }
    pub(crate) fn details(&self) -> DeviceDetails {
        self.secrets
            .details(self.id, self.owner, text("phone"))
            .unwrap()
    }
    pub(crate) fn author(&self) -> Author {
        Author::Device(self.id)
    }
}

/// An invitation and its private keys.
pub(crate) struct Invitation {
    pub(crate) id: InvitationId,
    pub(crate) keys: InvitationKeys,
    pub(crate) owner: Owner,
}

pub(crate) struct World {
    pub(crate) roster: Roster,
    pub(crate) random: Seeded,
    pub(crate) root: SigningKey,
    pub(crate) key: RosterKey,
    pub(crate) admin: Device,
    pub(crate) now: Timestamp,
    /// Every position of the log so far, decrypted.
    pub(crate) log: Vec<Vec<u8>>,
}

pub(crate) fn text<const N: usize>(text: &str) -> Text<N> {
    Text::new(text).unwrap()
}

pub(crate) fn unit(name: &str) -> Unit {
    text(name)
}

pub(crate) fn person_details(name: &str, unit: Option<&str>) -> PersonDetails {
    let external = ExternalId {
        system: text("http://hospital.example/staff"),
        value: text(&name.replace(' ', "")),
    };
    PersonDetails {
        name: text(name),
        unit: unit.map(text),
        title: None,
        phone: Some(text("4711")),
        external: [external].into(),
    }
}

/// A device's keys as release 0.1 drew them: without a wipe channel.
fn keys(random: &Seeded) -> DeviceSecrets {
    DeviceSecrets {
        signature: SigningKey::random(random),
        sealing: SealingKey::from_seed(Secret::random(random)),
        receipt: SigningKey::random(random),
        contact_alias: ContactAlias::random(random),
        channel: None,
    }
}

pub(crate) fn relay() -> RelayDescriptor {
    RelayDescriptor {
        address: text("https://relay.example:8443"),
        pins: vec![Digest::new([1; 32]), Digest::new([2; 32])],
        signing_key: SigningKey::from_seed(crate::base::Secret::new([9; 32])).verifying_key(),
        tenant: [7; 16],
    }
}

pub(crate) fn terms(role: RoleId, unit: Option<&str>) -> RoleTerms {
    RoleTerms {
        role,
        unit: unit.map(text),
        from: None,
        until: None,
    }
}

impl World {
    /// Grace Hopper founds an organisation and is its only member.
    pub(crate) fn found() -> Self {
        Self::found_by(1, Policy::silent(), |_, _| (None, None))
    }

    /// The same by the rules of this release.
    pub(crate) fn found_now() -> Self {
        Self::found_by(crate::roster::FORMAT, Policy::founding(), |_, _| {
            (None, None)
        })
    }

    /// The same as devices of this release found it: the root key opens the administration capability.
    pub(crate) fn found_sealed() -> Self {
        let policy = Policy::founding();
        Self::found_by(crate::roster::FORMAT, policy, |root, organisation| {
            let sealing = root_seal::public(root).unwrap();
            let seal = RootSeal::seal(&sealing, organisation, 0, &Self::capability()).unwrap();
            (Some(sealing), Some(seal))
        })
    }

    /// The first administration capability of [`World::found_sealed`].
    pub(crate) fn capability() -> Secret<32> {
        Secret::new([7; 32])
    }

    /// What becomes of a founding entry with these.
    pub(crate) fn founding_verdict(
        format: u16,
        sealing: Option<SealingPublic>,
        seal: Option<RootSeal>,
    ) -> Verdict {
        let policy = Policy::founding();
        let (mut world, verdict) = Self::begun(format, policy, |_, _| (sealing, seal));
        world.log.clear();
        verdict
    }

    fn found_by(
        format: u16,
        policy: Policy,
        sealed: impl FnOnce(&SigningKey, &OrganisationId) -> (Option<SealingPublic>, Option<RootSeal>),
    ) -> Self {
        let (world, verdict) = Self::begun(format, policy, sealed);
        assert_eq!(verdict, Verdict::Valid { seq: 0, kind: 1 });
        world
    }

    fn begun(
        format: u16,
        policy: Policy,
        sealed: impl FnOnce(&SigningKey, &OrganisationId) -> (Option<SealingPublic>, Option<RootSeal>),
    ) -> (Self, Verdict) {
        let random = Seeded::new();
        let organisation = OrganisationId::random(&random);
        let root = SigningKey::random(&random);
        let key = RosterKey::random(0, &random);
        let owner = Owner::Person(PersonId::random(&random));
        let admin = Device {
            id: DeviceId::random(&random),
            owner,
            secrets: keys(&random),
        };
        let (root_sealing, root_seal) = sealed(&root, &organisation);
        let founded = Founded {
            format,
            organisation,
            name: text("St. Elsewhere"),
            root: root.verifying_key(),
            relay: relay(),
            admin: admin.person(),
            details: person_details("Grace Hopper", None),
            roles: vec![],
            device: admin.details(),
            device_proof: Signature::new([0; 64]),
            policy,
            key_commitment: key.commitment(),
            root_sealing,
            root_seal,
        };
        let now = Timestamp::from_millis(1_760_000_000_000);
        let entry = founded.into_entry(now, &root, &admin.secrets.signature);
        let anchor = Anchor {
            organisation,
            root: root_fingerprint(&root.verifying_key()),
        };
        let mut world = Self {
            roster: Roster::new(anchor),
            random,
            root,
            key,
            admin,
            now,
            log: vec![],
        };
        let verdict = world.push(entry.to_bytes().unwrap());
        (world, verdict)
    }

    /// An organisation with a nurse, a physician and a laboratory bench.
    pub(crate) fn staffed() -> (Self, Device, Device, Device) {
        let mut world = Self::found();
        let nurse = world.member("Florence Nightingale", Some("5W"), terms(pack::NURSE, None));
        let physician = world.member(
            "Elizabeth Blackwell",
            Some("5W"),
            terms(pack::PHYSICIAN, None),
        );
        let bench = world.bench("Chemistry bench 2");
        (world, nurse, physician, bench)
    }

    pub(crate) fn later(&mut self, by: Duration) {
        self.now = self.now.plus(by);
    }

    /// A while passes, and clocks show it: those of `who`, and after a minute each the administrator's.
    pub(crate) fn passes(&mut self, by: Duration, who: &[&Device]) {
        self.later(by);
        for device in who.iter().copied().chain([&self.admin.clone()]) {
            self.ok(device, Tick {});
            self.later(Duration::from_secs(60));
        }
    }

    /// Appends bytes at the next position.
    pub(crate) fn push(&mut self, bytes: Vec<u8>) -> Verdict {
        let verdict = self.roster.apply(self.roster.next_position(), &bytes);
        self.log.push(bytes);
        verdict
    }

    /// An entry that follows the head, signed; `alter` changes it before signing.
    pub(crate) fn forge(
        &self,
        author: Author,
        body: &Body,
        key: &SigningKey,
        alter: impl Fn(&mut Entry),
    ) -> Vec<u8> {
        let head = self.roster.head().unwrap();
        let mut entry = Entry {
            seq: head.seq + 1,
            previous: head.hash,
            time: self.now,
            author,
            kind: body.kind(),
            critical: body.critical(),
            body: body.to_bytes(),
            signature: Signature::new([0; 64]),
        };
        alter(&mut entry);
        entry.sign(&self.roster.anchor().organisation, key);
        crate::base::codec::encode(&entry)
    }

    /// Signs as the composer does and appends.
    pub(crate) fn say(&mut self, device: &Device, body: impl Into<Body>) -> Verdict {
        let mut composer = self.roster.composer().unwrap();
        let bytes = composer
            .entry(
                device.author(),
                self.now,
                &body.into(),
                &device.secrets.signature,
            )
            .unwrap();
        self.push(bytes)
    }

    /// As [`World::say`], and it must be valid. Returns its number.
    pub(crate) fn ok(&mut self, device: &Device, body: impl Into<Body>) -> u64 {
        match self.say(device, body) {
            Verdict::Valid { seq, .. } => seq,
            other => panic!("not valid: {other:?}"),
        }
    }

    pub(crate) fn invitation(
        &self,
        subject: Subject,
        roles: Vec<RoleTerms>,
        mode: ApprovalMode,
    ) -> (Invitation, Invited) {
        let id = InvitationId::random(&self.random);
        let keys = InvitationSecret::random(&self.random).keys(&id);
        let owner = match &subject {
            Subject::NewPerson(id, _) | Subject::Person(id) => Owner::Person(*id),
            Subject::Place(id) => Owner::Place(*id),
        };
        let body = Invited {
            invitation: id,
            key: keys.signing.verifying_key(),
            sealing_key: keys.sealing_public().unwrap(),
            subject,
            roles,
            mode,
            expires: self.now.plus(DAY),
        };
        (Invitation { id, keys, owner }, body)
    }

    pub(crate) fn new_device(&self, owner: Owner) -> Device {
        let id = DeviceId::random(&self.random);
        Device {
            id,
            owner,
            secrets: keys(&self.random),
        }
    }

    pub(crate) fn claim(&self, invitation: &Invitation, device: &Device) -> DeviceEnrolled {
        DeviceEnrolled::claim(
            &self.roster.anchor().organisation,
            invitation.id,
            device.details(),
            &invitation.keys.signing,
            &device.secrets.signature,
        )
    }

    /// The new device appends its own enrolment.
    pub(crate) fn enrol(&mut self, invitation: &Invitation, device: &Device) -> Verdict {
        let body = Body::from(self.claim(invitation, device));
        let bytes = self.forge(
            Author::Invitation(invitation.id),
            &body,
            &invitation.keys.signing,
            |_| {},
        );
        self.push(bytes)
    }

    /// An act proposed by one and agreed to by another; the verdict of the agreement.
    pub(crate) fn together(
        &mut self,
        one: &Device,
        other: &Device,
        body: impl Into<Body>,
    ) -> Verdict {
        let body = body.into();
        let proposal = Proposal {
            kind: body.kind(),
            body: body.to_bytes(),
            expires: self.now.plus(HOUR),
            reason: None,
        };
        let proposal = self.ok(one, proposal);
        self.say(other, Countersign { proposal })
    }

    /// Signs with the root key and appends.
    pub(crate) fn root_says(&mut self, body: impl Into<Body>) -> Verdict {
        let bytes = self.forge(Author::Root, &body.into(), &self.root, |_| {});
        self.push(bytes)
    }

    /// By the rules of this release: a nurse and two administrators, of whom the second has been one for a day.
    pub(crate) fn governed() -> (Self, Device, Device) {
        let mut world = Self::found_now();
        let nurse = world.member("Florence Nightingale", Some("5W"), terms(pack::NURSE, None));
        let second = world.member("Ada Lovelace", None, terms(pack::ADMIN, None));
        world.passes(DAY, &[&nurse]);
        (world, second, nurse)
    }

    /// Invited by the administrator, enrolled, and approved where that is asked for.
    pub(crate) fn member(&mut self, name: &str, unit: Option<&str>, role: RoleTerms) -> Device {
        let person = PersonId::random(&self.random);
        let privileged = self.roster.view().unwrap().privileged_role(&role.role);
        let mode = if privileged {
            ApprovalMode::Approval
        } else {
            ApprovalMode::Instant
        };
        let subject = Subject::NewPerson(person, person_details(name, unit));
        self.join(subject, vec![role], mode)
    }

    pub(crate) fn join(
        &mut self,
        subject: Subject,
        roles: Vec<RoleTerms>,
        mode: ApprovalMode,
    ) -> Device {
        let admin = self.admin.clone();
        let (invitation, body) = self.invitation(subject, roles, mode);
        self.ok(&admin, body);
        let device = self.new_device(invitation.owner);
        assert!(matches!(
            self.enrol(&invitation, &device),
            Verdict::Valid { .. }
        ));
        if mode == ApprovalMode::Approval {
            self.ok(&admin, DeviceApproved { device: device.id });
        }
        device
    }

    pub(crate) fn bench(&mut self, name: &str) -> Device {
        let admin = self.admin.clone();
        let place = PlaceId::random(&self.random);
        let details = PlaceDetails {
            name: Name::new(name).unwrap(),
            kind: PlaceKind::BENCH,
            unit: None,
            phone: None,
            duties: [PlaceDuty::STAFFED_DESK].into(),
            external: [].into(),
        };
        self.ok(&admin, PlaceAdded { place, details });
        self.join(
            Subject::Place(place),
            vec![terms(pack::LABORATORY, None)],
            ApprovalMode::Instant,
        )
    }

    /// Asserts that nothing but position and junk count changed since `before`.
    pub(crate) fn assert_unchanged(&self, before: &Roster) {
        let mut now = self.roster.clone();
        now.next_position = before.next_position;
        now.junk = before.junk;
        assert!(now == *before, "a junk entry left a trace");
    }
}
