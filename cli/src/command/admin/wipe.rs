//! `admin revoke`, `admin wipe`: a device is excluded, and told to destroy itself.

use sotto_core::{Client, DeviceView, DryRunView, Exclude, RevokeDevice};

use super::said::{confirm, excluded, facts, yes_no};
use super::wipe_status::refresh;
use crate::context::Context;
use crate::failure::Outcome;
use crate::output::moment::Wall;
use crate::output::progress::Progress;
use crate::output::text::{clean, count};
use crate::resolve;

/// What follows an order.
pub(super) const NEXT: &str = "Next: `sotto admin wipe-status DEVICE` says whether it has been reached and has certified, `sotto admin exposure \
                               DEVICE` what it may hold.";

/// What both take.
#[derive(Debug, clap::Args)]
pub(crate) struct How {
    /// The device: identifier, label, or the name of an owner with a single device
    device: String,
    /// What it signed in the roster from this entry on is suspended with it (0: all)
    #[arg(long, value_name = "ENTRY")]
    suspect_since: Option<u64>,
    /// For the record; every member can read it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Says what would happen to whom, and does nothing
    #[arg(long)]
    dry_run: bool,
    /// Does not ask
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Revoke {
    #[command(flatten)]
    how: How,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Wipe {
    #[command(flatten)]
    how: How,
    /// By one administrator alone where policy asks for two: everybody sees it, and it is counted against the cap
    #[arg(long)]
    emergency: bool,
}

impl Revoke {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        self.how.run(context, Exclude::Only).await
    }
}

impl Wipe {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let mode = if self.emergency {
            Exclude::EmergencyWipe
        } else {
            Exclude::Wipe
        };
        self.how.run(context, mode).await
    }
}

impl How {
    async fn run(self, context: &Context, mode: Exclude) -> Outcome {
        let client = context.open_as_owner()?;
        // A device that joined since the last round is found too.
        refresh(context, &client).await?;
        let device = resolve::device(&client, &self.device)?;
        let request = RevokeDevice {
            device: resolve::id(&device.id)?,
            mode,
            suspect_since: self.suspect_since,
            reason: self.reason,
        };
        if self.dry_run {
            let found = rehearse(context, &client, request).await?;
            return context
                .out
                .answer(&found, || dry_run_words(&found, &context.out.wall));
        }
        if !self.yes && crate::terminal::present() {
            let found = rehearse(context, &client, request.clone()).await?;
            context
                .out
                .before_question(&dry_run_words(&found, &context.out.wall));
        }
        carry_out(context, &client, &device, request, self.yes).await
    }
}

/// What would happen.
pub(super) async fn rehearse(
    context: &Context,
    client: &Client,
    request: RevokeDevice,
) -> Outcome<DryRunView> {
    let progress = Progress::spinner(&context.out, "looking what would happen");
    let found = client.wipe_dry_run(request).await?;
    drop(progress);
    Ok(found)
}

/// Asks, does it, and says how it stands.
pub(super) async fn carry_out(
    context: &Context,
    client: &Client,
    device: &DeviceView,
    request: RevokeDevice,
    yes: bool,
) -> Outcome {
    let (label, wipes) = (clean(&device.label), request.mode != Exclude::Only);
    let question = if wipes {
        format!(
            "“{label}” of {} loses its access and is told to destroy its keys and data. That cannot be taken back.",
            clean(&device.owner_name)
        )
    } else {
        format!(
            "“{label}” of {} loses its access at once, for good.",
            clean(&device.owner_name)
        )
    };
    confirm(&question, &label, yes)?;
    let progress = Progress::spinner(&context.out, "excluding the device");
    let exclusion = client.revoke(request).await?;
    drop(progress);
    let (done, next) = if wipes {
        ("The wipe is ordered", NEXT)
    } else {
        ("The device is excluded", "")
    };
    excluded(context, client, exclusion, done, next).await
}

/// A dry run for a human.
pub(super) fn dry_run_words(found: &DryRunView, wall: &Wall) -> String {
    let would = match found.mode {
        "revoke" => "exclude",
        "wipe" => "exclude and wipe",
        _ => "exclude and wipe, by you alone,",
    };
    let happens = match (found.would, found.why.as_deref()) {
        ("done", _) => "at once".into(),
        ("proposed", _) => "after a second administrator has agreed".into(),
        (_, why) => format!("not at all: {}", why.unwrap_or("it would be refused")),
    };
    let mut lines = vec![("happens", happens)];
    if found.mode != "revoke" {
        lines.push((
            "the order reaches it while locked",
            yes_no(found.channel).into(),
        ));
    }
    lines.push(("last contact", wall.maybe(found.last_contact.as_deref())));
    lines.push((
        "other devices of this owner",
        found.other_devices.to_string(),
    ));
    lines.push((
        "conversations that drop it",
        found.conversations.len().to_string(),
    ));
    let open = match (found.open_results.len(), found.open_results_move) {
        (0, _) => "none".into(),
        (open, true) => format!("{open}; they move to their next step"),
        (open, false) => format!("{open}; they stay with the owner's other devices"),
    };
    lines.push(("critical results that wait for the owner", open));
    for device in found.falling_devices.iter().flatten() {
        lines.push(("suspended with it", device.clone()));
    }
    for role in found.falling_roles.iter().flatten() {
        lines.push(("suspended with it", role.clone()));
    }
    if let Some(invitations @ 1..) = found.falling_invitations {
        lines.push((
            "void with it",
            count(invitations, "invitation", "invitations"),
        ));
    }
    for seq in &found.pending {
        lines.push(("proposed already", format!("number {seq}")));
    }
    format!(
        "This would {would} {}. Nothing has been done.\n{}",
        clean(&found.words),
        facts(&lines)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dry_run_says_what_would_happen_to_whom_and_that_nothing_was_done() {
        let found = DryRunView {
            device: "0a".repeat(16),
            words: "the device “phone” of Chen".into(),
            owner: "0b".repeat(16),
            owner_name: "Chen".into(),
            mode: "wipe",
            would: "proposed",
            why: None,
            pending: vec![12],
            channel: true,
            last_contact: None,
            other_devices: 0,
            conversations: vec!["c".into()],
            open_results: vec!["m".into()],
            open_results_move: true,
            falling_devices: Some(vec!["the device “tablet” of Lang".into()]),
            falling_roles: Some(Vec::new()),
            falling_invitations: Some(2),
        };
        let text = dry_run_words(&found, &Wall::fixed(jiff::civil::date(2031, 5, 6)));
        for part in [
            "exclude and wipe the device “phone” of Chen. Nothing has been done.",
            "after a second administrator",
            "1; they move to their next step",
            "“tablet” of Lang",
            "2 invitations",
            "number 12",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
