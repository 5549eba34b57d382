//! `admin recertify`: does everybody still need their roles? Unanswered past the date means suspended.

use std::path::PathBuf;

use serde::Serialize;
use sotto_core::{ReviewView, Timestamp};

use super::said;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::moment::Wall;
use crate::output::table::Table;
use crate::output::text::clean;
use crate::{parse, resolve, sheet};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Recertify {
    /// Begin a review
    Start {
        /// Its name, such as `2031 spring`
        name: String,
        /// Until when everybody must be answered for: a day (all of it), a time, or a duration from now
        #[arg(long, value_name = "DATE|DURATION", value_parser = parse::until)]
        due: Timestamp,
        /// Only people of this unit [default: everybody]
        #[arg(long, default_value = "")]
        unit: String,
    },
    /// Answer for one person
    Answer(Answer),
    /// How reviews stand
    Status {
        /// One review, person by person
        name: Option<String>,
    },
    /// The evidence of a review as JSON: each answer with the hash of its signed entry
    Evidence {
        /// The review
        name: String,
        /// New file to write [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("decision").required(true).args(["keep", "withdraw"])))]
pub(crate) struct Answer {
    /// The review
    name: String,
    /// The person
    person: String,
    /// They keep their roles
    #[arg(long)]
    keep: bool,
    /// They lose all their roles
    #[arg(long)]
    withdraw: bool,
}

#[derive(Serialize)]
struct Reviews {
    reviews: Vec<ReviewView>,
}

#[derive(Serialize)]
struct Written {
    file: String,
    bytes: usize,
}

impl Recertify {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let reads = matches!(self, Self::Status { .. } | Self::Evidence { .. });
        let client = context.open_for(!reads)?;
        match self {
            Self::Start { name, due, unit } => {
                let outcome = client.open_review(&name, &unit, due).await?;
                let done = format!("The review {} has begun", clean(&name));
                said::outcome(context, outcome, &done)
            }
            Self::Answer(answer) => {
                let person = resolve::person(&client, &answer.person)?;
                let outcome = client
                    .answer_review(&answer.name, person, answer.keep)
                    .await?;
                let done = if answer.keep {
                    "They keep their roles"
                } else {
                    "They have lost their roles"
                };
                said::outcome(context, outcome, done)
            }
            Self::Status { name } => {
                let mut list = Reviews {
                    reviews: client.reviews()?,
                };
                if let Some(name) = &name {
                    list.reviews
                        .retain(|one| one.name.eq_ignore_ascii_case(name.trim()));
                    if list.reviews.is_empty() {
                        return Err(Failure::not_found(
                            "admin.no_campaign",
                            "there is no review of this name; `sotto admin recertify status` lists them",
                        ));
                    }
                }
                context.out.answer(&list, || match (&name, &*list.reviews) {
                    (Some(_), [one, ..]) => people(one, &context.out.wall),
                    _ => table(&list.reviews, &context.out.wall),
                })
            }
            Self::Evidence { name, out } => {
                let evidence = client.review_evidence(&name)?;
                let Some(path) = out else {
                    return context.out.verbatim(&evidence);
                };
                sheet::fill(sheet::create_private(&path)?, &evidence)?;
                let written = Written {
                    file: path.display().to_string(),
                    bytes: evidence.len(),
                };
                context.out.answer(&written, || {
                    format!("The evidence is written to {}.", written.file)
                })
            }
        }
    }
}

fn table(reviews: &[ReviewView], wall: &Wall) -> String {
    let mut table = Table::new(&["REVIEW", "UNIT", "DUE", "PEOPLE", "OPEN", "STATE"]);
    for one in reviews {
        let state = match (one.open, one.over) {
            (0, _) => "complete",
            (_, true) => "over: who is open is suspended",
            (_, false) => "going on",
        };
        let unit = if one.unit.is_empty() {
            "all"
        } else {
            &one.unit
        };
        table.row([
            &one.name,
            unit,
            &wall.at(&one.due),
            &one.people.len().to_string(),
            &one.open.to_string(),
            state,
        ]);
    }
    table.render("There was no review yet.")
}

fn people(review: &ReviewView, wall: &Wall) -> String {
    let mut table = Table::new(&["PERSON", "STATE", "ROLES", "ANSWERED BY", "AT"]);
    for one in &review.people {
        let by = match (&one.by, &one.second) {
            (Some(by), Some(second)) => format!("{by}, with {second}"),
            (Some(by), None) => by.clone(),
            _ => String::new(),
        };
        table.row([
            &one.name,
            one.state,
            &one.roles.join(", "),
            &by,
            &wall.maybe(one.at.as_deref()),
        ]);
    }
    format!(
        "{}, due {}, {} open\n{}",
        clean(&review.name),
        wall.at(&review.due),
        review.open,
        table.render("It covers nobody.")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use sotto_core::ReviewedView;

    #[test]
    fn a_review_past_its_date_says_that_the_unanswered_are_suspended() {
        let review = ReviewView {
            name: "2031 spring".into(),
            organisation: "Hospital".into(),
            unit: String::new(),
            entry: 7,
            entry_hash: "ab".into(),
            by: "the device “desk” of Lang".into(),
            opened: "2031-04-06T03:04:10Z".into(),
            due: "2031-05-06T03:04:10Z".into(),
            over: true,
            open: 1,
            people: vec![ReviewedView {
                person: "0a".repeat(16),
                name: "Chen".into(),
                roles: vec!["nurse@5W".into()],
                state: "overdue",
                by: None,
                second: None,
                entry: None,
                entry_hash: None,
                at: None,
            }],
        };
        let wall = Wall::fixed(jiff::civil::date(2031, 5, 6));
        assert!(people(&review, &wall).contains("overdue"));
        assert!(table(&[review], &wall).contains("over: who is open is suspended"));
    }
}
