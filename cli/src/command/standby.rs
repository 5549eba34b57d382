//! `standby`: a locked device listens for an order to wipe itself and obeys it. No passphrase, nothing is opened.

use std::time::Duration;

use serde::Serialize;
use sotto_core::{Client, Standby as Device, StandbyOutcome, StandbyState, WipedView};

use super::run::interrupted;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::progress::Progress;
use crate::output::text::clean;
use crate::parse;

/// Listening while locked.
#[derive(Debug, clap::Args)]
pub(crate) struct Standby {
    /// Asks once instead of listening until it is stopped
    #[arg(long)]
    once: bool,
    /// With --once: how long the question may wait at the relay
    #[arg(long, value_name = "DURATION", default_value = "20s", value_parser = parse::duration, requires = "once")]
    deadline: Duration,
    /// Says what this folder is, without asking the relay
    #[arg(long, conflicts_with = "once")]
    state: bool,
}

/// `state` tells them apart; what does not apply is `null`.
#[derive(Debug, Default, Serialize)]
struct Answer {
    state: &'static str,
    reason: Option<String>,
    key: Option<&'static str>,
    unlocked: Option<String>,
    certificate: Option<String>,
    ended: Option<String>,
    reported: Option<bool>,
}

impl Standby {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let device = Client::standby(context.home()).proxy(context.proxy());
        if self.state {
            return told(context, &of_state(device.state()?));
        }
        if self.once {
            let progress = Progress::spinner(&context.out, "asking the relay");
            let outcome = device.poll(self.deadline).await?;
            drop(progress);
            return told(context, &of_outcome(outcome));
        }
        let outcome = listen(context, &device).await?;
        told(context, &of_outcome(outcome))
    }
}

/// Until the device has been wiped and has said so, or this process is asked to end.
async fn listen(context: &Context, device: &Device) -> Outcome<StandbyOutcome> {
    // Before it listens, so that a folder that is no device is refused at once.
    match device.state()? {
        StandbyState::NotReady => {
            return Err(Failure::not_found(
                "device.not_enrolled",
                "no device has joined an organisation from this folder; there is nothing to stand by for",
            ));
        }
        StandbyState::Wiped(view) if view.reported => return Ok(StandbyOutcome::Wiped(view)),
        _ => context.out.note(
            "standby.listening",
            "Standing by: an order to wipe this device will be obeyed while it stays locked. Ctrl-C ends it.",
        ),
    }
    Ok(device.watch(interrupted()).await?)
}

fn of_state(state: StandbyState) -> Answer {
    match state {
        StandbyState::NotReady => Answer {
            state: "not_enrolled",
            ..Answer::default()
        },
        StandbyState::Ready(view) => Answer {
            state: "ready",
            key: Some(view.key),
            unlocked: view.unlocked,
            ..Answer::default()
        },
        StandbyState::Underway => Answer {
            state: "underway",
            ..Answer::default()
        },
        StandbyState::Wiped(view) => wiped(view),
    }
}

fn of_outcome(outcome: StandbyOutcome) -> Answer {
    match outcome {
        StandbyOutcome::Nothing => Answer {
            state: "nothing",
            ..Answer::default()
        },
        StandbyOutcome::Refused { reason } => Answer {
            state: "refused",
            reason: Some(reason),
            ..Answer::default()
        },
        StandbyOutcome::Wiped(view) => wiped(view),
    }
}

fn wiped(view: WipedView) -> Answer {
    Answer {
        state: "wiped",
        certificate: Some(view.certificate),
        ended: Some(view.ended),
        reported: Some(view.reported),
        ..Answer::default()
    }
}

fn told(context: &Context, answer: &Answer) -> Outcome {
    context.out.answer(answer, || {
        words(answer, |time| context.out.wall.maybe(time))
    })
}

fn words(answer: &Answer, at: impl Fn(Option<&str>) -> String) -> String {
    match answer.state {
        "not_enrolled" => "No device has joined an organisation from this folder.".into(),
        "ready" => format!(
            "This device can be told to wipe itself while it is locked. Its key is protected by {}; it was last \
             unlocked {}.",
            answer.key.unwrap_or("nothing known"),
            at(answer.unlocked.as_deref())
        ),
        "underway" => "This device is being wiped by order of its organisation.".into(),
        "wiped" => format!(
            "This device was wiped by order of its organisation, {}. {}\nCertificate (SHA-256): {}",
            at(answer.ended.as_deref()),
            if answer.reported == Some(true) {
                "The relay has its certificate."
            } else {
                "Its certificate waits for the relay; `sotto standby` hands it over."
            },
            answer.certificate.as_deref().unwrap_or_default()
        ),
        "refused" => format!(
            "Something came that this device does not obey, and nothing was changed: {}. It is kept as evidence.",
            clean(answer.reason.as_deref().unwrap_or_default())
        ),
        _ => "There is no order for this device.".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(answer: &Answer) -> String {
        words(answer, |time| time.unwrap_or("—").to_owned())
    }

    #[test]
    fn each_state_is_told_apart_in_words_and_in_json() {
        let view = WipedView {
            certificate: "ab".repeat(32),
            ended: "2031-05-06T03:04:10Z".into(),
            reported: false,
        };
        let answer = of_state(StandbyState::Wiped(view));
        assert_eq!(answer.state, "wiped");
        assert!(said(&answer).contains("waits for the relay"));
        let refused = of_outcome(StandbyOutcome::Refused {
            reason: "the order\u{1b} is for another device".into(),
        });
        assert!(said(&refused).contains("nothing was changed: the order is for another device"));
        let json = serde_json::to_value(of_outcome(StandbyOutcome::Nothing)).unwrap();
        assert_eq!(json["state"], "nothing");
        assert!(json["certificate"].is_null());
    }
}
