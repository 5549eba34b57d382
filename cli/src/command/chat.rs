//! `chat`: conversations and who is in them.

use serde::Serialize;
use sotto_core::{Client, ConversationId, ConversationView};

use crate::context::Context;
use crate::delivery::{Relay, deliver};
use crate::failure::Outcome;
use crate::output::table::Table;
use crate::output::text::{clean, short};
use crate::resolve;

/// Conversations.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Chat {
    /// Open a direct conversation or a group
    New(New),
    /// List conversations
    List,
    /// Add persons or places, with all their devices
    Add(Members),
    /// Remove persons or places, with all their devices
    Remove(Members),
}

#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("kind").required(true).args(["direct", "title"])))]
pub(crate) struct New {
    /// With one person or place
    #[arg(long, value_name = "PERSON")]
    direct: Option<String>,
    /// A group with this title
    #[arg(long, requires = "member")]
    title: Option<String>,
    /// Member of the group; may be given more than once
    #[arg(long, value_name = "PERSON", num_args = 1.., conflicts_with = "direct")]
    member: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Members {
    /// The conversation
    chat: String,
    /// Persons or places
    #[arg(required = true, value_name = "PERSON")]
    people: Vec<String>,
}

#[derive(Serialize)]
struct Changed {
    conversation: String,
    relay: Relay,
}

#[derive(Serialize)]
struct Conversations {
    conversations: Vec<ConversationView>,
}

impl Chat {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let client = context.open()?;
        match self {
            Self::List => list(context, &client),
            Self::New(new) => {
                let id = match (&new.direct, &new.title) {
                    (Some(person), _) => client.direct(client.find_owner(person)?)?,
                    (None, title) => {
                        let members = resolve::owners(&client, &new.member)?;
                        client.new_group(title.as_deref().unwrap_or_default(), &members)?
                    }
                };
                changed(context, &client, id, "is open").await
            }
            Self::Add(change) => {
                let (id, owners) = change.resolve(&client)?;
                for owner in owners {
                    client.add_member(id, owner)?;
                }
                changed(context, &client, id, "has its new members").await
            }
            Self::Remove(change) => {
                let (id, owners) = change.resolve(&client)?;
                for owner in owners {
                    client.remove_member(id, owner)?;
                }
                changed(context, &client, id, "goes on without them").await
            }
        }
    }
}

impl Members {
    /// Every name is known before the first change.
    fn resolve(&self, client: &Client) -> Outcome<(ConversationId, Vec<sotto_core::Owner>)> {
        Ok((
            client.find_conversation(&self.chat)?,
            resolve::owners(client, &self.people)?,
        ))
    }
}

async fn changed(context: &Context, client: &Client, id: ConversationId, how: &str) -> Outcome {
    let relay = deliver(context, client).await;
    let changed = Changed {
        conversation: id.to_string(),
        relay: *relay.as_ref().unwrap_or(&Relay::Unreachable),
    };
    context.out.answer(&changed, || match changed.relay {
        Relay::Reached => format!("Conversation {} {how}.", short(&changed.conversation)),
        _ => format!(
            "Conversation {} {how} once the relay has been reached.",
            short(&changed.conversation)
        ),
    })?;
    relay.map(|_| ())
}

fn list(context: &Context, client: &Client) -> Outcome {
    let list = Conversations {
        conversations: client.conversations()?,
    };
    context
        .out
        .answer(&list, || table(context, &list.conversations))
}

/// Also what the inbox shows.
pub(crate) fn table(context: &Context, conversations: &[ConversationView]) -> String {
    let mut table = Table::new(&[
        "CHAT", "TITLE", "KIND", "STATE", "OPEN", "UPDATED", "MEMBERS",
    ]);
    for one in conversations {
        let members: Vec<String> = one.members.iter().map(|name| clean(name)).collect();
        let open = if one.unacknowledged == 0 {
            "—".to_owned()
        } else {
            one.unacknowledged.to_string()
        };
        let updated = context.out.wall.at(&one.updated);
        table.row([
            short(&one.id),
            &one.title,
            one.kind,
            one.state,
            &open,
            &updated,
            &members.join(", "),
        ]);
    }
    table.render("There is no conversation yet. `sotto chat new --direct PERSON` opens one.")
}
