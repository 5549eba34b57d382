//! `sync`: one round with the relay.

use std::time::Duration;

use crate::context::Context;
use crate::failure::Outcome;
use crate::output::progress::Progress;
use crate::output::text::count;
use crate::parse;

/// One round.
#[derive(Debug, clap::Args)]
pub(crate) struct Sync {
    /// How long it may take
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = parse::duration)]
    deadline: Duration,
}

impl Sync {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let client = context.open()?;
        let progress = Progress::spinner(&context.out, "talking to the relay");
        let report = client.sync_once(self.deadline).await?;
        drop(progress);
        context.out.answer(&report, || {
            let mut parts = vec![
                format!("received {}", report.received),
                format!("sent {}", report.sent),
                format!("receipts {}", report.receipts),
            ];
            if report.held > 0 {
                parts.push(format!("{} held (see `sotto held`)", report.held));
            }
            if report.waiting > 0 {
                parts.push(format!(
                    "{} still waiting to go out",
                    count(report.waiting, "item", "items")
                ));
            }
            format!("Up to date: {}.", parts.join(", "))
        })
    }
}
