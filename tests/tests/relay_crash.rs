//! The relay dies without warning in the middle of what devices ask of it, is restarted, and is moved to another disk: what
//! was acknowledged to a sender arrives once and in order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)] // a test that cannot go on fails; the matrix is for its reader

use std::cell::RefCell;

use sotto_tests::{Device, Ledger, Newcomer, Organisation};

/// Where an operation that writes can end; those that only read have the last place alone.
const WRITES: [&str; 3] = ["before-commit", "after-commit", "before-answer"];

/// Wei Chen and Zoe Lang in a conversation.
fn pair() -> (Organisation, Device, Device) {
    let organisation = Organisation::found();
    let chen = organisation.physician("Wei Chen");
    let lang = organisation.physician("Zoe Lang");
    organisation.settle(&[&chen, &lang]);
    chen.send("Zoe Lang", "first");
    organisation.settle(&[&chen, &lang]);
    (organisation, chen, lang)
}

/// Lets the relay die at each place of each operation while `act` runs. `again` follows with the relay back.
fn at_each_point(
    organisation: &Organisation,
    operations: &[&str],
    mut act: impl FnMut(&str),
    mut again: impl FnMut(&str),
) {
    for operation in operations {
        let places: &[&str] = if *operation == "mailbox-fetch" {
            &WRITES[2..]
        } else {
            &WRITES
        };
        for place in places {
            let point = format!("{operation}/{place}");
            organisation.world.start_relay_crashing(&point);
            act(&point);
            // Panics where the relay is still there: the point was not reached.
            organisation.world.relay_crashed();
            println!("{point:<32} reached");
            organisation.world.start_relay();
            again(&point);
        }
    }
}

#[test]
fn a_relay_that_dies_anywhere_while_a_message_passes_loses_and_repeats_nothing() {
    let (organisation, chen, lang) = pair();
    let ledger = RefCell::new(Ledger::default());
    ledger.borrow_mut().sent(&chen, "first");
    at_each_point(
        &organisation,
        &["submit", "session-start"],
        |point| {
            let text = format!("sent at {point}");
            let answer = chen.try_run(&["send", "Zoe Lang", &text]).good();
            assert_eq!(
                (answer.json()["relay"].as_str(), answer.note().as_str()),
                (Some("unreachable"), "relay.later")
            );
            ledger.borrow_mut().sent(&chen, &text);
        },
        |_| {
            organisation.settle(&[&chen, &lang]);
            ledger
                .borrow()
                .check_each(&[(&chen, "Zoe Lang"), (&lang, "Wei Chen")]);
        },
    );
    let ids = RefCell::new(Vec::new());
    at_each_point(
        &organisation,
        &["mailbox-fetch", "mailbox-ack"],
        |point| {
            let text = format!("taken at {point}");
            ids.borrow_mut().push(chen.send("Zoe Lang", &text));
            ledger.borrow_mut().sent(&chen, &text);
            lang.try_run(&["sync"]).refused(4, "relay.unreachable");
        },
        |_| {
            organisation.settle(&[&chen, &lang]);
            ledger
                .borrow()
                .check_each(&[(&chen, "Zoe Lang"), (&lang, "Wei Chen")]);
        },
    );
    for id in ids.into_inner() {
        chen.sync_until(&id, "Zoe Lang", "delivered");
    }
}

#[test]
fn a_relay_that_dies_anywhere_in_a_change_of_members_leaves_one_epoch() {
    let (organisation, chen, lang) = pair();
    let mut count = 0;
    let count = RefCell::new(&mut count);
    at_each_point(
        &organisation,
        &["slot-create", "kp-claim", "slot-advance"],
        |_| {
            **count.borrow_mut() += 1;
            let title = format!("Group {}", count.borrow());
            let answer = chen.run(&["chat", "new", "--title", &title, "--member", "Zoe Lang"]);
            assert_eq!(answer["relay"], "unreachable");
        },
        |_| {
            let title = format!("Group {}", count.borrow());
            organisation.settle(&[&chen, &lang]);
            chen.send(&title, "opened");
            lang.sync();
            lang.send(&title, "seen");
            chen.sync();
            for device in [&chen, &lang] {
                assert_eq!(
                    device.texts(&title),
                    ["opened", "seen"],
                    "{title} at {}",
                    device.name
                );
                assert!(device.held().is_empty());
            }
        },
    );
}

#[test]
fn a_relay_that_dies_anywhere_in_an_enrolment_lets_the_same_link_in_afterwards() {
    let (organisation, chen, _) = pair();
    let newcomer = RefCell::new((organisation.device("nobody", "nobody"), String::new()));
    at_each_point(
        &organisation,
        &[
            "grant-take",
            "mailbox-open",
            "roster-append",
            "alias-create",
            "kp-publish",
        ],
        |point| {
            // The invitation is made while the relay is up, and its point is passed by the enrolment alone.
            organisation.world.start_relay();
            let name = format!("At {}", point.replace('/', " "));
            let link = organisation.invite(Newcomer::physician(&name))["link"]
                .as_str()
                .unwrap()
                .to_owned();
            let device = organisation.device(&name, &name);
            organisation.world.start_relay_crashing(point);
            let answer = device.try_run(&["enroll", &link, "--device", &name]);
            // Key packages follow an enrolment that stands already.
            assert!(
                answer.error() == "relay.unreachable" || answer.code == Some(0),
                "{point}: {}",
                answer.stderr
            );
            let _published = device.try_run(&["sync"]);
            newcomer.replace((device, link));
        },
        |point| {
            let (device, link) = &*newcomer.borrow();
            let again = device.try_run(&["enroll", link, "--device", &device.name]);
            if again.error() != "enrol.already_enrolled" {
                assert_eq!(again.good().json()["state"], "joined", "{point}");
            }
            device.sync();
            device.send("Wei Chen", "I am here");
            chen.sync();
            assert_eq!(chen.texts(&device.owner), ["I am here"], "{point}");
        },
    );
}

#[test]
fn a_relay_that_is_restarted_or_killed_is_found_again_by_connected_devices() {
    let (organisation, chen, lang) = pair();
    let (mut at_chen, mut at_lang) = (chen.start(), lang.start());
    at_chen.wait_connected();
    at_lang.wait_connected();
    for (round, kill) in [false, true, true].into_iter().enumerate() {
        let down = format!("down {round}");
        if kill {
            organisation.world.kill_relay()
        } else {
            organisation.world.stop_relay()
        }
        at_lang.wait("the connection is lost", |event| {
            (event["event"] == "connection" && event["live"] == false).then_some(())
        });
        chen.run(&["send", "Zoe Lang", &down]);
        organisation.world.start_relay();
        at_lang.wait_text(&down);
        let up = format!("up {round}");
        lang.run(&["send", "Wei Chen", &up]);
        at_chen.wait_text(&up);
    }
    let mut all = vec!["first".to_owned()];
    all.extend((0..3).flat_map(|round| [format!("down {round}"), format!("up {round}")]));
    assert_eq!(chen.texts("Zoe Lang"), all);
    assert_eq!(lang.texts("Wei Chen"), all);
}

#[test]
fn a_relay_moved_to_another_disk_by_backup_and_restore_loses_nothing() {
    let (organisation, chen, lang) = pair();
    let world = &organisation.world;
    let ids: Vec<String> = (0..5)
        .map(|n| chen.send("Zoe Lang", &format!("waiting {n}")))
        .collect();
    world.move_relay("moved");
    // The same key and the same address: nobody notices, except that nothing is missing.
    lang.sync();
    let waiting: Vec<String> = (0..5).map(|n| format!("waiting {n}")).collect();
    assert_eq!(lang.texts("Wei Chen")[1..], waiting);
    lang.send("Wei Chen", "all here");
    chen.sync();
    assert_eq!(chen.texts("Zoe Lang").last().unwrap(), "all here");
    for id in ids {
        chen.sync_until(&id, "Zoe Lang", "delivered");
    }
    let okafor = organisation.physician("Ben Okafor");
    okafor.sync();
    okafor.send("Wei Chen", "new here");
    chen.sync();
    assert_eq!(chen.texts("Ben Okafor"), ["new here"]);
}
