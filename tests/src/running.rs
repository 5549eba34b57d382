//! A `sotto run` in the background, and its events.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Instant;

use serde_json::Value;

use crate::relay::signal;
use crate::wait::{PATIENCE, eventually};

/// A running device. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    name: String,
    lines: Receiver<Value>,
    /// All events so far, in order.
    pub seen: Vec<Value>,
}

impl Running {
    pub(crate) fn start(mut command: Command, name: &str, log: File) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let output = child.stdout.take().unwrap();
        let lines = read(output);
        Self {
            child,
            name: name.to_owned(),
            lines,
            seen: Vec::new(),
        }
    }

    /// The next event that fits, from those that have not been waited for yet. Panics after [`PATIENCE`], or where
    /// the process ends first.
    #[track_caller]
    pub fn wait<T>(&mut self, what: &str, mut fits: impl FnMut(&Value) -> Option<T>) -> T {
        let until = Instant::now() + PATIENCE;
        loop {
            match self
                .lines
                .recv_timeout(until.saturating_duration_since(Instant::now()))
            {
                Ok(event) => {
                    let found = fits(&event);
                    self.seen.push(event);
                    if let Some(found) = found {
                        return found;
                    }
                }
                Err(why) => {
                    let ended = why == RecvTimeoutError::Disconnected;
                    let how = if ended { "ended" } else { "took too long" };
                    panic!(
                        "{} {how} before: {what}; events so far: {:#?}",
                        self.name, self.seen
                    );
                }
            }
        }
    }

    /// Waits until the live connection stands.
    #[track_caller]
    pub fn wait_connected(&mut self) {
        self.wait("it is connected", |event| {
            (event["event"] == "connection" && event["live"] == true).then_some(())
        });
    }

    /// Waits until a message with this text has been stored, and gives the message.
    #[track_caller]
    pub fn wait_text(&mut self, text: &str) -> Value {
        self.wait(&format!("the text {text:?} is there"), |event| {
            (event["event"] == "message" && event["view"]["text"] == text)
                .then(|| event["view"].clone())
        })
    }

    /// Waits until this person's state of this message is at least there, as an event says.
    #[track_caller]
    pub fn wait_state(&mut self, message: &str, person: &str, state: &str) {
        self.wait(&format!("{person} is told as {state}"), |event| {
            let fits = event["event"] == "state" && event["message"] == message;
            let people = event["status"]["people"].as_array().filter(|_| fits)?;
            people
                .iter()
                .find(|one| one["name"] == person && one["state"] == state)
                .map(|_| ())
        });
    }

    /// Events that have come and nobody has waited for.
    pub fn drain(&mut self) -> &[Value] {
        let from = self.seen.len();
        self.seen.extend(self.lines.try_iter());
        &self.seen[from..]
    }

    /// Kills it with SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end as a service manager would, and waits until it has; gives all its events.
    #[track_caller]
    pub fn stop(mut self) -> Vec<Value> {
        signal(&self.child, "TERM");
        let status = self.ended();
        assert!(status.success(), "{}: {status}", self.name);
        self.drain();
        std::mem::take(&mut self.seen)
    }

    /// Waits until it has ended by itself.
    #[track_caller]
    pub fn ended(&mut self) -> ExitStatus {
        let name = self.name.clone();
        eventually(&format!("{name} has ended"), || {
            self.child.try_wait().unwrap()
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _already_ended = self.child.kill();
        let _already_waited = self.child.wait();
    }
}

fn read(output: ChildStdout) -> Receiver<Value> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines() {
            // A process that was killed may leave half a line.
            let Some(event) = line.ok().and_then(|line| serde_json::from_str(&line).ok()) else {
                return;
            };
            if sender.send(event).is_err() {
                return;
            }
        }
    });
    receiver
}
