//! Who could make a proof long, and what becomes of the order then.

use super::{Locked, chain, prove, wipe};
use crate::roster::kind::{ApprovalMode, PersonChanged, Setting, Subject, Value};
use crate::roster::order::{MAX_ENTRIES, OrderProof};
use crate::roster::tests::fixture::{Device, World, person_details};
use crate::roster::{RosterError, Verdict};

const MANY: usize = MAX_ENTRIES + 1;

/// A next device, vouched for by an earlier one of the same person.
fn next(world: &mut World, by: &Device) -> Device {
    let subject = Subject::Person(by.person());
    let (invitation, body) = world.invitation(subject, vec![], ApprovalMode::Instant);
    world.ok(by, body);
    let device = world.new_device(by.owner);
    let enrolled = world.enrol(&invitation, &device);
    assert!(matches!(enrolled, Verdict::Valid { .. }), "{enrolled:?}");
    device
}

#[test]
fn sixty_five_invitations_of_its_owner_do_not_keep_an_order_from_a_device() {
    let (mut scene, _) = Locked::set();
    let phone = scene.phone.clone();
    let tablet = next(&mut scene.world, &phone);
    for _ in 0..MANY {
        let subject = Subject::Person(phone.person());
        let (_, body) = scene
            .world
            .invitation(subject, vec![], ApprovalMode::Instant);
        scene.world.ok(&tablet, body);
    }
    let seq = scene.world.ok(&tablet, wipe(&phone));
    assert_eq!(scene.obeys(seq).by, tablet.id);
    assert_eq!(prove(&scene.world, seq, None).entries().len(), 3);
    // What was taken by others of their devices gave the tablet nothing either.
    let (mut scene, _) = Locked::set();
    let phone = scene.phone.clone();
    for _ in 0..MANY {
        next(&mut scene.world, &phone);
    }
    let admin = scene.admin();
    let seq = scene.world.ok(&admin, wipe(&phone));
    assert_eq!(prove(&scene.world, seq, None).entries().len(), 1);
    assert_eq!(scene.obeys(seq).by, admin.id);
}

#[test]
fn sixty_five_changes_of_its_owners_details_do_not_keep_an_order_from_a_device() {
    let (mut scene, _) = Locked::set();
    let admin = scene.admin();
    for n in 0..MANY {
        let body = PersonChanged {
            person: scene.phone.person(),
            details: person_details(&format!("Florence {n}"), Some("5W")),
        };
        scene.world.ok(&admin, body);
    }
    let seq = scene.world.ok(&admin, wipe(&scene.phone));
    assert_eq!(scene.obeys(seq).by, admin.id);
}

#[test]
fn years_of_policy_agreed_by_two_do_not_keep_an_order_from_a_device() {
    let (world, second, nurse) = World::governed();
    let mut scene = Locked::phone_of(world, nurse);
    let admin = scene.admin();
    for n in 0..40 {
        let policy = scene.world.roster.policy().unwrap().clone();
        let body = policy.with(Setting::IdleLock, Value::Number(60 + n % 2));
        let agreed = scene.world.together(&admin, &second, body);
        assert!(matches!(agreed, Verdict::Valid { .. }), "{agreed:?}");
    }
    let seq = scene.world.ok(&second, wipe(&scene.phone));
    assert_eq!(scene.obeys(seq).by, second.id);
}

#[test]
fn an_order_by_the_last_of_forty_devices_in_a_row_has_no_proof_and_says_so() {
    let (mut scene, _) = Locked::set();
    let mut newest = scene.phone.clone();
    for _ in 0..40 {
        newest = next(&mut scene.world, &newest.clone());
    }
    let seq = scene.world.ok(&newest, wipe(&scene.phone));
    let entries = chain(&scene.world);
    let entry = |seq: u64| entries.get(usize::try_from(seq).unwrap()).cloned();
    assert!(matches!(
        OrderProof::build(&scene.world.roster, &entry, seq, None),
        Err(RosterError::Proof)
    ));
}
