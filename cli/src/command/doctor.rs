//! `doctor`: is this device well, and if not, what is it?

use serde::Serialize;
use sotto_core::{ErrorKind, Finding};

use crate::context::Context;
use crate::failure::{Failure, Outcome};
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
        let report = Report {
            findings: client.doctor(self.network).await?,
        };
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
