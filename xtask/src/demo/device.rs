//! A device of the story: its folder, its passphrase, the commands given to it, and the process that keeps it connected.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::live::Live;
use crate::failure::{Failure, Outcome, While};

/// One device.
pub(crate) struct Device {
    pub(crate) name: String,
    program: PathBuf,
    home: PathBuf,
    passphrase: String,
}

/// Why a command did not do what it was asked.
pub(crate) struct Refusal {
    pub(crate) exit: i32,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Device {
    /// A device without a store yet, with a passphrase nobody else knows.
    pub(crate) fn new(program: &Path, folder: &Path, name: &str, label: &str) -> Outcome<Self> {
        let mut secret = [0u8; 16];
        std::fs::File::open("/dev/urandom")
            .and_then(|mut source| source.read_exact(&mut secret))
            .while_doing(|| "choosing a passphrase".to_owned())?;
        Ok(Self {
            name: name.to_owned(),
            program: program.to_owned(),
            home: folder.join(label),
            passphrase: secret.iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }

    /// Runs a command that must succeed; its document.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Outcome<Value> {
        self.ask_with(&[], arguments)
    }

    /// The same with lines on standard input before the passphrase.
    pub(crate) fn ask_with(&self, lines: &[&str], arguments: &[&str]) -> Outcome<Value> {
        self.try_with(lines, arguments)?.map_err(|refusal| {
            let Refusal {
                exit,
                code,
                message,
            } = refusal;
            Failure::new(format!(
                "{}: sotto {} ended with {exit}, {code}: {message}",
                self.name, arguments[0]
            ))
        })
    }

    /// Runs a command that may be refused.
    pub(crate) fn attempt(&self, arguments: &[&str]) -> Outcome<Result<Value, Refusal>> {
        self.try_with(&[], arguments)
    }

    /// The passphrase goes through a pipe: whoever lists the machine's processes sees arguments and environment.
    fn try_with(&self, lines: &[&str], arguments: &[&str]) -> Outcome<Result<Value, Refusal>> {
        let mut child = self
            .command(arguments)
            .stderr(Stdio::piped())
            .spawn()
            .while_doing(|| self.starting())?;
        self.hand_over(&mut child, lines)?;
        let output = child.wait_with_output().while_doing(|| self.starting())?;
        if output.status.success() {
            let document = if output.stdout.is_empty() {
                b"null".as_slice()
            } else {
                &output.stdout
            };
            return Ok(Ok(serde_json::from_slice(document)
                .while_doing(|| format!("reading what {} said", self.name))?));
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let error = said.lines().rev().find_map(|line| {
            serde_json::from_str::<Value>(line)
                .ok()?
                .get("error")
                .cloned()
        });
        let text = |field: &str| Some(error.as_ref()?[field].as_str()?.to_owned());
        Ok(Err(Refusal {
            exit: output.status.code().unwrap_or(-1),
            code: text("code").unwrap_or_default(),
            message: text("message").unwrap_or_else(|| said.trim().to_owned()),
        }))
    }

    /// Runs a command that must succeed, without the passphrase: as on a locked device.
    pub(crate) fn locked(&self, arguments: &[&str]) -> Outcome<Value> {
        let output = bare(&self.program)
            .arg("--home")
            .arg(&self.home)
            .args(["--json", "--proxy", "none"])
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .while_doing(|| self.starting())?;
        if !output.status.success() {
            return Err(Failure::new(format!(
                "{}, locked: sotto {} ended with {}",
                self.name, arguments[0], output.status
            )));
        }
        serde_json::from_slice(&output.stdout)
            .while_doing(|| format!("reading what {} said", self.name))
    }

    /// A copy of everything on this device, for somebody who knows its passphrase.
    pub(crate) fn copied(&self, name: &str) -> Outcome<Self> {
        let home = self.home.with_extension("copied");
        copy(&self.home, &home)?;
        Ok(Self {
            name: name.to_owned(),
            program: self.program.clone(),
            home,
            passphrase: self.passphrase.clone(),
        })
    }

    /// Names of what is in its folder.
    pub(crate) fn files(&self) -> Outcome<Vec<String>> {
        let entries = std::fs::read_dir(&self.home)
            .while_doing(|| format!("looking into the folder of {}", self.name))?;
        let mut names: Vec<String> = entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        Ok(names)
    }

    /// Stays connected in a process of its own.
    pub(crate) fn run(&self) -> Outcome<Live> {
        let mut child = self
            .command(&["run"])
            .stderr(Stdio::null())
            .spawn()
            .while_doing(|| self.starting())?;
        self.hand_over(&mut child, &[])?;
        let mut live = Live::of(child, &self.name);
        live.connected()?;
        Ok(live)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bare(&self.program);
        command.arg("--home").arg(&self.home).args([
            "--json",
            "--proxy",
            "none",
            "--passphrase-fd",
            "0",
        ]);
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        command
    }

    fn hand_over(&self, child: &mut Child, lines: &[&str]) -> Outcome {
        let Some(mut input) = child.stdin.take() else {
            return Ok(());
        };
        let mut text = lines.join("\n");
        if !lines.is_empty() {
            text.push('\n');
        }
        text.push_str(&self.passphrase);
        // A command that was refused before it asked leaves nobody to read.
        let _ = input
            .write_all(text.as_bytes())
            .and_then(|()| input.write_all(b"\n"));
        Ok(())
    }

    fn starting(&self) -> String {
        format!("running {}", self.program.display())
    }
}

fn copy(from: &Path, to: &Path) -> Outcome {
    let doing = || "copying a device's folder".to_owned();
    std::fs::create_dir_all(to).while_doing(doing)?;
    for entry in std::fs::read_dir(from).while_doing(doing)?.flatten() {
        let target = to.join(entry.file_name());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target).while_doing(doing)?;
        }
    }
    Ok(())
}

/// A program without what the shell around happens to hold.
pub(crate) fn bare(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in
        std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SOTTO_"))
    {
        command.env_remove(name);
    }
    command
}
