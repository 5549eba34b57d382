//! One relay process.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use sotto_wire::{Digest, PublicKey, base64url};

/// The relay's program.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sotto-relay"));
    // What the developer's shell happens to hold is no part of a test.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SOTTO_")) {
        command.env_remove(name);
    }
    command
}

/// A running relay. Dropping it kills it.
pub(crate) struct Relay {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) pin: Digest,
    pub(crate) signing_key: PublicKey,
    pub(crate) metrics: Option<SocketAddr>,
}

impl Relay {
    /// Starts on a folder with the defaults of tests, and more flags and environment. Panics if the relay does not say that it is ready.
    pub(crate) fn start_with(data: &Path, flags: &[&str], env: &[(&str, &str)]) -> Self {
        let log = File::options()
            .create(true)
            .append(true)
            .open(log_file(data))
            .unwrap();
        let mut child = program()
            .args(["serve", "--listen", "127.0.0.1:0", "--log", "trace"])
            .args(["--data".as_ref(), data.as_os_str()])
            .args(flags)
            .envs([
                ("SOTTO_RELAY_DISK_FREE_MIN", "0"),
                ("SOTTO_RELAY_BALLAST", "0"),
            ])
            .envs(env.iter().copied())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let mut words = line.trim_end().split(' ');
        assert_eq!(
            (words.next(), words.next()),
            (Some("sotto-relay"), Some("ready")),
            "{}",
            log_text(data)
        );
        let fields: Vec<(&str, &str)> = words.map(|word| word.split_once('=').unwrap()).collect();
        let field = |name| {
            fields
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| *value)
        };
        Self {
            child,
            address: field("address").unwrap().parse().unwrap(),
            pin: Digest::new(base64url::decode(field("pin").unwrap()).unwrap()),
            signing_key: PublicKey::new(base64url::decode(field("signing-key").unwrap()).unwrap()),
            metrics: field("metrics").map(|address| address.parse().unwrap()),
        }
    }

    /// Ends it without warning.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end and waits for it.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap()
    }

    /// Waits until it has ended by itself.
    #[cfg(feature = "crash-points")]
    pub(crate) fn ended(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _already_ended = self.child.kill();
        let _already_waited = self.child.wait();
    }
}

fn log_file(data: &Path) -> PathBuf {
    data.with_extension("log")
}

/// Everything relays on this folder have logged.
pub(crate) fn log_text(data: &Path) -> String {
    std::fs::read_to_string(log_file(data)).unwrap_or_default()
}

/// Runs the program to its end: whether it succeeded, and what it said.
pub(crate) fn run(arguments: &[&std::ffi::OsStr]) -> (bool, String, String) {
    let output = program().args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.success(),
        text(output.stdout),
        text(output.stderr),
    )
}
