//! `admin wipe-status`, `admin certificate`: how far a wipe has come, and the proof of it.

use std::path::PathBuf;

use serde::Serialize;
use sotto_core::{Client, ErrorKind, WipeStatusView};

use super::said::{facts, yes_no};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::moment::Wall;
use crate::output::progress::Progress;
use crate::output::table::Table;
use crate::output::text::{clean, clean_lines};
use crate::{resolve, sheet};

#[derive(Debug, clap::Args)]
pub(crate) struct WipeStatus {
    /// The device [default: every device that was ordered to wipe itself]
    device: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Certificate {
    /// The device
    device: String,
    /// New file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
struct One {
    wipe: WipeStatusView,
    fresh: bool,
}

#[derive(Serialize)]
struct Many {
    wipes: Vec<WipeStatusView>,
    fresh: bool,
}

#[derive(Serialize)]
struct Printed<'a> {
    device: &'a str,
    sha256: &'a str,
    complete: bool,
    encoded: &'a str,
    text: &'a str,
    file: Option<String>,
}

impl WipeStatus {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let client = context.open()?;
        let fresh = refresh(context, &client).await?;
        let device = match &self.device {
            Some(device) => Some(resolve::device(&client, device)?),
            None => None,
        };
        let Some(device) = device else {
            let answer = Many {
                wipes: client.wipes()?,
                fresh,
            };
            return context
                .out
                .answer(&answer, || table(&answer.wipes, &context.out.wall));
        };
        let answer = One {
            wipe: client.wipe_status(resolve::id(&device.id)?)?,
            fresh,
        };
        context
            .out
            .answer(&answer, || words(&answer.wipe, &context.out.wall))
    }
}

/// Asks the relay for more. Where it is out of reach, what is known here is shown, and that it may be old.
pub(super) async fn refresh(context: &Context, client: &Client) -> Outcome<bool> {
    if context.offline {
        return Ok(false);
    }
    let progress = Progress::spinner(&context.out, "asking the relay");
    let refreshed = client.refresh_wipes().await;
    drop(progress);
    match refreshed {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::Network => {
            context.out.note(
                "relay.unreachable",
                "The relay is out of reach: this is what was known here before.",
            );
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

fn table(wipes: &[WipeStatusView], wall: &Wall) -> String {
    let mut table = Table::new(&["DEVICE", "STATE", "ORDERED", "REACHED", "CERTIFIED"]);
    for wipe in wipes {
        let certified = wipe.certificate.as_ref().map(|kept| kept.ended.as_str());
        table.row([
            &wipe.words,
            wipe.stage,
            &wall.maybe(wipe.ordered.as_deref()),
            &wall.maybe(wipe.reached.as_deref()),
            &wall.maybe(certified),
        ]);
    }
    table.render("No device was ordered to wipe itself.")
}

fn words(wipe: &WipeStatusView, wall: &Wall) -> String {
    let head = match wipe.stage {
        "ordered" => "The wipe is ordered. The device has not fetched its order yet.",
        "reached" => "The device has fetched its order and has not certified yet.",
        "certified" => "The device has destroyed its keys and data, and has certified it.",
        _ => "No wipe was ordered.",
    };
    let mut lines = vec![("device", wipe.words.clone())];
    if let Some(by) = &wipe.by {
        lines.push(("ordered by", by.clone()));
        lines.push(("ordered", wall.maybe(wipe.ordered.as_deref())));
        // The relay tells the one or the other: what was fetched had been laid.
        if wipe.laid.is_some() || wipe.reached.is_none() {
            lines.push(("order at the relay", wall.maybe(wipe.laid.as_deref())));
        }
        lines.push(("fetched by the device", wall.maybe(wipe.reached.as_deref())));
    }
    lines.push(("can be reached while locked", yes_no(wipe.channel).into()));
    if let Some(kept) = &wipe.certificate {
        lines.push(("destroyed, by its clock", wall.at(&kept.ended)));
        lines.push(("every place erased", yes_no(kept.complete).into()));
        lines.push(("key was protected by", kept.protection.clone()));
        lines.push(("last unlocked", wall.maybe(kept.unlocked.as_deref())));
    }
    if wipe.refused_certificates > 0 {
        let refused = wipe.refused_certificates.to_string();
        lines.push(("certificates that did not verify", refused));
    }
    let next = match wipe.stage {
        "ordered" | "reached" => "Until it has certified, treat what it held as exposed.\n",
        "certified" => "`sotto admin certificate DEVICE` prints the proof.\n",
        _ => "",
    };
    format!("{head}\n{}{next}", facts(&lines))
}

impl Certificate {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let client = context.open()?;
        refresh(context, &client).await?;
        let device = resolve::device(&client, &self.device)?;
        let status = client.wipe_status(resolve::id(&device.id)?)?;
        let Some(kept) = &status.certificate else {
            return Err(Failure::not_found(
                "certificate.none",
                match status.stage {
                    "ordered" => {
                        "there is no certificate yet: the device has not fetched its order"
                    }
                    "reached" => {
                        "there is no certificate yet: the device has fetched its order and has not certified"
                    }
                    _ => "there is no certificate: no wipe was ordered",
                },
            ));
        };
        let text = printable(&status.text);
        if let Some(path) = &self.out {
            sheet::fill(sheet::create_private(path)?, &text)?;
        }
        let printed = Printed {
            device: &status.device,
            sha256: &kept.sha256,
            complete: kept.complete,
            encoded: &kept.encoded,
            text: &text,
            file: self.out.as_ref().map(|path| path.display().to_string()),
        };
        context.out.answer(&printed, || match &printed.file {
            Some(file) => format!(
                "The certificate of {} is written to {file}.",
                clean(&status.words)
            ),
            None => text.clone(),
        })
    }
}

/// Line by line without what could steer a terminal or a printer: labels are other people's text.
fn printable(text: &str) -> String {
    let mut lines = clean_lines(text).join("\n");
    lines.push('\n');
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::moment::NEVER;

    fn status(stage: &'static str) -> WipeStatusView {
        WipeStatusView {
            device: "0a".repeat(16),
            words: "the device “phone” of Chen".into(),
            stage,
            mode: None,
            entry: None,
            entry_hash: None,
            by: Some("the device “desk” of Lang".into()),
            ordered: Some("2031-05-06T03:04:10Z".into()),
            laid: None,
            reached: None,
            channel: true,
            certificate: None,
            refused_certificates: 1,
            text: String::new(),
        }
    }

    #[test]
    fn without_a_certificate_the_data_counts_as_exposed() {
        let wall = Wall::fixed(jiff::civil::date(2031, 5, 6));
        let text = words(&status("ordered"), &wall);
        assert!(text.contains("treat what it held as exposed"), "{text}");
        assert!(text.contains("03:04:10"), "{text}");
        assert!(text.contains(NEVER), "{text}");
        assert!(text.contains("did not verify"), "{text}");
        assert!(table(&[], &wall).contains("No device"));
    }

    #[test]
    fn a_label_on_a_certificate_cannot_steer_the_printer() {
        assert_eq!(
            printable("device: a\u{1b}c\nstate: x"),
            "device: ac\nstate: x\n"
        );
    }
}
