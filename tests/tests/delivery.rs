//! Messages reach everybody they are for: directly and in groups, at once and later.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that cannot go on fails

use serde_json::{Value, json};
use sotto_tests::{Device, Ledger, Newcomer, Organisation, eventually};

const GROUP: &str = "Ward round";

/// Wei Chen and Zoe Lang, who know of each other.
fn pair() -> (Organisation, Device, Device) {
    let organisation = Organisation::found();
    let chen = organisation.physician("Wei Chen");
    let lang = organisation.physician("Zoe Lang");
    organisation.settle(&[&chen, &lang]);
    (organisation, chen, lang)
}

fn message(device: &Device, chat: &str, id: &str) -> Value {
    let all = device.messages(chat);
    all.into_iter()
        .find(|one| one["id"] == id)
        .unwrap_or_else(|| panic!("{} has no {id}", device.name))
}

#[test]
fn two_devices_exchange_text_both_ways_one_round_after_another() {
    let (_organisation, chen, lang) = pair();
    let message = chen.send("Zoe Lang", "Are you on call?");
    lang.sync();
    assert_eq!(lang.texts("Wei Chen"), ["Are you on call?"]);
    lang.send("Wei Chen", "Until seven.");
    chen.sync();
    assert_eq!(chen.texts("Zoe Lang"), ["Are you on call?", "Until seven."]);
    chen.sync_until(&message, "Zoe Lang", "delivered");
}

#[test]
fn two_devices_that_are_connected_exchange_text_and_receipts_by_themselves() {
    let (_organisation, chen, lang) = pair();
    let (mut at_chen, mut at_lang) = (chen.start(), lang.start());
    at_chen.wait_connected();
    at_lang.wait_connected();
    let question = chen.run(&["send", "Zoe Lang", "Are you on call?"]);
    let seen = at_lang.wait_text("Are you on call?");
    assert_eq!(
        (seen["sender"].as_str(), seen["mine"].as_bool()),
        (Some("Wei Chen"), Some(false))
    );
    at_chen.wait_state(
        question["message"].as_str().unwrap(),
        "Zoe Lang",
        "delivered",
    );
    let answer = lang.send("Wei Chen", "Until seven.");
    at_chen.wait_text("Until seven.");
    at_lang.wait_state(&answer, "Wei Chen", "delivered");
    for running in [at_chen, at_lang] {
        let events = running.stop();
        assert_eq!(events.last().unwrap()["event"], "stopped");
    }
}

#[test]
fn a_group_of_four_with_several_devices_each_shows_everything_once_everywhere() {
    let organisation = Organisation::found();
    let chen = organisation.physician("Wei Chen");
    let lang = organisation.physician("Zoe Lang");
    let okafor = organisation.enrol(
        Newcomer {
            roles: &["nurse"],
            ..Newcomer::physician("Ben Okafor")
        },
        "Ben Okafor",
    );
    organisation.settle(&[&chen, &lang, &organisation.admin]);
    let chen_phone = organisation.next_device(&chen, "Chen phone");
    let lang_phone = organisation.next_device(&lang, "Lang phone");
    let all = [
        &organisation.admin,
        &chen,
        &chen_phone,
        &lang,
        &lang_phone,
        &okafor,
    ];
    organisation.settle(&all);
    chen.run(&[
        "chat",
        "new",
        "--title",
        GROUP,
        "--member",
        "Zoe Lang",
        "Ben Okafor",
        "Ada Admin",
    ]);
    organisation.settle(&all);
    let mut ledger = Ledger::default();
    for round in 0..2 {
        for device in all {
            let text = format!("{round} from {}", device.name);
            device.send(GROUP, &text);
            ledger.sent(device, &text);
        }
    }
    organisation.settle(&all);
    ledger.check(GROUP, &all);
    for device in all {
        let mut members: Vec<String> =
            serde_json::from_value(device.chat(GROUP).unwrap()["members"].clone()).unwrap();
        members.sort();
        assert_eq!(
            members,
            ["Ada Admin", "Ben Okafor", "Wei Chen", "Zoe Lang"],
            "as {} shows it",
            device.name
        );
    }
    // The state of a message has one line for each person, not for each device.
    let id = chen.send(GROUP, "last");
    organisation.settle(&all);
    for person in ["Ada Admin", "Ben Okafor", "Zoe Lang"] {
        chen.sync_until(&id, person, "delivered");
    }
}

#[test]
fn a_device_that_joins_a_person_later_is_added_to_their_conversations_by_their_other_one() {
    let (organisation, chen, lang) = pair();
    chen.send("Zoe Lang", "before the phone");
    organisation.settle(&[&chen, &lang]);
    let phone = organisation.next_device(&lang, "Lang phone");
    organisation.settle(&[&lang, &phone, &chen]);
    chen.send("Zoe Lang", "to both");
    organisation.settle(&[&lang, &phone, &chen]);
    assert_eq!(
        phone.texts("Wei Chen"),
        ["to both"],
        "nothing from before, everything from now on"
    );
    assert_eq!(lang.texts("Wei Chen"), ["before the phone", "to both"]);
    phone.send("Wei Chen", "from the phone");
    organisation.settle(&[&chen, &lang]);
    assert_eq!(chen.texts("Zoe Lang").last().unwrap(), "from the phone");
    assert_eq!(
        lang.texts("Wei Chen").last().unwrap(),
        "from the phone",
        "a person's devices show the same"
    );
}

#[test]
fn replies_reactions_edits_and_retractions_are_the_same_for_everybody() {
    let (organisation, chen, lang) = pair();
    let question = chen.send("Zoe Lang", "Potassium again?");
    let mistake = chen.send("Zoe Lang", "wrong chat");
    lang.sync();
    let reply = lang.run(&["send", "Wei Chen", "In an hour.", "--reply", &question]);
    lang.run(&["react", &question, "👍"]);
    chen.run(&["edit", &question, "Repeat potassium?"]);
    chen.run(&["retract", &mistake]);
    organisation.settle(&[&chen, &lang]);
    for (device, chat) in [(&chen, "Zoe Lang"), (&lang, "Wei Chen")] {
        let asked = message(device, chat, &question);
        assert_eq!(asked["text"], "Repeat potassium?");
        assert_eq!(asked["marks"], json!(["edited"]));
        assert_eq!(asked["reactions"], json!([["Zoe Lang", "👍"]]));
        let answered = message(device, chat, reply["message"].as_str().unwrap());
        assert_eq!(answered["reply_to"], question.as_str());
        let taken_back = message(device, chat, &mistake);
        assert_eq!(taken_back["marks"], json!(["retracted"]));
        assert!(
            !taken_back.to_string().contains("wrong chat"),
            "{taken_back:#}"
        );
        let found = device.run(&["search", "wrong"]);
        assert_eq!(
            found["messages"],
            json!([]),
            "what was taken back is not found either"
        );
    }
    // Nobody changes another's words.
    lang.try_run(&["edit", &question, "I never asked"])
        .refused(3, "message.not_yours");
    lang.try_run(&["retract", &question])
        .refused(3, "message.not_yours");
}

#[test]
fn what_was_sent_to_a_device_that_is_off_waits_for_it_in_order() {
    let (_organisation, chen, lang) = pair();
    let sent: Vec<String> = (0..30).map(|n| format!("number {n}")).collect();
    let ids: Vec<String> = sent
        .iter()
        .map(|text| chen.send("Zoe Lang", text))
        .collect();
    assert_eq!(
        chen.state(&ids[29], "Zoe Lang"),
        "queued",
        "stored by the relay, and nothing more is claimed"
    );
    lang.sync();
    assert_eq!(lang.texts("Wei Chen"), sent);
    chen.sync_until(&ids[29], "Zoe Lang", "delivered");
}

#[test]
fn what_was_written_without_a_network_leaves_with_the_next_round_in_order() {
    let (organisation, chen, lang) = pair();
    organisation.world.gate().cut();
    let answer = chen.try_run(&["send", "Zoe Lang", "one"]).good();
    assert_eq!(
        (answer.note().as_str(), answer.json()["relay"].as_str()),
        ("relay.later", Some("unreachable"))
    );
    assert_eq!(
        answer.json()["queued"],
        Value::Null,
        "nothing is said to be queued that is not"
    );
    let two = chen.run(&["--offline", "send", "Zoe Lang", "two"]);
    assert_eq!(two["relay"], "skipped");
    assert_eq!(
        chen.state(two["message"].as_str().unwrap(), "Zoe Lang"),
        "waiting"
    );
    chen.try_run(&["sync"]).refused(4, "relay.unreachable");
    organisation.world.mend();
    eventually("all has left", || {
        (chen.sync()["waiting"] == 0).then_some(())
    });
    lang.sync();
    assert_eq!(lang.texts("Wei Chen"), ["one", "two"]);
}

#[test]
fn an_expired_message_is_gone_from_rows_index_and_search_on_both_sides() {
    let (_organisation, chen, lang) = pair();
    let id = chen.run(&[
        "send",
        "Zoe Lang",
        "ephemeralword at noon",
        "--expires",
        "3s",
    ]);
    let id = id["message"].as_str().unwrap();
    chen.send("Zoe Lang", "this stays");
    lang.sync();
    assert_eq!(
        lang.texts("Wei Chen"),
        ["ephemeralword at noon", "this stays"]
    );
    assert_eq!(
        lang.run(&["search", "ephemeralword"])["messages"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    for (device, chat) in [(&chen, "Zoe Lang"), (&lang, "Wei Chen")] {
        let gone = eventually("the message has expired", || {
            device.sync();
            let one = message(device, chat, id);
            (one["marks"] == json!(["expired"])).then_some(one)
        });
        assert!(!gone.to_string().contains("ephemeralword"), "{gone:#}");
        assert_eq!(
            device.run(&["search", "ephemeralword"])["messages"],
            json!([])
        );
        assert_eq!(
            device.run(&["search", "stays"])["messages"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
    }
}

#[test]
fn search_finds_words_of_all_conversations_by_their_beginnings() {
    let (organisation, chen, lang) = pair();
    chen.run(&["chat", "new", "--title", GROUP, "--member", "Zoe Lang"]);
    chen.send(GROUP, "Kalium 6,8 in Bett 12");
    chen.send("Zoe Lang", "Kalium again, bed 3");
    chen.send("Zoe Lang", "nothing else");
    organisation.settle(&[&chen, &lang]);
    let texts = |words: &[&str]| -> Vec<String> {
        let found = lang.run(&[&["search"], words].concat());
        let found = found["messages"].as_array().unwrap().clone();
        found
            .iter()
            .map(|one| one["text"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        texts(&["kalium"]),
        ["Kalium again, bed 3", "Kalium 6,8 in Bett 12"],
        "newest first"
    );
    assert_eq!(texts(&["kalium", "bet"]), ["Kalium 6,8 in Bett 12"]);
    assert_eq!(
        texts(&["OR \" NEAR("]),
        Vec::<String>::new(),
        "words, not an expression"
    );
    assert_eq!(texts(&["absent"]), Vec::<String>::new());
}

#[test]
fn two_people_who_write_to_each_other_at_once_end_in_one_conversation() {
    let (organisation, chen, lang) = pair();
    std::thread::scope(|scope| {
        scope.spawn(|| chen.send("Zoe Lang", "from Chen"));
        scope.spawn(|| lang.send("Wei Chen", "from Lang"));
    });
    organisation.settle(&[&chen, &lang]);
    chen.send("Zoe Lang", "Chen again");
    lang.send("Wei Chen", "Lang again");
    organisation.settle(&[&chen, &lang]);
    let usable = |device: &Device| -> Vec<Value> {
        device
            .chats()
            .into_iter()
            .filter(|chat| chat["state"] == "active")
            .map(|chat| chat["id"].clone())
            .collect()
    };
    assert_eq!(usable(&chen), usable(&lang));
    assert_eq!(usable(&chen).len(), 1);
    // What went into the other one before is not lost: it stays readable.
    for device in [&chen, &lang] {
        let mut texts: Vec<String> = device
            .chats()
            .iter()
            .flat_map(|chat| device.texts(chat["id"].as_str().unwrap()))
            .collect();
        texts.sort();
        assert_eq!(
            texts,
            ["Chen again", "Lang again", "from Chen", "from Lang"],
            "at {}",
            device.name
        );
    }
}
