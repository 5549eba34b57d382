#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;
use crate::card::{AbsentReason, NotCritical, ObservationStatus, ReportStatus, ResultCard, Value};
use proptest::prelude::*;

macro_rules! sample {
    ($name:literal) => {
        include_bytes!(concat!("../../samples/", $name)).as_slice()
    };
}

fn cards(bytes: &[u8]) -> Vec<ResultCard> {
    let file = import(bytes).unwrap();
    file.messages
        .into_iter()
        .flat_map(|message| message.outcome.unwrap().cards)
        .collect()
}

fn card(bytes: &[u8]) -> ResultCard {
    let mut cards = cards(bytes);
    assert_eq!(cards.len(), 1);
    cards.remove(0)
}

fn refusal(message: &str) -> String {
    match import(message.as_bytes()) {
        Ok(file) => file.messages[0].outcome.as_ref().unwrap_err().to_string(),
        Err(refusal) => refusal.to_string(),
    }
}

const HEAD: &str = "MSH|^~\\&|APP|FAC|||20260101120000+0100||ORU^R01|77|P|2.5\rPID|1||1^^^A^MR||DOE^JO||19700101\r";
const ORDER: &str = "OBR|1|P1|F1|C1^Code^L|||20260101110000||||||||||||||||||F\r";

/// The card of a message whose report has these OBX lines.
fn observed(obx: &str) -> ResultCard {
    card(format!("{HEAD}{ORDER}{obx}").as_bytes())
}

fn value_text(obx: &str) -> String {
    observed(obx).observations[0].value.text()
}

#[test]
fn a_critical_potassium_becomes_a_card_with_everything_routing_needs() {
    let card = card(sample!("potassium-critical.hl7"));
    assert_eq!(card.observations.len(), 3);
    assert_eq!(card.critical(), [1]);
    let potassium = &card.observations[1];
    assert_eq!(potassium.value.text(), "6.8 mmol/L");
    assert_eq!(
        (
            potassium.flags().as_str(),
            potassium.reference_ranges[0].label().as_str()
        ),
        ("HH", "3.5-5.1")
    );
    assert_eq!(
        potassium.notes,
        ["Specimen not hemolyzed. Repeated and confirmed."]
    );
    assert_eq!(
        card.patient.name.as_ref().unwrap().label(),
        "OKONKWO-VESTERGAARD, ADAEZE MARIT"
    );
    assert_eq!(
        card.patient.birth_date.as_ref().unwrap().as_str(),
        "1961-03-14"
    );
    assert_eq!(card.unit.as_ref().unwrap().label(), "5W · 12 · B");
    assert_eq!(
        card.orderers[0].name.as_ref().unwrap().label(),
        "ABERNATHY, ROWAN"
    );
    assert_eq!(card.attending[0].identifiers[0].value, "30117");
    assert_eq!(
        card.effective.as_ref().unwrap().as_str(),
        "2026-11-22T08:12:00+01:00"
    );
    assert_eq!(card.identity.issuer.as_deref(), Some("MERIDIAN LAB"));
    card.may_be_critical().unwrap();
}

#[test]
fn nothing_beyond_the_template_is_in_the_bytes() {
    let bytes = card(sample!("potassium-critical.hl7")).to_bytes().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    for beyond in [
        "999-41-7720",
        "HARBOUR",
        "ELMSTEAD",
        "010-4471",
        "\"gender\"",
    ] {
        assert!(!text.contains(beyond), "{beyond}");
    }
    assert!(text.contains("OKONKWO"), "the searcher finds what is there");
}

#[test]
fn a_card_decodes_from_its_own_bytes_and_from_no_others() {
    for sample in [
        sample!("potassium-critical.hl7"),
        sample!("potassium-corrected.hl7"),
        sample!("potassium-wrong-patient.hl7"),
        sample!("potassium-training.hl7"),
        sample!("abg.hl7"),
        sample!("culture.hl7"),
        sample!("troponin.hl7"),
        sample!("newborn.hl7"),
    ] {
        let mut card = card(sample);
        card.version = 7;
        let bytes = card.to_bytes().unwrap();
        assert_eq!(ResultCard::from_bytes(&bytes).unwrap(), card);
        let mut spaced = bytes.clone();
        spaced.push(b' ');
        assert!(ResultCard::from_bytes(&spaced).is_err());
        let text = String::from_utf8(bytes).unwrap();
        let more = text.replacen("\"status\"", "\"language\":\"en\",\"status\"", 1);
        assert!(ResultCard::from_bytes(more.as_bytes()).is_err());
    }
}

#[test]
fn the_same_message_twice_is_one_card() {
    let (one, two) = (
        card(sample!("potassium-critical.hl7")),
        card(sample!("potassium-critical.hl7")),
    );
    assert_eq!(
        (one.id(), one.digest().unwrap()),
        (two.id(), two.digest().unwrap())
    );
    assert!(two.following(&one).is_none());
}

#[test]
fn a_correction_is_the_next_version_of_the_same_result() {
    let first = card(sample!("potassium-critical.hl7"));
    let second = card(sample!("potassium-corrected.hl7"))
        .following(&first)
        .unwrap();
    assert_eq!((second.id(), second.version), (first.id(), 2));
    assert_ne!(second.digest().unwrap(), first.digest().unwrap());
    assert_eq!(second.status, ReportStatus::Corrected);
    let third = card(sample!("potassium-wrong-patient.hl7"))
        .following(&second)
        .unwrap();
    assert_eq!((third.id(), third.version), (first.id(), 3));
    assert!(
        third
            .observations
            .iter()
            .all(|it| it.value == Value::Absent(AbsentReason::Error))
    );
    assert!(
        !String::from_utf8(third.to_bytes().unwrap())
            .unwrap()
            .contains("4.1")
    );
}

#[test]
fn only_ph_is_critical_in_the_blood_gas() {
    let card = card(sample!("abg.hl7"));
    assert_eq!(card.observations.len(), 4);
    assert_eq!(card.critical(), [0]);
    assert_eq!(card.observations[0].value.text_without_unit(), "7.08");
}

#[test]
fn the_lines_of_a_culture_are_one_text() {
    let card = card(sample!("culture.hl7"));
    assert_eq!(card.observations.len(), 1);
    let expected = "Two of two bottles flagged after 14 hours.\nGram-positive cocci in clusters seen.\n\
                    Identification and susceptibility to follow & will be telephoned.";
    assert_eq!(card.observations[0].value, Value::Text(expected.into()));
    assert_eq!(card.observations[0].notes, ["Preliminary report."]);
}

#[test]
fn a_newborn_without_birth_date_is_refused_as_critical() {
    let card = card(sample!("newborn.hl7"));
    assert_eq!(card.critical(), [0]);
    assert_eq!(
        card.may_be_critical(),
        Err(NotCritical::TooFewIdentifiers { have: 1 })
    );
}

#[test]
fn training_and_debugging_are_stamped_and_never_critical() {
    let mut training = card(sample!("potassium-training.hl7"));
    assert!(training.test && training.critical().is_empty());
    assert_eq!(training.may_be_critical(), Err(NotCritical::Test));
    assert_eq!(training.mark_critical(0), Err(NotCritical::Test));
    let debugging = String::from_utf8(sample!("potassium-critical.hl7").to_vec())
        .unwrap()
        .replace("|P|2.5.1", "|D|2.5.1");
    assert!(card(debugging.as_bytes()).test);
}

#[test]
fn every_type_of_value_is_understood() {
    for (obx, text) in [
        ("OBX|1|NM|K^K^L||6.80|mmol/L|||||F", "6.80 mmol/L"),
        ("OBX|1|NM|K^K^L||<0.01|ng/mL^^UCUM|||||F", "<0.01 ng/mL"),
        ("OBX|1|NM|K^K^L||.5||||||F", "0.5"),
        ("OBX|1|SN|K^K^L||>^1000|ng/L|||||F", ">1000 ng/L"),
        ("OBX|1|SN|K^K^L||^1^:^128||||||F", "1:128"),
        ("OBX|1|SN|K^K^L||^10^-^20|/uL|||||F", "10 – 20 /uL"),
        ("OBX|1|SN|K^K^L||^2^+||||||F", "2+"),
        ("OBX|1|SN|K^K^L||=^5||||||F", "5"),
        ("OBX|1|TX|K^K^L||one~two||||||F", "one\ntwo"),
        ("OBX|1|ST|K^K^L||a\\T\\b||||||F", "a&b"),
        ("OBX|1|FT|K^K^L||one\\.br\\two||||||F", "one\ntwo"),
        ("OBX|1|CE|K^K^L||260373001^Detected^SCT||||||F", "Detected"),
        ("OBX|1|CWE|K^K^L||^^^L1^Local words^L||||||F", "Local words"),
        (
            "OBX|1|CWE|K^K^L||1^Formal^SCT^^^^^^As said||||||F",
            "As said",
        ),
        ("OBX|1|DT|K^K^L||20240601||||||F", "2024-06-01"),
        (
            "OBX|1|TS|K^K^L||202406010830+0200||||||F",
            "2024-06-01T08:30:00+02:00",
        ),
        (
            "OBX|1|DTM|K^K^L||202406010830||||||F",
            "2024-06-01T08:30:00+01:00",
        ),
        ("OBX|1|TM|K^K^L||0830||||||F", "08:30:00"),
        ("OBX|1|CQ|K^K^L||5^mL||||||F", "5 mL"),
        (
            "OBX|1|ED|K^K^L||^application^pdf^Base64^JVBERi0=||||||F",
            "not carried by this card",
        ),
        (
            "OBX|1|RP|K^K^L||https://elsewhere^^image^PICT||||||F",
            "not carried by this card",
        ),
        ("OBX|1|ST|K^K^L||>1000|ng/L|||||F", ">1000 ng/L"),
        ("OBX|1|ST|K^K^L||few|/HPF|||||F", "few /HPF"),
        // Not of their type: shown as sent, with their unit.
        ("OBX|1|NM|K^K^L||6,8|mmol/L|||||F", "6,8 mmol/L"),
        ("OBX|1|NM|K^K^L||HEMOLYZED||||||F", "HEMOLYZED"),
        ("OBX|1|NM|K^K^L||6,8||||||F", "6,8"),
        ("OBX|1|DT|K^K^L||20240230||||||F", "20240230"),
        ("OBX|1|SN|K^K^L||>^lots||||||F", ">^lots"),
        // Nothing sent.
        ("OBX|1|NM|K^K^L||||||||I", "pending"),
        ("OBX|1||K^K^L||||||||X", "not performed"),
        ("OBX|1|NM|K^K^L||\"\"||||||N", "not asked"),
    ] {
        assert_eq!(value_text(obx), text, "{obx}");
    }
}

#[test]
fn what_cannot_be_understood_is_refused_with_its_place() {
    let with = |obx: &str| format!("{HEAD}{ORDER}OBX|1|NM|A^A^L||1||||||F\r{obx}");
    for (message, expected) in [
        (
            with("OBX|2|NM|B^B^L||1||||||Q"),
            "OBX[2]-11: a code outside its table (0085)",
        ),
        (
            with("OBX|2|QQ|B^B^L||1||||||F"),
            "OBX[2]-2: a code outside its table (0125)",
        ),
        (with("OBX|2||B^B^L||1||||||F"), "OBX[2]-2: missing"),
        (with("OBX|2|NM|||1||||||F"), "OBX[2]-3: missing"),
        (with("OBR|2|P|F|"), "OBR[2]-4: missing"),
        (
            with("OBR|2|P|F|C^C^L|||||||||||||||||||||Q"),
            "OBR[2]-25: a code outside its table (0123)",
        ),
        (HEAD.to_owned(), "OBR: missing"),
        ("hello".to_owned(), "MSH: missing"),
        (
            HEAD.replace("ORU^R01", "ADT^A08"),
            "MSH-9: ADT^A08 is not a laboratory result",
        ),
        (
            HEAD.replace("ORU^R01", "ORU^R30"),
            "MSH-9: ORU^R30 is not a laboratory result",
        ),
        (
            HEAD.replace("|2.5", "|3.0"),
            "MSH-12: a version of the standard that is not read",
        ),
        ("MSH|^".to_owned(), "MSH-2: missing"),
        ("MSH|^~\\&|A|B".to_owned(), "MSH-9: missing"),
    ] {
        assert_eq!(refusal(&message), expected);
    }
}

#[test]
fn repeated_observations_stay_apart_by_sub_id_and_by_order() {
    let card = observed(
        "OBX|1|CE|F^Feeding^L|1|A^TPN^L||||||F\rOBX|2|CE|F^Feeding^L|2|B^Milk^L||||||F\r\
         OBX|3|NM|G^G^L||1||||||F\rOBX|4|NM|G^G^L||2||||||F\rOBX|5|NM|H^H^L||27~25||||||F",
    );
    let shown: Vec<_> = card
        .observations
        .iter()
        .map(|it| (it.sub_id.as_deref(), it.value.text()))
        .collect();
    let expected = [
        (Some("1"), "TPN"),
        (Some("2"), "Milk"),
        (None, "1"),
        (None, "2"),
        (None, "27"),
        (None, "25"),
    ];
    assert_eq!(
        shown,
        expected.map(|(sub_id, text)| (sub_id, text.to_owned()))
    );
}

#[test]
fn each_order_is_a_card_and_each_patient_keeps_their_own() {
    let message = format!(
        "{HEAD}{ORDER}OBX|1|NM|A^A^L||1||||||F\rNTE|1||on A\rOBR|2|P2|F2|C2^Code^L|||||||||||||||||||||F\rNTE|1||on order\r\
         PID|2||2^^^A^MR||ROE^MO||19800101\rOBX|1|NM|Z^Z^L||9||||||F\rOBR|1|P3|F3|C1^Code^L|||||||||||||||||||||F\rOBX|2|NM|B^B^L||2||||||F"
    );
    let file = import(message.as_bytes()).unwrap();
    let report = file.messages[0].outcome.as_ref().unwrap();
    let shape: Vec<_> = report
        .cards
        .iter()
        .map(|card| {
            (
                card.patient.identifiers[0].value.as_str(),
                card.observations.len(),
                card.notes.len(),
            )
        })
        .collect();
    assert_eq!(shape, [("1", 1, 0), ("1", 0, 1), ("2", 1, 0)]);
    assert_eq!(report.cards[0].observations[0].notes, ["on A"]);
    // An OBX between PID and OBR is about the patient; it is noted, not shown under a report.
    assert!(
        report
            .notes
            .contains(&Note::new("OBX[2]-1", NoteKind::NotPartOfTheReport))
    );
    let ids: std::collections::HashSet<_> = report.cards.iter().map(ResultCard::id).collect();
    assert_eq!(ids.len(), 3);
}

#[test]
fn reports_of_the_same_order_and_code_are_told_apart() {
    let cards = cards(
        format!("{HEAD}{ORDER}OBX|1|NM|A^A^L||1||||||F\r{ORDER}OBX|2|NM|A^A^L||2||||||F")
            .as_bytes(),
    );
    assert_eq!(cards[1].identity.sub_id.as_deref(), Some("2"));
    assert_ne!(cards[0].id(), cards[1].id());
    let bytes = cards[1].to_bytes().unwrap();
    assert_eq!(ResultCard::from_bytes(&bytes).unwrap(), cards[1]);
}

#[test]
fn custom_separators_and_a_batch_are_read() {
    let message = "FHS#*!\\$\rBHS#*!\\$\rMSH#*!\\$#APP#FAC###20260101##ORU*R01#1#P#2.3\rPID#1##1***A*MR##DOE*JO##19700101\r\
                   OBR#1#P#F#C*Code*L#####################F\rOBX#1#ST#K*K*L##a\\F\\b\\S\\c######F\rBTS#2";
    let file = import(message.as_bytes()).unwrap();
    assert_eq!(file.notes, [Note::new("BTS-1", NoteKind::CountDiffers)]);
    let card = &file.messages[0].outcome.as_ref().unwrap().cards[0];
    assert_eq!(card.observations[0].value, Value::Text("a#b*c".into()));
    assert_eq!(card.patient.identifiers[0].authority.as_deref(), Some("A"));
}

#[test]
fn one_bad_message_does_not_hold_back_the_next() {
    let good = format!("{HEAD}{ORDER}OBX|1|NM|A^A^L||1||||||F\r");
    let file =
        import(format!("{}{good}", good.replace("|1||||||F", "|1||||||?")).as_bytes()).unwrap();
    assert!(file.messages[0].outcome.is_err() && file.messages[1].outcome.is_ok());
}

#[test]
fn wrong_patient_on_one_observation_blanks_that_one() {
    let card = observed("OBX|1|NM|A^A^L||1||||||F\rOBX|2|NM|B^B^L||2|||HH|||W");
    assert_eq!(card.observations[0].value.text(), "1");
    assert_eq!(
        card.observations[1].value,
        Value::Absent(AbsentReason::Error)
    );
    assert_eq!(
        card.observations[1].status,
        ObservationStatus::EnteredInError
    );
    assert!(card.critical().is_empty());
}

#[test]
fn answers_say_accepted_error_or_reject_and_name_the_place() {
    let answer = |message: &str| {
        let file = import(message.as_bytes()).unwrap();
        let message = &file.messages[0];
        acknowledge(
            &message.header,
            message.ack_code(),
            message.outcome.as_ref().err(),
            "A1",
            "20260101120001+0100",
        )
    };
    let good = format!("{HEAD}{ORDER}OBX|1|NM|A^A^L||1||||||F");
    assert_eq!(
        answer(&good),
        "MSH|^~\\&|||APP|FAC|20260101120001+0100||ACK^R01^ACK|A1|P|2.5\rMSA|AA|77\r"
    );
    let bad = good.replace("|1||||||F", "|1||||||?");
    assert!(
        answer(&bad).ends_with("MSA|AE|77\rERR||OBX^1^11|103^Table value not found^HL70357|E\r")
    );
    let old = bad.replace("|P|2.5", "|P|2.3");
    assert!(answer(&old).ends_with("MSA|AE|77\rERR|OBX^1^11^103&Table value not found&HL70357\r"));
    let other = good.replace("ORU^R01", "ADT^A01");
    assert!(answer(&other).contains("MSA|AR|77\rERR||MSH^1^9|200^"));
}

#[test]
fn times_without_an_offset_take_that_of_the_message_or_stay_local() {
    let with = observed("OBX|1|NM|A^A^L||1||||||F");
    assert_eq!(
        with.effective.unwrap().as_str(),
        "2026-01-01T11:00:00+01:00"
    );
    let message = format!(
        "{}{ORDER}OBX|1|NM|A^A^L||1||||||F",
        HEAD.replace("+0100", "")
    );
    let without = card(message.as_bytes());
    assert_eq!(
        without.effective.as_ref().unwrap().as_str(),
        "2026-01-01T11:00:00"
    );
    let bytes = without.to_bytes().unwrap();
    assert!(
        !String::from_utf8(bytes.clone())
            .unwrap()
            .contains("\"effectiveDateTime\":\"2026-01-01T11:00:00\"")
    );
    assert_eq!(ResultCard::from_bytes(&bytes).unwrap(), without);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = import(&bytes);
    }

    #[test]
    fn damaged_messages_never_panic_and_cards_decode_from_their_bytes(at in 0usize..2_000, text in "[|^~&\\\\\r\n\"A-Z0-9é.<>-]{0,6}", cut in 0usize..40) {
        let mut message = String::from_utf8(sample!("potassium-critical.hl7").to_vec()).unwrap();
        let at = at % message.len();
        let end = (at + cut).min(message.len());
        message.replace_range(at..end, &text);
        if let Ok(file) = import(message.as_bytes()) {
            for message in file.messages {
                let header = message.header.clone();
                let _ = acknowledge(&header, message.ack_code(), message.outcome.as_ref().err(), "1", "2026");
                for card in message.outcome.map(|report| report.cards).unwrap_or_default() {
                    let bytes = card.to_bytes().unwrap();
                    prop_assert_eq!(ResultCard::from_bytes(&bytes), Ok(card));
                }
            }
        }
    }
}
