//! P20: no card is shown under another patient.

use serde_json::Value;

use crate::ward::{ABERNATHY, NUMBER, OKAFOR, Ward, cards, sample};

/// Another patient of the same hospital.
fn other_patient(name: &str) -> String {
    let text = sample(name)
        .replace(NUMBER, "84531908")
        .replace("OKONKWO-VESTERGAARD^ADAEZE", "HOLM^ASTRID");
    text.replace("999-41-7720", "999-41-7721")
        .replace("|19610314|", "|19700101|")
}

fn about_one_patient() -> Ward {
    let ward = Ward::with_colleague();
    ward.laboratory.run(&[
        "chat", "new", "--title", "Room 12", "--member", ABERNATHY, "--member", OKAFOR,
    ]);
    ward.settle();
    ward.send("Room 12", &sample("potassium-critical.hl7"));
    ward
}

fn names(cards: &[Value]) -> Vec<String> {
    cards
        .iter()
        .map(|one| one["card"]["patient"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_card_of_another_patient_is_refused_in_a_conversation_about_one() {
    let ward = about_one_patient();
    ward.try_send("Room 12", &other_patient("abg.hl7"))
        .refused(3, "result.other_patient");
    ward.settle();
    assert_eq!(
        names(&cards(&ward.abernathy, "Room 12")),
        ["OKONKWO-VESTERGAARD, ADAEZE MARIT"]
    );
    // The same patient's next result belongs there.
    ward.send("Room 12", &sample("abg.hl7"));
    assert_eq!(cards(&ward.abernathy, "Room 12").len(), 2);
}

#[test]
fn the_same_digits_of_another_authority_are_another_patient() {
    let ward = about_one_patient();
    let collision = sample("abg.hl7").replace(
        "MERIDIAN&2.16.840.1.113883.19.5&ISO",
        "ELSEWHERE&1.2.3.4&ISO",
    );
    ward.try_send("Room 12", &collision)
        .refused(3, "result.other_patient");
    assert_eq!(cards(ward.okafor(), "Room 12").len(), 1);
}

#[test]
fn a_merged_patient_is_the_same_and_a_split_one_is_not() {
    let ward = about_one_patient();
    let first = format!("{NUMBER}^^^MERIDIAN&2.16.840.1.113883.19.5&ISO^MR");
    let merged =
        sample("abg.hl7").replace(&first, &format!("{first}~55512^^^CLINIC&1.2.3.4&ISO^MR"));
    ward.send("Room 12", &merged);
    assert_eq!(cards(&ward.abernathy, "Room 12").len(), 2);
    // Split again: only the second number is left, and the conversation began with the first.
    let split = sample("troponin.hl7").replace(&first, "55512^^^CLINIC&1.2.3.4&ISO^MR");
    ward.try_send("Room 12", &split)
        .refused(3, "result.other_patient");
    // Both numbers, of which one contradicts.
    let contradicting = sample("troponin.hl7").replace(NUMBER, "84531999");
    ward.try_send("Room 12", &contradicting)
        .refused(3, "result.other_patient");
}

#[test]
fn cards_of_several_patients_in_one_direct_conversation_each_show_their_own() {
    let ward = Ward::open();
    ward.send("ordering", &sample("potassium-critical.hl7"));
    ward.send("ordering", &other_patient("abg.hl7"));
    let clear = names(&cards(&ward.abernathy, "Laboratory"));
    assert_eq!(
        clear,
        ["OKONKWO-VESTERGAARD, ADAEZE MARIT", "HOLM, ASTRID MARIT"]
    );
    // Masked: no name, and rows that can be told apart.
    let masked: Vec<String> = ward
        .abernathy
        .messages("Laboratory")
        .iter()
        .filter(|one| one["kind"] == "card")
        .map(|one| one["card"]["patient"].as_str().unwrap().to_owned())
        .collect();
    assert_ne!(masked[0], masked[1]);
    for row in &masked {
        assert!(
            !row.contains("HOLM") && !row.contains("OKONKWO") && !row.contains("7720"),
            "{row}"
        );
    }
}
