//! `admin people import`: the personnel office's table against the roster. Shown first; applied only with `--apply`.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use sotto_core::{Client, ImportPeople, ImportView, PeopleView, PersonDifference};

use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::progress::Progress;
use crate::output::table::Table;
use crate::output::text::{clean, count};
use crate::{parse, sheet};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum People {
    /// Compare the table with the roster; with --apply, make the roster say what it says
    Import(Import),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    /// The table (CSV): staff number, name, unit, roles, phone, action; `-` reads standard input
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    /// Does it: invites, changes, lets go
    #[arg(long)]
    apply: bool,
    /// The numbers' system, which is the heading of their column [default: staff number]
    #[arg(long, value_name = "NAME")]
    system: Option<String>,
    /// How long invitations are good
    #[arg(long, value_name = "DURATION", default_value = "14d", value_parser = parse::duration)]
    valid: Duration,
    /// Invitations are shown face to face: their links hold the six words too
    #[arg(long, requires = "apply")]
    in_person: bool,
    /// Whoever has a number that the table does not name is let go too
    #[arg(long, requires = "apply")]
    orphans_leave: bool,
    /// Writes a sheet of the invitations to print
    #[arg(long, value_name = "FILE.html", requires = "apply")]
    sheet: Option<PathBuf>,
}

#[derive(Serialize)]
struct Compared {
    applied: bool,
    #[serde(flatten)]
    people: PeopleView,
}

#[derive(Serialize)]
struct Applied {
    applied: bool,
    #[serde(flatten)]
    import: ImportView,
    sheet: Option<String>,
}

impl People {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let Self::Import(import) = self;
        let table = import.read()?;
        let client = context.open_for(import.apply)?;
        if import.apply {
            return import.apply(context, &client, table).await;
        }
        let answer = Compared {
            applied: false,
            people: client.compare_people(&table, import.system.as_deref())?,
        };
        context.out.answer(&answer, || {
            format!(
                "{}Nothing has been done. `--apply` does it.\n",
                differences(&answer.people)
            )
        })
    }
}

impl Import {
    fn read(&self) -> Outcome<String> {
        let read = if self.file.as_os_str() == "-" {
            std::io::read_to_string(std::io::stdin())
        } else {
            std::fs::read_to_string(&self.file)
        };
        read.map_err(|error| match error.kind() {
            std::io::ErrorKind::InvalidData => {
                Failure::bad_input("csv.unreadable", "the table is not UTF-8 text")
            }
            _ => Failure::io("reading the table", &error),
        })
    }

    async fn apply(self, context: &Context, client: &Client, table: String) -> Outcome {
        // Made before the first invitation: an invitation that cannot be printed would be lost.
        let sheet = self
            .sheet
            .as_deref()
            .map(sheet::create_private)
            .transpose()?;
        let request = ImportPeople {
            table,
            system: self.system,
            valid: self.valid,
            in_person: self.in_person,
            orphans_leave: self.orphans_leave,
        };
        let progress = Progress::spinner(&context.out, "changing the roster");
        let imported = client.import_people(request).await;
        drop(progress);
        let import = match imported {
            Ok(import) => import,
            Err(error) => {
                context.out.note(
                    "people.partly",
                    "What was done before this error stands: invitations are in `sotto invite --list`, and the same command goes on",
                );
                return Err(error.into());
            }
        };
        let printed = match sheet {
            Some(file) => sheet::html(&import.invitations, &context.out.wall)
                .and_then(|page| sheet::fill(file, &page)),
            None => Ok(()),
        };
        let answer = Applied {
            applied: true,
            import,
            sheet: self.sheet.map(|path| path.display().to_string()),
        };
        context.out.answer(&answer, || applied_words(&answer))?;
        printed
    }
}

fn applied_words(answer: &Applied) -> String {
    let import = &answer.import;
    let mut text = format!("Done: {}.\n", count(import.done, "change", "changes"));
    for seq in &import.proposed {
        text.push_str(&format!(
            "Number {seq} waits for a second administrator: `sotto admin countersign {seq}`.\n"
        ));
    }
    match &answer.sheet {
        Some(sheet) => text.push_str(&format!(
            "{} on {sheet}. It holds the secrets of everybody on it: delete it once it is printed.\n",
            count(import.invitations.len(), "invitation is", "invitations are")
        )),
        None => {
            for one in &import.invitations {
                text.push_str(&format!("{}\n  link   {}\n", clean(&one.name), one.link));
                if !one.words.is_empty() {
                    text.push_str(&format!(
                        "  words  {}   (tell them over another channel)\n",
                        one.words
                    ));
                }
            }
        }
    }
    text.push_str(&differences(&import.after));
    text
}

/// One table of everything that differs, and a line of what does not.
fn differences(people: &PeopleView) -> String {
    let mut table = Table::new(&["", "LINE", "NUMBER", "NAME", "WHAT"]);
    let groups: [(&str, &[PersonDifference]); 6] = [
        ("joins", &people.joins),
        ("is back", &people.returns),
        ("changes", &people.changes),
        ("leaves", &people.leavers),
        ("not in the table", &people.orphans),
        ("has no number", &people.without_number),
    ];
    for (word, group) in groups {
        for one in group {
            let line = if one.line == 0 {
                "—".to_owned()
            } else {
                one.line.to_string()
            };
            table.row([word, &line, &one.number, &one.name, &one.what.join("; ")]);
        }
    }
    format!(
        "{}{} the same here and there.\n",
        table.render("Table and roster agree."),
        count(people.unchanged, "person is", "people are")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nobody() -> PeopleView {
        PeopleView {
            joins: Vec::new(),
            returns: Vec::new(),
            changes: Vec::new(),
            leavers: Vec::new(),
            orphans: Vec::new(),
            without_number: Vec::new(),
            unchanged: 3,
        }
    }

    #[test]
    fn agreement_is_a_sentence_and_every_difference_a_line() {
        assert_eq!(
            differences(&nobody()),
            "Table and roster agree.\n3 people are the same here and there.\n"
        );
        let mut people = nobody();
        people.orphans.push(PersonDifference {
            line: 0,
            person: None,
            number: "77".into(),
            name: "Zoë Lang".into(),
            what: Vec::new(),
        });
        assert!(differences(&people).contains("not in the table  —     77      Zoë Lang"));
    }

    #[test]
    fn what_waits_for_a_second_administrator_is_told_with_its_command() {
        let answer = Applied {
            applied: true,
            import: ImportView {
                before: nobody(),
                invitations: Vec::new(),
                done: 1,
                proposed: vec![12],
                after: nobody(),
            },
            sheet: None,
        };
        assert!(applied_words(&answer).contains("sotto admin countersign 12"));
        let json = serde_json::to_value(&answer).unwrap();
        assert_eq!(json["applied"], true);
        assert_eq!(json["proposed"][0], 12);
    }
}
