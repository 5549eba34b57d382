//! A result card as the ward's process shows it, and what a person does with it: reads values off, or misreads one.

use serde_json::Value;

/// One value to be read back.
pub(crate) struct Asked {
    pub(crate) number: String,
    pub(crate) right: String,
    pub(crate) wrong: String,
}

/// The values a card asks for, as its own process shows them.
pub(crate) fn asked(card: &Value) -> Vec<Asked> {
    let observations = list(card, "observations").filter(|one| one["critical"] == true);
    observations
        .map(|one| {
            let value = text(one, "value");
            let options: Vec<&str> = list(one, "options").filter_map(Value::as_str).collect();
            let (right, wrong) = if options.is_empty() {
                (value.to_owned(), misread(value))
            } else {
                chosen(value, &options)
            };
            Asked {
                number: one["number"].to_string(),
                right,
                wrong,
            }
        })
        .collect()
}

/// Of the options: the one that stands in the value, and one that does not.
fn chosen(value: &str, options: &[&str]) -> (String, String) {
    let stands = |option: &&&str| value.contains(option.trim_end_matches('…'));
    let right = options.iter().find(stands).copied().unwrap_or_default();
    let wrong = options
        .iter()
        .find(|option| **option != right)
        .copied()
        .unwrap_or_default();
    (right.to_owned(), wrong.to_owned())
}

/// The digits in reverse, as a tired person reads them; where that is the same, the last digit is another one.
fn misread(value: &str) -> String {
    let turned: Vec<char> = value.chars().rev().filter(char::is_ascii_digit).collect();
    let put = |digits: &[char]| {
        let mut digits = digits.iter();
        let put = |c: char| {
            if c.is_ascii_digit() {
                digits.next().copied().unwrap_or(c)
            } else {
                c
            }
        };
        value.chars().map(put).collect::<String>()
    };
    let read = put(&turned);
    if read != value {
        return read;
    }
    let mut digits: Vec<char> = value.chars().filter(char::is_ascii_digit).collect();
    if let Some(last) = digits.last_mut() {
        *last = if *last == '9' {
            '0'
        } else {
            char::from(*last as u8 + 1)
        };
    }
    put(&digits)
}

/// One identifier of the patient, as it is shown: a number, else the birth date.
pub(crate) fn identifier(card: &Value) -> Option<&str> {
    let number = list(card, "identifiers").find(|one| {
        one[0]
            .as_str()
            .is_some_and(|authority| !authority.is_empty())
    });
    number
        .and_then(|one| one[1].as_str())
        .or_else(|| card["birth_date"].as_str())
}

/// The observation that matters most: the first critical one, else the first.
pub(crate) fn main_observation(card: &Value) -> Option<&Value> {
    list(card, "observations")
        .find(|one| one["critical"] == true)
        .or_else(|| list(card, "observations").next())
}

/// Its value with its unit.
pub(crate) fn value_and_unit(observation: &Value) -> String {
    format!(
        "{} {}",
        text(observation, "value"),
        text(observation, "unit")
    )
    .trim()
    .to_owned()
}

/// The same where a long text would be too much.
pub(crate) fn in_short(observation: &Value) -> String {
    let whole = value_and_unit(observation);
    let begin: String = whole.chars().take(40).collect();
    if begin.len() < whole.len() {
        format!("{}…", begin.trim_end())
    } else {
        whole
    }
}

/// A name as it would be said aloud: without what stands in brackets, and without the specimen.
pub(crate) fn spoken(name: &str) -> String {
    let plain = name.split(['[', '(']).next().unwrap_or(name).trim();
    let plain = plain.split(" in ").next().unwrap_or(plain).trim();
    if plain.is_empty() {
        name.to_owned()
    } else {
        plain.to_owned()
    }
}

/// A list inside a document; empty where there is none.
pub(crate) fn list<'a>(document: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    document[field].as_array().into_iter().flatten()
}

/// A list of words as one.
pub(crate) fn words(document: &Value, field: &str) -> String {
    list(document, field)
        .filter_map(Value::as_str)
        .collect::<Vec<_>>()
        .join(" ")
}

/// A text inside a document; empty where there is none.
pub(crate) fn text<'a>(document: &'a Value, field: &str) -> &'a str {
    document[field].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_misread_as_another_number_of_the_same_look() {
        assert_eq!(misread("6.8"), "8.6");
        assert_eq!(misread(">1000"), ">0001");
        assert_eq!(misread("7.7"), "7.8");
        assert_eq!(misread("99"), "90");
    }

    #[test]
    fn what_is_read_back_comes_from_the_card() {
        let card = json!({ "observations": [
            { "number": 1, "value": "139", "critical": false },
            { "number": 2, "value": "6.8", "unit": "mmol/L", "critical": true, "options": [] },
            { "number": 3, "value": "Gram-positive cocci seen. More follows.", "critical": true,
              "options": ["Yeast cells seen.", "Gram-positive cocci seen."] },
        ], "identifiers": [["MERIDIAN", "84531907"]] });
        let asked = asked(&card);
        let read: Vec<_> = asked
            .iter()
            .map(|one| [&one.number, &one.right, &one.wrong].map(String::as_str))
            .collect();
        assert_eq!(read[0], ["2", "6.8", "8.6"]);
        assert_eq!(
            read[1],
            ["3", "Gram-positive cocci seen.", "Yeast cells seen."]
        );
        assert_eq!(identifier(&card), Some("84531907"));
        assert_eq!(
            main_observation(&card).map(value_and_unit).as_deref(),
            Some("6.8 mmol/L")
        );
    }

    #[test]
    fn the_name_of_a_test_is_said_short() {
        assert_eq!(
            spoken("Potassium [Moles/volume] in Serum or Plasma"),
            "Potassium"
        );
        assert_eq!(spoken("pH of Arterial blood"), "pH of Arterial blood");
    }
}
