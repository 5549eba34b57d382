//! `admin rekey`: new keys for everything, for the day after a break-in.

use serde::Serialize;
use sotto_core::RekeyView;

use super::said::confirm;
use crate::context::Context;
use crate::delivery::{Relay, deliver};
use crate::failure::Outcome;
use crate::output::progress::Progress;
use crate::output::text::count;

#[derive(Debug, clap::Args)]
pub(crate) struct Rekey {
    /// How far the last one has come, without beginning a new one
    #[arg(long)]
    status: bool,
    /// Does not ask
    #[arg(long)]
    yes: bool,
}

#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    rekey: RekeyView,
    relay: Option<Relay>,
}

impl Rekey {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let client = context.open_for(!self.status)?;
        if self.status {
            let answer = Answer {
                rekey: client.rekeying()?,
                relay: None,
            };
            return context.out.answer(&answer, || words(answer.rekey));
        }
        confirm(
            "The roster's key and the keys of every conversation of this device are replaced.",
            "rekey",
            self.yes,
        )?;
        let progress = Progress::spinner(&context.out, "replacing the roster's key");
        client.rekey().await?;
        drop(progress);
        let relay = deliver(context, &client).await;
        let answer = Answer {
            rekey: client.rekeying()?,
            relay: Some(*relay.as_ref().unwrap_or(&Relay::Unreachable)),
        };
        context.out.answer(&answer, || words(answer.rekey))?;
        relay.map(|_| ())
    }
}

fn words(rekey: RekeyView) -> String {
    let renewed = rekey.conversations.saturating_sub(rekey.waiting);
    let rest = match rekey.waiting {
        0 => "None is left.".to_owned(),
        some => format!(
            "{} left: `sotto sync` or a running `sotto run` renews them.",
            count(some, "is", "are")
        ),
    };
    format!(
        "The roster's key is number {}. {} of {} renewed. {rest}",
        rekey.epoch,
        renewed,
        count(rekey.conversations, "conversation", "conversations")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renewal_says_how_many_conversations_are_left() {
        let rekey = RekeyView {
            epoch: 4,
            conversations: 3,
            waiting: 1,
        };
        assert_eq!(
            words(rekey),
            "The roster's key is number 4. 2 of 3 conversations renewed. 1 is left: `sotto sync` or a running `sotto run` \
             renews them."
        );
    }
}
