//! `admin proposals`, `countersign`, `refuse`: acts that need a second person.

use serde::Serialize;
use sotto_core::{ElevationView, ExclusionView, OutcomeView, ProposalView};

use super::said::{self, excluded};
use crate::context::Context;
use crate::failure::Outcome;
use crate::output::moment::Wall;
use crate::output::progress::Progress;
use crate::output::table::Table;
use crate::output::text::clean;

#[derive(Debug, clap::Args)]
pub(crate) struct Proposals {
    /// Also those that are over
    #[arg(long)]
    all: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Countersign {
    /// Its number
    number: u64,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Refuse {
    /// Its number
    number: u64,
    /// Why; every member can read it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(Serialize)]
struct List {
    proposals: Vec<ProposalView>,
    requests: Vec<ElevationView>,
}

impl Proposals {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let client = context.open()?;
        let mut list = List {
            proposals: client.proposals()?,
            requests: client.elevations()?,
        };
        if !self.all {
            list.proposals.retain(|one| one.state == "open");
            list.requests.retain(|one| one.state == "open");
        }
        context
            .out
            .answer(&list, || table(&list, &context.out.wall))
    }
}

fn table(list: &List, wall: &Wall) -> String {
    let mut table = Table::new(&["NO", "WHAT", "BY", "EXPIRES", "STATE", "REASON"]);
    for one in &list.proposals {
        let state = match (one.state, one.may_countersign, one.why_not.as_deref()) {
            ("open", true, _) => "you may countersign".to_owned(),
            ("open", false, _) if one.mine => "waits for somebody else".to_owned(),
            ("open", false, Some(why)) => format!("not you: {why}"),
            (state, ..) => state.to_owned(),
        };
        table.row([
            &one.seq.to_string(),
            &one.what,
            &one.by_name,
            &wall.at(&one.expires),
            &state,
            one.reason.as_deref().unwrap_or_default(),
        ]);
    }
    for one in &list.requests {
        let hours = crate::parse::duration_text(std::time::Duration::from_secs(one.seconds));
        table.row([
            &one.seq.to_string(),
            &format!("be {} for {hours}", clean(&one.role)),
            &one.name,
            &wall.at(&one.expires),
            one.state,
            &one.reason,
        ]);
    }
    table.render("Nothing waits for a second administrator.")
}

impl Countersign {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let client = context.open_as_owner()?;
        let is_request = |one: &ElevationView| one.seq == self.number;
        let request = client.elevations()?.iter().any(is_request);
        let progress = Progress::spinner(&context.out, "countersigning");
        let exclusion = if request {
            ExclusionView {
                outcome: client.grant_elevation(self.number).await?,
                devices: Vec::new(),
            }
        } else {
            client.countersign(self.number).await?
        };
        drop(progress);
        excluded(context, &client, exclusion, "Agreed, and done", "").await
    }
}

impl Refuse {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let client = context.open_as_owner()?;
        let outcome: OutcomeView = client.refuse(self.number, self.reason.as_deref()).await?;
        said::outcome(
            context,
            outcome,
            &format!("Number {} is refused", self.number),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposal(mine: bool, may: bool) -> ProposalView {
        ProposalView {
            seq: 12,
            what: "exclude and wipe the device “phone” of Chen".into(),
            by: "0a".repeat(16),
            by_name: "Lang".into(),
            reason: None,
            made: "2031-05-06T03:00:00Z".into(),
            expires: "2031-05-06T09:00:00Z".into(),
            state: "open",
            mine,
            may_countersign: may,
            why_not: Some("no role permits it".into()),
        }
    }

    #[test]
    fn a_proposal_says_who_may_agree_to_it() {
        let wall = Wall::fixed(jiff::civil::date(2031, 5, 6));
        let said = |mine, may| {
            let list = List {
                proposals: vec![proposal(mine, may)],
                requests: Vec::new(),
            };
            table(&list, &wall)
        };
        assert!(said(false, true).contains("you may countersign"));
        assert!(said(true, false).contains("waits for somebody else"));
        assert!(said(false, false).contains("not you: no role permits it"));
        let nothing = List {
            proposals: Vec::new(),
            requests: Vec::new(),
        };
        assert!(table(&nothing, &wall).starts_with("Nothing waits"));
    }
}
