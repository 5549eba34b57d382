//! `admin recover`: the only administrator is lost. With the offline root file, from any device of the organisation.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use sotto_core::{AnnounceRecovery, RecoverAs, RecoveredView, RecoveryView, RootFileAccess};

use super::said;
use crate::context::Context;
use crate::failure::Outcome;
use crate::output::moment::Wall;
use crate::output::progress::Progress;
use crate::output::table::Table;
use crate::output::text::clean;
use crate::{parse, resolve};

/// A new administrator where all are lost.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Recover {
    /// Announce who is to administer; everybody sees it, nothing happens yet
    Announce(Announce),
    /// Recoveries, and how far they have come
    Status,
    /// Object to a recovery: it is off
    Veto(Veto),
    /// After the delay: carry out what this device announced; prints the new administrator's invitation
    Finish(RootFile),
    /// Give this device, an administrator's, the right to replace the organisation's keys
    Capability(RootFile),
}

/// The offline root file.
#[derive(Debug, clap::Args)]
pub(crate) struct RootFile {
    /// The organisation's offline root file
    #[arg(long, value_name = "FILE")]
    root_file: PathBuf,
    /// Reads its passphrase from this file descriptor, one line
    #[arg(long, value_name = "N")]
    root_passphrase_fd: Option<u32>,
}

impl RootFile {
    pub(super) fn access(&self, context: &Context) -> Outcome<RootFileAccess> {
        Ok(RootFileAccess {
            path: self.root_file.clone(),
            passphrase: context
                .secrets()
                .file_passphrase(self.root_passphrase_fd, "The root file's passphrase: ")?,
        })
    }
}

#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("whom").required(true).args(["name", "person"])))]
pub(crate) struct Announce {
    /// Somebody new, by the name that will be shown
    #[arg(long)]
    name: Option<String>,
    /// Somebody of the organisation; the administrator whose device is lost, too
    #[arg(long)]
    person: Option<String>,
    /// Unit of somebody new
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        conflicts_with = "person"
    )]
    unit: String,
    /// Why; every member can read it
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// How long after the delay it may be carried out
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = parse::duration)]
    valid: Duration,
    /// The link is shown face to face: it holds the six words too
    #[arg(long)]
    in_person: bool,
    /// Adopt the newest rules too, where the organisation has those of the first release; older releases then halt
    #[arg(long)]
    adopt_rules: bool,
    #[command(flatten)]
    root: RootFile,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Veto {
    /// Its number
    number: u64,
    /// Why; every member can read it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(Serialize)]
struct List {
    recoveries: Vec<RecoveryView>,
}

#[derive(Serialize)]
struct Given {
    capability: bool,
}

impl Recover {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Announce(command) => command.run(context).await,
            Self::Status => {
                let recoveries = context.open()?.recoveries()?;
                let list = List { recoveries };
                context
                    .out
                    .answer(&list, || table(&list.recoveries, &context.out.wall))
            }
            Self::Veto(command) => command.run(context).await,
            Self::Finish(root) => finish(&root, context).await,
            Self::Capability(root) => {
                let client = context.open_as_owner()?;
                let access = root.access(context)?;
                client.take_root_capability(access).await?;
                context.out.answer(&Given { capability: true }, || {
                    "This device may replace the organisation's keys now.".to_owned()
                })
            }
        }
    }
}

impl Announce {
    async fn run(self, context: &Context) -> Outcome {
        let client = context.open()?;
        let successor = match (self.name, &self.person) {
            (Some(name), _) => RecoverAs::New {
                name,
                unit: self.unit,
            },
            (None, person) => {
                let person = person.as_deref().unwrap_or_default();
                RecoverAs::Known(resolve::person(&client, person)?)
            }
        };
        let request = AnnounceRecovery {
            root: self.root.access(context)?,
            successor,
            reason: self.reason,
            valid: self.valid,
            in_person: self.in_person,
            adopt_rules: self.adopt_rules,
        };
        let progress = Progress::spinner(&context.out, "announcing a recovery");
        let made = client.announce_recovery(request).await?;
        drop(progress);
        context.out.answer(&made, || {
            format!(
                "Announced as number {}. Everybody sees it, and whoever administers can veto it.\n\
                 Not before {}, and once {} of the others have been connected after that, finish it on this device:\n\
                 `sotto admin recover finish --root-file FILE`, until {}. Put the root file away until then.",
                made.seq,
                context.out.wall.at(&made.effective),
                made.needed,
                context.out.wall.at(&made.expires),
            )
        })
    }
}

impl Veto {
    async fn run(self, context: &Context) -> Outcome {
        let client = context.open_as_owner()?;
        let outcome = client
            .veto_recovery(self.number, self.reason.as_deref())
            .await?;
        let done = format!("Recovery {} is vetoed", self.number);
        said::outcome(context, outcome, &done)
    }
}

async fn finish(root: &RootFile, context: &Context) -> Outcome {
    let client = context.open()?;
    let access = root.access(context)?;
    let progress = Progress::spinner(&context.out, "carrying out the recovery");
    let recovered = client.finish_recovery(access).await?;
    drop(progress);
    context
        .out
        .answer(&recovered, || finished(&recovered, &context.out.wall))
}

fn finished(recovered: &RecoveredView, wall: &Wall) -> String {
    let invitation = &recovered.invitation;
    let mut text = format!(
        "{} administers the organisation, as soon as they have joined:\n  link     {}\n",
        clean(&invitation.name),
        invitation.link
    );
    if !invitation.words.is_empty() {
        text.push_str(&format!(
            "  words    {}   (tell them over another channel)\n",
            invitation.words
        ));
    }
    text.push_str(&format!("  good until {}\n", wall.at(&invitation.expires)));
    text.push_str(if recovered.capability {
        "Then they exclude the lost administrator's device: `sotto admin lost NAME`. Put the root file away."
    } else {
        "The log held nothing that this root key opens: they can invite and approve, but not replace keys or exclude devices \
         until a device that can has replaced the roster's key once."
    });
    text
}

fn table(recoveries: &[RecoveryView], wall: &Wall) -> String {
    let mut table = Table::new(&[
        "NO",
        "WHO",
        "ANNOUNCED",
        "NOT BEFORE",
        "UNTIL",
        "SEEN BY",
        "STATE",
        "REASON",
    ]);
    for one in recoveries {
        let state = match (one.state, one.mine) {
            ("ready", true) => "ready: finish it here",
            ("ready", false) => "ready, on the device that announced it",
            (state, _) => state,
        };
        table.row([
            &one.seq.to_string(),
            &one.name,
            &wall.at(&one.announced),
            &wall.at(&one.effective),
            &wall.at(&one.expires),
            &format!("{} of {}", one.witnesses, one.needed),
            state,
            &one.reason,
        ]);
    }
    table.render("No recovery was announced.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recovery(state: &'static str, mine: bool) -> RecoveryView {
        RecoveryView {
            seq: 12,
            person: "0a".repeat(16),
            name: "Rosalind Franklin".into(),
            reason: "lost at sea".into(),
            announced: "2031-05-06T03:00:00Z".into(),
            effective: "2031-05-09T03:00:00Z".into(),
            expires: "2031-05-16T03:00:00Z".into(),
            witnesses: 1,
            needed: 2,
            state,
            mine,
        }
    }

    #[test]
    fn a_recovery_says_who_when_and_what_is_missing() {
        let wall = Wall::fixed(jiff::civil::date(2031, 5, 6));
        let said = table(&[recovery("waits", true)], &wall);
        for part in ["12", "Rosalind Franklin", "1 of 2", "waits", "lost at sea"] {
            assert!(said.contains(part), "{said}");
        }
        assert!(table(&[recovery("ready", true)], &wall).contains("finish it here"));
        assert!(table(&[recovery("ready", false)], &wall).contains("that announced it"));
        assert!(table(&[], &wall).starts_with("No recovery"));
    }
}
