//! As many last digits of a number as make a row of a list unique, and no more.

use crate::card::{Identifier, Patient};
use std::collections::HashMap;

/// One row of a list.
pub struct Row<'a> {
    /// What the row shows already, such as unit, bed and token.
    pub shown: &'a str,
    /// Whose row it is.
    pub patient: &'a Patient,
}

/// For each row the last digits to show: at least `at_least` of them, more where rows that look the same would
/// otherwise stay the same, none where there is no number that may be shown. National numbers are never used.
#[must_use]
pub fn last_digits(rows: &[Row<'_>], at_least: usize) -> Vec<String> {
    let numbers: Vec<Vec<char>> = rows.iter().map(|row| number(row.patient)).collect();
    let mut lengths: Vec<usize> = numbers
        .iter()
        .map(|number| at_least.min(number.len()))
        .collect();
    loop {
        let mut same: HashMap<(&str, &[char]), Vec<usize>> = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            same.entry((row.shown, tail(&numbers[at], lengths[at])))
                .or_default()
                .push(at);
        }
        let mut grown = false;
        // Rows of one patient are the same and may stay so.
        for group in same
            .into_values()
            .filter(|group| group.iter().any(|at| numbers[*at] != numbers[group[0]]))
        {
            for at in group
                .into_iter()
                .filter(|at| lengths[*at] < numbers[*at].len())
                .collect::<Vec<_>>()
            {
                lengths[at] += 1;
                grown = true;
            }
        }
        if !grown {
            break;
        }
    }
    numbers
        .iter()
        .zip(lengths)
        .map(|(number, length)| tail(number, length).iter().collect())
        .collect()
}

fn tail(number: &[char], length: usize) -> &[char] {
    &number[number.len() - length..]
}

/// The record number, else the first number with an authority; letters and digits only.
fn number(patient: &Patient) -> Vec<char> {
    let usable = |number: &&Identifier| number.has_authority() && !number.is_national();
    let record = patient
        .identifiers
        .iter()
        .filter(usable)
        .find(|number| number.kind.as_deref() == Some("MR"));
    let number = record.or_else(|| patient.identifiers.iter().find(usable));
    number
        .map(|number| {
            number
                .value
                .chars()
                .filter(|c| c.is_alphanumeric())
                .collect()
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patient(kind: &str, value: &str) -> Patient {
        let number = Identifier {
            value: value.into(),
            kind: Some(kind.into()),
            system: None,
            authority: Some("HOSP".into()),
        };
        Patient {
            identifiers: vec![number],
            ..Patient::default()
        }
    }

    #[test]
    fn rows_grow_until_they_differ_and_no_further() {
        let patients = [
            patient("MR", "10042"),
            patient("MR", "20042"),
            patient("MR", "30099"),
            patient("MR", "10042"),
        ];
        let rows: Vec<Row<'_>> = patients
            .iter()
            .map(|patient| Row {
                shown: "5W 12",
                patient,
            })
            .collect();
        assert_eq!(last_digits(&rows, 2), ["10042", "20042", "99", "10042"]);
        let apart: Vec<Row<'_>> = ["a", "b", "c", "a"]
            .iter()
            .zip(&patients)
            .map(|(shown, patient)| Row { shown, patient })
            .collect();
        assert_eq!(last_digits(&apart, 2), ["42", "42", "99", "42"]);
    }

    #[test]
    fn no_digit_comes_from_a_national_number() {
        let mut mixed = patient("SS", "999592277");
        mixed
            .identifiers
            .push(patient("MR", "7").identifiers[0].clone());
        let only = patient("NI", "943476");
        let rows = [
            Row {
                shown: "x",
                patient: &mixed,
            },
            Row {
                shown: "x",
                patient: &only,
            },
        ];
        assert_eq!(last_digits(&rows, 4), ["7", ""]);
    }
}
