//! Typed numbers.

use crate::card::{Comparator, Quantity, Value};
use crate::decimal::Decimal;

/// Whether what was typed is the value; `None` when it cannot be read as a number, range or ratio.
pub(super) fn matches(value: &Value, typed: &str) -> Option<bool> {
    match value {
        Value::Quantity(quantity) => Some(same(quantity, &read(typed)?)),
        Value::Ratio {
            numerator,
            denominator,
        } => {
            let (above, below) = typed.split_once([':', '/'])?;
            Some(same(numerator, &read(above)?) && same(denominator, &read(below)?))
        }
        Value::Range {
            low: Some(low),
            high: Some(high),
        } => {
            let (from, to) = split_range(typed)?;
            Some(same(low, &read(from)?) && same(high, &read(to)?))
        }
        Value::Range {
            low: Some(end),
            high: None,
        }
        | Value::Range {
            low: None,
            high: Some(end),
        } => Some(same(end, &read(typed)?)),
        _ => None,
    }
}

/// Comparators must be the same and are never left out: 1000 is not >1000.
fn same(reported: &Quantity, typed: &(Option<Comparator>, Decimal)) -> bool {
    reported.comparator == typed.0 && reported.value.same_number(&typed.1)
}

/// A dash between two numbers; a dash at the front is a sign.
fn split_range(typed: &str) -> Option<(&str, &str)> {
    let typed = typed.trim();
    let (at, dash) = typed
        .char_indices()
        .skip(1)
        .find(|(_, c)| matches!(c, '-' | '–' | '—'))?;
    Some((&typed[..at], &typed[at + dash.len_utf8()..]))
}

/// A comparator, perhaps a sign, digits with at most one comma or point.
fn read(typed: &str) -> Option<(Option<Comparator>, Decimal)> {
    let typed = typed.trim();
    let number_at = typed.find(|c: char| !matches!(c, '<' | '>' | '=' | '≤' | '≥'))?;
    let comparator = match typed[..number_at].trim() {
        "" => None,
        sign => Some(Comparator::parse(sign)?),
    };
    let number = typed[number_at..].trim().replace(['−', '–'], "-");
    if number.matches([',', '.']).count() > 1 {
        return None;
    }
    Some((
        comparator,
        Decimal::from_reported(&number.replace(',', "."))?,
    ))
}
