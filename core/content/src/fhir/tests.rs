#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;
use crate::card::{AbsentReason, Value};
use proptest::prelude::*;
use serde_json::json;

const POTASSIUM: &[u8] = include_bytes!("../../samples/potassium.json");

fn cards(json: &Json) -> Vec<ResultCard> {
    import(json.to_string().as_bytes()).unwrap().cards
}

fn refusal(json: &Json) -> String {
    import(json.to_string().as_bytes()).unwrap_err().to_string()
}

fn code(code: &str) -> Json {
    json!({ "coding": [{ "system": "http://loinc.org", "code": code }] })
}

fn observation(id: &str, more: Json) -> Json {
    let mut it =
        json!({ "resourceType": "Observation", "id": id, "status": "final", "code": code(id) });
    for (key, value) in more.as_object().unwrap() {
        it[key] = value.clone();
    }
    it
}

fn bundle(resources: &[Json]) -> Json {
    let entry: Vec<Json> = resources
        .iter()
        .map(|resource| json!({ "resource": resource }))
        .collect();
    json!({ "resourceType": "Bundle", "type": "collection", "entry": entry })
}

fn report(results: &[&str]) -> Json {
    let result: Vec<Json> = results
        .iter()
        .map(|id| json!({ "reference": format!("Observation/{id}") }))
        .collect();
    json!({ "resourceType": "DiagnosticReport", "id": "r", "status": "final", "code": code("R"),
        "subject": { "reference": "Patient/1" }, "result": result })
}

#[test]
fn a_report_with_contained_resources_becomes_a_card() {
    let card = import(POTASSIUM).unwrap().cards.remove(0);
    assert_eq!(card.observations[0].value.text(), "6.80 mmol/L");
    assert_eq!(
        card.observations[0].reference_ranges[0].label(),
        "3.5 – 5.10 mmol/L"
    );
    assert_eq!(card.critical(), [0]);
    assert_eq!(card.patient.identifier_count(), 3);
    assert_eq!(
        card.orderers[0].name.as_ref().unwrap().label(),
        "Abernathy, Rowan"
    );
    assert_eq!(card.unit.as_ref().unwrap().label(), "5W · 12");
    assert_eq!(card.identity.filler.as_ref().unwrap().value, "F-880413");
    assert_eq!(card.identity.placer.as_ref().unwrap().value, "P-552071");
    let bytes = card.to_bytes().unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(
        text.contains("\"value\":6.80,")
            && !text.contains("999-41-7720")
            && !text.contains("Harbour")
    );
    assert_eq!(ResultCard::from_bytes(&bytes).unwrap(), card);
}

#[test]
fn panels_are_laid_out_with_their_members_after_them() {
    let pressure = observation(
        "bp",
        json!({ "component": [
        { "code": code("sys"), "valueQuantity": { "value": 107, "unit": "mmHg" } },
        { "code": code("dia"), "valueQuantity": { "value": 60, "unit": "mmHg" } },
    ] }),
    );
    let panel = observation(
        "p",
        json!({ "hasMember": [{ "reference": "Observation/a" }, { "reference": "Observation/bp" }] }),
    );
    let leaf = observation("a", json!({ "valueInteger": 3 }));
    // The report names panel and members: each appears once, under its panel.
    let file = bundle(&[report(&["a", "p", "bp"]), panel, leaf, pressure]);
    let card = cards(&file).remove(0);
    let shape: Vec<_> = card
        .observations
        .iter()
        .map(|it| (it.code.key().1, it.parent, it.value.text()))
        .collect();
    assert_eq!(
        shape,
        [
            ("p", None, String::new()),
            ("a", Some(0), "3".into()),
            ("bp", Some(0), String::new()),
            ("sys", Some(2), "107 mmHg".into()),
            ("dia", Some(2), "60 mmHg".into()),
        ]
    );
    assert_eq!(card.observations[0].value, Value::Heading);
    assert_eq!(
        ResultCard::from_bytes(&card.to_bytes().unwrap()).unwrap(),
        card
    );
}

#[test]
fn panels_that_contain_each_other_end() {
    let a = observation(
        "a",
        json!({ "valueInteger": 1, "hasMember": [{ "reference": "Observation/b" }] }),
    );
    let b = observation(
        "b",
        json!({ "valueInteger": 2, "hasMember": [{ "reference": "Observation/a" }] }),
    );
    let card = cards(&bundle(&[report(&["a", "b"]), a.clone(), b.clone()])).remove(0);
    assert_eq!(card.observations.len(), 2);
    assert_eq!(refusal(&bundle(&[a, b])), "Bundle.entry: nested too deeply");
}

#[test]
fn a_bundle_gives_one_card_per_report_and_names_what_is_loose() {
    let mut second = report(&["b"]);
    second["id"] = json!("r2");
    let file = bundle(&[
        report(&["a"]),
        observation("a", json!({ "valueString": "x" })),
        second,
        observation("b", json!({ "valueBoolean": true })),
        observation("loose", json!({ "valueString": "y" })),
    ]);
    let import = import(file.to_string().as_bytes()).unwrap();
    assert_eq!(import.cards.len(), 2);
    assert_ne!(import.cards[0].id(), import.cards[1].id());
    assert!(import.notes.contains(&Note::new(
        "Bundle.entry[4].resource",
        NoteKind::NotPartOfTheReport
    )));
    let alone = cards(&bundle(&[
        observation("a", json!({ "valueString": "x" })),
        observation("b", json!({})),
    ]));
    assert_eq!(alone.len(), 2);
    assert_eq!(
        alone[1].observations[0].value,
        Value::Absent(AbsentReason::Unknown)
    );
}

#[test]
fn a_result_that_is_not_in_the_file_is_said_to_be_missing() {
    let card = cards(&report(&["elsewhere"])).remove(0);
    assert_eq!(
        card.observations[0].code.label(),
        "Observation not included"
    );
    assert_eq!(
        card.observations[0].value,
        Value::Absent(AbsentReason::Unknown)
    );
}

#[test]
fn a_result_under_another_patients_report_is_refused() {
    let other = observation("a", json!({ "subject": { "reference": "Patient/2" } }));
    assert_eq!(
        refusal(&bundle(&[report(&["a"]), other])),
        "Bundle.entry[1].resource.subject: names another patient than the report"
    );
    let same = observation(
        "a",
        json!({ "subject": { "reference": "https://server/base/Patient/1/_history/3" } }),
    );
    let patient = json!({ "resourceType": "Patient", "id": "1", "birthDate": "1970-01-01" });
    assert_eq!(cards(&bundle(&[report(&["a"]), same, patient])).len(), 1);
}

#[test]
fn two_resources_under_one_name_lead_nowhere() {
    let patient = |born: &str| json!({ "resourceType": "Patient", "id": "1", "birthDate": born });
    let card = cards(&bundle(&[
        report(&[]),
        patient("1970-01-01"),
        patient("1980-01-01"),
    ]))
    .remove(0);
    assert!(card.patient.is_unknown());
}

#[test]
fn what_cannot_be_understood_is_refused_with_its_path() {
    let with = |more: Json| observation("a", more);
    for (file, expected) in [
        (
            json!({ "resourceType": "Patient" }),
            "resourceType: Patient is not a laboratory result",
        ),
        (json!({}), "resourceType: missing"),
        (json!([1]), "file: expected an object"),
        (
            with(json!({ "status": "done" })),
            "Observation.status: a code outside its table (observation-status)",
        ),
        (
            with(json!({ "status": null })),
            "Observation.status: missing",
        ),
        (with(json!({ "code": null })), "Observation.code: missing"),
        (
            with(json!({ "valueQuantity": { "value": "6.8" } })),
            "Observation.valueQuantity.value: expected a number",
        ),
        (
            with(json!({ "valueQuantity": 6 })),
            "Observation.valueQuantity: expected an object",
        ),
        (
            with(json!({ "valueQuantity": { "value": 6, "comparator": "~" } })),
            "Observation.valueQuantity.comparator: a code outside its table (quantity-comparator)",
        ),
        (
            with(json!({ "valueString": "a", "valueBoolean": true })),
            "Observation.value[x]: expected one value",
        ),
        (
            with(json!({ "effectiveDateTime": "yesterday" })),
            "Observation.effectiveDateTime: expected a date or time",
        ),
        (
            with(json!({ "component": [{ "valueString": "x" }] })),
            "Observation.component[0].code: missing",
        ),
        (
            bundle(&[
                json!({ "resourceType": "DiagnosticReport", "code": code("R"), "status": "ready" }),
            ]),
            "Bundle.entry[0].resource.status: a code outside its table (diagnostic-report-status)",
        ),
        (
            bundle(&[json!({ "resourceType": "Patient" })]),
            "Bundle.entry: Bundle is not a laboratory result",
        ),
    ] {
        assert_eq!(refusal(&file), expected);
    }
    assert_eq!(import(b"{").unwrap_err().to_string(), "file: not FHIR JSON");
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(
        import(deep.as_bytes()).unwrap_err().to_string(),
        "file: not FHIR JSON"
    );
}

#[test]
fn all_statuses_are_read_and_entered_in_error_is_blank() {
    for status in crate::card::ReportStatus::ALL {
        let mut it = report(&["a"]);
        it["status"] = json!(status.as_str());
        let card = cards(&bundle(&[
            it,
            observation("a", json!({ "valueString": "CANARY" })),
        ]))
        .remove(0);
        assert_eq!(card.status, *status);
        let blank = *status == crate::card::ReportStatus::EnteredInError;
        assert_eq!(
            String::from_utf8(card.to_bytes().unwrap())
                .unwrap()
                .contains("CANARY"),
            !blank
        );
    }
}

#[test]
fn a_foreign_file_cannot_mark_itself_critical_by_hand() {
    let marked = observation(
        "a",
        json!({
            "valueString": "x",
            "extension": [{ "url": crate::card::CRITICAL_BY_SENDER, "valueBoolean": true }],
        }),
    );
    assert!(cards(&marked)[0].critical().is_empty());
}

#[test]
fn a_new_mark_makes_a_version_and_a_missing_one_does_not() {
    let plain = import(POTASSIUM).unwrap().cards.remove(0);
    let mut marked = plain.clone();
    marked.mark_critical(0).unwrap();
    assert_eq!(
        marked.clone().following(&plain).map(|card| card.version),
        Some(2)
    );
    assert!(plain.following(&marked).is_none());
}

#[test]
fn a_mark_by_hand_survives_the_bytes() {
    let mut card = import(POTASSIUM).unwrap().cards.remove(0);
    card.observations[0].interpretation.clear();
    assert!(card.critical().is_empty());
    card.mark_critical(0).unwrap();
    assert_eq!(card.critical(), [0]);
    assert_eq!(
        ResultCard::from_bytes(&card.to_bytes().unwrap()).unwrap(),
        card
    );
    assert!(card.mark_critical(1).is_err());
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = import(&bytes);
        let _ = ResultCard::from_bytes(&bytes);
    }

    #[test]
    fn damaged_files_never_panic_and_cards_decode_from_their_bytes(at in 0usize..4_000, text in "[\\[\\]{}:,\"a-z0-9 .-]{0,5}", cut in 0usize..20) {
        let mut file = String::from_utf8(POTASSIUM.to_vec()).unwrap();
        let at = at % file.len();
        let end = (at + cut).min(file.len());
        file.replace_range(at..end, &text);
        if let Ok(import) = import(file.as_bytes()) {
            for card in import.cards {
                let bytes = card.to_bytes().unwrap();
                prop_assert_eq!(ResultCard::from_bytes(&bytes), Ok(card));
            }
        }
    }

    #[test]
    fn damaged_cards_are_refused_or_encode_to_themselves(at in 0usize..4_000, byte in any::<u8>()) {
        let mut bytes = import(POTASSIUM).unwrap().cards.remove(0).to_bytes().unwrap();
        let length = bytes.len();
        bytes[at % length] = byte;
        if let Ok(card) = ResultCard::from_bytes(&bytes) {
            prop_assert_eq!(card.to_bytes().unwrap(), bytes);
        }
    }
}
