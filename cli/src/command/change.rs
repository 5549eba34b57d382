//! `react`, `edit`, `retract`, `leave`: changes to what is there.

use serde::Serialize;
use sotto_core::{ExclusionView, OutcomeView};

use super::admin::exclusion_words;
use crate::context::Context;
use crate::delivery::answer_sent;
use crate::failure::{Failure, Outcome};
use crate::output::progress::Progress;
use crate::{resolve, terminal};

#[derive(Debug, clap::Args)]
pub(crate) struct React {
    /// The message: its identifier or at least six digits of its beginning
    message: String,
    /// The emoji
    emoji: String,
}

impl React {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let client = context.open()?;
        let handle = client.react(client.find_message(&self.message)?, &self.emoji)?;
        answer_sent(context, &client, handle, "Reaction").await
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Edit {
    /// The message: its identifier or at least six digits of its beginning
    message: String,
    /// The new text
    text: String,
}

impl Edit {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let client = context.open()?;
        let handle = client.edit(client.find_message(&self.message)?, &self.text)?;
        answer_sent(context, &client, handle, "Edit").await
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Retract {
    /// The message: its identifier or at least six digits of its beginning
    message: String,
}

impl Retract {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let client = context.open()?;
        let handle = client.retract(client.find_message(&self.message)?)?;
        answer_sent(context, &client, handle, "Retraction").await
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Leave {
    /// Who leaves, or which place closes: identifier, name or external identifier
    person: String,
    /// Why; every member can read it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Does not ask
    #[arg(long)]
    yes: bool,
}

#[derive(Serialize)]
struct Left {
    /// `null` while it waits for a second administrator.
    left: Option<String>,
    #[serde(flatten)]
    exclusion: ExclusionView,
}

impl Leave {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let client = context.open_as_owner()?;
        let owner = client.find_owner(&self.person)?;
        let name = resolve::name_of(&client, owner)?;
        if !self.yes {
            if !terminal::present() {
                return Err(Failure::usage(
                    "leave.unconfirmed",
                    "nobody is there to confirm; add --yes",
                ));
            }
            let question = format!(
                "{name} and all their devices will lose access at once. Type their name to confirm: "
            );
            if terminal::ask(&question)? != name {
                return Err(Failure::refused(
                    "leave.unconfirmed",
                    "that is not the name; nobody left",
                ));
            }
        }
        let progress = Progress::spinner(&context.out, "closing their access");
        let exclusion = client.depart(owner, self.reason.as_deref()).await?;
        drop(progress);
        let stands = matches!(exclusion.outcome, OutcomeView::Done { .. });
        let answer = Left {
            left: stands.then(|| owner.to_string()),
            exclusion,
        };
        context.out.answer(&answer, || {
            let done = format!("{name} has left. Their devices are closed and the keys turned");
            exclusion_words(&answer.exclusion, &done)
        })
    }
}
