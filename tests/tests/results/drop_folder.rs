//! The laboratory's drop folder: each file is answered as HL7 answers, AA, AE or AR.

use std::fs;
use std::path::Path;

use crate::ward::{ABERNATHY, Ward, cards, sample};

fn acknowledgement(folder: &Path, name: &str) -> Vec<String> {
    let text = fs::read_to_string(folder.join(format!("{name}.ack"))).unwrap();
    let msa = text
        .split(['\r', '\n'])
        .find(|line| line.starts_with("MSA|"))
        .unwrap_or_else(|| panic!("no MSA in {text}"));
    msa.split('|').map(str::to_owned).collect()
}

#[test]
fn every_dropped_file_is_answered_and_put_away_and_what_was_accepted_arrives() {
    let ward = Ward::open();
    let folder = ward.organisation.world.folder().join("drop");
    fs::create_dir(&folder).unwrap();
    // In the order in which a round takes them: by name.
    let files = [
        ("good.hl7", sample("potassium-critical.hl7"), "accepted"),
        ("newborn.hl7", sample("newborn.hl7"), "refused"),
        (
            "other-message.hl7",
            sample("abg.hl7").replace("ORU^R01^ORU_R01", "ADT^A01^ADT_A01"),
            "refused",
        ),
        ("report.json", sample("potassium.json"), "refused"),
        (
            "status.hl7",
            sample("abg.hl7").replace("|LL|||F|", "|LL|||?|"),
            "refused",
        ),
    ];
    for (name, content, _) in &files {
        let hidden = folder.join(format!(".{name}"));
        fs::write(&hidden, content).unwrap();
        fs::rename(hidden, folder.join(name)).unwrap();
    }
    let mut running =
        ward.laboratory
            .start_with(&["--drop", folder.to_str().unwrap(), "--settle", "1s"]);
    for (name, _, outcome) in &files {
        let event = running.wait(&format!("{name} has been handled"), |event| {
            (event["event"] == "file" && event["file"] == *name).then(|| event.clone())
        });
        assert_eq!(event["outcome"], *outcome, "{event:#}");
        let end = if *outcome == "accepted" {
            "done"
        } else {
            "refused"
        };
        assert!(folder.join(end).join(name).is_file(), "{name} is put away");
    }
    let answers = ["good.hl7", "newborn.hl7", "other-message.hl7", "status.hl7"]
        .map(|name| acknowledgement(&folder, name));
    let codes: Vec<&str> = answers.iter().map(|msa| msa[1].as_str()).collect();
    // Understood; against a rule; another kind of message; not understood.
    assert_eq!(codes, ["AA", "AR", "AR", "AE"]);
    assert_eq!(
        answers[0][2], "MER-20261122-0417",
        "the answer names the message it answers"
    );
    assert!(
        fs::read_to_string(folder.join("report.json.ack"))
            .unwrap()
            .contains("OperationOutcome")
    );

    let message = running.wait("the relay has signed for the result", |event| {
        event["status"]["queued"].as_str()?;
        event["message"].as_str().map(str::to_owned)
    });
    ward.abernathy.sync();
    running.wait_state(&message, ABERNATHY, "delivered");
    running.stop();
    let shown = cards(&ward.abernathy, "Laboratory");
    assert_eq!(
        (shown.len(), shown[0]["id"].as_str().unwrap()),
        (1, message.as_str())
    );
}
