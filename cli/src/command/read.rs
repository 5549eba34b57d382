//! `read`: a conversation, oldest message first; the cards that were displayed are reported as seen.

use serde::Serialize;
use sotto_core::{Client, MessageView, Unmask};

use crate::context::Context;
use crate::delivery::deliver;
use crate::failure::{Failure, Outcome};
use crate::output::message;
use crate::resolve;

/// Reading.
#[derive(Debug, clap::Args)]
pub(crate) struct Read {
    /// The conversation, or whom it is with
    #[arg(value_name = "CHAT")]
    chat: String,
    /// At most so many messages, the newest
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    /// Only messages before this one
    #[arg(long, value_name = "MESSAGE")]
    before: Option<String>,
    /// Does not report cards as seen
    #[arg(long)]
    peek: bool,
    #[command(flatten)]
    unmask: UnmaskArgs,
}

/// Identifiers in clear, for a purpose. Recorded.
#[derive(Debug, clap::Args)]
pub(crate) struct UnmaskArgs {
    /// Shows patients' identifiers in clear; recorded with purpose and reason
    #[arg(long, requires = "purpose")]
    unmask: bool,
    /// Purpose of use: TREAT, ETREAT, HOPERAT, BTG
    #[arg(long, value_name = "CODE", requires = "unmask")]
    purpose: Option<String>,
    /// The reason in words
    #[arg(long, value_name = "TEXT", requires = "unmask")]
    reason: Option<String>,
}

impl UnmaskArgs {
    fn request(self) -> Option<Unmask> {
        let purpose = self.purpose.filter(|_| self.unmask)?;
        Some(Unmask {
            purpose,
            reason: self.reason.unwrap_or_default(),
        })
    }
}

#[derive(Serialize)]
struct Page {
    conversation: String,
    messages: Vec<MessageView>,
}

impl Read {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let client = context.open()?;
        let id = client.find_conversation(&self.chat)?;
        let before = self
            .before
            .as_deref()
            .map(|id| client.find_message(id))
            .transpose()?;
        let unmask = self.unmask.request();
        let page = || client.page(id, before, self.limit, unmask.as_ref());
        let messages = match page() {
            // Many patients at once: the owner proves first to be there.
            Err(error) if error.code() == "verify.needed" && context.prove(&client)? => page()?,
            other => other?,
        };
        let page = Page {
            conversation: id.to_string(),
            messages,
        };
        context.out.answer(&page, || {
            message::list(
                &page.messages,
                &context.out.wall,
                "There is no message yet.",
            )
        })?;
        if self.peek {
            return Ok(());
        }
        // Only after they have been written out: nothing is seen that was not shown.
        if seen(&client, &page.messages)? {
            deliver(context, &client).await?;
        }
        Ok(())
    }
}

/// Reports the cards of others. True where there was one.
fn seen(client: &Client, messages: &[MessageView]) -> Result<bool, Failure> {
    let mut any = false;
    for message in messages
        .iter()
        .filter(|message| !message.mine && message.card.is_some())
    {
        client.mark_seen(resolve::id(&message.id)?)?;
        any = true;
    }
    Ok(any)
}
