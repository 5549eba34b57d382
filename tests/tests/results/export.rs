//! What can be shown to somebody else afterwards: FHIR R4.

use serde_json::Value;

use crate::ward::{ABERNATHY, NUMBER, Ward, sample};

fn resources<'a>(bundle: &'a Value, kind: &str) -> Vec<&'a Value> {
    let entries = bundle["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["resource"]);
    entries
        .filter(|resource| resource["resourceType"] == kind)
        .collect()
}

#[test]
fn an_export_holds_what_was_said_what_was_asked_and_who_signed() {
    let ward = Ward::open();
    let sent = ward.send_sample("potassium-critical.hl7");
    ward.taken(
        &ward.abernathy,
        &sent,
        &["--value", "6.8", "--identifier", NUMBER],
    );
    let out = ward.organisation.world.folder().join("export.json");
    let arguments = [
        "export",
        &sent,
        "--purpose",
        "TREAT",
        "--reason",
        "review",
        "--out",
        out.to_str().unwrap(),
    ];
    let written = ward.laboratory.run(&arguments);
    let bytes = std::fs::read(&out).unwrap();
    assert_eq!(written["bytes"].as_u64(), Some(bytes.len() as u64));
    let bundle: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(bundle["resourceType"], "Bundle");

    let communication = resources(&bundle, "Communication");
    assert_eq!(communication.len(), 1);
    assert!(
        communication[0]["sent"].is_string() && communication[0]["status"].is_string(),
        "{:#}",
        communication[0]
    );
    let task = resources(&bundle, "Task");
    assert_eq!(task.len(), 1);
    for field in ["status", "intent", "focus"] {
        assert!(
            !task[0][field].is_null(),
            "Task without {field}: {:#}",
            task[0]
        );
    }
    let provenance = resources(&bundle, "Provenance");
    assert!(!provenance.is_empty());
    for one in provenance {
        for field in ["target", "recorded", "agent", "signature"] {
            assert!(!one[field].is_null(), "Provenance without {field}: {one:#}");
        }
        assert!(
            one["signature"][0]["data"]
                .as_str()
                .is_some_and(|data| data.len() > 80),
            "{one:#}"
        );
    }
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains(ABERNATHY), "who acknowledged is named");
    assert!(
        text.contains("\"DiagnosticReport\""),
        "the result itself is in it"
    );
}

#[test]
fn an_export_needs_a_right_a_purpose_and_a_reason() {
    let ward = Ward::open();
    let sent = ward.send_sample("potassium-critical.hl7");
    let reason = ["--purpose", "TREAT", "--reason", "curious"];
    ward.abernathy
        .try_run(&[&["export", &sent], reason.as_slice()].concat())
        .refused(3, "role.not_allowed");
    let unknown = ["export", &sent, "--purpose", "FUN", "--reason", "curious"];
    assert_ne!(ward.laboratory.try_run(&unknown).code, Some(0));
    let file = ward.file("there.json", &sample("potassium.json"));
    let over = [
        "export",
        &sent,
        "--purpose",
        "TREAT",
        "--reason",
        "review",
        "--out",
        &file,
    ];
    assert_ne!(
        ward.laboratory.try_run(&over).code,
        Some(0),
        "an existing file is not written over"
    );
    assert_eq!(
        std::fs::read_to_string(file).unwrap(),
        sample("potassium.json")
    );
}
