//! The sweep: one act, killed at one point after the other.

use sotto_tests::{Crash, Device, Organisation};

/// More commits than any command makes: a sweep that comes here goes round in circles.
const MOST_PASSAGES: usize = 60;

/// Every commit of an operation, just before and just after.
const COMMITS: [&str; 2] = ["store.before_commit", "store.after_commit"];

/// What is killed: whose command, and which.
pub(crate) type Act = (Device, Vec<String>);

/// Kills an act at each point in turn, and each time starts the device again. `act` prepares and says whose command to run;
/// `again` does what a person would do afterwards; `settled` checks after each point. A request is killed at its first
/// passage; a commit at every `stride`-th, before and after in turn where not at all. Panics where a point is never
/// reached.
pub(crate) fn sweep(
    operation: &str,
    stride: usize,
    requests: &[&str],
    mut act: impl FnMut() -> Act,
    mut again: impl FnMut(&Device, &[&str]),
    mut settled: impl FnMut(&str),
) {
    let named = requests.iter().flat_map(|request| {
        ["before_send", "after_answer"].map(|place| format!("transport.{request}.{place}"))
    });
    let points: Vec<String> = COMMITS
        .iter()
        .map(|point| (*point).to_owned())
        .chain(named)
        .collect();
    for (place, point) in points.into_iter().enumerate() {
        let every = COMMITS.contains(&point.as_str());
        let mut passage = if every { 1 + place % stride } else { 1 };
        let mut killed = 0;
        loop {
            let (device, given) = act();
            let words: Vec<&str> = given.iter().map(String::as_str).collect();
            let crash = device.crash(&format!("{point}:{passage}"), &words);
            if let Crash::NotReached(answer) = &crash {
                let _good = answer.clone().good();
            }
            let reached = matches!(crash, Crash::Reached);
            killed += usize::from(reached);
            again(&device, &words);
            if !reached || !every {
                break;
            }
            passage += stride;
            assert!(
                passage < MOST_PASSAGES,
                "{operation} passes {point} without end"
            );
        }
        println!("{operation:<8} {point:<42} killed {killed}");
        assert!(killed > 0, "{operation} never passes {point}");
        settled(&point);
    }
}

pub(crate) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Wei Chen and Zoe Lang in a conversation.
pub(crate) fn pair() -> (Organisation, Device, Device) {
    let organisation = Organisation::found();
    let chen = organisation.physician("Wei Chen");
    let lang = organisation.physician("Zoe Lang");
    organisation.settle(&[&chen, &lang]);
    chen.send("Zoe Lang", "first");
    organisation.settle(&[&chen, &lang]);
    (organisation, chen, lang)
}
