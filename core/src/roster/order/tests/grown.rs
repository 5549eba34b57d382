//! Orders that are to be obeyed: by who had the right when the device last read, and by who got it since.

use super::{Locked, proposal, prove, wipe};
use crate::base::PersonId;
use crate::roster::authorize::{Action, pack};
use crate::roster::kind::{
    ApprovalMode, Countersign, DeviceApproved, PersonChanged, RevocationMode, RoleDefined,
    RoleDefinition, RoleGranted, RoleRule, Setting, Subject, Tick, Value,
};
use crate::roster::order::Authorities;
use crate::roster::tests::fixture::{DAY, World, person_details, terms, text};
use crate::roster::{Owner, Verdict};

#[test]
fn an_administrators_order_is_obeyed_with_one_entry_as_proof() {
    let (mut scene, _) = Locked::set();
    let admin = scene.admin();
    let seq = scene.world.ok(&admin, wipe(&scene.phone));
    assert_eq!(
        prove(&scene.world, seq, Some(scene.knew.seq()))
            .entries()
            .len(),
        1
    );
    let order = scene.obeys(seq);
    assert_eq!((order.by, order.second), (admin.id, None));
    assert_eq!(order.mode, RevocationMode::Wipe);
}

#[test]
fn a_persons_other_device_may_order_it_without_a_role() {
    let (mut world, nurse, ..) = World::staffed();
    let subject = Subject::Person(nurse.person());
    let tablet = world.join(subject, vec![], ApprovalMode::Instant);
    let mut scene = Locked::phone_of(world, nurse);
    let seq = scene.world.ok(&tablet, wipe(&scene.phone));
    assert_eq!(scene.obeys(seq).by, tablet.id);
}

#[test]
fn a_device_that_the_person_got_since_may_order_it() {
    let (mut scene, _) = Locked::set();
    let subject = Subject::Person(scene.phone.person());
    let tablet = scene.world.join(subject, vec![], ApprovalMode::Instant);
    let seq = scene.world.ok(&tablet, wipe(&scene.phone));
    assert_eq!(scene.obeys(seq).by, tablet.id);
}

#[test]
fn who_became_an_administrator_since_is_obeyed_with_the_entries_that_made_them_one() {
    let (mut scene, _) = Locked::set();
    for n in 0..20 {
        let admin = scene.admin();
        scene.world.ok(&admin, Tick {});
        let name = format!("Nobody {n}");
        scene.world.member(&name, None, terms(pack::NURSE, None));
    }
    let new = scene
        .world
        .member("Marie Curie", None, terms(pack::ADMIN, None));
    let newer = {
        // Made by who was made since.
        let person = PersonId::new([77; 16]);
        let subject = Subject::NewPerson(person, person_details("Lise Meitner", None));
        let roles = vec![terms(pack::ADMIN, None)];
        let (invitation, body) = scene
            .world
            .invitation(subject, roles, ApprovalMode::Approval);
        scene.world.ok(&new, body);
        let device = scene.world.new_device(invitation.owner);
        scene.world.enrol(&invitation, &device);
        scene.world.ok(&new, DeviceApproved { device: device.id });
        device
    };
    let seq = scene.world.ok(&newer, wipe(&scene.phone));
    assert_eq!(scene.obeys(seq).by, newer.id);
    let proof = prove(&scene.world, seq, Some(scene.knew.seq()));
    assert_eq!(proof.entries().len(), 7, "the entries between stay out");
}

#[test]
fn a_colleague_known_by_digest_only_is_obeyed_once_promoted() {
    let (world, nurse, physician, bench) = World::staffed();
    let mut scene = Locked::phone_of(world, nurse);
    let admin = scene.admin();
    for (device, role) in [(&physician, pack::ADMIN), (&bench, pack::SECURITY_OFFICIAL)] {
        let shown = scene.knew.to_bytes();
        assert!(!shown.windows(16).any(|w| w == device.id.as_bytes()));
        let holder = device.owner;
        let body = RoleGranted {
            holder,
            terms: terms(role, None),
        };
        scene.world.ok(&admin, body);
    }
    let order = wipe(&scene.phone);
    let seq = scene.world.ok(&physician, order);
    assert_eq!(scene.obeys(seq).by, physician.id);
}

#[test]
fn a_role_of_ones_own_that_got_the_right_since_counts() {
    let (mut world, nurse, ..) = World::staffed();
    let admin = world.admin.clone();
    let role = crate::base::RoleId::new([5; 16]);
    let define = |action: Action| RoleDefined {
        role,
        definition: RoleDefinition {
            name: text("helper"),
            rules: [RoleRule {
                action: action.code(),
                needs_relation: false,
            }]
            .into(),
        },
    };
    world.ok(&admin, define(Action::SendMessage));
    let helper = world.member("Marie Curie", None, terms(role, None));
    let mut scene = Locked::phone_of(world, nurse);
    scene.world.ok(&admin, define(Action::WipeDevice));
    let order = wipe(&scene.phone);
    let seq = scene.world.ok(&helper, order);
    assert_eq!(scene.obeys(seq).by, helper.id);
}

#[test]
fn a_right_for_a_unit_counts_where_the_device_moved_there_since() {
    let (mut world, nurse, ..) = World::staffed();
    let chief = world.member(
        "Mary Seacole",
        Some("6E"),
        terms(pack::SECURITY_OFFICIAL, Some("6E")),
    );
    let mut scene = Locked::phone_of(world, nurse);
    let order = wipe(&scene.phone);
    assert!(matches!(
        scene.world.say(&chief, order.clone()),
        Verdict::Junk(_)
    ));
    let admin = scene.admin();
    let moved = PersonChanged {
        person: scene.phone.person(),
        details: person_details("Florence Nightingale", Some("6E")),
    };
    scene.world.ok(&admin, moved);
    let seq = scene.world.ok(&chief, order);
    assert_eq!(scene.obeys(seq).by, chief.id);
}

#[test]
fn a_countersigned_order_is_obeyed_whether_or_not_its_proposal_had_been_read() {
    for read in [false, true] {
        let (mut world, nurse, ..) = World::staffed();
        let second = world.member("Ada Lovelace", None, terms(pack::ADMIN, None));
        let admin = world.admin.clone();
        let rules = world.roster.policy().unwrap().clone();
        let codes = vec![u64::from(Action::WipeDevice.code())];
        world.ok(
            &admin,
            rules.with(Setting::TwoAdministrators, Value::Numbers(codes)),
        );
        world.later(DAY);
        let mut scene = Locked::phone_of(world, nurse);
        let body = proposal(&scene.world, wipe(&scene.phone));
        let proposed = scene.world.ok(&admin, body);
        if read {
            scene.knew = Authorities::of(&scene.world.roster, scene.phone.id);
        }
        let seq = scene.world.ok(&second, Countersign { proposal: proposed });
        let order = scene.obeys(seq);
        assert_eq!((order.by, order.second), (admin.id, Some(second.id)));
    }
}

#[test]
fn rules_relaxed_since_are_proven_with_the_order() {
    let (mut world, nurse, ..) = World::staffed();
    let admin = world.admin.clone();
    let codes = vec![u64::from(Action::WipeDevice.code())];
    let rules = world.roster.policy().unwrap().clone();
    let strict = rules.with(Setting::TwoAdministrators, Value::Numbers(codes));
    world.ok(&admin, strict.clone());
    let mut scene = Locked::phone_of(world, nurse);
    let one = strict.with(Setting::TwoAdministrators, Value::Numbers(vec![]));
    scene.world.ok(&admin, one.clone());
    scene
        .world
        .ok(&admin, one.with(Setting::IdleLock, Value::Number(60)));
    let order = wipe(&scene.phone);
    let seq = scene.world.ok(&admin, order);
    assert_eq!(scene.obeys(seq).by, admin.id);
}

#[test]
fn nothing_that_names_anybody_is_kept() {
    let (mut world, nurse, ..) = World::staffed();
    let charge = terms(pack::CHARGE_NURSE, Some("5W"));
    world.member("Mary Seacole", Some("5W"), charge);
    let admin = world.admin.clone();
    let body = proposal(&world, wipe(&nurse));
    world.ok(&admin, body);
    let knew = Authorities::of(&world.roster, nurse.id);
    let bytes = knew.to_bytes();
    for name in [
        "Grace",
        "Hopper",
        "Seacole",
        "Florence",
        "4711",
        "phone",
        "5W",
        "Elsewhere",
    ] {
        let found = bytes.windows(name.len()).any(|w| w == name.as_bytes());
        assert!(!found, "{name}");
        assert!(!format!("{knew:?}").contains(name));
    }
    let flags = |device| {
        let found = knew.list().iter().find(|a| a.device == device).unwrap();
        (found.may_wipe, found.may_empower, found.may_extend)
    };
    assert_eq!(flags(admin.id), (true, true, true));
    assert_eq!(flags(nurse.id), (false, false, false));
    assert!(matches!(nurse.owner, Owner::Person(_)));
}
