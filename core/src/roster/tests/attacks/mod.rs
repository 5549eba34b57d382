//! Everything that must not be believed. Each attack is junk for its own reason and leaves no trace.

mod authors;
mod chain;
mod statements;

use super::fixture::{Device, Invitation, World, person_details, terms, unit};
use crate::base::PersonId;
use crate::roster::authorize::pack;
use crate::roster::kind::{ApprovalMode, Invited, PersonLeft, RoleTerms, Subject, Tick};
use crate::roster::{Author, Body, Entry, Junk, Roster, Verdict};

struct Scene {
    world: World,
    nurse: Device,
    physician: Device,
}

impl Scene {
    fn set() -> Self {
        let (world, nurse, physician, _) = World::staffed();
        Self {
            world,
            nurse,
            physician,
        }
    }
    fn admin(&self) -> Device {
        self.world.admin.clone()
    }
    fn tick_by(&self, device: &Device, alter: impl Fn(&mut Entry)) -> Vec<u8> {
        self.world.forge(
            device.author(),
            &Body::from(Tick {}),
            &device.secrets.signature,
            alter,
        )
    }
    fn by(&self, device: &Device, body: impl Into<Body>) -> Vec<u8> {
        self.world.forge(
            device.author(),
            &body.into(),
            &device.secrets.signature,
            |_| {},
        )
    }
    fn newcomer(&self, roles: Vec<RoleTerms>, mode: ApprovalMode) -> Invited {
        let subject = Subject::NewPerson(
            PersonId::random(&self.world.random),
            person_details("New Comer", Some("5W")),
        );
        self.world.invitation(subject, roles, mode).1
    }
}

fn left(device: &Device) -> PersonLeft {
    PersonLeft {
        person: device.person(),
    }
}

type Attack = (&'static str, Junk, fn(&mut Scene) -> Vec<u8>);
fn pending(s: &Scene) -> (Invitation, Invited) {
    let subject = Subject::NewPerson(PersonId::new([2; 16]), person_details("Pen Ding", None));
    s.world.invitation(subject, vec![], ApprovalMode::Approval)
}

fn enrolment(s: &Scene, invitation: &Invitation, device: &Device) -> Vec<u8> {
    let body = Body::from(s.world.claim(invitation, device));
    s.world.forge(
        Author::Invitation(invitation.id),
        &body,
        &invitation.keys.signing,
        |_| {},
    )
}

#[test]
fn each_attack_is_junk_for_its_own_reason_and_leaves_no_trace() {
    for (name, expected, attack) in
        [chain::attacks(), authors::attacks(), statements::attacks()].concat()
    {
        let mut scene = Scene::set();
        let bytes = attack(&mut scene);
        let before = scene.world.roster.clone();
        assert_eq!(scene.world.push(bytes), Verdict::Junk(expected), "{name}");
        scene.world.assert_unchanged(&before);
        assert_eq!(scene.world.roster.junk(), before.junk() + 1, "{name}");
        // The chain goes on beside the junk.
        let admin = scene.admin();
        scene.world.ok(&admin, Tick {});
    }
}

#[test]
fn an_unknown_kind_is_chained_and_ignored_or_halts_where_it_is_critical() {
    let mut scene = Scene::set();
    let seq = scene.world.roster.head().unwrap().seq;
    let bytes = scene.tick_by(&scene.nurse, |e| {
        (e.kind, e.body) = (9_999, b"whatever".to_vec())
    });
    assert_eq!(
        scene.world.push(bytes),
        Verdict::Ignored {
            seq: seq + 1,
            kind: 9_999
        }
    );
    assert_eq!(scene.world.roster.head().unwrap().seq, seq + 1);

    let before = scene.world.roster.clone();
    let bytes = scene.tick_by(&scene.admin(), |e| (e.kind, e.critical) = (9_999, true));
    assert_eq!(scene.world.push(bytes), Verdict::Halt { kind: 9_999 });
    assert!(scene.world.roster == before, "a halt changes nothing");
}

#[test]
fn only_the_pinned_founding_entry_begins_a_log() {
    let (world, ..) = World::staffed();
    let other = World::found();
    let mut anchor = *world.roster.anchor();
    anchor.root = crate::base::Digest::ZERO;
    let mut roster = Roster::new(anchor);
    assert_eq!(
        roster.apply(0, &other.log[0]),
        Verdict::Junk(Junk::Founding)
    );
    assert_eq!(
        roster.apply(1, &world.log[1]),
        Verdict::Junk(Junk::Founding)
    );
    assert_eq!(roster.head(), None);

    // Junk before the founding entry does not keep an organisation from beginning.
    let mut roster = Roster::new(*world.roster.anchor());
    assert_eq!(roster.apply(0, b"junk"), Verdict::Junk(Junk::Malformed));
    assert_eq!(
        roster.apply(1, &world.log[0]),
        Verdict::Valid { seq: 0, kind: 1 }
    );
    assert_eq!(
        roster.apply(1, &world.log[1]),
        Verdict::OutOfOrder { expected: 2 }
    );
}

#[test]
fn a_founding_entry_of_a_later_format_halts() {
    let world = World::found();
    let entry = Entry::from_bytes(&world.log[0]).unwrap();
    let Some(Body::Founded(mut founded)) = Body::from_bytes(1, &entry.body).unwrap() else {
        panic!("founded")
    };
    founded.format = crate::roster::FORMAT + 1;
    let entry = founded.into_entry(entry.time, &world.root, &world.admin.secrets.signature);
    let mut roster = Roster::new(*world.roster.anchor());
    assert_eq!(
        roster.apply(0, &entry.to_bytes().unwrap()),
        Verdict::Halt { kind: 1 }
    );
}

#[test]
fn a_role_may_be_scoped_to_a_unit() {
    let mut scene = Scene::set();
    let charge = scene.world.member(
        "Mary Seacole",
        Some("5W"),
        terms(pack::CHARGE_NURSE, Some("5W")),
    );
    let body = scene.newcomer(vec![terms(pack::NURSE, Some("5W"))], ApprovalMode::Instant);
    scene.world.ok(&charge, body);
    assert_eq!(
        scene
            .world
            .roster
            .person(&charge.person())
            .unwrap()
            .details
            .unit,
        Some(unit("5W"))
    );
}

#[test]
fn a_first_device_that_does_not_hold_its_key_founds_nothing() {
    let world = World::found();
    let mut entry = Entry::from_bytes(&world.log[0]).unwrap();
    let Some(Body::Founded(mut founded)) = Body::from_bytes(1, &entry.body).unwrap() else {
        panic!("founded")
    };
    founded.device_proof = entry.signature;
    entry.body = Body::from(*founded).to_bytes();
    entry.sign(&world.roster.anchor().organisation, &world.root);
    let mut roster = Roster::new(*world.roster.anchor());
    assert_eq!(
        roster.apply(0, &entry.to_bytes().unwrap()),
        Verdict::Junk(Junk::Signature)
    );
}
