//! `backup`, `restore`: what this device shows, as a file under a passphrase of its own, and the proof that it can be
//! brought back.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use sotto_core::{ArchiveKey, ArchiveView};

use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::progress::Progress;
use crate::output::text::{count, size};
use crate::parse;

/// Writes a backup, or rehearses its restore.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Backup {
    #[command(subcommand)]
    act: Option<Act>,
    /// New file to write
    #[arg(required = true, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Reads the backup's own passphrase from this file descriptor, one line
    #[arg(long, value_name = "N")]
    backup_passphrase_fd: Option<u32>,
}

#[derive(Debug, clap::Subcommand)]
enum Act {
    /// Prove that a backup can be restored, without touching the live store
    Rehearse(Rehearse),
    /// How old the last backup is
    Age,
}

#[derive(Debug, clap::Args)]
struct Rehearse {
    /// The backup
    file: PathBuf,
    /// Reads the backup's own passphrase from this file descriptor, one line
    #[arg(long, value_name = "N")]
    backup_passphrase_fd: Option<u32>,
    /// Folder for the store that is made and removed again [default: the system's folder for temporary files]
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
}

/// Brings a backup back.
#[derive(Debug, clap::Args)]
pub(crate) struct Restore {
    /// The backup
    file: PathBuf,
    /// Reads the backup's own passphrase from this file descriptor, one line
    #[arg(long, value_name = "N")]
    backup_passphrase_fd: Option<u32>,
}

/// What an archive holds, with its file: `docs/CLI.md`.
#[derive(Debug, Serialize)]
pub(crate) struct Archive {
    pub(crate) file: String,
    made: String,
    age_s: u64,
    conversations: u64,
    messages: u64,
    results: u64,
    attachment_bytes: u64,
    added: u64,
}

#[derive(Serialize)]
struct Age {
    age_s: Option<u64>,
}

impl Archive {
    pub(crate) fn new(file: &std::path::Path, view: ArchiveView) -> Self {
        Self {
            file: file.display().to_string(),
            made: view.made,
            age_s: view.age.as_secs(),
            conversations: view.conversations,
            messages: view.messages,
            results: view.results,
            attachment_bytes: view.file_bytes,
            added: view.added,
        }
    }

    /// `12 conversations, 340 messages, 25 results, 3.1 MiB of attachments`.
    pub(crate) fn content(&self) -> String {
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        [
            count(number(self.conversations), "conversation", "conversations"),
            count(number(self.messages), "message", "messages"),
            count(number(self.results), "result", "results"),
            format!("{} of attachments", size(self.attachment_bytes)),
        ]
        .join(", ")
    }
}

impl Backup {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        match (self.act, self.file) {
            (Some(Act::Rehearse(rehearse)), _) => rehearse.run(context),
            (Some(Act::Age), _) => age(context),
            (None, Some(file)) => write(context, &file, self.backup_passphrase_fd),
            (None, None) => Err(Failure::usage("backup.file", "name the file to write")),
        }
    }
}

fn write(context: &Context, file: &std::path::Path, descriptor: Option<u32>) -> Outcome {
    let client = context.open()?;
    let passphrase = context.secrets().new_file_passphrase(
        descriptor,
        "Choose a passphrase for this backup (not the device's): ",
    )?;
    let progress = Progress::spinner(&context.out, "writing the backup");
    let archive = Archive::new(file, client.backup(file, passphrase)?);
    drop(progress);
    context.out.answer(&archive, || {
        format!(
            "Backup written to {}: {}.\nKeep it apart from its passphrase. Next: `sotto backup rehearse {}` proves that \
             it can be restored.",
            archive.file,
            archive.content(),
            archive.file
        )
    })
}

fn age(context: &Context) -> Outcome {
    let age = context.open()?.backup_age()?;
    let answer = Age {
        age_s: age.map(|age| age.as_secs()),
    };
    context.out.answer(&answer, || said(age))
}

/// The age of the last backup as a sentence.
pub(crate) fn said(age: Option<Duration>) -> String {
    age.map_or_else(
        || "No backup was ever written from this device.".into(),
        |age| format!("The last backup is {} old.", parse::duration_text(age)),
    )
}

impl Rehearse {
    fn run(self, context: &Context) -> Outcome {
        must_exist(&self.file)?;
        let client = context.open()?;
        let key = ArchiveKey::Passphrase(
            context
                .secrets()
                .file_passphrase(self.backup_passphrase_fd, "The backup's passphrase: ")?,
        );
        let scratch = self.scratch.unwrap_or_else(std::env::temp_dir);
        let progress = Progress::spinner(&context.out, "rehearsing the restore");
        let view = client.rehearse_restore(&self.file, &key, &scratch)?;
        drop(progress);
        let archive = Archive::new(&self.file, view);
        context.out.answer(&archive, || {
            format!(
                "Rehearsed: every byte of {} was read, checked and restored into a store that is gone again. It holds {}, \
                 from {} ({} ago). The live store was not touched.",
                archive.file,
                archive.content(),
                context.out.wall.at(&archive.made),
                parse::duration_text(Duration::from_secs(archive.age_s))
            )
        })
    }
}

impl Restore {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        must_exist(&self.file)?;
        let client = context.open_as_owner()?;
        let key = ArchiveKey::Passphrase(
            context
                .secrets()
                .file_passphrase(self.backup_passphrase_fd, "The backup's passphrase: ")?,
        );
        let progress = Progress::spinner(&context.out, "restoring");
        let archive = Archive::new(&self.file, client.restore(&self.file, &key)?);
        drop(progress);
        restored(context, &archive)
    }
}

/// Opens an archive for reading once, so that a wrong path is told as such and before a passphrase is asked for.
pub(crate) fn must_exist(file: &std::path::Path) -> Outcome {
    std::fs::File::open(file)
        .map(drop)
        .map_err(|error| Failure::io("opening the archive", &error))
}

/// Also what taking over a conversation's history answers.
pub(crate) fn restored(context: &Context, archive: &Archive) -> Outcome {
    context.out.answer(archive, || {
        let added = usize::try_from(archive.added).unwrap_or(usize::MAX);
        let new = match added {
            0 => "Everything in it was here already.".into(),
            some => format!("{} new here.", count(some, "row is", "rows are")),
        };
        format!(
            "Restored from {}: {}, as of {}. {new}",
            archive.file,
            archive.content(),
            context.out.wall.at(&archive.made)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_tells_what_it_holds_and_its_age_in_seconds() {
        let view = ArchiveView {
            made: "2031-05-06T03:04:10Z".into(),
            age: Duration::from_secs(7200),
            conversations: 1,
            messages: 2,
            results: 0,
            file_bytes: 2048,
            added: 0,
        };
        let archive = Archive::new(std::path::Path::new("b.sotto"), view);
        assert_eq!(
            archive.content(),
            "1 conversation, 2 messages, 0 results, 2.0 KiB of attachments"
        );
        let json = serde_json::to_value(&archive).unwrap();
        assert_eq!(json["age_s"], 7200);
        assert_eq!(json["file"], "b.sotto");
    }

    #[test]
    fn a_device_without_a_backup_says_so() {
        assert!(said(None).contains("No backup"));
        assert_eq!(
            said(Some(Duration::from_secs(172_800))),
            "The last backup is 2 d old."
        );
    }
}
