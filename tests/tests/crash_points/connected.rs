//! Devices that stay connected: a person's, and a laboratory's agent with its drop folder.

use sotto_tests::{Ledger, Newcomer, Organisation, eventually};

use crate::sweep::pair;

#[test]
fn a_connected_device_that_dies_anywhere_loses_and_repeats_nothing() {
    let (organisation, chen, lang) = pair();
    let mut ledger = Ledger::default();
    ledger.sent(&chen, "first");
    let points = [
        "transport.live/connect.before_send",
        "transport.live/connect.after_answer",
        "transport.live/recv.after_answer",
        "transport.live/ack.before_send",
        "inbox.after_ingest",
        "transport.submit.before_send",
        "transport.submit.after_answer",
    ];
    for point in points {
        let mut dying = lang.start_crashing(point, &[]);
        let (asked, answered) = (
            format!("to one who dies at {point}"),
            format!("from one who dies at {point}"),
        );
        chen.send("Zoe Lang", &asked);
        ledger.sent(&chen, &asked);
        // Stored, whatever happens to the process that would send it.
        let _stored = lang
            .try_run(&["--offline", "send", "Wei Chen", &answered])
            .good();
        ledger.sent(&lang, &answered);
        let end = dying.ended();
        assert!(end.code().is_none(), "{point} is never passed: {end}");
        println!("{:<8} {point:<42} killed 1", "run");
        let mut again = lang.start();
        again.wait_connected();
        drop(again);
        organisation.settle(&[&lang, &chen]);
        ledger.check_each(&[(&chen, "Zoe Lang"), (&lang, "Wei Chen")]);
    }
}

#[test]
fn a_laboratory_agent_that_dies_anywhere_between_taking_a_file_and_answering_it_sends_it_once() {
    let organisation = Organisation::found();
    let bench = organisation.enrol(
        Newcomer::place("Chemistry bench", "LAB", &["laboratory"]),
        "bench",
    );
    let chen = organisation.physician("Wei Chen");
    organisation.settle(&[&bench, &chen]);
    let drop_folder = organisation.world.folder().join("drop");
    std::fs::create_dir(&drop_folder).unwrap();
    let watch = [
        "--drop",
        drop_folder.to_str().unwrap(),
        "--to",
        "Wei Chen",
        "--settle",
        "1s",
    ];
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/../core/content/samples");
    let results = [
        ("drop.taken", "troponin.hl7"),
        ("drop.posted", "potassium-critical.hl7"),
        ("drop.answered", "abg.hl7"),
    ];
    for (number, (point, file)) in results.into_iter().enumerate() {
        std::fs::copy(format!("{samples}/{file}"), drop_folder.join(file)).unwrap();
        let mut dying = bench.start_crashing(point, &watch);
        let end = dying.ended();
        assert!(end.code().is_none(), "{point} is never passed: {end}");
        println!("{:<8} {point:<42} killed 1", "drop");
        let mut again = bench.start_with(&watch);
        again.wait_connected();
        let answer = drop_folder.join(format!("{file}.ack"));
        let done = drop_folder.join("done").join(file);
        eventually(&format!("{file} is done"), || {
            (answer.exists() && done.exists()).then_some(())
        });
        assert!(
            std::fs::read_to_string(answer).unwrap().contains("MSA|AA|"),
            "{point}"
        );
        let _events = again.stop();
        organisation.settle(&[&bench, &chen]);
        let messages = chen.messages("Chemistry bench");
        let cards = messages.iter().filter(|one| one["kind"] == "card").count();
        assert_eq!(cards, number + 1, "{point}: each result arrives once");
    }
}
