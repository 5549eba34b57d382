//! P7: power fails at each step of a wipe. Whoever comes next goes on; nothing is opened in between; the end is the same.

use sotto_tests::{Crash, Device};

use crate::ward::{ASK, Image, PHONE, Ward};

/// Every step of the device: its own, and its talk with the relay about the order.
const STEPS: [&str; 9] = [
    "transport.channel/poll.before_send",
    "transport.channel/poll.after_answer",
    "wipe.ordered",
    "wipe.key_destroyed",
    "wipe.data_destroyed",
    "wipe.certified",
    "transport.channel/certify.before_send",
    "transport.channel/certify.after_answer",
    "wipe.reported",
];

/// From here on an order was accepted: nothing may open.
fn accepted(point: &str) -> bool {
    point.starts_with("wipe.") || point.contains("certify")
}

#[test]
fn a_phone_that_dies_at_any_step_of_its_wipe_opens_nothing_and_comes_to_the_same_end() {
    let ward = Ward::new();
    for (number, point) in STEPS.into_iter().enumerate() {
        let name = format!("Phone {number}");
        let phone = ward.another(&name);
        let image = Image::of(&phone, &format!("before-{number}"));
        let order = ward.order(&name);
        let died = phone.crash(point, &ASK);
        assert!(matches!(died, Crash::Reached), "{point}: {died:?}");
        if accepted(point) {
            // Somebody types the passphrase, away from any network.
            ward.organisation.world.gate().cut();
            phone.try_run(&["inbox"]).refused(3, "device.wiped");
            ward.organisation.world.mend();
        }
        let ended = phone.run(&ASK);
        assert_eq!(ended["state"], "wiped", "{point}: {ended:#}");
        let certificate = ward.certified(&name, &order);
        assert_eq!(certificate["sha256"], ended["certificate"], "{point}");
        image.assert_wiped(&phone);
        println!("killed at {point}: wiped");
    }
}

#[test]
fn a_phone_that_dies_twice_in_its_wipe_still_comes_to_the_same_end() {
    let ward = Ward::new();
    let image = Image::of(&ward.phone, "before");
    let order = ward.order(PHONE);
    for point in STEPS.into_iter().filter(|point| accepted(point)) {
        let died = ward.phone.crash(point, &ASK);
        assert!(matches!(died, Crash::Reached), "{point}: {died:?}");
    }
    ward.phone.run(&ASK);
    let _certificate = ward.certified(PHONE, &order);
    image.assert_wiped(&ward.phone);
}

#[test]
fn an_administrator_who_dies_while_ordering_has_ordered_it_once_after_asking_again() {
    let ward = Ward::new();
    let points = [
        "transport.roster/rotate.before_send",
        "transport.roster/rotate.after_answer",
        "store.after_commit:2",
    ];
    for (number, point) in points.into_iter().enumerate() {
        let name = format!("Phone {number}");
        let phone = ward.another(&name);
        let died = ward
            .admin()
            .crash(point, &["admin", "wipe", &name, "--yes"]);
        assert!(matches!(died, Crash::Reached), "{point}: {died:?}");
        ends_wiped(&ward, &phone, &name, point);
    }
}

#[test]
fn a_relay_that_dies_while_it_takes_the_order_or_the_certificate_loses_neither() {
    let ward = Ward::new();
    let world = &ward.organisation.world;
    for (number, place) in ["before-commit", "after-commit", "before-answer"]
        .into_iter()
        .enumerate()
    {
        let name = format!("Phone {number}");
        let phone = ward.another(&name);
        let point = format!("roster-rotate/{place}");
        world.start_relay_crashing(&point);
        let _died = ward.admin().try_run(&["admin", "wipe", &name, "--yes"]);
        world.relay_crashed();
        world.start_relay();
        ends_wiped(&ward, &phone, &name, &point);

        let name = format!("Tablet {number}");
        let tablet = ward.another(&name);
        let order = ward.order(&name);
        let point = format!("channel-certify/{place}");
        world.start_relay_crashing(&point);
        let wiped = tablet.run(&ASK);
        assert_eq!(wiped["state"], "wiped", "{point}: {wiped:#}");
        assert_eq!(wiped["reported"], false, "{point}: {wiped:#}");
        world.relay_crashed();
        world.start_relay();
        assert_eq!(tablet.run(&ASK)["reported"], true, "{point}");
        let _certificate = ward.certified(&name, &order);
    }
}

/// What an administrator does who does not know whether the order went out: they give it again.
fn ends_wiped(ward: &Ward, phone: &Device, name: &str, point: &str) {
    ward.admin().sync();
    let again = ward.admin().run(&["admin", "wipe", name, "--yes"]);
    let wiped = phone.run(&ASK);
    assert_eq!(wiped["state"], "wiped", "{point}: {wiped:#}\n{again:#}");
    let wipe = ward.status(name);
    assert_eq!(wipe["stage"], "certified", "{point}: {wipe:#}");
    assert_eq!(wipe["certificate"]["complete"], true, "{point}");
    println!("killed at {point}: wiped");
}
