//! Roles given and taken, for good, for a while, against the table of pairs; persons suspended and readmitted.

use std::time::Duration;

use serde::Serialize;
use sotto_core::{ElevationView, ExceptionView, GrantRole, OutcomeView, Timestamp};

use super::said::{self, outcome_words};
use crate::context::Context;
use crate::failure::Outcome;
use crate::output::table::Table;
use crate::output::text::clean;
use crate::{parse, resolve};

#[derive(Debug, clap::Args)]
pub(crate) struct Grant {
    /// The person or place
    person: String,
    /// The role
    role: String,
    /// In this unit only
    #[arg(long)]
    unit: Option<String>,
    /// From when: a day, a time, or a duration from now [default: at once]
    #[arg(long, value_name = "DATE|DURATION", value_parser = parse::from)]
    from: Option<Timestamp>,
    /// Until when: a day (all of it), a time, or a duration from now [default: no end]
    #[arg(long, value_name = "DATE|DURATION", value_parser = parse::until)]
    until: Option<Timestamp>,
    /// Why; every member can read it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Withdraw {
    /// The person or place
    person: String,
    /// The role
    role: String,
    /// As it was given for this unit
    #[arg(long)]
    unit: Option<String>,
    /// Why; every member can read it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Elevate {
    /// Ask for a role for some hours
    Ask {
        /// The role
        role: String,
        /// For how long, at most twelve hours
        #[arg(long = "for", value_name = "DURATION", value_parser = parse::duration)]
        lasting: Duration,
        /// Why; every member can read it
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// In this unit only
        #[arg(long)]
        unit: Option<String>,
    },
    /// Every request
    List,
    /// Agree to another person's request
    Grant {
        /// Its number
        number: u64,
    },
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Exception {
    /// Let somebody hold two roles that exclude each other
    Grant {
        /// The person or place
        person: String,
        /// One role
        first: String,
        /// The other
        second: String,
        /// Until when: a day (all of it), a time, or a duration from now; at most a year
        #[arg(long, value_name = "DATE|DURATION", value_parser = parse::until)]
        until: Timestamp,
        /// Why; every member can read it
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Every exception
    List,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Suspend {
    /// The person
    person: String,
    /// Why; every member can read it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Readmit {
    /// The person
    person: String,
    /// Why; every member can read it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Lift {
    /// The device
    device: String,
}

#[derive(Serialize)]
struct Outcomes {
    outcomes: Vec<OutcomeView>,
}

#[derive(Serialize)]
struct Requests {
    requests: Vec<ElevationView>,
}

#[derive(Serialize)]
struct Exceptions {
    exceptions: Vec<ExceptionView>,
}

/// `charge nurse` in `5W` as core reads it.
fn in_unit(role: &str, unit: Option<&str>) -> String {
    unit.map_or_else(|| role.to_owned(), |unit| format!("{role}@{unit}"))
}

impl Grant {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let client = context.open_as_owner()?;
        let holder = client.find_owner(&self.person)?;
        let name = resolve::name_of(&client, holder)?;
        let done = format!("{name} is {} now", clean(&self.role));
        let request = GrantRole {
            holder,
            role: in_unit(&self.role, self.unit.as_deref()),
            from: self.from,
            until: self.until,
            reason: self.reason,
        };
        said::outcome(context, client.grant(request).await?, &done)
    }
}

impl Withdraw {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let client = context.open_as_owner()?;
        let holder = client.find_owner(&self.person)?;
        let name = resolve::name_of(&client, holder)?;
        let role = in_unit(&self.role, self.unit.as_deref());
        let answer = Outcomes {
            outcomes: client
                .withdraw(holder, &role, self.reason.as_deref())
                .await?,
        };
        let done = format!("{name} is {} no longer", clean(&self.role));
        context.out.answer(&answer, || {
            let lines = answer.outcomes.iter();
            let lines: Vec<String> = lines.map(|one| outcome_words(*one, &done)).collect();
            lines.join("\n")
        })
    }
}

impl Elevate {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let client = context.open_for(!matches!(self, Self::List))?;
        match self {
            Self::Ask {
                role,
                lasting,
                reason,
                unit,
            } => {
                let role = in_unit(&role, unit.as_deref());
                let outcome = client.request_elevation(&role, lasting, &reason).await?;
                said::outcome(context, outcome, "The role holds already")
            }
            Self::Grant { number } => {
                let outcome = client.grant_elevation(number).await?;
                said::outcome(context, outcome, "They hold the role from now on")
            }
            Self::List => {
                let list = Requests {
                    requests: client.elevations()?,
                };
                context.out.answer(&list, || {
                    let mut table =
                        Table::new(&["NO", "WHO", "ROLE", "FOR", "STATE", "UNTIL", "REASON"]);
                    for one in &list.requests {
                        table.row([
                            &one.seq.to_string(),
                            &one.name,
                            &one.role,
                            &parse::duration_text(Duration::from_secs(one.seconds)),
                            one.state,
                            &context.out.wall.maybe(one.until.as_deref()),
                            &one.reason,
                        ]);
                    }
                    table.render("Nobody has asked for a role for some hours.")
                })
            }
        }
    }
}

impl Exception {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let client = context.open_for(!matches!(self, Self::List))?;
        match self {
            Self::Grant {
                person,
                first,
                second,
                until,
                reason,
            } => {
                let holder = client.find_owner(&person)?;
                let outcome = client
                    .grant_exception(holder, (&first, &second), until, &reason)
                    .await?;
                let name = resolve::name_of(&client, holder)?;
                let done = format!(
                    "{name} may be both {} and {} until {}",
                    clean(&first),
                    clean(&second),
                    context.out.wall.at(&until.to_rfc3339())
                );
                said::outcome(context, outcome, &done)
            }
            Self::List => {
                let list = Exceptions {
                    exceptions: client.exceptions()?,
                };
                context.out.answer(&list, || {
                    let mut table = Table::new(&["WHO", "ROLES", "UNTIL", "STATE", "REASON"]);
                    for one in &list.exceptions {
                        let state = if one.ended { "ended" } else { "in force" };
                        table.row([
                            &one.name,
                            &format!("{} and {}", one.first, one.second),
                            &context.out.wall.at(&one.until),
                            state,
                            &one.reason,
                        ]);
                    }
                    table.render("There is no exception.")
                })
            }
        }
    }
}

impl Suspend {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let client = context.open_as_owner()?;
        let person = resolve::person(&client, &self.person)?;
        let outcome = client.suspend(person, self.reason.as_deref()).await?;
        said::outcome(
            context,
            outcome,
            "They are suspended and may do nothing until they are readmitted",
        )
    }
}

impl Readmit {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let client = context.open_as_owner()?;
        let person = resolve::person(&client, &self.person)?;
        let outcome = client.readmit(person, self.reason.as_deref()).await?;
        said::outcome(context, outcome, "They are readmitted")
    }
}

impl Lift {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let client = context.open_as_owner()?;
        let device = resolve::device(&client, &self.device)?;
        let outcome = client.lift_suspension(resolve::id(&device.id)?).await?;
        said::outcome(
            context,
            outcome,
            &format!("“{}” counts again", clean(&device.label)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_in_a_unit_is_written_as_core_reads_it() {
        assert_eq!(in_unit("charge nurse", Some("5W")), "charge nurse@5W");
        assert_eq!(in_unit("nurse", None), "nurse");
    }
}
