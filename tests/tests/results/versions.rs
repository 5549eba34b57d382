//! P19: versions. A superseded one is never shown as current, and no acknowledgement is carried to another.

use sotto_tests::eventually;

use crate::ward::{ABERNATHY, NUMBER, OKAFOR, Ward, card, cards, message, sample};

#[test]
fn the_same_message_twice_is_one_card() {
    let ward = Ward::open();
    let first = ward.send("ordering", &sample("potassium-critical.hl7"));
    let again = ward.send("ordering", &sample("potassium-critical.hl7"));
    assert_eq!(
        (&first[0]["duplicate"], &again[0]["duplicate"]),
        (&false.into(), &true.into())
    );
    assert_eq!(
        (again.len(), &again[0]["message"]),
        (1, &first[0]["message"])
    );
    assert_eq!(cards(&ward.abernathy, "Laboratory").len(), 1);
}

#[test]
fn a_correction_opens_the_loop_again_and_the_wrong_patient_blanks_every_version() {
    let ward = Ward::open();
    let first = ward.send_sample("potassium-critical.hl7");
    ward.taken(
        &ward.abernathy,
        &first,
        &["--value", "6.8", "--identifier", NUMBER],
    );

    let second = ward.send_sample("potassium-corrected.hl7");
    let (old, new) = (
        card(&ward.abernathy, "Laboratory", &first),
        card(&ward.abernathy, "Laboratory", &second),
    );
    assert_eq!(
        (&old["version"], &old["current_version"]),
        (&1.into(), &2.into()),
        "the old one says it is superseded"
    );
    assert_eq!(
        (&new["version"], &new["current_version"]),
        (&2.into(), &2.into())
    );
    assert_eq!(old["acknowledged_by"], serde_json::json!([ABERNATHY]));
    assert_eq!(
        new["acknowledged_by"],
        serde_json::json!([]),
        "no acknowledgement is inherited"
    );
    assert_eq!(
        new["observations"][1]["previous"], "6.8 mmol/L",
        "old and new stand side by side"
    );
    assert_eq!(
        (
            ward.state(&first, ABERNATHY),
            ward.state(&second, ABERNATHY)
        ),
        ("acknowledged".into(), "delivered".into())
    );
    assert_eq!(open(&ward), std::slice::from_ref(&second));
    assert_ne!(
        cards(&ward.abernathy, "Laboratory")[1]["priority"],
        "routine",
        "a correction is an alarm"
    );
    ward.ack(
        &ward.abernathy,
        &first,
        &["--value", "6.8", "--identifier", NUMBER],
    )
    .refused(3, "result.superseded");
    ward.taken(&ward.abernathy, &second, &[]);
    assert!(open(&ward).is_empty());

    let third = ward.send_sample("potassium-wrong-patient.hl7");
    let shown = cards(&ward.abernathy, "Laboratory");
    assert_eq!(shown.len(), 3);
    for one in &shown {
        let card = &one["card"];
        assert_eq!(card["current_version"], 3);
        assert!(card["blanked"].is_string(), "{card:#}");
        let values = card["observations"].as_array().unwrap();
        assert!(
            values
                .iter()
                .all(|one| one["value"] == "" && one["interpretation"] == serde_json::json!([])),
            "{values:#?}"
        );
    }
    assert_ne!(shown[2]["priority"], "routine", "who opened it is alarmed");
    ward.ack(&ward.abernathy, &third, &[])
        .refused(3, "result.withdrawn");
}

/// Messages of results that wait for an answer at the ward.
fn open(ward: &Ward) -> Vec<String> {
    let inbox = ward.abernathy.run(&["inbox"]);
    inbox["open"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_correction_reaches_everybody_who_had_any_version() {
    let ward = Ward::with_colleague();
    let critical = sample("potassium-critical.hl7");
    ward.send("ordering", &critical);
    ward.send(OKAFOR, &critical);
    ward.laboratory
        .run(&["chat", "new", "--title", "Room 12", "--member", OKAFOR]);
    ward.settle();
    ward.send("Room 12", &critical);

    let corrected = ward.send("ordering", &sample("potassium-corrected.hl7"));
    assert_eq!(corrected.len(), 3, "{corrected:#?}");
    assert!(
        corrected
            .iter()
            .all(|one| one["version"] == 2 && one["duplicate"] == false),
        "{corrected:#?}"
    );
    assert_eq!(
        corrected[0]["to"], ABERNATHY,
        "the one that was asked for stands first"
    );
    for (device, chat) in [
        (&ward.abernathy, "Laboratory"),
        (ward.okafor(), "Laboratory"),
        (ward.okafor(), "Room 12"),
    ] {
        let shown: Vec<(u64, u64)> = cards(device, chat)
            .iter()
            .map(|one| {
                (
                    one["card"]["version"].as_u64().unwrap(),
                    one["card"]["current_version"].as_u64().unwrap(),
                )
            })
            .collect();
        assert_eq!(shown, [(1, 2), (2, 2)], "{} in {chat}", device.name);
    }
    for one in &corrected {
        let status = ward.laboratory.run(&["status", &message(one)]);
        for person in status["people"].as_array().unwrap() {
            assert_eq!(
                ward.state(&message(one), person["name"].as_str().unwrap()),
                "delivered"
            );
        }
    }
}

#[test]
fn versions_that_come_late_and_together_show_only_the_newest_as_current() {
    let ward = Ward::open();
    let critical = sample("potassium-critical.hl7");
    let values = ["6.8", "6.9", "7.0", "6.8"];
    // The ward is away: four versions wait, the last with the value of the first.
    let mut sent = Vec::new();
    for (issue, value) in values.into_iter().enumerate() {
        let issued = critical.replace("|20261122083400", &format!("|202611220{}3400", 8 + issue));
        let answer = ward
            .try_send("ordering", &issued.replace("|6.8|", &format!("|{value}|")))
            .good()
            .json();
        sent.push(message(&answer["results"][0]));
    }
    // Content that was sent before and has been replaced stands again only where it is issued anew.
    ward.try_send("ordering", &critical)
        .refused(3, "result.outdated");
    ward.settle();
    let shown = cards(&ward.abernathy, "Laboratory");
    assert_eq!(shown.len(), 4);
    for (place, one) in shown.iter().enumerate() {
        assert_eq!(
            (
                one["card"]["version"].as_u64(),
                one["card"]["current_version"].as_u64()
            ),
            (Some(place as u64 + 1), Some(4))
        );
        assert_eq!(one["card"]["observations"][1]["value"], values[place]);
    }
    assert_eq!(open(&ward), [sent[3].clone()]);
    for old in &sent[..3] {
        let answers = ["--value", "6.8", "--identifier", NUMBER];
        ward.ack(&ward.abernathy, old, &answers)
            .refused(3, "result.superseded");
    }
    ward.taken(
        &ward.abernathy,
        &sent[3],
        &["--value", "6.8", "--identifier", NUMBER],
    );
    let states: Vec<String> = sent.iter().map(|one| ward.state(one, ABERNATHY)).collect();
    assert_eq!(
        states,
        ["delivered", "delivered", "delivered", "acknowledged"]
    );
}

#[test]
fn an_acknowledgement_on_its_way_while_the_correction_leaves_stays_with_its_version() {
    let ward = Ward::open();
    let first = ward.send_sample("potassium-critical.hl7");
    // Neither knows of the other: the clinician acknowledges offline, the laboratory corrects.
    ward.abernathy.run(&[
        "--offline",
        "ack",
        &first,
        "--value",
        "6.8",
        "--identifier",
        NUMBER,
    ]);
    let second = message(
        &ward
            .try_send("ordering", &sample("potassium-corrected.hl7"))
            .good()
            .json()["results"][0],
    );
    ward.settle();
    assert_eq!(
        (
            ward.state(&first, ABERNATHY),
            ward.state(&second, ABERNATHY)
        ),
        ("acknowledged".into(), "delivered".into())
    );
    assert_eq!(
        card(&ward.abernathy, "Laboratory", &second)["acknowledged_by"],
        serde_json::json!([])
    );
    assert_eq!(open(&ward), [second]);
}

#[test]
fn a_correction_reaches_its_reader_after_the_first_version_has_expired() {
    let ward = Ward::open();
    let file = ward.file(
        "routine.hl7",
        &sample("potassium-critical.hl7").replace("|HH|", "|H|"),
    );
    let sent = ward
        .laboratory
        .run(&["send-result", "--to", "ordering", "--expires", "1s", &file]);
    let first = message(&sent["results"][0]);
    ward.settle();
    eventually("the first version has expired on both sides", || {
        ward.settle();
        let gone = |device: &sotto_tests::Device, chat: &str| {
            let messages = device.messages(chat);
            let one = messages.iter().find(|one| one["id"] == first.as_str());
            one.is_some_and(|one| {
                one["marks"] == serde_json::json!(["expired"]) && one["card"].is_null()
            })
        };
        (gone(&ward.abernathy, "Laboratory") && gone(&ward.laboratory, ABERNATHY)).then_some(())
    });
    let corrected = ward.send("ordering", &sample("potassium-corrected.hl7"));
    assert_eq!(
        (&corrected[0]["version"], &corrected[0]["duplicate"]),
        (&2.into(), &false.into())
    );
    let shown = card(&ward.abernathy, "Laboratory", &message(&corrected[0]));
    assert_eq!(
        (&shown["version"], &shown["current_version"]),
        (&2.into(), &2.into())
    );
}
