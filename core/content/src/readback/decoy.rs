//! Options to choose from: the right one among made-up ones.
//!
//! Wrong options are made from the right value and the words below, never from another card: another patient's result
//! must not appear on this one's form.

use crate::card::{Comparator, Quantity, Value};
use crate::decimal::Decimal;
use crate::hash::Choices;

/// Longest text of an option; a longer text is shown by the sentence that carries its finding.
const LONGEST: usize = 160;
/// Options beside the right one.
const DECOYS: usize = 3;

/// Words of which one stands for a finding and the others of its row are what it might be confused with.
const FINDINGS: [&[&str]; 9] = [
    &["not detected", "detected", "indeterminate", "invalid"],
    &["non-reactive", "nonreactive", "reactive", "equivocal"],
    &["negative", "positive", "equivocal", "borderline"],
    &["absent", "present", "not tested"],
    &[
        "no growth",
        "scanty growth",
        "moderate growth",
        "heavy growth",
    ],
    &[
        "gram-positive cocci",
        "gram-negative rods",
        "gram-positive rods",
        "gram-negative cocci",
        "yeast cells",
    ],
    &[
        "gram positive cocci",
        "gram negative rods",
        "gram positive rods",
        "gram negative cocci",
        "yeasts",
    ],
    &[
        "staphylococcus aureus",
        "staphylococcus epidermidis",
        "escherichia coli",
        "klebsiella pneumoniae",
        "pseudomonas aeruginosa",
        "enterococcus faecalis",
        "streptococcus pneumoniae",
        "candida albicans",
        "neisseria meningitidis",
        "salmonella",
        "listeria monocytogenes",
        "clostridioides difficile",
    ],
    &["resistant", "susceptible", "intermediate"],
];

/// For texts that no row of the above describes.
const OTHERWISE: [&str; 6] = [
    "No abnormality found",
    "Specimen unsuitable, repeat requested",
    "Result pending, further report to follow",
    "Findings unchanged since the last report",
    "Confirmation by the reference laboratory requested",
    "Mild changes without clinical significance",
];

/// What stands for a value on the form.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => excerpt(text),
        other => other.text(),
    }
}

/// The right option and the made-up ones, in an order that follows from the seed.
pub(super) fn options(value: &Value, choices: &mut Choices) -> Vec<String> {
    let right = shown(value);
    let mut options = vec![right.clone()];
    let candidates = match value {
        Value::Quantity(quantity) => numbers(quantity, choices),
        Value::Boolean(yes) => vec![Value::Boolean(!yes).text()],
        _ => words(&right, choices),
    };
    for candidate in candidates {
        let new = options
            .iter()
            .all(|option| option.to_lowercase() != candidate.to_lowercase());
        if new && options.len() <= DECOYS {
            options.push(candidate);
        }
    }
    choices.shuffle(&mut options);
    options
}

/// The part of a text that carries its finding: the first sentence or line with a word of the table, else the first.
fn excerpt(text: &str) -> String {
    let parts = text
        .split(['\n', ';'])
        .flat_map(|line| line.split_inclusive(". "));
    let parts: Vec<&str> = parts
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    if text.chars().count() <= LONGEST && parts.len() == 1 {
        return text.trim().to_owned();
    }
    let finding = |part: &&&str| find(part).is_some();
    let part = parts
        .iter()
        .find(finding)
        .or(parts.first())
        .copied()
        .unwrap_or_default();
    let cut: String = part.chars().take(LONGEST).collect();
    if cut.len() < part.len() {
        format!("{}…", cut.trim_end())
    } else {
        cut
    }
}

/// The first word of the table inside a text: its place, its length, its row. At one place the longest wins.
fn find(text: &str) -> Option<(usize, usize, usize)> {
    // Only ASCII is folded, so places in the folded text are places in the text.
    let folded = text.to_ascii_lowercase();
    let mut best: Option<(usize, usize, usize)> = None;
    for (row, terms) in FINDINGS.iter().enumerate() {
        for term in *terms {
            let mut from = 0;
            while let Some(at) = folded[from..].find(term).map(|at| at + from) {
                let end = at + term.len();
                let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
                let whole = !letter(folded[..at].chars().next_back())
                    && !letter(folded[end..].chars().next());
                let better = best.is_none_or(|(known, length, _)| {
                    (at, usize::MAX - term.len()) < (known, usize::MAX - length)
                });
                if whole && better {
                    best = Some((at, term.len(), row));
                }
                from = end;
            }
        }
    }
    best
}

fn words(right: &str, choices: &mut Choices) -> Vec<String> {
    let mut candidates = Vec::new();
    if let Some((at, length, row)) = find(right) {
        let capital = right[at..].starts_with(|c: char| c.is_ascii_uppercase());
        let mut terms: Vec<&str> = FINDINGS[row].to_vec();
        choices.shuffle(&mut terms);
        for term in terms {
            let mut word = term.to_owned();
            if capital {
                word[..1].make_ascii_uppercase();
            }
            candidates.push(format!("{}{word}{}", &right[..at], &right[at + length..]));
        }
    }
    for _ in 0..DECOYS * 2 {
        candidates.extend(other_digits(right, choices));
    }
    let mut rest = OTHERWISE.map(str::to_owned);
    choices.shuffle(&mut rest);
    // A wrong number is a better trap than a phrase, but a phrase is better than nothing.
    candidates.extend(rest);
    candidates
}

/// The same text with one digit changed.
fn other_digits(text: &str, choices: &mut Choices) -> Option<String> {
    let places: Vec<usize> = text
        .char_indices()
        .filter(|(_, c)| c.is_ascii_digit())
        .map(|(at, _)| at)
        .collect();
    let place = *places.get(choices.below(places.len()))?;
    let digit = text.as_bytes()[place] - b'0';
    let other = (digit + 1 + choices.below(8) as u8) % 10;
    let mut out = text.to_owned();
    out.replace_range(place..=place, &other.to_string());
    Some(out)
}

/// Numbers that are mistaken for the right one: digits swapped, the point moved, a digit changed, the comparator lost.
fn numbers(quantity: &Quantity, choices: &mut Choices) -> Vec<String> {
    let text = quantity.value.as_str();
    let mut texts = vec![moved_point(text)];
    let digits: Vec<usize> = text
        .char_indices()
        .filter(|(_, c)| c.is_ascii_digit())
        .map(|(at, _)| at)
        .collect();
    for pair in digits.windows(2) {
        let mut swapped = text.to_owned().into_bytes();
        swapped.swap(pair[0], pair[1]);
        texts.extend(String::from_utf8(swapped).ok());
    }
    for _ in 0..DECOYS * 2 {
        texts.extend(other_digits(text, choices));
    }
    choices.shuffle(&mut texts);
    let mut quantities: Vec<Quantity> = texts
        .iter()
        .filter_map(|text| Decimal::from_reported(text))
        .filter(|number| !number.same_number(&quantity.value))
        .map(|value| Quantity {
            value,
            ..quantity.clone()
        })
        .collect();
    if let Some(comparator) = quantity.comparator {
        let turned = match comparator {
            Comparator::Less | Comparator::LessOrEqual => Comparator::Greater,
            Comparator::Greater | Comparator::GreaterOrEqual => Comparator::Less,
        };
        quantities.insert(
            0,
            Quantity {
                comparator: Some(turned),
                ..quantity.clone()
            },
        );
        quantities.insert(
            1,
            Quantity {
                comparator: None,
                ..quantity.clone()
            },
        );
    }
    quantities
        .into_iter()
        .map(|quantity| quantity.to_string())
        .collect()
}

fn moved_point(text: &str) -> String {
    match text.split_once('.') {
        Some((whole, fraction)) => format!("{whole}{fraction}"),
        None => format!("{text}0"),
    }
}
