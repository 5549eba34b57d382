//! P14: logs and errors hold no content, no id and no key.

use sotto_tests::canary::Piece;

use crate::leak::say;
use crate::night::NIGHT;

#[test]
fn no_line_of_any_log_at_trace_holds_a_canary() {
    let report = NIGHT
        .canaries
        .searcher()
        .search(NIGHT.logs.iter().chain(&NIGHT.relay_words));
    report.assert_nothing(1_000);
    say(&format!(
        "logs of all devices and of the relay, at TRACE: {report}"
    ));
}

#[test]
fn no_line_of_any_log_at_trace_holds_an_id_a_token_or_a_key() {
    let mut searcher = NIGHT.secrets();
    assert!(NIGHT.ids.len() > 10);
    for (name, id) in &NIGHT.ids {
        searcher.bytes(name, id);
    }
    let report = searcher.search(NIGHT.logs.iter().chain(&NIGHT.relay_words));
    report.assert_nothing(1_000);
}

/// The control: a log level that shows nothing would prove nothing, and the same search finds what is there.
#[test]
fn the_logs_that_were_searched_say_something() {
    for (what, piece) in NIGHT
        .logs
        .iter()
        .chain(&NIGHT.relay_words)
        .map(|piece| (&piece.name, piece))
    {
        assert!(!piece.bytes.is_empty(), "{what} is empty");
    }
    let canaries = &NIGHT.canaries;
    let mut leaking: Vec<Piece> = NIGHT.logs.clone();
    for piece in &mut leaking {
        let at = piece.bytes.len() / 2;
        piece.bytes.splice(at..at, canaries.text.bytes());
    }
    let report = canaries.searcher().search(&leaking);
    assert_eq!(report.names(), ["text of a message"]);
    assert!(report.finds.len() >= leaking.len());
}
