//! `invite`: one person, a place, a next device, or many persons from a table with a sheet to print.

use std::fs::File;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use sotto_core::{Client, InvitationView, Invite as Request, Invitee};

use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::progress::Progress;
use crate::output::text::{clean, count, short};
use crate::{parse, people_csv, resolve, sheet};

/// One invitation, or many.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("whom").required(true).args(["name", "place", "next_device", "csv", "list"])))]
pub(crate) struct Invite {
    /// A person, by the name that will be shown
    #[arg(long)]
    name: Option<String>,
    /// A place: ward station, lab bench, agent
    #[arg(long, value_name = "NAME")]
    place: Option<String>,
    /// Another device of somebody who is already there [default: yours]
    #[arg(long, value_name = "PERSON", num_args = 0..=1, default_missing_value = "")]
    next_device: Option<String>,
    /// Many persons: a table with the columns name, unit, role and one per external identifier
    #[arg(long, value_name = "FILE", conflicts_with_all = ["unit", "role", "ids"])]
    csv: Option<PathBuf>,
    /// Shows the open invitations, with link and words of those that this device made
    #[arg(
        long,
        conflicts_with_all = ["sheet", "unit", "role", "ids", "approval", "in_person", "valid"]
    )]
    list: bool,
    /// Writes a sheet to print, one card per person
    #[arg(long, value_name = "FILE.html")]
    sheet: Option<PathBuf>,
    /// Unit, such as 5W
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        conflicts_with = "next_device"
    )]
    unit: String,
    /// Role, such as physician or laboratory; may be given more than once
    #[arg(long, conflicts_with = "next_device")]
    role: Vec<String>,
    /// Identifier elsewhere, such as NPI=1234567893; may be given more than once
    #[arg(long = "id", value_name = "SYSTEM=VALUE", value_parser = parse::external_id, conflicts_with_all = ["place", "next_device"])]
    ids: Vec<(String, String)>,
    /// An admin compares a short code before the device becomes a member
    #[arg(long)]
    approval: bool,
    /// Shown face to face: the link holds the six words too
    #[arg(long)]
    in_person: bool,
    /// How long it is good
    #[arg(long, value_name = "DURATION", default_value = "48h", value_parser = parse::duration)]
    valid: Duration,
}

#[derive(Serialize)]
struct Many<'a> {
    invitations: &'a [InvitationView],
    sheet: Option<String>,
}

impl Invite {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let client = context.open_for(!self.list)?;
        if self.list {
            return self.list(context, &client).await;
        }
        let many = self.csv.is_some();
        let invitees = self.invitees(&client)?;
        // Made before the first invitation: an invitation that cannot be printed would be lost.
        let sheet = self
            .sheet
            .as_deref()
            .map(sheet::create_private)
            .transpose()?;
        let progress = Progress::steps(&context.out, "inviting", invitees.len());
        let mut made = Vec::new();
        let mut failed = None;
        for invitee in invitees {
            let request = Request {
                invitee,
                approval: self.approval,
                valid: self.valid,
                in_person: self.in_person,
            };
            match client.invite(request).await {
                Ok(invitation) => made.push(invitation),
                Err(error) => {
                    failed = Some(Failure::from(error));
                    break;
                }
            }
            progress.step();
        }
        drop(progress);
        let printed = match (sheet, &self.sheet) {
            (Some(_), Some(path)) if made.is_empty() => {
                // An empty sheet would only stand in the way of the next try.
                std::fs::remove_file(path)
                    .map(|()| false)
                    .map_err(|error| Failure::io("removing an empty sheet", &error))
            }
            (Some(file), _) => sheet::html(&made, &context.out.wall)
                .and_then(|page| sheet::fill(file, &page))
                .map(|()| true),
            (None, _) => Ok(false),
        };
        let on_sheet = matches!(printed, Ok(true));
        // Those that were made are good and are told, also where a later one failed.
        match (made.as_slice(), many) {
            ([one], false) => context
                .out
                .answer(one, || self.one_in_words(context, one))?,
            ([], _) if failed.is_some() => {}
            (all, _) => {
                let sheet = self
                    .sheet
                    .as_ref()
                    .filter(|_| on_sheet)
                    .map(|path| path.display().to_string());
                context.out.answer(
                    &Many {
                        invitations: all,
                        sheet,
                    },
                    || self.many_in_words(context, all, on_sheet),
                )?;
            }
        }
        failed.map_or(Ok(()), Err)?;
        printed.map(|_| ())
    }

    /// What was begun and not finished is finished first; without the relay, what is known is shown.
    async fn list(&self, context: &Context, client: &Client) -> Outcome {
        let finished = client.resume().await;
        let open = client.invitations()?;
        context.out.answer(
            &Many {
                invitations: &open,
                sheet: None,
            },
            || {
                if open.is_empty() {
                    return "No open invitations.\n".to_owned();
                }
                open.iter()
                    .map(|one| self.one_in_words(context, one))
                    .collect::<Vec<_>>()
                    .join("\n")
            },
        )?;
        Ok(finished?)
    }

    fn invitees(&self, client: &Client) -> Outcome<Vec<Invitee>> {
        if let Some(path) = &self.csv {
            let file =
                File::open(path).map_err(|error| Failure::io("opening the table", &error))?;
            return people_csv::read(file);
        }
        let roles: Vec<String> = self
            .role
            .iter()
            .flat_map(|role| parse::roles(role))
            .collect();
        let unit = self.unit.clone();
        Ok(vec![match (&self.name, &self.place, &self.next_device) {
            (Some(name), ..) => Invitee::Person {
                name: name.clone(),
                unit,
                roles,
                external_ids: self.ids.clone(),
            },
            (_, Some(name), _) => Invitee::Place {
                name: name.clone(),
                unit,
                roles,
            },
            (_, _, Some(person)) if !person.is_empty() => {
                Invitee::NextDevice(client.find_owner(person)?)
            }
            _ => Invitee::NextDevice(resolve::me(client)?),
        }])
    }

    fn one_in_words(&self, context: &Context, invitation: &InvitationView) -> String {
        let mut text = format!(
            "Invitation {} for {}\n",
            short(&invitation.id),
            clean(&invitation.name)
        );
        if invitation.link.is_empty() {
            text.push_str("  link     on the device that made it\n");
        } else {
            text.push_str(&format!("  link     {}\n", invitation.link));
        }
        if !invitation.words.is_empty() {
            text.push_str(&format!(
                "  words    {}   (tell them over another channel)\n",
                invitation.words
            ));
        }
        text.push_str(&format!(
            "  good until {}\n",
            context.out.wall.at(&invitation.expires)
        ));
        if invitation.approval {
            text.push_str("  They will wait for `sotto approve` after entering it.\n");
        }
        if self.in_person && std::io::stdout().is_terminal() {
            // Too small a terminal shows a code that no camera reads; the link above still works.
            text.push_str(&sheet::qr_terminal(&invitation.link).unwrap_or_default());
            text.push('\n');
        }
        text
    }

    fn many_in_words(&self, context: &Context, all: &[InvitationView], on_sheet: bool) -> String {
        let made = count(all.len(), "invitation", "invitations");
        if let Some(path) = self.sheet.as_ref().filter(|_| on_sheet) {
            return format!(
                "{made} made. Print {} and then delete it: it holds their secrets.\n",
                path.display()
            );
        }
        all.iter()
            .map(|one| self.one_in_words(context, one))
            .collect::<Vec<_>>()
            .join("\n")
    }
}
