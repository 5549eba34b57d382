//! `search`: in what this device holds.

use serde::Serialize;
use sotto_core::MessageView;

use crate::context::Context;
use crate::failure::Outcome;
use crate::output::message;

#[derive(Debug, clap::Args)]
pub(crate) struct Search {
    /// Words to look for
    #[arg(required = true)]
    words: Vec<String>,
    /// At most so many messages
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
}

#[derive(Serialize)]
struct Found {
    messages: Vec<MessageView>,
}

impl Search {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let found = Found {
            messages: context.open()?.search(&self.words.join(" "), self.limit)?,
        };
        context.out.answer(&found, || {
            message::list(&found.messages, &context.out.wall, "Nothing was found.")
        })
    }
}
