//! `send`: a message.

use std::path::PathBuf;
use std::time::Duration;

use sotto_core::Draft;

use crate::context::Context;
use crate::delivery::answer_sent;
use crate::failure::Outcome;
use crate::{parse, resolve};

/// A message.
#[derive(Debug, clap::Args)]
pub(crate) struct Send {
    /// A conversation, or a person or place (opens the direct conversation)
    #[arg(value_name = "CHAT|PERSON")]
    to: String,
    /// The text; may be left out with --attach
    #[arg(required_unless_present = "attach")]
    text: Option<String>,
    /// Attaches a file
    #[arg(long, value_name = "FILE")]
    attach: Option<PathBuf>,
    /// Life of the message, counted from receipt
    #[arg(long, value_name = "DURATION", value_parser = parse::duration)]
    expires: Option<Duration>,
    /// The message it answers
    #[arg(long, value_name = "MESSAGE")]
    reply: Option<String>,
    /// Interrupts whoever it reaches
    #[arg(long)]
    urgent: bool,
}

impl Send {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let client = context.open()?;
        let reply_to = self
            .reply
            .as_deref()
            .map(|id| client.find_message(id))
            .transpose()?;
        let conversation = resolve::conversation(&client, &self.to)?;
        let draft = Draft {
            text: self.text.unwrap_or_default(),
            reply_to,
            expires: self.expires,
            attachment: self.attach,
            priority: if self.urgent { 2 } else { 1 },
        };
        let handle = client.send(conversation, draft)?;
        answer_sent(context, &client, handle, "Message").await
    }
}
