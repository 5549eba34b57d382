//! `inbox`: what waits for somebody, most urgent first.

use serde::Serialize;
use sotto_core::{Client, ConversationView, MessageView};

use super::chat;
use crate::context::Context;
use crate::failure::Outcome;
use crate::output::message;
use crate::output::table::Table;
use crate::resolve;

const PAGE: u32 = 200;

#[derive(Serialize)]
struct Inbox {
    /// Cards that nobody has acknowledged, most urgent first, then oldest first.
    open: Vec<MessageView>,
    conversations: Vec<ConversationView>,
}

pub(crate) fn run(context: &Context) -> Outcome {
    let client = context.open()?;
    let conversations = client.conversations()?;
    let mut open = Vec::new();
    for conversation in conversations.iter().filter(|one| one.unacknowledged > 0) {
        open.extend(open_in(&client, conversation)?);
    }
    open.sort_by(|a, b| (rank(a.priority), &a.received).cmp(&(rank(b.priority), &b.received)));
    let inbox = Inbox { open, conversations };
    context.out.answer(&inbox, || words(context, &inbox))
}

/// Pages back until all that the conversation counts are found.
fn open_in(client: &Client, conversation: &ConversationView) -> Outcome<Vec<MessageView>> {
    let id = resolve::id(&conversation.id)?;
    let (mut found, mut before) = (Vec::new(), None);
    while found.len() < conversation.unacknowledged {
        let page = client.page(id, before, PAGE, None)?;
        let Some(oldest) = page.first() else { break };
        before = Some(resolve::id(&oldest.id)?);
        found.extend(page.into_iter().filter(is_open));
    }
    Ok(found)
}

fn is_open(message: &MessageView) -> bool {
    let card = message.card.as_ref();
    !message.mine && card.is_some_and(|card| card.acknowledged_by.is_empty() && card.version == card.current_version)
}

fn rank(priority: &str) -> u8 {
    match priority {
        "critical" => 0,
        "urgent" => 1,
        _ => 2,
    }
}

fn words(context: &Context, inbox: &Inbox) -> String {
    let mut table = Table::new(&["MESSAGE", "PRIORITY", "RESULT", "PATIENT", "FROM", "RECEIVED"]);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn critical_comes_before_urgent_and_both_before_the_rest() {
        let mut all = ["routine", "critical", "urgent"];
        all.sort_by_key(|priority| rank(priority));
        assert_eq!(all, ["critical", "urgent", "routine"]);
    }
}
