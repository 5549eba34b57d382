//! The read-back: what was reported is read back as reported, or nothing is acknowledged.

use crate::ward::{ABERNATHY, NUMBER, OKAFOR, Ward, asked, card, cards, message, sample};

#[test]
fn a_critical_potassium_is_taken_with_comma_or_trailing_zeros_and_never_with_turned_digits() {
    let ward = Ward::with_colleague();
    let first = ward.send_sample("potassium-critical.hl7");
    assert_eq!(ward.state(&first, ABERNATHY), "delivered");
    let shown = card(&ward.abernathy, "Laboratory", &first);
    assert_eq!(
        (shown["critical"].clone(), asked(&shown)),
        (true.into(), vec![2])
    );
    assert_eq!(
        (
            &shown["observations"][1]["value"],
            &shown["observations"][1]["unit"]
        ),
        (&"6.8".into(), &"mmol/L".into())
    );

    ward.ack(
        &ward.abernathy,
        &first,
        &["--value", "8.6", "--identifier", NUMBER],
    )
    .refused(3, "readback.mismatch");
    assert_eq!(ward.state(&first, ABERNATHY), "mismatch");
    ward.taken(
        &ward.abernathy,
        &first,
        &["--value", "6,8", "--identifier", NUMBER],
    );
    assert_eq!(ward.state(&first, ABERNATHY), "acknowledged");

    // The same result to a colleague, who reads back other digits of the same number.
    let sent = ward.send(OKAFOR, &sample("potassium-critical.hl7"));
    let second = message(&sent[0]);
    ward.ack(
        ward.okafor(),
        &second,
        &["--value", "8.6", "--identifier", NUMBER],
    )
    .refused(3, "readback.mismatch");
    ward.taken(
        ward.okafor(),
        &second,
        &["--value", "6.80", "--identifier", "1961-03-14"],
    );
    assert_eq!(ward.state(&second, OKAFOR), "acknowledged");
}

#[test]
fn the_right_value_of_the_wrong_patient_is_a_mismatch() {
    let ward = Ward::open();
    let sent = ward.send_sample("potassium-critical.hl7");
    ward.ack(
        &ward.abernathy,
        &sent,
        &["--value", "6.8", "--identifier", "84531970"],
    )
    .refused(3, "readback.mismatch");
    assert_eq!(ward.state(&sent, ABERNATHY), "mismatch");
    // An unfinished form is no mismatch: nothing is told, and it can be finished.
    for unfinished in [
        vec!["--value", "6.8"],
        vec!["--value", "high", "--identifier", NUMBER],
        vec![],
    ] {
        ward.ack(&ward.abernathy, &sent, &unfinished)
            .refused(7, "readback.incomplete");
    }
    ward.taken(
        &ward.abernathy,
        &sent,
        &["--value", "6.8", "--identifier", NUMBER],
    );
    assert_eq!(ward.state(&sent, ABERNATHY), "acknowledged");
}

#[test]
fn an_arterial_gas_asks_only_for_its_critical_ph() {
    let ward = Ward::open();
    let sent = ward.send_sample("abg.hl7");
    let shown = card(&ward.abernathy, "Laboratory", &sent);
    assert_eq!(asked(&shown), [1]);
    assert_eq!(shown["observations"].as_array().unwrap().len(), 4);
    let other = [
        "--observation",
        "2",
        "--value",
        "71",
        "--identifier",
        NUMBER,
    ];
    ward.ack(&ward.abernathy, &sent, &other)
        .refused(7, "readback.incomplete");
    assert_eq!(ward.state(&sent, ABERNATHY), "delivered");
    ward.taken(
        &ward.abernathy,
        &sent,
        &["--value", "7.08", "--identifier", NUMBER],
    );
    assert_eq!(ward.state(&sent, ABERNATHY), "acknowledged");
}

#[test]
fn a_culture_is_read_back_by_choosing_its_finding_among_options() {
    let ward = Ward::open();
    let sent = ward.send_sample("culture.hl7");
    let shown = card(&ward.abernathy, "Laboratory", &sent);
    let observation = &shown["observations"][0];
    let options: Vec<&str> = observation["options"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one.as_str().unwrap())
        .collect();
    assert!(options.len() >= 3, "{options:?}");
    let text = observation["value"].as_str().unwrap();
    let (right, wrong): (Vec<&str>, Vec<&str>) =
        options.iter().partition(|option| text.contains(*option));
    assert_eq!(
        right.len(),
        1,
        "one option is what was reported: {options:?}"
    );
    ward.ack(
        &ward.abernathy,
        &sent,
        &["--value", wrong[0], "--identifier", NUMBER],
    )
    .refused(3, "readback.mismatch");
    ward.ack(
        &ward.abernathy,
        &sent,
        &["--value", "cocci", "--identifier", NUMBER],
    )
    .refused(7, "readback.incomplete");
    ward.taken(
        &ward.abernathy,
        &sent,
        &["--value", right[0], "--identifier", NUMBER],
    );
    assert_eq!(ward.state(&sent, ABERNATHY), "acknowledged");
}

#[test]
fn a_troponin_above_the_range_of_the_method_keeps_its_comparator() {
    let ward = Ward::open();
    let sent = ward.send_sample("troponin.hl7");
    assert_eq!(
        card(&ward.abernathy, "Laboratory", &sent)["observations"][0]["value"],
        ">1000"
    );
    for wrong in ["1000", "<1000", ">100"] {
        ward.ack(
            &ward.abernathy,
            &sent,
            &["--value", wrong, "--identifier", NUMBER],
        )
        .refused(3, "readback.mismatch");
    }
    ward.taken(
        &ward.abernathy,
        &sent,
        &["--value", ">1000", "--identifier", NUMBER],
    );
    assert_eq!(ward.state(&sent, ABERNATHY), "acknowledged");
}

#[test]
fn a_newborn_without_birth_date_is_refused_as_critical_and_nothing_is_sent() {
    let ward = Ward::open();
    ward.try_send("ordering", &sample("newborn.hl7"))
        .refused(3, "result.not_critical");
    ward.settle();
    assert!(
        ward.abernathy.chats().is_empty(),
        "nothing reached the ward"
    );
    // The same result, not critical, may go: the ward is told what is known.
    let sent = ward.send("ordering", &sample("newborn.hl7").replace("|HH|", "|H|"));
    assert_eq!(sent[0]["critical"], false);
    assert_eq!(cards(&ward.abernathy, "Laboratory").len(), 1);
}

#[test]
fn what_asks_for_no_read_back_is_acknowledged_as_it_is() {
    let ward = Ward::open();
    let sent = ward.send_sample("potassium-corrected.hl7");
    assert_eq!(
        asked(&card(&ward.abernathy, "Laboratory", &sent)),
        Vec::<u64>::new()
    );
    ward.taken(&ward.abernathy, &sent, &[]);
    assert_eq!(ward.state(&sent, ABERNATHY), "acknowledged");
}

#[test]
fn the_laboratory_does_not_acknowledge_its_own_result_and_a_place_takes_no_responsibility() {
    let ward = Ward::open();
    let sent = ward.send_sample("potassium-critical.hl7");
    ward.laboratory
        .try_run(&["ack", &sent, "--value", "6.8", "--identifier", NUMBER])
        .refused(3, "result.own");
    assert_eq!(ward.state(&sent, ABERNATHY), "delivered");
}
