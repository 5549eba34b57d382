//! `admin roles`: the pack and the organisation's own, who holds them, and the table of who may do what.

use std::collections::BTreeSet;

use serde::Serialize;
use sotto_core::{DefineRole, HolderView, RoleView};

use super::said;
use crate::context::Context;
use crate::failure::Outcome;
use crate::output::moment::Wall;
use crate::output::table::Table;
use crate::output::text::clean;

/// As core writes a permission that holds only with a relation to the patient.
const WITH_RELATION: &str = " with relation";

#[derive(Debug, clap::Args)]
pub(crate) struct Roles {
    #[command(subcommand)]
    act: Option<Act>,
}

#[derive(Debug, clap::Subcommand)]
enum Act {
    /// Every role and who holds it
    List,
    /// Define a role of the organisation's own, or replace what it permits
    Define {
        /// Its name
        name: String,
        /// A permission by name, as `roles matrix` shows it; may be given more than once, or separated by commas
        #[arg(
            long = "permit",
            value_name = "PERMISSION",
            required = true,
            value_delimiter = ','
        )]
        permits: Vec<String>,
    },
    /// End a role of the organisation's own, for everybody who holds it
    Retire {
        /// Its name
        name: String,
    },
    /// Every role and every permission
    Matrix,
}

#[derive(Serialize)]
struct List {
    roles: Vec<RoleView>,
}

#[derive(Serialize)]
struct Matrix<'a> {
    permissions: Vec<&'a str>,
    roles: Vec<Column<'a>>,
}

#[derive(Serialize)]
struct Column<'a> {
    name: &'a str,
    /// `yes`, `relation` or `no`, in the order of `permissions`.
    permits: Vec<&'static str>,
}

impl Roles {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let act = self.act.unwrap_or(Act::List);
        let client = context.open_for(!matches!(act, Act::List | Act::Matrix))?;
        match act {
            Act::List => {
                let list = List {
                    roles: client.roles()?,
                };
                context
                    .out
                    .answer(&list, || table(&list.roles, &context.out.wall))
            }
            Act::Define { name, permits } => {
                let done = format!("The role {} is defined", clean(&name));
                let request = DefineRole {
                    name,
                    permissions: permits,
                };
                said::outcome(context, client.define_role(request).await?, &done)
            }
            Act::Retire { name } => {
                let done = format!("The role {} has ended for everybody", clean(&name));
                said::outcome(context, client.retire_role(&name).await?, &done)
            }
            Act::Matrix => {
                let roles = client.roles()?;
                let matrix = matrix(&roles);
                context.out.answer(&matrix, || drawn(&matrix))
            }
        }
    }
}

fn table(roles: &[RoleView], wall: &Wall) -> String {
    let mut table = Table::new(&["ROLE", "KIND", "HELD BY"]);
    for role in roles {
        let kind = match (role.of_the_pack, role.privileged) {
            (true, true) => "privileged",
            (true, false) => "",
            (false, true) => "own, privileged",
            (false, false) => "own",
        };
        let holders: Vec<String> = role.holders.iter().map(|held| holder(held, wall)).collect();
        table.row([&role.name, kind, &holders.join("; ")]);
    }
    table.render("There are no roles.")
}

fn holder(held: &HolderView, wall: &Wall) -> String {
    let mut text = clean(&held.name);
    if !held.unit.is_empty() {
        text.push_str(&format!(" in {}", clean(&held.unit)));
    }
    if let Some(from) = &held.from {
        text.push_str(&format!(" from {}", wall.at(from)));
    }
    if let Some(until) = &held.until {
        text.push_str(&format!(" until {}", wall.at(until)));
    }
    text
}

fn matrix(roles: &[RoleView]) -> Matrix<'_> {
    let bare = |text: &'_ str| -> usize { text.strip_suffix(WITH_RELATION).unwrap_or(text).len() };
    let names: BTreeSet<&str> = roles
        .iter()
        .flat_map(|role| &role.permissions)
        .filter_map(|text| text.get(..bare(text)))
        .collect();
    let permissions: Vec<&str> = names.into_iter().collect();
    let column = |role: &RoleView| {
        let permits = |name: &&str| {
            if role.permissions.contains(*name) {
                "yes"
            } else if role.permissions.contains(&format!("{name}{WITH_RELATION}")) {
                "relation"
            } else {
                "no"
            }
        };
        permissions.iter().map(permits).collect()
    };
    Matrix {
        roles: roles
            .iter()
            .map(|role| Column {
                name: &role.name,
                permits: column(role),
            })
            .collect(),
        permissions,
    }
}

/// Roles as lettered columns, because fifteen names side by side fit no terminal.
fn drawn(matrix: &Matrix<'_>) -> String {
    let letters: Vec<String> = ('A'..='Z')
        .map(String::from)
        .chain((1..).map(|n: u32| n.to_string()))
        .take(matrix.roles.len())
        .collect();
    let mut head = vec!["MAY"];
    head.extend(letters.iter().map(String::as_str));
    let mut table = Table::new(&head);
    for (index, name) in matrix.permissions.iter().enumerate() {
        let mut row = vec![(*name).to_owned()];
        row.extend(matrix.roles.iter().map(|role| {
            let mark = match role.permits.get(index) {
                Some(&"yes") => "x",
                Some(&"relation") => "r",
                _ => "·",
            };
            mark.to_owned()
        }));
        table.row_of(&row);
    }
    let mut text = table.render("No role permits anything.");
    text.push_str("\nx permitted, r only with a relation to the patient, · not\n");
    for (letter, role) in letters.iter().zip(&matrix.roles) {
        text.push_str(&format!("{letter}  {}\n", clean(role.name)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str, permissions: &[&str]) -> RoleView {
        RoleView {
            id: "0a".repeat(16),
            name: name.into(),
            of_the_pack: true,
            privileged: false,
            permissions: permissions.iter().map(|one| (*one).to_owned()).collect(),
            holders: vec![HolderView {
                id: "0b".repeat(16),
                name: "Chen".into(),
                unit: "5W".into(),
                from: None,
                until: Some("2031-05-06T18:00:00Z".into()),
            }],
        }
    }

    #[test]
    fn the_matrix_tells_yes_from_only_with_a_relation_and_from_no() {
        let roles = [
            role("nurse", &["unmask with relation", "view result"]),
            role("privacy officer", &["unmask"]),
        ];
        let matrix = matrix(&roles);
        assert_eq!(matrix.permissions, ["unmask", "view result"]);
        assert_eq!(matrix.roles[0].permits, ["relation", "yes"]);
        assert_eq!(matrix.roles[1].permits, ["yes", "no"]);
        let drawn = drawn(&matrix);
        assert!(drawn.contains("unmask       r  x\n"), "{drawn}");
        assert!(drawn.contains("B  privacy officer\n"), "{drawn}");
    }

    #[test]
    fn a_holder_is_shown_with_unit_and_end() {
        let text = table(
            &[role("nurse", &[])],
            &Wall::fixed(jiff::civil::date(2031, 5, 6)),
        );
        assert!(text.contains("Chen in 5W until 18:00:00"), "{text}");
    }
}
