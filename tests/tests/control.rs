//! P3: what a single administrator cannot do alone where two are asked for, and what the relay cannot do at all.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that cannot go on fails

use std::thread;

use serde_json::Value;
use sotto_tests::{Device, Newcomer, Operator, Organisation};

const PHONE: &str = "Chen phone";
const TWO: &str = "two-administrators=wipe device, grant privileged role, change policy";

/// Ada Admin and Bea Admin, Wei Chen with a phone, Zoe Lang; acts that matter need two.
struct Board {
    organisation: Organisation,
    bea: Device,
    chen: Device,
    lang: Device,
}

impl Board {
    fn new() -> Self {
        let (organisation, bea) = Organisation::found_two_days_ago("Bea Admin", "bea");
        let chen = organisation.enrol(Newcomer::physician("Wei Chen"), PHONE);
        let lang = organisation.physician("Zoe Lang");
        let board = Self {
            organisation,
            bea,
            chen,
            lang,
        };
        board.settle();
        let set = board.ada().run(&["admin", "policy", "set", TWO]);
        assert_eq!(set["outcome"], "done", "one rule is set alone: {set:#}");
        board.settle();
        board
    }

    fn ada(&self) -> &Device {
        &self.organisation.admin
    }

    fn settle(&self) {
        self.organisation
            .settle(&[self.ada(), &self.bea, &self.chen, &self.lang]);
    }

    /// What an administrator proposes; nothing happens by it.
    fn proposed(&self, by: &Device, act: &[&str]) -> String {
        let answer = by.run(act);
        assert_eq!(answer["outcome"], "proposed", "{act:?}: {answer:#}");
        answer["seq"].to_string()
    }
}

fn device_state(at: &Device, label: &str) -> String {
    let devices = at.run(&["devices"]);
    let devices = devices["devices"].as_array().unwrap().clone();
    let found = devices.iter().find(|one| one["label"] == label);
    found.unwrap()["state"].as_str().unwrap().to_owned()
}

fn holders(at: &Device, role: &str) -> Vec<String> {
    let roles = at.run(&["admin", "roles"]);
    let roles = roles["roles"].as_array().unwrap().clone();
    let role: &Value = roles.iter().find(|one| one["name"] == role).unwrap();
    let mut names: Vec<String> = role["holders"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

fn rule(at: &Device, name: &str) -> String {
    let policy = at.run(&["admin", "policy"]);
    let rules = policy["rules"].as_array().unwrap().clone();
    let rule = rules.iter().find(|one| one["name"] == name);
    rule.unwrap()["value"].as_str().unwrap().to_owned()
}

#[test]
fn one_administrator_alone_wipes_nobody_makes_no_administrator_and_changes_no_rule() {
    let board = Board::new();
    let (ada, bea) = (board.ada(), &board.bea);
    let rules_before = rule(ada, "two-administrators");
    let wipe = board.proposed(bea, &["admin", "wipe", PHONE, "--yes"]);
    let grant = board.proposed(bea, &["admin", "grant", "Zoe Lang", "admin"]);
    let policy = board.proposed(bea, &["admin", "policy", "set", "two-administrators="]);
    board.settle();
    for device in [ada, &board.chen, &board.lang] {
        assert_eq!(device_state(device, PHONE), "confirmed");
        assert_eq!(holders(device, "admin"), ["Ada Admin", "Bea Admin"]);
        assert_eq!(rule(device, "two-administrators"), rules_before);
    }
    board.chen.send("Zoe Lang", "still here");
    // Not alone either by agreeing with oneself.
    for number in [&wipe, &grant, &policy] {
        bea.try_run(&["admin", "countersign", number])
            .refused(3, "admin.same_person");
    }
    // Everybody sees what was tried.
    let seen = board.lang.run(&["admin", "proposals"]);
    assert_eq!(seen["proposals"].as_array().unwrap().len(), 3, "{seen:#}");
    assert!(seen.to_string().contains("Bea Admin"));
    // With the other's agreement, each happens.
    for number in [&wipe, &grant, &policy] {
        let done = ada.run(&["admin", "countersign", number]);
        assert_eq!(done["outcome"], "done", "{done:#}");
    }
    let wiped = board.chen.run(&["standby", "--once", "--deadline", "5s"]);
    assert_eq!(wiped["state"], "wiped", "{wiped:#}");
    board.lang.sync();
    bea.sync();
    assert_eq!(device_state(&board.lang, PHONE), "revoked");
    assert_eq!(
        holders(&board.lang, "admin"),
        ["Ada Admin", "Bea Admin", "Zoe Lang"]
    );
    let status = bea.run(&["admin", "wipe-status", PHONE]);
    assert_eq!(status["wipe"]["stage"], "certified", "{status:#}");
}

#[test]
fn the_same_human_with_a_second_device_is_not_a_second_administrator() {
    let board = Board::new();
    let invitation = board.bea.run(&["invite", "--next-device", "--in-person"]);
    let tablet = board.organisation.device("bea tablet", "Bea Admin");
    board
        .organisation
        .enrol_approved(&tablet, &invitation, &board.bea);
    board.settle();
    tablet.sync();
    let wipe = board.proposed(&board.bea, &["admin", "wipe", PHONE, "--yes"]);
    tablet.sync();
    tablet
        .try_run(&["admin", "countersign", &wipe])
        .refused(3, "admin.same_person");
    let emergency = ["admin", "wipe", "bea tablet", "--yes"];
    let own = board.bea.try_run(&emergency);
    // Whatever becomes of a device of one's own, the other's stays.
    assert!(matches!(own.code, Some(0 | 3)), "{}", own.stderr);
    board.settle();
    assert_eq!(device_state(&board.lang, PHONE), "confirmed");
}

#[test]
fn an_emergency_wipe_by_one_is_seen_by_all_and_ends_at_the_cap() {
    let board = Board::new();
    let cap: usize = rule(board.ada(), "wipe-cap").parse().unwrap();
    let mut phones = Vec::new();
    for number in 0..=cap {
        let name = format!("Guest {number}");
        phones.push(board.organisation.physician(&name));
    }
    board.settle();
    for phone in &phones[..cap] {
        let done = board
            .bea
            .run(&["admin", "wipe", &phone.name, "--emergency", "--yes"]);
        assert_eq!(done["outcome"], "done", "{done:#}");
    }
    let over = ["admin", "wipe", &phones[cap].name, "--emergency", "--yes"];
    let over = board.bea.try_run(&over);
    assert!(
        over.code == Some(3) || over.json()["outcome"] == "proposed",
        "{}",
        over.stderr
    );
    board.settle();
    assert_eq!(device_state(&board.lang, &phones[cap].name), "confirmed");
    let events = board.lang.run(&["admin", "events"]);
    assert!(events.to_string().contains("emergency"), "{events:#}");
}

#[test]
fn who_is_excluded_is_not_taken_back_by_anybody_and_cannot_enrol_as_themself() {
    let board = Board::new();
    let copy = board.chen.copied("chen-before");
    let revoke = board.ada().run(&["admin", "revoke", PHONE, "--yes"]);
    assert_eq!(revoke["outcome"], "done", "{revoke:#}");
    board
        .organisation
        .settle(&[board.ada(), &board.bea, &board.lang]);
    let lifted = board.bea.try_run(&["admin", "lift", PHONE]);
    assert_ne!(lifted.code, Some(0), "nobody un-revokes: {}", lifted.stderr);
    copy.try_run(&["sync"]).refused(3, "device.excluded");
    assert_eq!(device_state(&board.lang, PHONE), "revoked");
}

#[test]
fn a_refusal_and_an_agreement_at_the_same_instant_have_one_outcome_that_all_see() {
    let board = Board::new();
    let wipe = board.proposed(&board.bea, &["admin", "wipe", PHONE, "--yes"]);
    board.settle();
    let (agreed, refused) = thread::scope(|scope| {
        let agree = scope.spawn(|| board.ada().try_run(&["admin", "countersign", &wipe]));
        let refuse = scope.spawn(|| board.bea.try_run(&["admin", "refuse", &wipe]));
        (agree.join().unwrap(), refuse.join().unwrap())
    });
    board
        .organisation
        .settle(&[board.ada(), &board.bea, &board.lang]);
    let states: Vec<String> = [board.ada(), &board.bea, &board.lang]
        .map(|device| device_state(device, PHONE))
        .to_vec();
    let gone = states.iter().all(|state| state == "revoked");
    let there = states.iter().all(|state| state == "confirmed");
    assert!(gone != there, "{states:?}");
    assert_eq!(
        agreed.code == Some(0),
        gone,
        "{}{}",
        agreed.stderr,
        refused.stderr
    );
    let open = board.lang.run(&["admin", "proposals"]);
    assert_eq!(open["proposals"], serde_json::json!([]));
}

#[test]
fn a_relay_that_withholds_an_exclusion_freezes_a_device_and_cannot_make_it_trust_what_is_gone() {
    let board = Board::new();
    let mut operator = Operator::of(&board.organisation.world);
    let mailbox = operator.mailbox_of(&board.chen);
    board.ada().run(&["admin", "revoke", PHONE, "--yes"]);
    operator.keep_everything();
    board
        .organisation
        .settle(&[board.ada(), &board.bea, &board.lang]);
    // The relay hands the excluded device all it has, and withholds nothing but the word of its exclusion.
    board.lang.send("Ada Admin", "not for Chen");
    operator.keep_everything();
    board.organisation.settle(&[board.ada(), &board.lang]);
    let _handed = operator.hand_everything_to(mailbox);
    let _answer = board.chen.try_run(&["sync"]);
    let sent = board
        .chen
        .try_run(&["send", "Zoe Lang", "am I still here?"]);
    board.organisation.settle(&[board.ada(), &board.lang]);
    assert!(
        board.lang.chat("Wei Chen").is_none_or(|_| !board
            .lang
            .texts("Wei Chen")
            .contains(&"am I still here?".to_owned())),
        "{}",
        sent.stderr
    );
}
