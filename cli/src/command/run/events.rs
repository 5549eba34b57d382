//! What `run` says while it runs: one line per event, JSON or words.

use serde::Serialize;
use serde_json::{Value, json};
use sotto_core::{Client, ConversationId, Event, MessageId};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::sync::watch;

use crate::failure::Outcome;
use crate::output::text::{clean, short};
use crate::output::{Out, message, moment};

/// Writes lines.
#[derive(Clone)]
pub(crate) struct Teller {
    out: Out,
    client: Client,
}

#[derive(Serialize)]
struct Line<T> {
    event: &'static str,
    at: String,
    #[serde(flatten)]
    body: T,
}

impl Teller {
    pub(crate) const fn new(out: Out, client: Client) -> Self {
        Self { out, client }
    }

    /// A remark on standard error.
    pub(crate) fn note(&self, code: &str, message: &str) {
        self.out.note(code, message);
    }

    /// One line: the event's name, the time, and its fields; or the time and the words.
    pub(crate) fn line<T: Serialize>(
        &self,
        event: &'static str,
        body: T,
        words: impl FnOnce() -> String,
    ) -> Outcome {
        let at = moment::now_rfc3339();
        if self.out.json() {
            return self.out.document(&Line { event, at, body });
        }
        // The reader's day may have changed since `run` began.
        let wall = moment::Wall::now();
        self.out.verbatim(&format!("{}  {}", wall.at(&at), words()))
    }

    /// Tells all events until it is told to stop, then those that have come until then.
    pub(crate) async fn follow(
        self,
        mut events: Receiver<Event>,
        mut stop: watch::Receiver<bool>,
    ) -> Outcome {
        loop {
            let next = tokio::select! {
                biased;
                next = events.recv() => next,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            match next {
                Ok(event) => self.tell(event)?,
                Err(RecvError::Lagged(missed)) => self.missed(missed)?,
                Err(RecvError::Closed) => break,
            }
        }
        Ok(())
    }

    fn tell(&self, event: Event) -> Outcome {
        match event {
            Event::Message { conversation, message } => self.message(conversation, message),
            Event::State { message } => self.state(message),
            Event::Connection { live } => self.line("connection", json!({ "live": live }), || {
                if live { "Connected to the relay.".into() } else { "Connection lost; trying again.".into() }
            }),
            Event::Conversations => self.plain("conversations", "The list of conversations changed."),
            Event::Roster => self.plain("roster", "The organisation's roster changed."),
            Event::Held => self.plain("held", "A message is held; see `sotto held`."),
            Event::Reset => self.plain("reset", "The store was changed by another command; read again."),
            Event::Locked { reason, closed } => self.line(
                "locked",
                json!({ "reason": reason.words(), "closed": closed }),
                || format!("Locked: {}.", reason.words()),
            ),
            Event::CloneAlarm => self.plain(
                "clone_alarm",
                "Another copy of this device's store is connected. If you did not restore it, tell your administrator now.",
            ),
        }
    }

    fn plain(&self, event: &'static str, words: &str) -> Outcome {
        self.line(event, json!({}), || words.to_owned())
    }

    /// A program that missed events must read again what it follows.
    fn missed(&self, count: u64) -> Outcome {
        self.line("missed", json!({ "count": count }), || {
            format!("{count} events were too many to tell; see `sotto inbox`.")
        })
    }

    fn message(&self, conversation: ConversationId, id: MessageId) -> Outcome {
        // Masked. Expired between the event and now: the event still says which message it was about.
        let view = self.client.message(id, None).ok();
        let body = json!({
            "conversation": conversation.to_string(),
            "message": id.to_string(),
            "view": view.as_ref().map(serde_json::to_value).and_then(Result::ok).unwrap_or(Value::Null),
        });
        self.line("message", body, || match &view {
            Some(view) => {
                let wall = moment::Wall::now();
                let what = view
                    .card
                    .as_ref()
                    .map(|card| clean(&card.title))
                    .unwrap_or_else(|| view.kind.to_owned());
                format!(
                    "{what} · {} · chat {}",
                    message::heading(view, &wall),
                    short(&view.conversation)
                )
            }
            None => format!("Message {} is gone.", short(&id.to_string())),
        })
    }

    fn state(&self, id: MessageId) -> Outcome {
        let view = self.client.status(id).ok();
        let body = json!({
            "message": id.to_string(),
            "status": view.as_ref().map(serde_json::to_value).and_then(Result::ok).unwrap_or(Value::Null),
        });
        self.line("state", body, || {
            let people = view.map(|view| view.people).unwrap_or_default();
            let people: Vec<String> = people
                .iter()
                .map(|one| format!("{} {}", clean(&one.name), one.state))
                .collect();
            format!("Message {}: {}", short(&id.to_string()), people.join(", "))
        })
    }
}
