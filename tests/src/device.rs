//! A device: one home folder, and the commands given to it.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;

use serde_json::Value;

use crate::answer::Answer;
use crate::program::Program;
use crate::relay::{ABORTED, bare};
use crate::running::Running;
use crate::wait::{PATIENCE, eventually};

/// The passphrase of every device of every test.
pub(crate) const PASSPHRASE: &str = "correct horse battery staple";

/// One device.
#[derive(Debug, Clone)]
pub struct Device {
    /// What it is called, also its label in the organisation.
    pub name: String,
    /// Whose it is.
    pub owner: String,
    home: PathBuf,
    log: PathBuf,
    level: String,
}

/// How a command with a crash point ended.
#[derive(Debug)]
pub enum Crash {
    /// There: the process is gone.
    Reached,
    /// The command came to its end and never passed the point.
    NotReached(Box<Answer>),
}

impl Device {
    /// A device that has no store yet. `folder` is the world's.
    #[must_use]
    pub fn new(folder: &Path, name: &str, owner: &str) -> Self {
        let file = name.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        Self {
            name: name.to_owned(),
            owner: owner.to_owned(),
            home: folder.join("devices").join(&file),
            log: folder.join(format!("{file}.log")),
            level: "warn".to_owned(),
        }
    }

    /// A device that is not enrolled yet, logging as this one does.
    pub(crate) fn beside(&self, folder: &Path, name: &str, owner: &str) -> Self {
        Self::new(folder, name, owner).logging(&self.level)
    }

    /// The same device, logging at this level (as `SOTTO_LOG`).
    #[must_use]
    pub fn logging(mut self, level: &str) -> Self {
        self.level = level.to_owned();
        self
    }

    /// Its home folder.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The file with everything it wrote to standard error.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Another folder with what is in this one's now: a stolen disk, a restored backup.
    #[must_use]
    pub fn copied(&self, name: &str) -> Self {
        let copy = Self {
            home: self.home.with_file_name(name),
            log: self.log.with_file_name(format!("{name}.log")),
            ..self.clone()
        };
        copy_folder(&self.home, &copy.home);
        copy
    }

    /// Puts the content of another home folder in place of this one's.
    pub fn restored_from(&self, other: &Self) {
        fs::remove_dir_all(&self.home).unwrap();
        copy_folder(&other.home, &self.home);
    }

    /// Runs a command and gives its document. Panics where it fails.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Value {
        self.try_run(arguments).good().json()
    }

    /// Runs a command.
    #[track_caller]
    pub fn try_run(&self, arguments: &[&str]) -> Answer {
        self.finish(self.command(Program::Client, arguments))
    }

    /// Runs a command that is to die at a named point, `label[:nth]`.
    #[track_caller]
    pub fn crash(&self, point: &str, arguments: &[&str]) -> Crash {
        let mut command = self.command(Program::CrashingClient, arguments);
        command.env("SOTTO_CRASH", point);
        let answer = self.finish(command);
        if answer.signal == Some(ABORTED) {
            Crash::Reached
        } else {
            Crash::NotReached(Box::new(answer))
        }
    }

    /// Stays connected in the background.
    #[track_caller]
    pub fn start(&self) -> Running {
        self.start_with(&[])
    }

    /// The same with more arguments.
    #[track_caller]
    pub fn start_with(&self, arguments: &[&str]) -> Running {
        self.running(Program::Client, arguments, &[])
    }

    /// Stays connected until it dies at a named point.
    #[track_caller]
    pub fn start_crashing(&self, point: &str, arguments: &[&str]) -> Running {
        self.running(
            Program::CrashingClient,
            arguments,
            &[("SOTTO_CRASH", point)],
        )
    }

    fn running(&self, program: Program, arguments: &[&str], env: &[(&str, &str)]) -> Running {
        let mut command = self.command(program, &["run"]);
        command.args(arguments).envs(env.iter().copied());
        let log = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .unwrap();
        let mut running = Running::start(command, &self.name, log);
        running.wait("it has started", |event| {
            (event["event"] == "started").then_some(())
        });
        running
    }

    /// A command of this device, with what every test gives it; not started yet.
    pub fn command(&self, program: Program, arguments: &[&str]) -> Command {
        let mut command = bare(program);
        command
            .arg("--home")
            .arg(&self.home)
            .args(["--json", "--proxy", "none"])
            .args(arguments)
            .env("SOTTO_TEST", "1")
            .env("SOTTO_TEST_PASSPHRASE", PASSPHRASE)
            .env("SOTTO_LOG", &self.level)
            .env("TZ", "UTC")
            .stdin(Stdio::null());
        command
    }

    /// Runs a prepared command to its end, and adds what it said to the log. Panics where it takes too long.
    pub fn finish(&self, mut command: Command) -> Answer {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, receiver) = channel();
        let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let errors = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            err.read_to_end(&mut bytes).unwrap();
            bytes
        });
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            out.read_to_end(&mut bytes).unwrap();
            // Nobody waits any more where the command took too long.
            let _late = sender.send(bytes);
        });
        let Ok(stdout) = receiver.recv_timeout(PATIENCE * 2) else {
            child.kill().unwrap();
            panic!("{}: {command:?} took too long", self.name);
        };
        let status = child.wait().unwrap();
        let stderr = String::from_utf8_lossy(&errors.join().unwrap()).into_owned();
        let mut log = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .unwrap();
        std::io::Write::write_all(&mut log, stderr.as_bytes()).unwrap();
        Answer {
            code: status.code(),
            signal: status.signal(),
            stdout,
            stderr,
        }
    }

    /// One round with the relay.
    #[track_caller]
    pub fn sync(&self) -> Value {
        self.run(&["sync"])
    }

    /// Sends a text and gives the message's identifier.
    #[track_caller]
    pub fn send(&self, to: &str, text: &str) -> String {
        text_of(&self.run(&["send", to, text]), "message")
    }

    /// The messages of a conversation, oldest first; cards are not reported as seen.
    #[track_caller]
    pub fn messages(&self, chat: &str) -> Vec<Value> {
        list(
            &self.run(&["read", chat, "--limit", "1000", "--peek"]),
            "messages",
        )
    }

    /// The texts of a conversation, oldest first: what people wrote, not what the system notes.
    #[track_caller]
    pub fn texts(&self, chat: &str) -> Vec<String> {
        let texts = self
            .messages(chat)
            .into_iter()
            .filter(|one| one["kind"] == "text");
        texts.map(|one| text_of(&one, "text")).collect()
    }

    /// The state of a message for one person, such as `delivered`.
    #[track_caller]
    pub fn state(&self, message: &str, person: &str) -> String {
        let status = self.run(&["status", message]);
        let people = list(&status, "people");
        let one = people.iter().find(|one| one["name"] == person);
        text_of(
            one.unwrap_or_else(|| panic!("{person} is no addressee: {status:#}")),
            "state",
        )
    }

    /// Talks to the relay until a message is at least in this state for one person. The relay is asked for receipts at
    /// growing intervals, so one round may be too early.
    #[track_caller]
    pub fn sync_until(&self, message: &str, person: &str, state: &str) {
        let what = format!("{} knows as {state} what went to {person}", self.name);
        eventually(&what, || {
            self.sync();
            (self.state(message, person) == state).then_some(())
        });
    }

    /// The conversations.
    #[track_caller]
    pub fn chats(&self) -> Vec<Value> {
        list(&self.run(&["chat", "list"]), "conversations")
    }

    /// The conversation with this title; for a direct one, the other's name.
    #[track_caller]
    pub fn chat(&self, title: &str) -> Option<Value> {
        self.chats().into_iter().find(|one| one["title"] == title)
    }

    /// Messages that are held or kept as evidence.
    #[track_caller]
    pub fn held(&self) -> Vec<Value> {
        list(&self.run(&["held"]), "held")
    }
}

fn text_of(document: &Value, field: &str) -> String {
    document[field]
        .as_str()
        .unwrap_or_else(|| panic!("no text {field} in {document:#}"))
        .to_owned()
}

fn list(document: &Value, field: &str) -> Vec<Value> {
    document[field]
        .as_array()
        .cloned()
        .unwrap_or_else(|| panic!("no list {field} in {document:#}"))
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
