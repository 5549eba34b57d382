//! A member sends everything a member can make: noise, halves, repetitions, words that contradict themselves. Nothing of
//! it is shown, nothing is dropped unseen, and those who are honest go on.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that cannot go on fails

use sotto_core::base::Secret;
use sotto_core::membership::Body;
use sotto_tests::insider::{Insider, fresh};
use sotto_tests::{Device, Organisation, Seed};

const GROUP: &str = "Ward round";

struct Ward {
    organisation: Organisation,
    chen: Device,
    lang: Device,
    mallory: Device,
}

impl Ward {
    fn new() -> Self {
        let organisation = Organisation::found();
        let chen = organisation.physician("Wei Chen");
        let lang = organisation.physician("Zoe Lang");
        let mallory = organisation.physician("Mallory");
        let ward = Self {
            organisation,
            chen,
            lang,
            mallory,
        };
        ward.settle();
        ward.chen.run(&[
            "chat", "new", "--title", GROUP, "--member", "Zoe Lang", "Mallory",
        ]);
        ward.settle();
        ward
    }

    fn settle(&self) {
        self.organisation
            .settle(&[&self.chen, &self.lang, &self.mallory]);
    }
}

/// What Chen and Lang both show.
fn shown(ward: &Ward) -> Vec<String> {
    let texts = ward.chen.texts(GROUP);
    assert_eq!(ward.lang.texts(GROUP), texts);
    texts
}

#[test]
fn junk_of_every_depth_is_kept_as_evidence_and_spoils_nothing() {
    let mut seed = Seed::printed("junk_of_every_depth_is_kept_as_evidence_and_spoils_nothing");
    let ward = Ward::new();
    let mallory = Insider::with(&ward.mallory);
    let text = |content: &[u8]| mallory.plaintext(GROUP, Body::Content(1, content.to_vec()));
    let sealed = |plaintext: &[u8]| mallory.wrapped(GROUP, &mallory.encrypted(GROUP, plaintext));
    let noise = seed.bytes(700);
    let mut half = mallory.encrypted(GROUP, &text(b"half"));
    half.truncate(half.len() / 2);
    let nested = [vec![0x81; 100_000], vec![0x80]].concat();
    let junk: Vec<(&str, Vec<u8>)> = vec![
        ("noise", noise.clone()),
        (
            "a payload that claims to be for one device",
            [&[2_u8][..], &noise].concat(),
        ),
        ("one byte", vec![1]),
        (
            "noise under the group's key",
            mallory.wrapped(GROUP, &noise),
        ),
        ("nothing under the group's key", mallory.wrapped(GROUP, &[])),
        ("half a message", mallory.wrapped(GROUP, &half)),
        ("a message of noise", sealed(&noise)),
        ("an empty message", sealed(&[])),
        ("a deeply nested message", sealed(&nested)),
        ("content of noise", sealed(&text(&noise))),
        ("deeply nested content", sealed(&text(&nested))),
        ("content of another roster", {
            let body = Body::Content(1, noise.clone());
            sealed(&mallory.plaintext_of_another_roster(GROUP, body))
        }),
        (
            "a key out of nowhere",
            sealed(&mallory.plaintext(GROUP, Body::Key(u64::MAX, Secret::new(fresh())))),
        ),
        (
            "a key for an epoch of others",
            sealed(&mallory.plaintext(GROUP, Body::Key(1, Secret::new(fresh())))),
        ),
    ];
    for (round, (what, payload)) in junk.into_iter().enumerate() {
        let before = (shown(&ward), ward.chen.held().len());
        mallory.send_bytes(GROUP, payload).unwrap();
        ward.chen.sync();
        ward.lang.sync();
        assert_eq!(shown(&ward), before.0, "{what} is shown");
        let kept = ward.chen.held().len() > before.1;
        assert!(
            kept || what.starts_with("a key"),
            "{what} disappeared unseen"
        );
        // Those who are honest go on, in both directions.
        let (ask, answer) = (format!("after {round}"), format!("{round} too"));
        ward.chen.send(GROUP, &ask);
        ward.lang.sync();
        ward.lang.send(GROUP, &answer);
        ward.chen.sync();
        let texts = shown(&ward);
        assert_eq!(texts[texts.len() - 2..], [ask, answer], "after {what}");
    }
    drop(mallory);
    // Mallory is put out, and the group goes on under keys of its own.
    ward.chen.run(&["chat", "remove", GROUP, "Mallory"]);
    ward.chen.send(GROUP, "without Mallory");
    ward.settle();
    assert_eq!(shown(&ward).last().unwrap(), "without Mallory");
    assert!(
        !ward
            .mallory
            .run(&["read", GROUP, "--peek"])
            .to_string()
            .contains("without Mallory")
    );
}

#[test]
fn a_message_sent_again_by_a_member_or_wrapped_anew_is_shown_once() {
    let ward = Ward::new();
    ward.mallory.send(GROUP, "honest once");
    ward.settle();
    let mallory = Insider::with(&ward.mallory);
    let body = mallory.plaintext(GROUP, Body::Info("Renamed".to_owned(), Vec::new()));
    let message = mallory.encrypted(GROUP, &body);
    let once = mallory.wrapped(GROUP, &message);
    for payload in [
        once.clone(),
        once,
        mallory.wrapped(GROUP, &message),
        mallory.wrapped(GROUP, &message),
    ] {
        mallory.send_bytes(GROUP, payload).unwrap();
    }
    drop(mallory);
    for device in [&ward.chen, &ward.lang] {
        device.sync();
        assert_eq!(device.texts("Renamed"), ["honest once"]);
    }
    ward.chen.send("Renamed", "on we go");
    ward.lang.sync();
    assert_eq!(ward.lang.texts("Renamed"), ["honest once", "on we go"]);
}

#[test]
fn a_payload_beyond_the_contract_is_refused_and_changes_nothing() {
    let ward = Ward::new();
    let mallory = Insider::with(&ward.mallory);
    let huge = vec![7; (1 << 20) + 1];
    assert!(mallory.send_bytes(GROUP, huge).is_err());
    ward.chen.sync();
    assert!(ward.chen.held().is_empty());
    mallory.send_bytes(GROUP, vec![7; 1 << 20]).unwrap();
    drop(mallory);
    ward.chen.sync();
    assert_eq!(
        ward.chen.held().len(),
        1,
        "the largest that is allowed arrives"
    );
    ward.chen.send(GROUP, "unharmed");
    ward.lang.sync();
    assert_eq!(ward.lang.texts(GROUP), ["unharmed"]);
}

#[test]
fn a_member_that_wins_an_epoch_with_junk_stalls_that_group_in_sight_and_no_other() {
    let ward = Ward::new();
    ward.chen.send(GROUP, "before");
    ward.chen.send("Zoe Lang", "directly");
    ward.settle();
    let mallory = Insider::with(&ward.mallory);
    mallory.win_the_epoch_with_junk(GROUP).unwrap();
    drop(mallory);
    // The relay has opened an epoch that nobody can enter. Messages of the last good one still pass.
    ward.chen.send(GROUP, "of the last good epoch");
    ward.lang.sync();
    assert_eq!(ward.lang.texts(GROUP), ["before", "of the last good epoch"]);
    for device in [&ward.chen, &ward.lang] {
        // A change of members is not possible any more, and that is said, not hidden.
        let _asked = device.try_run(&["chat", "remove", GROUP, "Mallory"]);
        let _round = device.try_run(&["sync"]);
        assert_eq!(
            device.chat(GROUP).unwrap()["state"],
            "stalled",
            "as {} shows it",
            device.name
        );
        assert!(!device.held().is_empty(), "the junk is evidence");
        assert_eq!(
            device.texts(GROUP).len(),
            2,
            "what was there stays readable"
        );
    }
    // What is written there now claims nothing.
    let stuck = ward
        .chen
        .try_run(&["send", GROUP, "into the stalled group"])
        .json();
    if let Some(id) = stuck["message"].as_str() {
        assert_eq!(
            (
                ward.chen.state(id, "Zoe Lang").as_str(),
                stuck["queued"].is_null()
            ),
            ("waiting", true)
        );
    }
    ward.chen.send("Zoe Lang", "another way");
    ward.lang.sync();
    assert_eq!(ward.lang.texts("Wei Chen"), ["directly", "another way"]);
    ward.chen.run(&[
        "chat",
        "new",
        "--title",
        "Without Mallory",
        "--member",
        "Zoe Lang",
    ]);
    ward.chen.send("Without Mallory", "here we go on");
    ward.lang.sync();
    assert_eq!(ward.lang.texts("Without Mallory"), ["here we go on"]);
}
