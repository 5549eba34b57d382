//! Two things at the same instant: one outcome, and no dead end.

use std::thread;

use sotto_tests::{Answer, Device, Newcomer};

use crate::ward::{ASK, Image, PHONE, Ward};

/// Runs two commands at once.
fn both(one: (&Device, &[&str]), other: (&Device, &[&str])) -> (Answer, Answer) {
    thread::scope(|scope| {
        let first = scope.spawn(|| one.0.try_run(one.1));
        let second = scope.spawn(|| other.0.try_run(other.1));
        (first.join().unwrap(), second.join().unwrap())
    })
}

#[test]
fn a_wipe_against_a_message_of_the_phone_leaves_the_phone_wiped_and_the_conversation_alive() {
    let ward = Ward::new();
    let image = Image::of(&ward.phone, "before");
    let (order, sent) = both(
        (ward.admin(), &["admin", "wipe", PHONE, "--yes"]),
        (&ward.phone, &["send", "Zoe Lang", "at the same instant"]),
    );
    let order = order.good().json();
    assert!(
        sent.code == Some(0) || sent.error() == "device.wiped" || sent.error() == "device.excluded",
        "{}",
        sent.stderr
    );
    ward.phone.run(&ASK);
    let _certificate = ward.certified(PHONE, &order);
    image.assert_wiped(&ward.phone);
    // Who stays reads what was accepted at most once, and goes on.
    ward.lang.sync();
    let texts = ward.lang.texts("Wei Chen");
    let arrived = texts.iter().filter(|one| *one == "at the same instant");
    assert!(arrived.count() <= 1, "{texts:?}");
    ward.lang.send("Ada Admin", "we go on");
    let both = [ward.admin(), &ward.lang];
    ward.organisation.turns_until(&both, "they go on", || {
        ward.admin().chat("Zoe Lang").is_some() && ward.admin().texts("Zoe Lang") == ["we go on"]
    });
}

#[test]
fn two_administrators_who_wipe_one_phone_at_once_order_it_once() {
    let ward = Ward::new();
    let second = ward.organisation.administrator("Bea Admin", "bea");
    ward.organisation
        .settle(&[ward.admin(), &ward.lang, &ward.phone, &second]);
    let wipe = ["admin", "wipe", PHONE, "--yes"];
    let (one, other) = both((ward.admin(), &wipe), (&second, &wipe));
    let (one, other) = (one.good().json(), other.good().json());
    ward.phone.run(&ASK);
    for admin in [ward.admin(), &second] {
        admin.sync();
        let wipe = admin.run(&["admin", "wipe-status", PHONE])["wipe"].clone();
        assert_eq!(wipe["stage"], "certified", "{one:#}{other:#}{wipe:#}");
    }
    let orders = |admin: &Device| admin.run(&["admin", "wipe-status"])["wipes"].clone();
    assert_eq!(orders(ward.admin()).as_array().unwrap().len(), 1);
    assert_eq!(
        orders(&second)[0]["entry"],
        orders(ward.admin())[0]["entry"]
    );
}

#[test]
fn a_wipe_against_an_enrolment_leaves_one_phone_wiped_and_the_other_enrolled() {
    let ward = Ward::new();
    let invitation = ward.organisation.invite(Newcomer::physician("Ben Okafor"));
    let link = invitation["link"].as_str().unwrap();
    let fresh = ward.organisation.device("Okafor phone", "Ben Okafor");
    let (order, joined) = both(
        (ward.admin(), &["admin", "wipe", PHONE, "--yes"]),
        (&fresh, &["enroll", link, "--device", "Okafor phone"]),
    );
    let order = order.good().json();
    if joined.code != Some(0) {
        let again = fresh.try_run(&["enroll", link, "--device", "Okafor phone"]);
        assert!(
            again.code == Some(0) || again.error() == "enrol.already_enrolled",
            "{}{}",
            joined.stderr,
            again.stderr
        );
    }
    ward.phone.run(&ASK);
    let _certificate = ward.certified(PHONE, &order);
    ward.lang.sync();
    ward.lang.send("Ben Okafor", "welcome");
    let all = [ward.admin(), &ward.lang, &fresh];
    ward.organisation
        .turns_until(&all, "the new one reads", || {
            fresh.chat("Zoe Lang").is_some() && fresh.texts("Zoe Lang") == ["welcome"]
        });
}

#[test]
fn a_wipe_against_an_open_app_that_is_being_read_ends_in_a_wiped_phone() {
    let ward = Ward::new();
    let image = Image::of(&ward.phone, "before");
    let mut running = ward.phone.start();
    running.wait_connected();
    let (order, read) = both(
        (ward.admin(), &["admin", "wipe", PHONE, "--yes"]),
        (&ward.phone, &["read", "Zoe Lang", "--peek"]),
    );
    let order = order.good().json();
    assert!(
        read.code == Some(0) || read.error() == "device.wiped",
        "{}",
        read.stderr
    );
    let _status = running.ended();
    ward.phone.run(&ASK);
    let _certificate = ward.certified(PHONE, &order);
    image.assert_wiped(&ward.phone);
}
