//! `inbox`: what waits for somebody, most urgent first.

use serde::Serialize;
use sotto_core::{ConversationView, MessageView};

use super::chat;
use crate::context::Context;
use crate::failure::Outcome;
use crate::output::message;
use crate::output::table::Table;

#[derive(Serialize)]
struct Inbox {
    /// Results that wait, most urgent first, then oldest first.
    open: Vec<MessageView>,
    conversations: Vec<ConversationView>,
}

pub(crate) fn run(context: &Context) -> Outcome {
    let client = context.open()?;
    let inbox = Inbox {
        open: client.open_results()?,
        conversations: client.conversations()?,
    };
    context.out.answer(&inbox, || words(context, &inbox))
}

fn words(context: &Context, inbox: &Inbox) -> String {
    let mut table = Table::new(&[
        "MESSAGE", "PRIORITY", "RESULT", "PATIENT", "FROM", "RECEIVED",
    ]);
    for line in inbox
        .open
        .iter()
        .filter_map(|one| message::open_line(one, &context.out.wall))
    {
        table.row([&line[0], &line[1], &line[2], &line[3], &line[4], &line[5]]);
    }
    let open = table.render("No result waits for an acknowledgement.");
    format!("{open}\n{}", chat::table(context, &inbox.conversations))
}
