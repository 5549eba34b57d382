#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;
use crate::hl7;
use crate::id::{DeviceId, PersonId};
use crate::readback::{Answer, Mode, Policy, ReadBack};
use crate::statement::{From, ReadBackRecord, Speaker, Subject};

fn party(name: &str) -> Party {
    Party {
        id: format!("{name}-id"),
        name: name.into(),
    }
}

fn loop_of_a_potassium() -> Exported {
    let mut file = hl7::import(include_bytes!("../../samples/potassium-critical.hl7")).unwrap();
    let card = file.messages.remove(0).outcome.unwrap().cards.remove(0);
    let form = ReadBack::of(&card, &Policy::default(), &[0; 32]);
    let confirmed = form
        .check(&card, &[(1, Answer::Typed("6,8".into()))], &["84531907"])
        .unwrap();
    let speaker = Speaker {
        person: Some(PersonId([1; 16])),
        from: From::Device(DeviceId([2; 16])),
    };
    let statement = Statement {
        subject: Subject {
            card: card.id(),
            version: 1,
            digest: card.digest().unwrap(),
        },
        speaker,
        act: Act::Acknowledged(ReadBackRecord::new(&confirmed, Mode::Typed)),
        at_ms: 1_795_000_100_000,
        roster_seq: 3,
    };
    let receipt = DeliveryReceipt {
        message: MessageId([1; 32]),
        speaker,
        at_ms: 1_795_000_050_000,
        roster_seq: 3,
    };
    Exported {
        message: MessageId([1; 32]),
        sender: party("laboratory"),
        recipients: vec![party("clinician")],
        sent_ms: 1_795_000_000_000,
        payload: Payload::Card(Box::new(card)),
        in_reply_to: None,
        states: vec![(party("clinician"), State::Acknowledged)],
        receipts: vec![Spoken {
            signed: Signed {
                body: receipt,
                signature: [8; 64],
            },
            speaker: party("clinician"),
        }],
        statements: vec![Spoken {
            signed: Signed {
                body: statement,
                signature: [9; 64],
            },
            speaker: party("clinician"),
        }],
    }
}

#[test]
fn a_closed_loop_is_communication_task_and_provenance() {
    let bundle = bundle(&[loop_of_a_potassium()], 1_795_000_200_000).unwrap();
    let resources: Vec<&Json> = bundle["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["resource"])
        .collect();
    let types: Vec<&str> = resources
        .iter()
        .map(|it| it["resourceType"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        [
            "Communication",
            "DiagnosticReport",
            "Task",
            "Provenance",
            "Provenance"
        ]
    );
    assert_eq!(resources[0]["sent"], "2026-11-18T11:06:40Z");
    assert_eq!(resources[0]["priority"], "stat");
    assert_eq!(resources[2]["status"], "accepted");
    assert_eq!(resources[2]["owner"]["display"], "clinician");
    assert_eq!(
        resources[2]["output"][0]["valueString"],
        "version 1, observations read back: 2, identifiers confirmed: 1"
    );
    assert_eq!(resources[4]["activity"]["text"], "acknowledged");
    for entry in bundle["entry"].as_array().unwrap() {
        assert!(entry["resource"]["id"].as_str().unwrap().len() <= 64);
    }
}

#[test]
fn the_signed_bytes_in_an_export_can_be_verified() {
    let bundle = bundle(&[loop_of_a_potassium()], 0).unwrap();
    let data = bundle["entry"][4]["resource"]["signature"][0]["data"]
        .as_str()
        .unwrap();
    let signed = Signed::<Statement>::decode(&STANDARD.decode(data).unwrap()).unwrap();
    assert_eq!(signed.signature, [9; 64]);
    assert_eq!(signed.body.subject.version, 1);
}

#[test]
fn every_reference_inside_an_export_leads_somewhere() {
    let bundle = bundle(&[loop_of_a_potassium()], 0).unwrap();
    let urls: Vec<&str> = bundle["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["fullUrl"].as_str().unwrap())
        .collect();
    let text = bundle.to_string();
    let mut found = 0;
    for part in text.split("\"reference\":\"urn:sotto:").skip(1) {
        let target = format!("urn:sotto:{}", part.split('"').next().unwrap());
        assert!(urls.contains(&target.as_str()), "{target}");
        found += 1;
    }
    assert!(found >= 4);
}

#[test]
fn a_retracted_message_leaves_a_placeholder() {
    let message = Exported {
        payload: Payload::Retracted,
        ..loop_of_a_potassium()
    };
    let bundle = bundle(&[message], 0).unwrap();
    let communication = &bundle["entry"][0]["resource"];
    assert_eq!(communication["status"], "entered-in-error");
    assert!(communication.get("payload").is_none());
}
