//! One relay process.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use sotto_wire::{Digest, PublicKey, base64url};

use crate::Program;
use crate::wait::eventually;

/// A relay that is up. Dropping it kills it.
#[derive(Debug)]
pub struct Relay {
    child: Child,
    /// Where it listens; devices come through the world's gate instead.
    pub address: SocketAddr,
    /// SHA-256 of its TLS key.
    pub pin: Digest,
    /// The key of its signed words.
    pub signing_key: PublicKey,
    /// Where its metrics are.
    pub metrics: SocketAddr,
}

impl Relay {
    /// Starts on a folder, and waits until it says that it is ready. Its log is appended to `log`, at TRACE.
    pub(crate) fn start(
        program: Program,
        data: &Path,
        log: &Path,
        flags: &[String],
        env: &[(&str, &str)],
    ) -> Self {
        let log_file = File::options().create(true).append(true).open(log).unwrap();
        let mut child = bare(program)
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--metrics",
                "127.0.0.1:0",
            ])
            .args(["--log", "trace", "--disk-free-min", "0", "--ballast", "0"])
            // A test does in seconds what people do in a day.
            .args(["--rate-session", "1000000", "--burst-session", "1000000"])
            .args([
                "--rate-register",
                "1000000",
                "--burst-register",
                "1000000",
                "--data",
            ])
            .arg(data)
            .args(flags)
            .envs(env.iter().copied())
            .stdout(Stdio::piped())
            .stderr(log_file)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let Some(fields) = line.trim_end().strip_prefix("sotto-relay ready ") else {
            let said = std::fs::read_to_string(log).unwrap_or_default();
            panic!("the relay did not start: {line}{said}");
        };
        let field = |name: &str| {
            let mut words = fields.split(' ').filter_map(|word| word.split_once('='));
            words.find(|(key, _)| *key == name).unwrap().1
        };
        Self {
            address: field("address").parse().unwrap(),
            pin: Digest::new(base64url::decode(field("pin")).unwrap()),
            signing_key: PublicKey::new(base64url::decode(field("signing-key")).unwrap()),
            metrics: field("metrics").parse().unwrap(),
            child,
        }
    }

    /// Ends it without warning, as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        signal(&self.child, "TERM");
        self.child.wait().unwrap()
    }

    /// Waits until it has ended at its crash point.
    pub(crate) fn crashed(mut self) {
        let status = eventually("the relay has ended at its crash point", || {
            self.child.try_wait().unwrap()
        });
        assert_eq!(status.signal(), Some(ABORTED), "{status}");
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }
}

/// What a crash point ends with.
pub(crate) const ABORTED: i32 = 6;

impl Drop for Relay {
    fn drop(&mut self) {
        let _already_ended = self.child.kill();
        let _already_waited = self.child.wait();
    }
}

/// A program without what the developer's shell happens to hold.
pub(crate) fn bare(program: Program) -> Command {
    let mut command = Command::new(program.path());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SOTTO_") {
            command.env_remove(name);
        }
    }
    command
}

/// Sends a signal by name to one process.
pub(crate) fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}
