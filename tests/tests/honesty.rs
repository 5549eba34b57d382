//! A state is what the named device signed: it never runs ahead of that device's act, whoever would like it to.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that cannot go on fails

use sotto_tests::{Crash, Device, Newcomer, Operator, Organisation, eventually};

const GROUP: &str = "Ward round";

/// A laboratory's bench and two clinicians who know of each other.
struct Ward {
    organisation: Organisation,
    bench: Device,
    chen: Device,
    lang: Device,
}

impl Ward {
    fn new() -> Self {
        let organisation = Organisation::found();
        let bench = organisation.enrol(
            Newcomer::place("Chemistry bench", "LAB", &["laboratory"]),
            "bench",
        );
        let chen = organisation.physician("Wei Chen");
        let lang = organisation.physician("Zoe Lang");
        organisation.settle(&[&bench, &chen, &lang]);
        Self {
            organisation,
            bench,
            chen,
            lang,
        }
    }
}

/// Time enough for a sender that would believe something to have asked for it: it asks within half a second and at every
/// start, and its clock is the only one that counts.
fn ask_repeatedly(device: &Device) {
    let begin = std::time::Instant::now();
    eventually("the sender has asked for receipts again and again", || {
        device.sync();
        (begin.elapsed() > std::time::Duration::from_millis(1_500)).then_some(())
    });
}

#[test]
fn a_message_is_delivered_only_when_the_device_has_stored_it_and_said_so() {
    let ward = Ward::new();
    let (chen, lang) = (&ward.chen, &ward.lang);
    let id = chen.run(&["--offline", "send", "Zoe Lang", "hello"])["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        chen.state(&id, "Zoe Lang"),
        "waiting",
        "written, and nowhere else"
    );
    chen.sync();
    assert_eq!(chen.state(&id, "Zoe Lang"), "queued", "at the relay");
    ask_repeatedly(chen);
    assert_eq!(chen.state(&id, "Zoe Lang"), "queued", "Lang is off");
    // Lang's device stores the message and dies before it can say so.
    assert!(matches!(
        lang.crash("transport.mailbox/ack.before_send", &["sync"]),
        Crash::Reached
    ));
    assert_eq!(lang.texts("Wei Chen"), ["hello"]);
    ask_repeatedly(chen);
    assert_eq!(
        chen.state(&id, "Zoe Lang"),
        "queued",
        "nobody has said more"
    );
    lang.sync();
    chen.sync_until(&id, "Zoe Lang", "delivered");
    // Displaying a text claims nothing beyond delivery.
    lang.run(&["read", "Wei Chen"]);
    lang.sync();
    ask_repeatedly(chen);
    assert_eq!(chen.state(&id, "Zoe Lang"), "delivered");
}

#[test]
fn a_receipt_made_up_by_the_relay_proves_nothing() {
    let ward = Ward::new();
    let id = ward.chen.send("Zoe Lang", "hello");
    let operator = Operator::of(&ward.organisation.world);
    assert_eq!(operator.make_up_receipts(b"delivered, honestly"), 1);
    ask_repeatedly(&ward.chen);
    assert_eq!(ward.chen.state(&id, "Zoe Lang"), "queued");
}

#[test]
fn a_genuine_receipt_of_another_device_or_message_proves_nothing_under_a_foreign_handle() {
    let ward = Ward::new();
    let (chen, lang) = (&ward.chen, &ward.lang);
    let okafor = ward.organisation.physician("Ben Okafor");
    let all = [chen, lang, &okafor];
    ward.organisation.settle(&all);
    chen.run(&[
        "chat",
        "new",
        "--title",
        GROUP,
        "--member",
        "Zoe Lang",
        "Ben Okafor",
    ]);
    ward.organisation.settle(&all);
    let id = chen.send(GROUP, "hello");
    lang.sync();
    okafor.sync();
    // Both receipts are genuine and at the relay; the operator puts each under the other's handle.
    let operator = Operator::of(&ward.organisation.world);
    assert_eq!(operator.exchange_receipts(), 2);
    ask_repeatedly(chen);
    for person in ["Zoe Lang", "Ben Okafor"] {
        assert_ne!(
            chen.state(&id, person),
            "delivered",
            "{person} signed something else"
        );
    }
    // The next message's receipts are taken again.
    let next = chen.send(GROUP, "again");
    lang.sync();
    okafor.sync();
    chen.sync_until(&next, "Zoe Lang", "delivered");
    chen.sync_until(&next, "Ben Okafor", "delivered");
}

/// A critical troponin, sent by the bench.
const RESULT: &str = include_str!("../../core/content/samples/troponin.hl7");

#[test]
fn a_result_is_seen_and_acknowledged_only_by_the_device_that_did_it() {
    let ward = Ward::new();
    let (bench, chen, lang) = (&ward.bench, &ward.chen, &ward.lang);
    let phone = ward.organisation.next_device(chen, "Chen phone");
    ward.organisation.settle(&[chen, &phone, bench, lang]);
    let file = ward.organisation.world.folder().join("result.hl7");
    std::fs::write(&file, RESULT).unwrap();
    let sent = bench.run(&[
        "send-result",
        "--to",
        "Wei Chen",
        file.to_str().unwrap(),
        "--critical",
        "troponin above 1000",
    ]);
    let id = sent["results"][0]["message"].as_str().unwrap().to_owned();
    assert_eq!(bench.state(&id, "Wei Chen"), "queued");
    chen.sync();
    phone.sync();
    bench.sync_until(&id, "Wei Chen", "delivered");
    // To look at the list, or to peek, is not to see.
    chen.run(&["inbox"]);
    chen.run(&["read", "Chemistry bench", "--peek"]);
    chen.sync();
    bench.sync();
    assert_eq!(bench.state(&id, "Wei Chen"), "delivered");
    // Displayed on the phone, without a network: nothing is known until it is sent.
    phone.run(&["--offline", "read", "Chemistry bench"]);
    bench.sync();
    assert_eq!(bench.state(&id, "Wei Chen"), "delivered");
    phone.sync();
    bench.sync();
    assert_eq!(bench.state(&id, "Wei Chen"), "seen");
    // A read-back that does not match acknowledges nothing, and its sender learns of it.
    let wrong = chen.try_run(&[
        "ack",
        &id,
        "--value",
        "8.6",
        "--identifier",
        "84531907",
        "--identifier",
        "1961-03-14",
    ]);
    assert_eq!(wrong.code, Some(3), "{}", wrong.stderr);
    chen.sync();
    bench.sync();
    assert_ne!(bench.state(&id, "Wei Chen"), "acknowledged");
    // The right one counts when it has arrived, not when it was made.
    let right = [
        "--value",
        ">1000",
        "--identifier",
        "84531907",
        "--identifier",
        "1961-03-14",
    ];
    chen.run(&[&["--offline", "ack", &id][..], &right].concat());
    bench.sync();
    assert_ne!(bench.state(&id, "Wei Chen"), "acknowledged");
    chen.sync();
    bench.sync();
    assert_eq!(bench.state(&id, "Wei Chen"), "acknowledged");
    // Nobody else's device can do it for Chen: Lang does not even have it.
    assert_eq!(
        lang.try_run(&["ack", &id, "--value", ">1000", "--identifier", "84531907"])
            .code,
        Some(6)
    );
}
