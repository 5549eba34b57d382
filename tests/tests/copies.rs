//! Two copies of one store, and two processes on one store.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that cannot go on fails

use std::thread;

use sotto_tests::{Device, Ledger, Organisation};

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
fn a_copy_of_a_store_is_refused_before_it_sends_and_the_original_goes_on() {
    let (_organisation, chen, lang) = pair();
    let copy = chen.copied("stolen");
    chen.sync();
    copy.try_run(&["sync"]).refused(3, "device.copied_store");
    let sent = copy.try_run(&["send", "Zoe Lang", "from the copy"]);
    assert_eq!(
        (sent.code, sent.error().as_str()),
        (Some(3), "device.copied_store")
    );
    // The same over a live connection: refused, and said so.
    let mut running = copy.start();
    running.wait("the copy is told", |event| {
        (event["event"] == "clone_alarm").then_some(())
    });
    assert_eq!(running.ended().code(), Some(3));
    chen.send("Zoe Lang", "from the original");
    lang.sync();
    assert_eq!(lang.texts("Wei Chen"), ["first", "from the original"]);
    lang.send("Wei Chen", "received");
    chen.sync();
    assert_eq!(chen.texts("Zoe Lang").last().unwrap(), "received");
}

#[test]
fn a_store_restored_from_a_backup_is_refused_before_it_sends() {
    let (_organisation, chen, lang) = pair();
    let backup = chen.copied("backup");
    chen.send("Zoe Lang", "after the backup");
    lang.sync();
    chen.restored_from(&backup);
    let sent = chen.try_run(&["send", "Zoe Lang", "from the past"]);
    assert_eq!(
        (sent.code, sent.error().as_str()),
        (Some(3), "device.copied_store")
    );
    chen.try_run(&["sync"]).refused(3, "device.copied_store");
    lang.sync();
    assert_eq!(lang.texts("Wei Chen"), ["first", "after the backup"]);
}

#[test]
fn an_original_whose_copy_came_first_is_told_and_does_not_send_either() {
    let (_organisation, chen, lang) = pair();
    let copy = chen.copied("stolen");
    copy.sync();
    // Two stores claim to be one device; whichever comes second is stopped and says why.
    chen.try_run(&["sync"]).refused(3, "device.copied_store");
    let answer = chen.try_run(&["send", "Zoe Lang", "whose?"]);
    assert_eq!(answer.error(), "device.copied_store");
    lang.sync();
    assert_eq!(lang.texts("Wei Chen"), ["first"]);
}

#[test]
fn commands_beside_a_running_process_share_its_store_and_everything_arrives_once_in_order() {
    let (organisation, chen, lang) = pair();
    let (mut at_chen, mut at_lang) = (chen.start(), lang.start());
    at_chen.wait_connected();
    at_lang.wait_connected();
    let mut ledger = Ledger::default();
    ledger.sent(&chen, "first");
    // Two shells of Chen's machine and one of Lang's at once, each with its own order.
    let shells = [
        ("a", &chen, "Zoe Lang"),
        ("b", &chen, "Zoe Lang"),
        ("c", &lang, "Wei Chen"),
    ];
    thread::scope(|scope| {
        for (shell, device, to) in shells {
            scope.spawn(move || {
                for n in 0..8 {
                    device.send(to, &format!("{shell}{n}"));
                }
            });
        }
    });
    for (shell, device, _) in shells {
        let writer = format!("{} in shell {shell}", device.name);
        (0..8).for_each(|n| ledger.sent_by(&writer, &format!("{shell}{n}")));
    }
    at_lang.wait("Lang's process has the last of both shells", {
        let mut left = vec!["a7", "b7"];
        move |event| {
            left.retain(|text| event["view"]["text"] != *text);
            left.is_empty().then_some(())
        }
    });
    at_chen.wait_text("c7");
    ledger.check_each(&[(&chen, "Zoe Lang"), (&lang, "Wei Chen")]);
    // Reading beside it, and a second `run`, which is refused.
    assert_eq!(
        chen.run(&["search", "a3"])["messages"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    chen.try_run(&["run"]).refused(3, "run.already");
    // `lock` ends it, and the store is then this shell's alone.
    let locked = chen.run(&["lock"]);
    assert_eq!(
        (locked["locked"].as_bool(), locked["was_running"].as_bool()),
        (Some(true), Some(true))
    );
    assert!(at_chen.ended().success());
    drop(at_lang);
    chen.send("Zoe Lang", "after");
    organisation.settle(&[&chen, &lang]);
    assert_eq!(lang.texts("Wei Chen").last().unwrap(), "after");
}

#[test]
fn many_commands_at_once_on_one_store_neither_tear_it_nor_lose_a_message() {
    let (organisation, chen, lang) = pair();
    let count = 12;
    thread::scope(|scope| {
        for n in 0..count {
            let chen = &chen;
            scope.spawn(move || {
                chen.run(&["--offline", "send", "Zoe Lang", &format!("at once {n}")])
            });
        }
    });
    organisation.settle(&[&chen, &lang]);
    let mut texts = lang.texts("Wei Chen");
    let as_sent = chen.texts("Zoe Lang");
    assert_eq!(texts, as_sent, "in the order in which they were stored");
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), count + 1);
}
