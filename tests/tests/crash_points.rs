//! A device dies without warning at every commit and at every request of everything it does. Started again, it has lost
//! nothing, shows nothing twice, keeps each sender's order, still reads and still sends.
//!
//! Each test prints its line of the matrix: the operation, each point, and how many passages it was killed at.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)] // a test that cannot go on fails; the matrix is for its reader

use sotto_tests::{Crash, Device, Ledger, Newcomer, Organisation, World};

const GROUP: &str = "Ward round";
/// More commits than any command makes: a sweep that comes here goes round in circles.
const MOST_PASSAGES: usize = 60;

/// Every commit of an operation, just before and just after.
const COMMITS: [&str; 2] = ["store.before_commit", "store.after_commit"];

/// What is killed: whose command, and which.
type Act = (Device, Vec<String>);

/// Kills an act at each point in turn, and each time starts the device again. `act` prepares and says whose command to run;
/// `again` does what a person would do afterwards; `settled` checks after each point. A request is killed at its first
/// passage; a commit at every `stride`-th, before and after in turn where not at all. Panics where a point is never
/// reached.
fn sweep(
    operation: &str,
    stride: usize,
    requests: &[&str],
    mut act: impl FnMut() -> Act,
    mut again: impl FnMut(&Device, &[&str]),
    mut settled: impl FnMut(&str),
) {
    let named = requests
        .iter()
        .flat_map(|request| ["before_send", "after_answer"].map(|place| format!("transport.{request}.{place}")));
    let points: Vec<String> = COMMITS.iter().map(|point| (*point).to_owned()).chain(named).collect();
    for (place, point) in points.into_iter().enumerate() {
        let every = COMMITS.contains(&point.as_str());
        let mut passage = if every { 1 + place % stride } else { 1 };
        let mut killed = 0;
        loop {
            let (device, given) = act();
            let words: Vec<&str> = given.iter().map(String::as_str).collect();
            let crash = device.crash(&format!("{point}:{passage}"), &words);
            if let Crash::NotReached(answer) = &crash {
                let _good = answer.clone().good();
            }
            let reached = matches!(crash, Crash::Reached);
            killed += usize::from(reached);
            again(&device, &words);
            if !reached || !every {
                break;
            }
            passage += stride;
            assert!(passage < MOST_PASSAGES, "{operation} passes {point} without end");
        }
        println!("{operation:<8} {point:<42} killed {killed}");
        assert!(killed > 0, "{operation} never passes {point}");
        settled(&point);
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

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

#[test]
fn a_sender_that_dies_anywhere_loses_and_repeats_nothing() {
    let (organisation, chen, lang) = pair();
    let mut ledger = Ledger::default();
    ledger.sent(&chen, "first");
    let mut count = 0;
    let ledger = std::cell::RefCell::new(ledger);
    sweep(
        "send",
        1,
        &[
            "session/start",
            "roster/read",
            "submit",
            "mailbox/fetch",
            "receipts/collect",
        ],
        || {
            count += 1;
            let text = format!("number {count}");
            ledger.borrow_mut().perhaps(&chen, &text);
            (chen.clone(), words(&["send", "Zoe Lang", &text]))
        },
        |chen, _| drop(chen.sync()),
        |point| {
            // It still sends, and what it sent before is there once.
            let text = format!("after {point}");
            ledger.borrow_mut().sent(&chen, &text);
            chen.send("Zoe Lang", &text);
            organisation.settle(&[&chen, &lang]);
            let mut here = lang.texts("Wei Chen");
            assert_eq!(here.pop().unwrap(), text);
            ledger.borrow().check_each(&[(&chen, "Zoe Lang"), (&lang, "Wei Chen")]);
        },
    );
    // It still decrypts.
    lang.send("Wei Chen", "read all of it");
    chen.sync();
    assert_eq!(chen.texts("Zoe Lang").last().unwrap(), "read all of it");
}

#[test]
fn a_receiver_that_dies_anywhere_loses_and_repeats_nothing_and_every_receipt_comes() {
    let (organisation, chen, lang) = pair();
    let mut ledger = Ledger::default();
    ledger.sent(&chen, "first");
    let ledger = std::cell::RefCell::new(ledger);
    let mut sent = Vec::new();
    sweep(
        "receive",
        1,
        &["session/challenge", "session/start", "mailbox/fetch", "mailbox/ack"],
        || {
            for _ in 0..2 {
                let text = format!("number {}", sent.len());
                ledger.borrow_mut().sent(&chen, &text);
                sent.push(chen.send("Zoe Lang", &text));
            }
            (lang.clone(), words(&["sync"]))
        },
        |lang, _| drop(lang.sync()),
        |point| {
            ledger.borrow().check_each(&[(&chen, "Zoe Lang"), (&lang, "Wei Chen")]);
            let text = format!("after {point}");
            ledger.borrow_mut().sent(&lang, &text);
            lang.send("Wei Chen", &text);
            chen.sync();
            assert_eq!(chen.texts("Zoe Lang").last().unwrap(), &text, "it still sends");
        },
    );
    organisation.settle(&[&chen, &lang]);
    for id in sent {
        chen.sync_until(&id, "Zoe Lang", "delivered");
    }
}

#[test]
fn who_opens_a_conversation_and_dies_anywhere_ends_with_one_that_works() {
    let organisation = Organisation::found();
    let chen = organisation.physician("Wei Chen");
    let lang = organisation.physician("Zoe Lang");
    organisation.settle(&[&chen, &lang]);
    let mut count = 0;
    sweep(
        "open",
        2,
        &["slot/create", "kp/claim", "slot/advance"],
        || {
            count += 1;
            let title = format!("Group {count}");
            (
                chen.clone(),
                words(&["chat", "new", "--title", &title, "--member", "Zoe Lang"]),
            )
        },
        |chen, given| {
            chen.sync();
            let title = given[3];
            if chen.chat(title).is_none() {
                // It died before anything was stored: a person would ask again.
                chen.run(&["chat", "new", "--title", title, "--member", "Zoe Lang"]);
            }
            chen.send(title, "opened");
            lang.sync();
            assert_eq!(lang.texts(title), ["opened"]);
            lang.send(title, "seen");
            chen.sync();
            assert_eq!(chen.texts(title), ["opened", "seen"]);
        },
        |_| (),
    );
    assert!(lang.held().is_empty() && chen.held().is_empty());
}

#[test]
fn a_commit_that_dies_anywhere_is_made_once_and_everybody_is_in_one_epoch() {
    let (organisation, chen, lang) = pair();
    let okafor = organisation.physician("Ben Okafor");
    let all = [&chen, &lang, &okafor];
    organisation.settle(&all);
    chen.run(&["chat", "new", "--title", GROUP, "--member", "Zoe Lang"]);
    organisation.settle(&all);
    let members = |device: &Device| -> usize { device.chat(GROUP).unwrap()["members"].as_array().unwrap().len() };
    for (operation, verb, other) in [("add", "add", "remove"), ("remove", "remove", "add")] {
        let expected = if verb == "add" { 3 } else { 2 };
        sweep(
            operation,
            2,
            if verb == "add" {
                &["kp/claim", "slot/advance"]
            } else {
                &["slot/advance", "submit"]
            },
            || {
                if members(&chen) == expected {
                    chen.run(&["chat", other, GROUP, "Ben Okafor"]);
                    organisation.settle(&all);
                }
                (chen.clone(), words(&["chat", verb, GROUP, "Ben Okafor"]))
            },
            |chen, given| {
                chen.sync();
                // Where it died before the wish was stored, a person asks again; asked twice it is done once.
                chen.run(given);
                organisation.settle(&all);
                for device in [chen, &lang] {
                    assert_eq!(members(device), expected, "as {} shows it", device.name);
                }
            },
            |point| {
                let in_it: &[&Device] = if verb == "add" { &all } else { &[&chen, &lang] };
                for device in in_it {
                    device.send(GROUP, &format!("{point} {verb} {}", device.name));
                }
                organisation.settle(&all);
                for device in in_it {
                    let texts = device.texts(GROUP);
                    let mut last: Vec<&String> = texts.iter().rev().take(in_it.len()).collect();
                    last.sort();
                    last.dedup();
                    assert_eq!(last.len(), in_it.len());
                    assert!(
                        last.iter().all(|text| text.starts_with(point)),
                        "{} shows {last:?}",
                        device.name
                    );
                }
                if verb == "remove" {
                    let id = okafor.chat(GROUP).unwrap()["id"].as_str().unwrap().to_owned();
                    assert!(
                        okafor.texts(&id).iter().all(|text| !text.contains(" remove ")),
                        "read after removal"
                    );
                }
            },
        );
    }
}

#[test]
fn who_enrols_and_dies_anywhere_enrols_with_the_same_link_again() {
    let organisation = Organisation::found();
    let chen = organisation.physician("Wei Chen");
    let mut count = 0;
    sweep(
        "enrol",
        2,
        &[
            "grant/take",
            "roster/append",
            "mailbox/open",
            "session/start",
            "alias/create",
            "kp/publish",
        ],
        || {
            count += 1;
            let name = format!("Newcomer {count}");
            let invitation = organisation.invite(Newcomer::physician(&name));
            let link = invitation["link"].as_str().unwrap();
            (
                organisation.device(&name, &name),
                words(&["enroll", link, "--device", &name]),
            )
        },
        |newcomer, given| {
            let again = newcomer.try_run(given);
            if again.error() != "enrol.already_enrolled" {
                assert_eq!(again.good().json()["state"], "joined");
            }
            newcomer.sync();
            newcomer.send("Wei Chen", "I am here");
            chen.sync();
            assert_eq!(chen.texts(&newcomer.owner), ["I am here"]);
            chen.send(&newcomer.owner, "Welcome");
            newcomer.sync();
            assert_eq!(newcomer.texts("Wei Chen"), ["I am here", "Welcome"]);
        },
        |_| (),
    );
    let people = chen.run(&["people"]);
    assert_eq!(
        people["people"].as_array().unwrap().len(),
        count + 2,
        "nobody is there twice"
    );
}

#[test]
fn who_founds_and_dies_anywhere_founds_with_the_same_command_again() {
    let world = World::new();
    let (address, pin) = (world.address(), world.pin());
    let mut count = 0;
    sweep(
        "found",
        2,
        &["info", "tenant/register", "mailbox/open", "roster/append"],
        || {
            count += 1;
            let root = world.folder().join(format!("root {count}"));
            let device = Device::new(world.folder(), &format!("admin {count}"), "Ada Admin");
            let token = world.token();
            let mut given = words(&[
                "org",
                "found",
                "--name",
                "St. Elsewhere",
                "--admin",
                "Ada Admin",
                "--device",
                "a",
            ]);
            given.extend(words(&[
                "--relay",
                &address,
                "--pin",
                &pin,
                "--token",
                &token,
                "--root-file",
            ]));
            given.push(root.to_str().unwrap().to_owned());
            (device, given)
        },
        |admin, given| {
            let again = admin.try_run(given);
            if again.error() != "enrol.already_enrolled" {
                let _founded = again.good();
            }
            admin.sync();
            assert!(
                std::path::Path::new(given.last().unwrap()).exists(),
                "the root key is in its file"
            );
            let people = admin.run(&["people"]);
            assert_eq!(people["people"].as_array().unwrap().len(), 1);
            admin.run(&["invite", "--name", "Wei Chen", "--in-person"]);
        },
        |_| (),
    );
}

#[test]
fn an_admin_that_dies_while_inviting_or_excluding_finishes_it_afterwards() {
    let (organisation, chen, lang) = pair();
    let admin = &organisation.admin;
    let mut count = 0;
    sweep(
        "invite",
        1,
        &["roster/append", "grant/create"],
        || {
            count += 1;
            (
                admin.clone(),
                words(&["invite", "--name", &format!("Invited {count}"), "--in-person"]),
            )
        },
        |admin, _| drop(admin.sync()),
        |point| {
            let guest = organisation.physician(&format!("Guest at {point}"));
            guest.sync();
            guest.send("Wei Chen", "hello");
            chen.sync();
            assert_eq!(chen.texts(&guest.owner), ["hello"], "who is invited afterwards gets in");
        },
    );
    let leaver = std::cell::RefCell::new(lang);
    let mut leaving = 0;
    sweep(
        "leave",
        2,
        &["roster/rotate"],
        || {
            leaving += 1;
            let name = format!("Leaver {leaving}");
            let device = organisation.physician(&name);
            chen.sync();
            chen.send(&name, "before");
            device.sync();
            leaver.replace(device);
            (admin.clone(), words(&["leave", &name, "--yes"]))
        },
        |admin, given| {
            admin.sync();
            let gone = || {
                let people = admin.run(&["people"]);
                people["people"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|one| one["name"] == given[1] && one["state"] == "left")
            };
            if !gone() {
                admin.run(&["leave", given[1], "--yes"]);
            }
            assert!(gone());
            leaver.borrow().try_run(&["sync"]).refused(3, "device.excluded");
            // Who stays goes on under the new key.
            chen.sync();
            let id = chen.send("Zoe Lang", "still here");
            assert_ne!(chen.run(&["status", &id])["queued"], serde_json::Value::Null);
        },
        |_| (),
    );
}
