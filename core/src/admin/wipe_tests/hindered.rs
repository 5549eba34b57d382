//! Whoever or whatever would keep a device from being excluded, or an order from reaching it.

use super::*;

/// A next device of the same person, vouched for by an earlier one.
fn next_device(world: &mut World, by: &Device) -> Device {
    let subject = Subject::Person(by.person());
    let (invitation, body) = world.invitation(subject, vec![], ApprovalMode::Instant);
    world.ok(by, body);
    let device = world.new_device(by.owner);
    world.enrol(&invitation, &device);
    device
}

#[test]
fn sixty_five_invitations_of_its_owner_do_not_keep_a_device_from_being_excluded() {
    let mut lost = Lost::new();
    let phone = lost.phone.clone();
    let tablet = next_device(&mut lost.world, &phone);
    for _ in 0..65 {
        let subject = Subject::Person(phone.person());
        let (_, body) = lost
            .world
            .invitation(subject, vec![], ApprovalMode::Instant);
        lost.world.ok(&tablet, body);
    }
    let Excluding::Device(body) = lost.wipe(RevocationMode::Wipe) else {
        panic!("one device")
    };
    lost.world.ok(&tablet, body);
    let admin = lost.world.admin.clone();
    let rotate = lost.rotation(&admin, None).unwrap().unwrap();
    assert!(lost.closes(&rotate) && lost.refuses(&rotate));
    assert_eq!(lost.obeys(&rotate).by, tablet.id);
}

#[test]
fn an_order_that_cannot_be_proven_keeps_neither_its_device_nor_another_in() {
    let mut lost = Lost::new();
    let phone = lost.phone.clone();
    let mut newest = phone.clone();
    for _ in 0..40 {
        newest = next_device(&mut lost.world, &newest.clone());
    }
    let Excluding::Device(body) = lost.wipe(RevocationMode::Wipe) else {
        panic!("one device")
    };
    lost.world.ok(&newest, body);
    // An administrator's device excludes another one; both mailboxes are closed.
    let other = Excluding::Device(DeviceRevoked {
        device: newest.id,
        mode: RevocationMode::Revoke,
        suspect_since: None,
        reason: None,
    });
    let admin = lost.world.admin.clone();
    let rotate = lost.rotation(&admin, Some(&other)).unwrap().unwrap();
    assert_eq!((rotate.close.len(), rotate.orders.as_ref()), (2, None));
    assert!(lost.refuses(&rotate));
    lost.as_device(&admin, |tx, context| {
        certificate::served(tx, &[], &[phone.id]).unwrap();
        let kept = certificate::evidence(tx, &phone.id).unwrap().unwrap();
        let status = certificate::status(context, phone.id, &kept).unwrap();
        assert!(
            status.text.contains("NO ORDER could be laid"),
            "{}",
            status.text
        );
    });
}

#[test]
fn more_devices_than_one_operation_closes_are_closed_by_the_next_ones() {
    let lost = Lost::new();
    let admin = lost.world.admin.clone();
    let many: Vec<DeviceId> = (0..300u16)
        .map(|n| {
            let mut id = [9; 16];
            id[..2].copy_from_slice(&n.to_be_bytes());
            DeviceId::new(id)
        })
        .collect();
    let act = lost.wipe(RevocationMode::Wipe);
    let (rotate, rest) = lost.as_device(&admin, |tx, context| {
        assert!(!rotation::due_here(tx, context, context.now).unwrap());
        tx.put_meta("devices still to be closed", &many).unwrap();
        assert!(rotation::due_here(tx, context, context.now).unwrap());
        let (prepared, _) = leave::prepare(tx, context, Some(&act)).unwrap().unwrap();
        let rotate: Rotate = sotto_wire::decode(&prepared.request).unwrap();
        (rotate, prepared.rest.unwrap())
    });
    assert!(lost.closes(&rotate), "the device of the act comes first");
    assert_eq!(rest, many[255..], "one place was the phone's");
}

#[test]
fn an_order_that_the_relay_lost_is_laid_again() {
    let mut lost = Lost::new();
    let admin = lost.world.admin.clone();
    let act = lost.wipe(RevocationMode::Wipe);
    let Excluding::Device(body) = act.clone() else {
        panic!("one device")
    };
    lost.world.ok(&admin, body);
    let rotation = crate::roster::Rotation::prepare(
        &lost.organisation(),
        &lost.world.key,
        &lost.world.roster.recipients().unwrap(),
        &SystemRandom,
    )
    .unwrap();
    let mut keys = Keyring::new();
    keys.insert(lost.world.key.clone());
    keys.insert(rotation.key);
    lost.store
        .write::<_, StoreError>("a test", |tx| put_keyring(tx, &keys))
        .unwrap();
    lost.world.ok(&admin, rotation.body);
    let at = RelayTime(lost.world.now.millis());
    lost.hears(OrderState::Ordered(at), vec![]);
    assert_eq!(lost.rotation(&admin, Some(&act)).unwrap(), None);
    // A relay restored from before the order, or somebody who ended it, or 400 days.
    for state in [OrderState::None, OrderState::Ended] {
        lost.hears(state, vec![]);
        assert!(lost.status().text.contains("NO ORDER lies at the relay"));
        let rotate = lost.rotation(&admin, Some(&act)).unwrap().unwrap();
        assert!(lost.closes(&rotate));
        assert_eq!(lost.obeys(&rotate).by, admin.id);
        lost.as_device(&admin, |tx, _| {
            certificate::served(tx, &[lost.phone.id], &[]).unwrap();
        });
        assert_eq!(lost.rotation(&admin, Some(&act)).unwrap(), None);
        assert_eq!(lost.status().not_laid, None);
    }
    // Who has certified needs no order any more.
    let genuine = lost.certified(&lost.phone.secrets.receipt.clone(), lost.phone.id);
    lost.hears(OrderState::Fetched(at), vec![genuine]);
    lost.hears(OrderState::Ended, vec![]);
    assert_eq!(lost.rotation(&admin, Some(&act)).unwrap(), None);
    assert_eq!(lost.status().stage, Stage::Certified);
}

#[test]
fn the_only_administrator_of_a_new_organisation_wipes_at_once() {
    let mut world = World::found_now();
    let nurse = world.member("Florence Nightingale", Some("5W"), terms(pack::NURSE, None));
    let lost = Lost::in_world(world, nurse);
    let admin = lost.world.admin.clone();
    let act = lost.wipe(RevocationMode::Wipe);
    let rotate = lost.rotation(&admin, Some(&act)).unwrap().unwrap();
    assert!(lost.closes(&rotate));
    assert_eq!(lost.obeys(&rotate).by, admin.id);
}
