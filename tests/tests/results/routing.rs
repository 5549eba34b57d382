//! `--to ordering`: the report's own words lead to who must act, or nothing is sent.

use sotto_tests::Newcomer;

use crate::ward::{ABERNATHY, Ward, cards, sample};

#[test]
fn ordering_is_whom_the_report_names() {
    let ward = Ward::with_colleague();
    let sent = ward.send("ordering", &sample("potassium-critical.hl7"));
    assert_eq!((sent.len(), &sent[0]["to"]), (1, &ABERNATHY.into()));
    assert_eq!(
        cards(&ward.abernathy, "Laboratory")[0]["card"]["orderer"],
        "ABERNATHY, ROWAN"
    );
    assert!(ward.okafor().chats().is_empty());
}

#[test]
fn a_number_of_another_authority_is_another_person() {
    let ward = Ward::open();
    let foreign = sample("potassium-critical.hl7").replace(
        "MERIDIAN&2.16.840.1.113883.19.5.2&ISO",
        "ELSEWHERE&1.2.3&ISO",
    );
    ward.try_send("ordering", &foreign)
        .refused(6, "result.no_orderer");
}

#[test]
fn who_is_not_in_the_roster_is_stood_in_for_by_the_station_of_the_unit_or_by_nobody() {
    let ward = Ward::open();
    let unknown = sample("potassium-critical.hl7").replace("|30122^ABERNATHY", "|30999^UNKNOWN");
    ward.try_send("ordering", &unknown)
        .refused(6, "result.no_orderer");
    assert!(ward.laboratory.chats().is_empty(), "a guess is never made");

    let station = ward
        .organisation
        .enrol(Newcomer::place("Ward 5W", "5W", &["nurse"]), "station");
    ward.organisation.settle(&[&ward.laboratory, &station]);
    let answer = ward.try_send("ordering", &unknown).good().json();
    assert_eq!(answer["results"][0]["to"], "Ward 5W");
    ward.organisation.settle(&[&ward.laboratory, &station]);
    assert_eq!(cards(&station, "Laboratory").len(), 1);
}

#[test]
fn two_who_could_be_meant_are_not_chosen_between() {
    let ward = Ward::open();
    // One number is one person's: the roster takes it once.
    let twin = [
        "invite",
        "--name",
        "Robin Abernathy",
        "--role",
        "physician",
        "--id",
        "MERIDIAN=30122",
    ];
    ward.organisation
        .admin
        .try_run(&twin)
        .refused(3, "admin.external_id_taken");
    // A report that names two orderers whom the roster knows.
    let other = Newcomer {
        ids: &["MERIDIAN=30200"],
        ..Newcomer::physician("Robin Holm")
    };
    let other = ward.organisation.enrol(other, "other");
    ward.organisation.settle(&[&ward.laboratory, &other]);
    let authority = "^^^DR^^^MERIDIAN&2.16.840.1.113883.19.5.2&ISO^L^^^EI";
    let one = format!("|30122^ABERNATHY^ROWAN{authority}|");
    let both = format!("|30122^ABERNATHY^ROWAN{authority}~30200^HOLM^ROBIN{authority}|");
    let report = sample("potassium-critical.hl7").replace(&one, &both);
    assert!(report.contains("HOLM"));
    ward.try_send("ordering", &report)
        .refused(3, "result.ambiguous_orderer");
    assert!(ward.laboratory.chats().is_empty());
}

#[test]
fn a_training_message_is_stamped_is_never_critical_and_goes_to_no_orderer_by_itself() {
    let ward = Ward::open();
    ward.try_send("ordering", &sample("potassium-training.hl7"))
        .refused(3, "result.test");
    let sent = ward.send(ABERNATHY, &sample("potassium-training.hl7"));
    assert_eq!(sent[0]["critical"], false);
    let shown = &cards(&ward.abernathy, "Laboratory")[0]["card"];
    assert_eq!(
        (&shown["test"], &shown["critical"]),
        (&true.into(), &false.into())
    );
    let file = ward.file("training.hl7", &sample("potassium-training.hl7"));
    let forced = [
        "send-result",
        "--to",
        ABERNATHY,
        "--critical",
        "please",
        &file,
    ];
    ward.laboratory
        .try_run(&forced)
        .refused(3, "result.not_critical");
}

#[test]
fn who_may_not_send_results_does_not() {
    let ward = Ward::open();
    let clerk = ward.organisation.enrol(
        Newcomer {
            roles: &["unit clerk"],
            ..Newcomer::physician("Kim Park")
        },
        "clerk",
    );
    let file = ward.file("result.hl7", &sample("potassium-critical.hl7"));
    clerk
        .try_run(&["send-result", "--to", ABERNATHY, &file])
        .refused(3, "role.not_allowed");
}
