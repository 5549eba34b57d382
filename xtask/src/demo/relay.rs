//! The relay of the story, and everything that can be seen of it from outside: what an operator sees.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use super::device::bare;
use super::text::grouped;
use crate::command::output;
use crate::failure::{Failure, Outcome, While};

/// A relay process. Dropping it ends it.
pub(crate) struct Relay {
    child: Child,
    program: PathBuf,
    pub(crate) data: PathBuf,
    pub(crate) log: PathBuf,
    pub(crate) address: String,
    pub(crate) pin: String,
    metrics: String,
}

/// What the operator's commands and metrics say at one moment.
#[derive(Default)]
pub(crate) struct Holdings {
    pub(crate) organisation: String,
    pub(crate) bytes: u64,
    pub(crate) mailboxes: u64,
    pub(crate) roster_entries: u64,
    counts: BTreeMap<String, u64>,
}

impl Relay {
    /// Starts on a fresh folder with the finest log there is, and waits until it says that it is ready.
    pub(crate) fn start(program: &Path, folder: &Path) -> Outcome<Self> {
        let (data, log) = (folder.join("relay"), folder.join("relay.log"));
        let starting = || format!("starting {}", program.display());
        let log_file = std::fs::File::create(&log).while_doing(starting)?;
        let mut child = bare(program)
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--metrics",
                "127.0.0.1:0",
                "--log",
                "trace",
            ])
            .args(["--disk-free-min", "0", "--ballast", "0", "--data"])
            .arg(&data)
            .stdout(Stdio::piped())
            .stderr(log_file)
            .spawn()
            .while_doing(starting)?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output)
                .read_line(&mut line)
                .while_doing(starting)?;
        }
        let field = |name: &str| {
            let mut words = line
                .split_whitespace()
                .filter_map(|word| word.split_once('='));
            let value = words
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.to_owned());
            value.ok_or_else(|| {
                Failure::new(format!("the relay did not start; see {}", log.display()))
            })
        };
        Ok(Self {
            address: field("address")?,
            pin: field("pin")?,
            metrics: field("metrics")?,
            child,
            program: program.to_owned(),
            data,
            log,
        })
    }

    /// Runs one of the operator's commands.
    pub(crate) fn operate(&self, command: &[&str]) -> Outcome<String> {
        output(
            bare(&self.program)
                .args(command)
                .arg("--data")
                .arg(&self.data),
        )
    }

    /// What the operator can know now.
    pub(crate) fn holdings(&self) -> Outcome<Holdings> {
        let list = self.operate(&["tenant", "list"])?;
        let line = list
            .lines()
            .find(|line| line.contains("mailboxes="))
            .unwrap_or_default();
        let number = |name: &str| {
            let mut words = line
                .split_whitespace()
                .filter_map(|word| word.split_once('='));
            words
                .find(|(key, _)| *key == name)
                .and_then(|(_, value)| value.parse().ok())
                .unwrap_or(0)
        };
        Ok(Holdings {
            organisation: line
                .split_whitespace()
                .next()
                .unwrap_or_default()
                .to_owned(),
            bytes: number("bytes"),
            mailboxes: number("mailboxes"),
            roster_entries: number("roster-entries"),
            counts: milestones(&self.metrics()?),
        })
    }

    /// The metrics as they are served.
    pub(crate) fn metrics(&self) -> Outcome<String> {
        let asking = || "asking the relay for its metrics".to_owned();
        let mut stream = TcpStream::connect(&self.metrics).while_doing(asking)?;
        let request = format!(
            "GET /metrics HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
            self.metrics
        );
        stream.write_all(request.as_bytes()).while_doing(asking)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).while_doing(asking)?;
        Ok(answer)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _already_ended = self.child.kill();
        let _already_waited = self.child.wait();
    }
}

fn milestones(metrics: &str) -> BTreeMap<String, u64> {
    let line = |line: &str| {
        let rest = line.strip_prefix("sotto_relay_milestones_total{milestone=\"")?;
        let (name, count) = rest.split_once("\"}")?;
        Some((name.to_owned(), count.trim().parse().ok()?))
    };
    metrics.lines().filter_map(line).collect()
}

impl Holdings {
    fn count(&self, milestone: &str) -> u64 {
        self.counts.get(milestone).copied().unwrap_or(0)
    }

    /// Deliveries that nobody has fetched, and that have not ended otherwise.
    pub(crate) fn waiting(&self) -> u64 {
        let ended: u64 = ["EntryAcknowledged", "EntryExpired", "EntryRevoked"]
            .map(|end| self.count(end))
            .iter()
            .sum();
        self.count("EntryQueued").saturating_sub(ended)
    }

    /// What came since an earlier moment and what is left of it, as lines.
    pub(crate) fn told_since(&self, earlier: &Self) -> Vec<String> {
        let came = |milestone: &str, one: &str, many: &str| match self.count(milestone)
            - earlier.count(milestone)
        {
            0 => None,
            1 => Some(format!("1 {one}")),
            count => Some(format!("{count} {many}")),
        };
        let payloads = came("PayloadStored", "sealed payload", "sealed payloads");
        let receipts = came("ReceiptLeft", "sealed receipt", "sealed receipts");
        let came: Vec<String> = payloads.into_iter().chain(receipts).collect();
        let mut lines = Vec::new();
        if !came.is_empty() {
            lines.push(format!(
                "{} came, {} waiting",
                came.join(" and "),
                self.waiting()
            ));
        }
        lines.push(format!("{} bytes in all", grouped(self.bytes)));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_two_moments_are_told_as_what_happened_between() {
        let of = |text: &str| Holdings {
            counts: milestones(text),
            ..Holdings::default()
        };
        let before = of("sotto_relay_milestones_total{milestone=\"EntryQueued\"} 3\n# EOF");
        let after = of(
            "sotto_relay_milestones_total{milestone=\"PayloadStored\"} 1\n\
             sotto_relay_milestones_total{milestone=\"EntryQueued\"} 5",
        );
        assert_eq!(
            after.told_since(&before),
            ["1 sealed payload came, 5 waiting", "0 bytes in all"]
        );
    }
}
