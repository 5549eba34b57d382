//! Who may be sent a result, and who may correct it: by the roster, not by what a card says of itself.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that cannot go on fails

use serde_json::Value;
use sotto_tests::{Device, Newcomer, Organisation};

const WARD: &str = "5W results";
const CRITICAL: &str = include_str!("../../core/content/samples/potassium-critical.hl7");
const CORRECTED: &str = include_str!("../../core/content/samples/potassium-corrected.hl7");
const WRONG_PATIENT: &str = include_str!("../../core/content/samples/potassium-wrong-patient.hl7");

fn file(organisation: &Organisation, name: &str, content: &str) -> String {
    let path = organisation.world.folder().join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

fn technologist<'a>(name: &'a str, laboratory: &'a str) -> Newcomer<'a> {
    Newcomer {
        roles: &["laboratory"],
        unit: laboratory,
        ..Newcomer::physician(name)
    }
}

fn clerk(organisation: &Organisation) -> Device {
    let newcomer = Newcomer {
        roles: &["unit clerk"],
        ..Newcomer::physician("Mary Clerk")
    };
    organisation.enrol(newcomer, "clerk")
}

/// Sends a sample to the ward's group; its version and message there.
fn send(from: &Device, file: &str) -> (u64, String) {
    let sent = from.run(&["send-result", "--to", WARD, file]);
    let first = &sent["results"][0];
    let message = first["message"].as_str().unwrap().to_owned();
    (first["version"].as_u64().unwrap(), message)
}

/// Version, current version, blanked, of every card in the ward's group, oldest first.
fn cards(device: &Device) -> Vec<(u64, u64, bool)> {
    let cards = device.messages(WARD);
    let cards = cards.iter().filter(|one| one["kind"] == "card");
    cards
        .map(|one| {
            let card = &one["card"];
            (
                card["version"].as_u64().unwrap(),
                card["current_version"].as_u64().unwrap(),
                card["blanked"].is_string(),
            )
        })
        .collect()
}

/// Messages of results that wait for an answer.
fn open(device: &Device) -> Vec<String> {
    let inbox = device.run(&["inbox"]);
    let open = inbox["open"].as_array().unwrap().iter();
    open.map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_result_is_not_sent_to_who_may_not_view_results_nor_to_a_group_with_them() {
    let organisation = Organisation::found();
    let chen = organisation.physician("Wei Chen");
    let clerk = clerk(&organisation);
    let bench = organisation.enrol(technologist("Lise Meitner", "LAB"), "bench");
    let all = [&chen, &clerk, &bench];
    organisation.settle(&all);
    let result = file(&organisation, "result.hl7", CRITICAL);
    let refused = bench.try_run(&["send-result", "--to", "Mary Clerk", &result]);
    refused.refused(3, "result.recipient_may_not_view");
    assert!(bench.chats().is_empty(), "nothing was stored");
    let words = bench.try_run(&["send-result", "--to", "Mary Clerk", &result]);
    assert!(words.stderr.contains("Mary Clerk may not view results"));

    bench.run(&[
        "chat",
        "new",
        "--title",
        WARD,
        "--member",
        "Wei Chen",
        "Mary Clerk",
    ]);
    organisation.settle(&all);
    bench
        .try_run(&["send-result", "--to", WARD, &result])
        .refused(3, "result.member_may_not_view");
    assert!(cards(&bench).is_empty());
    // Without them it goes.
    bench.run(&["chat", "remove", WARD, "Mary Clerk"]);
    organisation.settle(&all);
    send(&bench, &result);
    organisation.settle(&all);
    assert_eq!(cards(&chen), [(1, 1, false)]);
    let clerks = clerk.run(&["read", WARD, "--peek"]).to_string();
    assert!(!clerks.contains("otassium"));
}

struct Shift {
    organisation: Organisation,
    chen: Device,
    day: Device,
    night: Device,
    files: [String; 3],
}

impl Shift {
    /// Chen on the ward and two technologists, each of their own laboratory, in one group with a first version.
    fn begin(laboratories: [&str; 2]) -> (Self, String) {
        let organisation = Organisation::found();
        let chen = organisation.physician("Wei Chen");
        let day = organisation.enrol(technologist("Lise Meitner", laboratories[0]), "day");
        let night = organisation.enrol(technologist("Gerty Cori", laboratories[1]), "night");
        organisation.settle(&[&chen, &day, &night]);
        day.run(&[
            "chat",
            "new",
            "--title",
            WARD,
            "--member",
            "Wei Chen",
            "Gerty Cori",
        ]);
        let files = [
            ("1.hl7", CRITICAL),
            ("2.hl7", CORRECTED),
            ("3.hl7", WRONG_PATIENT),
        ]
        .map(|(name, content)| file(&organisation, name, content));
        let shift = Self {
            organisation,
            chen,
            day,
            night,
            files,
        };
        shift.settle();
        let (version, first) = send(&shift.day, &shift.files[0]);
        assert_eq!(version, 1);
        shift.settle();
        (shift, first)
    }

    fn settle(&self) {
        self.organisation
            .settle(&[&self.chen, &self.day, &self.night]);
    }
}

#[test]
fn a_colleague_of_the_same_laboratory_corrects_and_withdraws_a_result() {
    let (shift, first) = Shift::begin(["LAB", "LAB"]);
    assert_eq!(open(&shift.chen), std::slice::from_ref(&first));
    let (version, second) = send(&shift.night, &shift.files[1]);
    shift.settle();
    assert_eq!(version, 2, "it follows the colleague's");
    for device in [&shift.chen, &shift.day, &shift.night] {
        assert_eq!(cards(device), [(1, 2, false), (2, 2, false)]);
    }
    assert_eq!(open(&shift.chen), [second]);
    assert!(open(&shift.night).is_empty(), "their own waits for others");
    let answers = ["ack", &first, "--value", "6.8", "--identifier", "84531907"];
    shift.chen.try_run(&answers).refused(3, "result.superseded");
    // And the first sender again, after the colleague.
    let (version, _) = send(&shift.day, &shift.files[2]);
    shift.settle();
    assert_eq!(version, 3);
    assert_eq!(
        cards(&shift.chen),
        [(1, 3, true), (2, 3, true), (3, 3, true)]
    );
    assert!(open(&shift.chen).is_empty());
}

#[test]
fn another_device_of_the_same_technologist_corrects_a_result() {
    let (shift, _) = Shift::begin(["LAB", "LAB"]);
    let second = shift.organisation.next_device(&shift.day, "day two");
    let all = [&shift.chen, &shift.day, &shift.night, &second];
    shift.organisation.settle(&all);
    // It joined after the first version, and follows what it has.
    let (_, message) = send(&shift.night, &shift.files[1]);
    shift.organisation.settle(&all);
    let (version, third) = send(&second, &shift.files[2]);
    shift.organisation.settle(&all);
    assert_eq!(version, 3, "it follows what it has received");
    assert_ne!(message, third);
    assert_eq!(
        cards(&shift.chen),
        [(1, 3, true), (2, 3, true), (3, 3, true)]
    );
}

#[test]
fn a_member_of_another_laboratory_supersedes_and_withdraws_nothing() {
    let (shift, first) = Shift::begin(["LAB", "HAEM"]);
    for forged in &shift.files[1..] {
        send(&shift.night, forged);
        shift.settle();
        let shown: Value = shift.chen.messages(WARD).into();
        let one = shown.as_array().unwrap().iter();
        let one = one.clone().find(|one| one["id"] == first.as_str()).unwrap();
        assert_eq!(
            (
                &one["card"]["current_version"],
                one["card"]["blanked"].is_null()
            ),
            (&1.into(), true)
        );
        assert!(open(&shift.chen).contains(&first), "it waits as before");
    }
    let answers = ["ack", &first, "--value", "6.8", "--identifier", "84531907"];
    let taken = shift.chen.try_run(&answers).good().json();
    assert!(taken["message"].is_string());
}
