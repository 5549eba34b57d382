//! `doctor`: is this device well, and if not, what is it?

use std::time::Duration;

use serde::Serialize;
use sotto_core::{Client, ErrorKind, Finding, LeaseView, StandbyState};

use super::{backup::said, lease::Answer};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::moment::Wall;
use crate::output::progress::Progress;
use crate::output::table::Table;
use crate::output::text::count;

#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {
    /// Also contacts the relay; names an interception of the connection
    #[arg(long)]
    network: bool,
}

#[derive(Serialize)]
struct Report {
    findings: Vec<Finding>,
}

impl Doctor {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let client = context.open()?;
        let progress = Progress::spinner(&context.out, "looking");
        let mut findings = client.doctor(self.network).await?;
        findings.push(backup(client.backup_age()?));
        findings.push(lease(&Client::lease(context.home())?, &context.out.wall));
        findings.push(wipe(
            &Client::standby(context.home()).state()?,
            &context.out.wall,
        ));
        let report = Report { findings };
        drop(progress);
        context.out.answer(&report, || {
            let mut table = Table::new(&["", "TOPIC", "FINDING"]);
            for finding in &report.findings {
                table.row([finding.level, finding.topic, &finding.text]);
            }
            table.render("There was nothing to look at.")
        })?;
        let problems = report
            .findings
            .iter()
            .filter(|finding| finding.level == "problem")
            .count();
        if problems == 0 {
            return Ok(());
        }
        let found = count(problems, "problem was", "problems were");
        Err(Failure::new(
            ErrorKind::Internal,
            "doctor.problems",
            format!("{found} found; see the lines marked “problem”"),
        ))
    }
}

/// A backup older than this is a remark.
const OLD: Duration = Duration::from_secs(30 * 86_400);

fn backup(age: Option<Duration>) -> Finding {
    let recent = age.is_some_and(|age| age < OLD);
    Finding {
        topic: "backup",
        level: if recent { "ok" } else { "warning" },
        text: said(age),
    }
}

fn lease(view: &LeaseView, wall: &Wall) -> Finding {
    let answer = Answer::of(*view);
    Finding {
        topic: "lease",
        level: if answer.is_well() { "ok" } else { "problem" },
        text: answer.words(wall),
    }
}

/// Whether this device can be told to wipe itself while it is locked, and what stands between a thief and its key.
fn wipe(state: &StandbyState, wall: &Wall) -> Finding {
    let (level, text) = match state {
        StandbyState::Ready(view) => (
            "ok",
            format!(
                "this device obeys an order to wipe itself also while it is locked; its key is protected by {}, last \
                 unlocked {}",
                view.key,
                wall.maybe(view.unlocked.as_deref())
            ),
        ),
        StandbyState::NotReady => (
            "warning",
            "this device cannot be told to wipe itself while it is locked, until it has connected once".into(),
        ),
        StandbyState::Underway => ("problem", "this device is being wiped".into()),
        StandbyState::Wiped(_) => ("problem", "this device was wiped".into()),
    };
    Finding {
        topic: "wipe",
        level,
        text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_backup_or_an_old_one_is_a_remark_and_no_wipe_channel_too() {
        assert_eq!(backup(None).level, "warning");
        assert_eq!(backup(Some(OLD)).level, "warning");
        assert_eq!(backup(Some(Duration::from_secs(60))).level, "ok");
        let wall = Wall::fixed(jiff::civil::date(2031, 5, 6));
        assert_eq!(wipe(&StandbyState::NotReady, &wall).level, "warning");
        assert_eq!(wipe(&StandbyState::Underway, &wall).level, "problem");
    }
}
