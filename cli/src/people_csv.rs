//! Many invitations from one table: columns `name`, `unit`, `role`, and one column per external identifier whose
//! heading is its system (`NPI`, `staff number`). Everything is read and judged before the first invitation is made.

use std::io::Read;

use sotto_core::Invitee;

use crate::failure::{Failure, Outcome};
use crate::output::text::clean;
use crate::parse;

/// Reads the table. Errors name the line, never what stands in it.
pub(crate) fn read(source: impl Read) -> Outcome<Vec<Invitee>> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .flexible(false)
        .from_reader(source);
    let head = reader
        .headers()
        .map_err(|error| unreadable(&error))?
        .clone();
    let head: Vec<String> = head
        .iter()
        .map(|cell| cell.trim_start_matches('\u{feff}').to_owned())
        .collect();
    let column = |name: &str| head.iter().position(|cell| cell.eq_ignore_ascii_case(name));
    let (name, unit, role) = (column("name"), column("unit"), column("role"));
    let Some(name) = name else {
        return Err(Failure::bad_input(
            "csv.columns",
            "the table needs a first line with the columns name, unit, role",
        ));
    };
    let mut people = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |index: Option<usize>| {
            index
                .and_then(|index| record.get(index))
                .unwrap_or_default()
        };
        if record.iter().all(str::is_empty) {
            continue;
        }
        let shown = clean(cell(Some(name)));
        if shown.is_empty() {
            return Err(Failure::bad_input(
                "csv.name",
                format!("line {line} of the table has no name"),
            ));
        }
        let external_ids = head
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != name && Some(*index) != unit && Some(*index) != role)
            .map(|(index, system)| (system.clone(), cell(Some(index)).to_owned()))
            .filter(|(system, value)| !system.is_empty() && !value.is_empty())
            .collect();
        people.push(Invitee::Person {
            name: shown,
            unit: clean(cell(unit)),
            roles: parse::roles(cell(role)),
            external_ids,
        });
    }
    if people.is_empty() {
        return Err(Failure::bad_input("csv.empty", "the table names nobody"));
    }
    Ok(people)
}

/// What the reader says about a record repeats its content in no case, but is not worded for a human.
fn unreadable(error: &csv::Error) -> Failure {
    let line = error.position().map_or(0, csv::Position::line);
    let why = match error.kind() {
        csv::ErrorKind::UnequalLengths { .. } => {
            "has another number of columns than the first line"
        }
        csv::ErrorKind::Utf8 { .. } => "is not UTF-8 text",
        _ => "cannot be read",
    };
    Failure::bad_input("csv.unreadable", format!("line {line} of the table {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row = (String, String, Vec<String>, Vec<(String, String)>);

    fn rows(text: &str) -> Vec<Row> {
        let people = read(text.as_bytes()).unwrap().into_iter();
        people
            .map(|invitee| match invitee {
                Invitee::Person {
                    name,
                    unit,
                    roles,
                    external_ids,
                } => (name, unit, roles, external_ids),
                other => panic!("not a person: {other:?}"),
            })
            .collect()
    }

    #[test]
    fn each_line_is_a_person_and_other_columns_are_external_ids() {
        let rows = rows(
            "\u{feff}Name,unit,role,NPI,staff number\r\n\
             \"Chen, Wei\",5W,physician; admin,1234567893,\r\n\
             \r\n\
             Lang Zoë,LAB,laboratory,,77\r\n",
        );
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].0, "Chen, Wei");
        assert_eq!(rows[0].2, ["physician", "admin"]);
        assert_eq!(rows[0].3, [("NPI".to_owned(), "1234567893".to_owned())]);
        assert_eq!(rows[1].1, "LAB");
        assert_eq!(rows[1].3, [("staff number".to_owned(), "77".to_owned())]);
    }

    #[test]
    fn columns_may_stand_in_any_order_and_be_absent() {
        assert_eq!(
            rows("role,name\nnurse,Ada\n")[0],
            (
                "Ada".into(),
                String::new(),
                vec!["nurse".into()],
                Vec::new()
            )
        );
    }

    #[test]
    fn a_bad_table_is_refused_as_a_whole_by_its_line() {
        for (text, code, line) in [
            ("", "csv.columns", ""),
            ("unit,role\n5W,nurse\n", "csv.columns", ""),
            ("name,unit,role\n", "csv.empty", ""),
            (
                "name,unit,role\nAda,5W,nurse\n,5W,nurse\n",
                "csv.name",
                "Line 3",
            ),
            ("name,unit,role\nAda,5W\n", "csv.unreadable", "Line 2"),
        ] {
            let failure = read(text.as_bytes()).unwrap_err();
            assert_eq!(failure.code(), code, "{text:?}");
            assert!(failure.to_string().contains(line), "{failure}");
        }
        let latin1 = [b"name\nZo".as_slice(), &[0xeb], b"\n"].concat();
        assert_eq!(
            read(latin1.as_slice()).unwrap_err().code(),
            "csv.unreadable"
        );
    }

    #[test]
    fn an_error_does_not_repeat_the_table() {
        let failure = read("name,unit\nCanary Person\n".as_bytes()).unwrap_err();
        assert!(!failure.to_string().contains("Canary"));
    }
}
