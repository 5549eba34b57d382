//! Who founds, invites, enrols and excludes.

use sotto_tests::{Device, Newcomer, Organisation, World};

use crate::sweep::{pair, sweep, words};

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
fn who_enrols_and_dies_anywhere_enrols_with_the_same_link_again() {
    let organisation = Organisation::found();
    let chen = organisation.physician("Wei Chen");
    let mut count = 0;
    sweep(
        "enrol",
        3,
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
fn an_admin_that_dies_while_inviting_or_excluding_finishes_it_afterwards() {
    let (organisation, chen, lang) = pair();
    let admin = &organisation.admin;
    let mut count = 0;
    sweep(
        "invite",
        2,
        &["roster/append", "grant/create"],
        || {
            count += 1;
            (
                admin.clone(),
                words(&[
                    "invite",
                    "--name",
                    &format!("Invited {count}"),
                    "--in-person",
                ]),
            )
        },
        |admin, _| drop(admin.sync()),
        |point| {
            let guest = organisation.physician(&format!("Guest at {point}"));
            guest.sync();
            guest.send("Wei Chen", "hello");
            chen.sync();
            assert_eq!(
                chen.texts(&guest.owner),
                ["hello"],
                "who is invited afterwards gets in"
            );
        },
    );
    let leaver = std::cell::RefCell::new(lang);
    let mut leaving = 0;
    sweep(
        "leave",
        4,
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
            leaver
                .borrow()
                .try_run(&["sync"])
                .refused(3, "device.excluded");
            // Who stays goes on under the new key.
            chen.sync();
            let id = chen.send("Zoe Lang", "still here");
            assert_ne!(
                chen.run(&["status", &id])["queued"],
                serde_json::Value::Null
            );
        },
        |_| (),
    );
}
