//! `react`, `edit`, `retract`, `leave`: changes to what is there.

use serde::Serialize;
use sotto_core::Owner;

use crate::context::Context;
use crate::delivery::answer_sent;
use crate::failure::{Failure, Outcome};
use crate::output::progress::Progress;
use crate::output::text::clean;
use crate::terminal;

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
    /// Who leaves: identifier, name or external identifier
    person: String,
    /// Does not ask
    #[arg(long)]
    yes: bool,
}

#[derive(Serialize)]
struct Left {
    left: String,
}

impl Leave {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let client = context.open()?;
        let owner = client.find_owner(&self.person)?;
        let Owner::Person(person) = owner else {
            return Err(Failure::bad_input(
                "leave.place",
                "that is a place; only a person can leave",
            ));
        };
        let id = person.to_string();
        let name = client
            .people()?
            .into_iter()
            .find(|view| view.id == id)
            .map(|view| clean(&view.name));
        let name = name.unwrap_or_else(|| id.clone());
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
        client.leave(person).await?;
        drop(progress);
        context.out.answer(&Left { left: id }, || {
            format!("{name} has left. Their devices are closed and the keys turned.")
        })
    }
}
