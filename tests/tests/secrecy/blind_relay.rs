//! P1: the relay's operator.

use sotto_tests::canary::Piece;

use crate::leak::say;
use crate::night::NIGHT;

#[test]
fn the_operator_finds_no_canary_in_anything_the_relay_has() {
    let night = &*NIGHT;
    let searcher = night.canaries.searcher();
    let (texts, forms) = searcher.size();
    let kept = searcher.search(night.relay_files.iter().chain(&night.relay_words));
    kept.assert_nothing(1 << 20);
    let lines = night.traffic.iter().enumerate();
    let traffic: Vec<Piece> = lines
        .flat_map(|(number, line)| line.pieces(number))
        .collect();
    let passed = searcher.search(&traffic);
    passed.assert_nothing(1 << 20);
    let (stored, waiting) = night.envelopes;
    assert!(
        stored >= 20 && waiting >= 2,
        "{stored} envelopes are no night, {waiting} waiting"
    );
    say(&format!(
        "searched for {texts} canaries in {forms} forms: {stored} envelopes, of which {waiting} still waiting"
    ));
    say(&format!("  files, log at TRACE, metrics, check: {kept}"));
    say(&format!(
        "  traffic without TLS, {} connections: {passed}",
        night.traffic.len()
    ));
}

#[test]
fn the_operator_finds_no_canary_in_the_memory_of_the_running_relay() {
    let night = &*NIGHT;
    match &night.relay_memory {
        Ok(memory) => {
            let report = night.canaries.searcher().search(memory);
            report.assert_nothing(1 << 20);
            say(&format!(
                "memory of the relay, all a core dump would hold: {report}"
            ));
        }
        Err(why) => say(&format!(
            "SKIPPED: this machine does not let us read the relay's memory: {why}"
        )),
    }
}

/// The other half of the proof: what the relay never had was there to be read.
#[test]
fn members_read_every_canary_that_the_relay_never_had() {
    let night = &*NIGHT;
    let report = night.canaries.searcher().search(&night.shown);
    for (name, _) in night.canaries.readable() {
        assert!(
            report.names().contains(&name),
            "nobody was shown: {name}; shown: {:?}",
            report.names()
        );
    }
}
