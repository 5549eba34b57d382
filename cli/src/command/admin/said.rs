//! What acts of administration have in common: how their outcome is told, and how a human confirms what destroys.

use serde::Serialize;
use sotto_core::{Client, ExclusionView, OutcomeView};

use crate::context::Context;
use crate::delivery::{Relay, deliver};
use crate::failure::{Failure, Outcome};
use crate::output::text::{clean, padded, sentence, width};
use crate::terminal;

/// An exclusion, and whether the relay has been told what follows from it.
#[derive(Serialize)]
pub(crate) struct Excluded {
    #[serde(flatten)]
    pub(crate) exclusion: ExclusionView,
    pub(crate) relay: Relay,
}

/// `done` reads as a sentence without its stop.
pub(crate) fn outcome_words(outcome: OutcomeView, done: &str) -> String {
    match outcome {
        OutcomeView::Done { seq: 0 } => format!("{done}."),
        OutcomeView::Done { seq } => format!("{done} (roster entry {seq})."),
        OutcomeView::Proposed { seq } => format!(
            "Proposed as number {seq}. It happens once a second administrator agrees: `sotto admin countersign {seq}`."
        ),
    }
}

/// Answers for an act without devices.
pub(crate) fn outcome(context: &Context, outcome: OutcomeView, done: &str) -> Outcome {
    context
        .out
        .answer(&outcome, || outcome_words(outcome, done))
}

/// Each device that was excluded, and how it gets its order.
pub(crate) fn exclusion_words(exclusion: &ExclusionView, done: &str) -> String {
    let mut text = outcome_words(exclusion.outcome, done);
    for device in &exclusion.devices {
        text.push_str(&format!(
            "\n  {}: {}",
            sentence(&clean(&device.words)).trim_end_matches('.'),
            device.sentence
        ));
    }
    text
}

/// Answers for an act that excludes devices, after one round in which conversations drop them.
pub(crate) async fn excluded(
    context: &Context,
    client: &Client,
    exclusion: ExclusionView,
    done: &str,
    next: &str,
) -> Outcome {
    let stands = matches!(exclusion.outcome, OutcomeView::Done { .. });
    let relay = if stands {
        deliver(context, client).await
    } else {
        Ok(Relay::Reached)
    };
    let answer = Excluded {
        exclusion,
        relay: *relay.as_ref().unwrap_or(&Relay::Unreachable),
    };
    context.out.answer(&answer, || {
        let mut text = exclusion_words(&answer.exclusion, done);
        if stands && !next.is_empty() {
            text.push('\n');
            text.push_str(next);
        }
        text
    })?;
    relay.map(|_| ())
}

/// Asks a human to type a word before something is destroyed.
pub(crate) fn confirm(question: &str, word: &str, yes: bool) -> Outcome {
    if yes {
        return Ok(());
    }
    if !terminal::present() {
        return Err(Failure::usage(
            "admin.unconfirmed",
            "nobody is there to confirm; look with --dry-run first, then add --yes",
        ));
    }
    if terminal::ask(&format!("{question} Type “{word}” to confirm: "))? == word {
        Ok(())
    } else {
        Err(Failure::refused(
            "admin.unconfirmed",
            "that is something else; nothing was done",
        ))
    }
}

/// Lines of a name and a value, aligned.
pub(crate) fn facts(facts: &[(&str, String)]) -> String {
    let columns = facts.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
    facts
        .iter()
        .map(|(name, value)| format!("  {}  {}\n", padded(name, columns), clean(value)))
        .collect()
}

/// `yes` or `no`.
pub(crate) const fn yes_no(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use sotto_core::ExcludedView;

    #[test]
    fn an_act_says_whether_it_stands_or_waits() {
        assert_eq!(
            outcome_words(OutcomeView::Done { seq: 7 }, "The role is given"),
            "The role is given (roster entry 7)."
        );
        assert!(
            outcome_words(OutcomeView::Proposed { seq: 8 }, "x").contains("admin countersign 8")
        );
    }

    #[test]
    fn an_exclusion_is_flat_json_and_names_each_device() {
        let answer = Excluded {
            exclusion: ExclusionView {
                outcome: OutcomeView::Done { seq: 9 },
                devices: vec![ExcludedView {
                    device: "0a".repeat(16),
                    words: "the device “phone” of Chen".into(),
                    mode: "wipe",
                    order: "laid",
                    sentence: "It is excluded.",
                }],
            },
            relay: Relay::Reached,
        };
        let json = serde_json::to_value(&answer).unwrap();
        assert_eq!(json["outcome"], "done");
        assert_eq!(json["seq"], 9);
        assert_eq!(json["devices"][0]["order"], "laid");
        assert_eq!(json["relay"], "reached");
        assert!(
            exclusion_words(&answer.exclusion, "Ordered")
                .ends_with("The device “phone” of Chen: It is excluded.")
        );
    }

    #[test]
    fn facts_line_up() {
        assert_eq!(
            facts(&[("a", "1".into()), ("bcd", "2\u{1b}".into())]),
            "  a    1\n  bcd  2\n"
        );
    }
}
