//! After something was written: hand it to the relay now, where that is wished and possible. What was written is safe
//! in the store either way, so a relay out of reach is a remark and not a failure: a script that took it for one
//! would send a second time.

use std::time::Duration;

use serde::Serialize;
use sotto_core::{Client, ErrorKind, MessageId, SendHandle};

use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::progress::Progress;
use crate::output::text::short;

/// How long a command waits for the relay after writing.
const PATIENCE: Duration = Duration::from_secs(30);

/// Core's word for: another process of this machine runs this store.
const RUNNING: &str = "store.running";

/// Whether the relay has been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Relay {
    /// One round with the relay succeeded.
    Reached,
    /// Out of reach: the next `sync` or `run` sends what waits.
    Unreachable,
    /// Left to the `run` of this folder, which holds the connection.
    Running,
    /// Not tried, because of `--offline`.
    Skipped,
}

/// One round with the relay after a write.
pub(crate) async fn deliver(context: &Context, client: &Client) -> Outcome<Relay> {
    if context.offline {
        return Ok(Relay::Skipped);
    }
    let progress = Progress::spinner(&context.out, "handing it to the relay");
    let round = client.sync_once(PATIENCE).await;
    drop(progress);
    match round {
        Ok(_) => Ok(Relay::Reached),
        Err(error) if error.code() == RUNNING => Ok(Relay::Running),
        Err(error) if error.kind() == ErrorKind::Network => {
            let why = Failure::from(error).to_string();
            context.out.note(
                "relay.later",
                &format!("Stored, not sent yet: the next `sotto sync` or a running `sotto run` sends it. {why}"),
            );
            Ok(Relay::Unreachable)
        }
        Err(error) => Err(error.into()),
    }
}

/// What a command that wrote a message answers.
#[derive(Debug, Serialize)]
pub(crate) struct Sent {
    message: String,
    conversation: String,
    /// When the relay stored it, by its signed word.
    queued: Option<String>,
    relay: Relay,
}

/// Delivers and answers for one message. `what` reads as the subject of a sentence.
pub(crate) async fn answer_sent(
    context: &Context,
    client: &Client,
    handle: SendHandle,
    what: &str,
) -> Outcome {
    let relay = deliver(context, client).await;
    // The message exists whatever became of the round: its identifier is told before any error.
    let sent = Sent {
        message: handle.message.to_string(),
        conversation: handle.conversation.to_string(),
        queued: queued(client, handle.message),
        relay: *relay.as_ref().unwrap_or(&Relay::Unreachable),
    };
    context.out.answer(&sent, || {
        let id = short(&sent.message);
        match &sent.queued {
            Some(at) => format!("{what} {id} queued {}.", context.out.wall.at(at)),
            None => format!("{what} {id} is stored and not with the relay yet."),
        }
    })?;
    relay.map(|_| ())
}

fn queued(client: &Client, message: MessageId) -> Option<String> {
    client.status(message).ok().and_then(|status| status.queued)
}
