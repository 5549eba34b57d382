//! `admin root`: a new root key in a new offline file, and consent to one.

use std::path::PathBuf;

use sotto_core::{Client, RootFileAccess, RootRotationView, RotateRoot};

use super::recover::RootFile;
use super::said::confirm;
use crate::context::Context;
use crate::failure::Outcome;
use crate::output::progress::Progress;

/// The organisation's offline root key.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Root {
    /// Replace it by a new one in a new file
    Rotate(Rotate),
    /// Agree to a new one that another administrator asked for
    Approve(Approve),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Rotate {
    #[command(flatten)]
    old: RootFile,
    /// New file for the new key, to be kept offline; one that an earlier try made is used
    #[arg(long, value_name = "FILE")]
    new_root_file: PathBuf,
    /// Reads the new file's passphrase from this file descriptor, one line
    #[arg(long, value_name = "N")]
    new_root_passphrase_fd: Option<u32>,
    /// What another administrator answered with `admin root approve`; may be given more than once
    #[arg(long = "approval", value_name = "TEXT")]
    approvals: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Approve {
    /// The text that `admin root rotate` printed
    token: String,
    /// Does not ask
    #[arg(long)]
    yes: bool,
}

impl Root {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Rotate(command) => command.run(context).await,
            Self::Approve(command) => command.run(context).await,
        }
    }
}

impl Rotate {
    async fn run(self, context: &Context) -> Outcome {
        let client = context.open_as_owner()?;
        let old = self.old.access(context)?;
        let (fd, secrets) = (self.new_root_passphrase_fd, context.secrets());
        let passphrase = if self.new_root_file.exists() {
            secrets.file_passphrase(fd, "The new root file's passphrase: ")?
        } else {
            secrets.new_file_passphrase(fd, "Choose a passphrase for the new root file: ")?
        };
        let file = self.new_root_file.display().to_string();
        let request = RotateRoot {
            old,
            new: RootFileAccess {
                path: self.new_root_file,
                passphrase,
            },
            consents: self.approvals,
        };
        let progress = Progress::spinner(&context.out, "replacing the root key");
        let outcome = client.rotate_root(request).await?;
        drop(progress);
        context.out.answer(&outcome, || words(&outcome, &file))
    }
}

fn words(outcome: &RootRotationView, file: &str) -> String {
    match outcome {
        RootRotationView::Done => format!(
            "The root key is replaced. Move {file} to a medium that you keep offline, apart from its passphrase, and destroy \
             every copy of the old file.\n\
             Then `sotto admin rekey`, or leave a device of an administrator connected: the new root key can bring a lost \
             administrator back only once the roster's key has been replaced."
        ),
        RootRotationView::NeedsConsent {
            request,
            fingerprint,
        } => format!(
            "Another administrator must agree. Send them this text, which is no secret; it is good for a week:\n\n\
             {request}\n\n\
             They enter `sotto admin root approve TEXT` and compare this fingerprint with you:\n\n{fingerprint}\n\n\
             Then the same command again, with `--approval` and their answer. Until then the old root key stays in force."
        ),
    }
}

impl Approve {
    async fn run(self, context: &Context) -> Outcome {
        let client = context.open_as_owner()?;
        let fingerprint = Client::root_fingerprint_of(&self.token)?;
        let question = format!(
            "The organisation gets a new root key. Compare its fingerprint with whoever asked you, by voice:\n\n\
             {fingerprint}\n\nWhoever has its file and passphrase is the organisation."
        );
        confirm(&question, "agree", self.yes)?;
        let consent = client.agree_to_root(&self.token).await?;
        context.out.answer(&consent, || {
            format!(
                "Send this text back; it is no secret:\n\n{}",
                consent.consent
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotation_says_what_to_do_next() {
        let done = words(&RootRotationView::Done, "/media/usb/root");
        assert!(done.contains("/media/usb/root") && done.contains("admin rekey"));
        let waits = RootRotationView::NeedsConsent {
            request: "sotto-root-request:AA".into(),
            fingerprint: "0a".repeat(32),
        };
        let waits = words(&waits, "x");
        assert!(waits.contains("root-request:AA") && waits.contains("--approval"));
    }
}
