//! Sending and receiving, one command at a time.

use sotto_tests::Ledger;

use crate::sweep::{pair, sweep, words};

#[test]
fn a_sender_that_dies_anywhere_loses_and_repeats_nothing() {
    let (organisation, chen, lang) = pair();
    let mut ledger = Ledger::default();
    ledger.sent(&chen, "first");
    let mut count = 0;
    let ledger = std::cell::RefCell::new(ledger);
    sweep(
        "send",
        2,
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
            ledger
                .borrow()
                .check_each(&[(&chen, "Zoe Lang"), (&lang, "Wei Chen")]);
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
        2,
        &[
            "session/challenge",
            "session/start",
            "mailbox/fetch",
            "mailbox/ack",
        ],
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
            ledger
                .borrow()
                .check_each(&[(&chen, "Zoe Lang"), (&lang, "Wei Chen")]);
            let text = format!("after {point}");
            ledger.borrow_mut().sent(&lang, &text);
            lang.send("Wei Chen", &text);
            chen.sync();
            assert_eq!(
                chen.texts("Zoe Lang").last().unwrap(),
                &text,
                "it still sends"
            );
        },
    );
    organisation.settle(&[&chen, &lang]);
    for id in sent {
        chen.sync_until(&id, "Zoe Lang", "delivered");
    }
}
