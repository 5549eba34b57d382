//! The process that keeps a device connected, and what it says while it runs.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader};
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::failure::{Failure, Outcome};

/// How long the story waits for what must happen next.
const PATIENCE: Duration = Duration::from_secs(30);

/// A device that is connected. Ending it ends its process.
pub(crate) struct Live {
    child: Child,
    name: String,
    events: Receiver<Value>,
    /// Came while something else was waited for.
    unread: VecDeque<Value>,
}

impl Live {
    /// Listens to a process that was just started.
    pub(crate) fn of(mut child: Child, name: &str) -> Self {
        let (sender, events) = channel();
        if let Some(output) = child.stdout.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    let Ok(event) = serde_json::from_str(&line) else {
                        return;
                    };
                    if sender.send(event).is_err() {
                        return;
                    }
                }
            });
        }
        Self {
            child,
            name: name.to_owned(),
            events,
            unread: VecDeque::new(),
        }
    }

    /// Waits until it is connected to the relay.
    pub(crate) fn connected(&mut self) -> Outcome {
        self.wait("a connection to the relay", |event| {
            (event["event"] == "connection" && event["live"] == true).then_some(())
        })
    }

    /// Waits for an event that fits; others are kept for whoever waits for them later.
    pub(crate) fn wait<T>(&mut self, what: &str, fits: impl Fn(&Value) -> Option<T>) -> Outcome<T> {
        if let Some((place, found)) = self
            .unread
            .iter()
            .enumerate()
            .find_map(|(at, one)| Some((at, fits(one)?)))
        {
            self.unread.remove(place);
            return Ok(found);
        }
        let until = Instant::now() + PATIENCE;
        loop {
            match self
                .events
                .recv_timeout(until.saturating_duration_since(Instant::now()))
            {
                Ok(event) => match fits(&event) {
                    Some(found) => return Ok(found),
                    None => self.unread.push_back(event),
                },
                Err(RecvTimeoutError::Timeout) => {
                    return Err(Failure::new(format!(
                        "{}: {what} did not come within 30 seconds",
                        self.name
                    )));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Failure::new(format!("{} ended before {what}", self.name)));
                }
            }
        }
    }

    /// Waits for a message of somebody else that fits; as it stands in the event, masked.
    pub(crate) fn message(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Outcome<Value> {
        self.wait(what, |event| {
            let view = (event["event"] == "message").then(|| &event["view"])?;
            (view["mine"] == false && fits(view)).then(|| view.clone())
        })
    }

    /// Waits until a person's state of a message is there; what the event says of that person.
    pub(crate) fn state(&mut self, message: &str, person: &str, state: &str) -> Outcome<Value> {
        self.wait(&format!("{state} of {person}"), |event| {
            let of = event["event"] == "state" && event["message"] == message;
            let people = event["status"]["people"].as_array().filter(|_| of)?;
            let has = |one: &&Value| one["name"] == person && !time_of(one, state).is_empty();
            people.iter().find(has).cloned()
        })
    }
}

impl Live {
    /// Ends the process, as a phone that is switched off does.
    pub(crate) fn end(&mut self) {
        let _already_ended = self.child.kill();
        let _already_waited = self.child.wait();
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.end();
    }
}

/// When a person reached a state; empty where they have not.
pub(crate) fn time_of(person: &Value, state: &str) -> String {
    let times = person["times"].as_array().into_iter().flatten();
    let found = times
        .filter(|one| one["state"] == state)
        .find_map(|one| one["at"].as_str());
    found.unwrap_or_default().to_owned()
}
