//! Conversations that are opened, and commits that change their members.

use sotto_tests::{Device, Organisation};

use crate::sweep::{pair, sweep, words};

const GROUP: &str = "Ward round";

#[test]
fn who_opens_a_conversation_and_dies_anywhere_ends_with_one_that_works() {
    let organisation = Organisation::found();
    let chen = organisation.physician("Wei Chen");
    let lang = organisation.physician("Zoe Lang");
    organisation.settle(&[&chen, &lang]);
    let mut count = 0;
    sweep(
        "open",
        3,
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
    let members = |device: &Device| -> usize {
        device.chat(GROUP).unwrap()["members"]
            .as_array()
            .unwrap()
            .len()
    };
    for (operation, verb, other) in [("add", "add", "remove"), ("remove", "remove", "add")] {
        let expected = if verb == "add" { 3 } else { 2 };
        sweep(
            operation,
            3,
            if verb == "add" {
                &["kp/claim", "slot/advance"]
            } else {
                &["slot/advance", "submit"]
            },
            || {
                if members(&chen) == expected {
                    chen.run(&["chat", other, GROUP, "Ben Okafor"]);
                    lang.sync();
                    okafor.sync();
                }
                (chen.clone(), words(&["chat", verb, GROUP, "Ben Okafor"]))
            },
            |chen, given| {
                chen.sync();
                // Where it died before the wish was stored, a person asks again; asked twice it is done once.
                chen.run(given);
                lang.sync();
                okafor.sync();
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
                    let id = okafor.chat(GROUP).unwrap()["id"]
                        .as_str()
                        .unwrap()
                        .to_owned();
                    assert!(
                        okafor
                            .texts(&id)
                            .iter()
                            .all(|text| !text.contains(" remove ")),
                        "read after removal"
                    );
                }
            },
        );
    }
}
