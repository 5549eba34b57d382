//! `admin lost`: the runbook as one command. It shows the devices, says what a wipe would do, and orders it once a human
//! has agreed.

use serde::Serialize;
use sotto_core::{Client, DeviceView, DryRunView, ErrorKind, Exclude, RevokeDevice};

use super::wipe::{carry_out, dry_run_words, rehearse};
use super::wipe_status::refresh;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::table::Table;
use crate::output::text::{clean, short};
use crate::{resolve, terminal};

/// A lost device.
#[derive(Debug, clap::Args)]
pub(crate) struct Lost {
    /// The device, or whose it is
    #[arg(value_name = "DEVICE|PERSON")]
    what: String,
    /// By one administrator alone where policy asks for two: everybody sees it, and it is counted against the cap
    #[arg(long)]
    emergency: bool,
    /// For the record; every member can read it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Shows the devices and what would happen, and does nothing
    #[arg(long)]
    dry_run: bool,
    /// Does not ask
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
}

/// What `--dry-run` answers: every device that may be meant, each with what a wipe would do.
#[derive(Serialize)]
struct Candidates {
    devices: Vec<Candidate>,
}

#[derive(Serialize)]
struct Candidate {
    #[serde(flatten)]
    device: DeviceView,
    dry_run: DryRunView,
}

impl Lost {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let client = context.open_as_owner()?;
        // A device that joined since the last round is found too.
        refresh(context, &client).await?;
        let devices = candidates(&client, &self.what)?;
        if self.dry_run {
            return self.only_look(context, &client, devices).await;
        }
        let device = choose(context, devices)?;
        let request = self.request(&device)?;
        let found = rehearse(context, &client, request.clone()).await?;
        context
            .out
            .before_question(&dry_run_words(&found, &context.out.wall));
        if found.would == "refused" {
            return Err(Failure::refused(
                "admin.refused",
                format!(
                    "{}; nothing was done",
                    found.why.as_deref().unwrap_or("this would be refused")
                ),
            ));
        }
        carry_out(context, &client, &device, request, self.yes).await
    }

    async fn only_look(
        &self,
        context: &Context,
        client: &Client,
        devices: Vec<DeviceView>,
    ) -> Outcome {
        let mut found = Vec::with_capacity(devices.len());
        for device in devices {
            let dry_run = rehearse(context, client, self.request(&device)?).await?;
            found.push(Candidate { device, dry_run });
        }
        let answer = Candidates { devices: found };
        context.out.answer(&answer, || {
            let words = answer
                .devices
                .iter()
                .map(|one| dry_run_words(&one.dry_run, &context.out.wall));
            words.collect::<Vec<_>>().join("\n")
        })
    }

    fn request(&self, device: &DeviceView) -> Outcome<RevokeDevice> {
        Ok(RevokeDevice {
            device: resolve::id(&device.id)?,
            mode: if self.emergency {
                Exclude::EmergencyWipe
            } else {
                Exclude::Wipe
            },
            suspect_since: None,
            reason: self.reason.clone(),
        })
    }
}

/// The device that is named, or those of the person who is.
fn candidates(client: &Client, what: &str) -> Outcome<Vec<DeviceView>> {
    let named = match client.find_device(what) {
        Ok(id) => {
            let id = id.to_string();
            pick(client.devices()?, |device| device.id == id)
        }
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Usage) => {
            let label = what.trim().to_lowercase();
            let labelled = pick(client.devices()?, |device| {
                device.label.to_lowercase() == label && device.state != "revoked"
            });
            if labelled.is_empty() {
                let owner = client.find_owner(what)?.to_string();
                pick(client.devices()?, |device| {
                    device.owner == owner && device.state != "revoked"
                })
            } else {
                labelled
            }
        }
        Err(error) => return Err(error.into()),
    };
    if named.is_empty() {
        return Err(Failure::not_found(
            "device.not_found",
            "they have no device that is still in the organisation; `sotto admin wipe-status` shows what was ordered",
        ));
    }
    Ok(named)
}

fn pick(devices: Vec<DeviceView>, test: impl Fn(&DeviceView) -> bool) -> Vec<DeviceView> {
    devices.into_iter().filter(|device| test(device)).collect()
}

/// One of several, by the number that a human types.
fn choose(context: &Context, mut devices: Vec<DeviceView>) -> Outcome<DeviceView> {
    if devices.len() == 1 {
        return Ok(devices.remove(0));
    }
    if context.out.json() || !terminal::present() {
        let ids: Vec<&str> = devices.iter().map(|device| short(&device.id)).collect();
        return Err(Failure::usage(
            "admin.which_device",
            format!(
                "there are several devices; name one of {}, or look with --dry-run",
                ids.join(", ")
            ),
        ));
    }
    let mut table = Table::new(&["NO", "DEVICE", "OF", "STATE", "ID"]);
    for (number, device) in devices.iter().enumerate() {
        let number = (number + 1).to_string();
        table.row([
            &number,
            &device.label,
            &device.owner_name,
            &device.state,
            short(&device.id),
        ]);
    }
    context.out.before_question(&table.render(""));
    let typed = terminal::ask("Which one is lost? Its number: ")?;
    let index = typed.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
    match index.filter(|index| *index < devices.len()) {
        Some(index) => Ok(devices.swap_remove(index)),
        None => Err(Failure::refused(
            "admin.unconfirmed",
            format!("“{}” is none of them; nothing was done", clean(&typed)),
        )),
    }
}
