//! P7: orders that nobody with the right gave to this phone. The relay puts them in front of it all the same.

use sotto_core::roster::kind::RevocationMode;
use sotto_tests::canary::Piece;
use sotto_tests::insider::Insider;
use sotto_tests::{Device, Forged, Newcomer, Operator, Organisation};

use crate::ward::{ASK, CANARY, PHONE, Ward};

/// The files of a phone, but for what it keeps of its last contact and of what it refused.
fn files(phone: &Device) -> Vec<(String, Vec<u8>)> {
    let pieces = Piece::files(phone.home()).into_iter();
    pieces
        .filter(|piece| !piece.name.ends_with("stub.refused") && !piece.name.ends_with("stub.cbor"))
        .map(|piece| (piece.name, piece.bytes))
        .collect()
}

/// Puts each of these into the phone's channel in turn. The phone refuses each, and nothing of it changes.
fn refuses_all(world: &sotto_tests::World, phone: &Device, key: &[u8], orders: &[(&str, Vec<u8>)]) {
    let operator = Operator::of(world);
    for (what, order) in orders {
        let before = files(phone);
        operator.lay_order(key, order);
        let answer = phone.run(&ASK);
        assert_eq!(answer["state"], "refused", "{what}: {answer:#}");
        println!("{what}: {}", answer["reason"]);
        assert_eq!(operator.certificates(), 0, "{what}");
        operator.take_order(key);
        assert_eq!(before, files(phone), "{what}");
        assert_eq!(phone.texts("Zoe Lang"), [CANARY], "{what}");
    }
    assert!(phone.home().join("stub.refused").exists(), "it is kept");
    let state = phone.run(&["standby", "--state"]);
    assert_eq!(state["state"], "ready");
}

#[test]
fn an_order_that_is_forged_replayed_of_another_device_or_of_no_use_changes_nothing() {
    let ward = Ward::new();
    let world = &ward.organisation.world;
    let tablet = ward.another("Ben Okafor");
    let nurse = ward.organisation.enrol(
        Newcomer {
            roles: &["nurse"],
            ..Newcomer::physician("Eve Nurse")
        },
        "Eve phone",
    );
    ward.settle();
    nurse.sync();
    tablet.sync();
    ward.order("Ben Okafor");
    let real = Operator::of(world).orders();
    assert_eq!(real.len(), 1);
    let (other_key, other_order) = &real[0];
    nurse.sync();
    let insider = Insider::with(&nurse);
    let key = insider.channel_of(PHONE);
    assert_ne!(&key, other_key);
    let forged = |names, mode| {
        insider.order(Forged {
            channel: PHONE,
            names,
            mode,
        })
    };
    let by_nurse = forged(PHONE, RevocationMode::Wipe);
    let mut bent = by_nurse.clone();
    *bent.last_mut().unwrap() ^= 1;
    let orders = [
        ("junk", vec![0x5a; 700]),
        ("nothing", vec![0]),
        ("another device's order, as it is", other_order.clone()),
        (
            "another device's order, sealed for this one by a member",
            insider.transplanted(other_order, "Ben Okafor", PHONE),
        ),
        ("an order by a member without the right", by_nurse),
        (
            "the same in an emergency",
            forged(PHONE, RevocationMode::EmergencyWipe),
        ),
        (
            "an exclusion that orders no wipe",
            forged(PHONE, RevocationMode::Revoke),
        ),
        (
            "an order that names another device",
            forged("Eve phone", RevocationMode::Wipe),
        ),
        ("a bent seal", bent),
    ];
    drop(insider);
    refuses_all(world, &ward.phone, &key, &orders);
    // The control: the real one is obeyed.
    ward.order(PHONE);
    assert_eq!(ward.phone.run(&ASK)["state"], "wiped");
}

#[test]
fn an_order_of_another_organisation_changes_nothing() {
    let ward = Ward::new();
    let foreign = Organisation::found();
    let theirs = foreign.physician("Wei Chen");
    foreign.settle(&[&foreign.admin, &theirs]);
    foreign.admin.run(&["admin", "wipe", "Wei Chen", "--yes"]);
    let orders = Operator::of(&foreign.world).orders();
    let insider = Insider::with(&ward.lang);
    let key = insider.channel_of(PHONE);
    drop(insider);
    refuses_all(
        &ward.organisation.world,
        &ward.phone,
        &key,
        &[("another organisation's order", orders[0].1.clone())],
    );
}

#[test]
fn an_order_by_an_administrator_who_had_lost_the_right_before_changes_nothing() {
    let ward = Ward::new();
    let second = ward.organisation.administrator("Bea Admin", "bea");
    ward.organisation
        .settle(&[ward.admin(), &ward.lang, &ward.phone, &second]);
    ward.admin()
        .run(&["admin", "withdraw", "Bea Admin", "admin"]);
    ward.organisation
        .settle(&[ward.admin(), &ward.lang, &ward.phone, &second]);
    let insider = Insider::with(&second);
    let key = insider.channel_of(PHONE);
    let late = insider.order(Forged {
        channel: PHONE,
        names: PHONE,
        mode: RevocationMode::Wipe,
    });
    drop(insider);
    refuses_all(
        &ward.organisation.world,
        &ward.phone,
        &key,
        &[("an order by who had lost the right", late)],
    );
}
