//! OBX-5 by the type in OBX-2.

use super::coding::concept;
use super::order::Context;
use super::segment::{Repetition, Segment};
use crate::card::{AbsentReason, Comparator, Concept, Quantity, Value, system_of_v2};
use crate::decimal::Decimal;
use crate::moment::{Moment, valid_clock};
use crate::refusal::{Cause, Note, NoteKind, Refusal};

/// The values of an OBX: one for each repetition, except that the repetitions of a text are its lines. Empty when
/// nothing was sent.
pub(super) fn values(
    obx: &Segment<'_>,
    context: &Context,
    notes: &mut Vec<Note>,
) -> Result<Vec<Value>, Refusal> {
    let repetitions = obx.repetitions(5);
    if repetitions.is_empty() {
        return Ok(Vec::new());
    }
    let kind = obx.text(2).ok_or_else(|| obx.refuse(2, Cause::Missing))?;
    let unit = Unit::of(obx);
    if unit.label.is_some() && matches!(kind.as_str(), "CE" | "CWE" | "CNE" | "CF") {
        notes.push(Note::new(obx.at(6), NoteKind::NotCarried));
    }
    let text = |repetition: &Repetition<'_>| repetition.whole().map(|text| unit.text(text));
    let mut as_text = |value: Option<Value>, repetition: &Repetition<'_>| {
        value.or_else(|| {
            notes.push(Note::new(obx.at(5), NoteKind::ShownAsText));
            text(repetition)
        })
    };
    let each: Vec<Option<Value>> = match kind.as_str() {
        "TX" | "FT" | "ST" | "IS" | "ID" | "SI" | "GTS" => {
            // Many senders put a number with its unit into a string, above all one with a comparator.
            let number = match repetitions[..] {
                [only] if kind == "ST" && unit.label.is_some() => numeric(&only, &unit),
                _ => None,
            };
            let lines: Vec<String> = repetitions.iter().filter_map(Repetition::whole).collect();
            vec![Some(number.unwrap_or_else(|| unit.text(lines.join("\n"))))]
        }
        "NM" => repetitions
            .iter()
            .map(|it| as_text(numeric(it, &unit), it))
            .collect(),
        "SN" => repetitions
            .iter()
            .map(|it| as_text(structured(it, &unit), it))
            .collect(),
        "NR" => repetitions
            .iter()
            .map(|it| as_text(range(it, &unit), it))
            .collect(),
        "CQ" => repetitions
            .iter()
            .map(|it| as_text(composite(it), it))
            .collect(),
        "CE" | "CWE" | "CNE" | "CF" => {
            let coded = |it: &Repetition<'_>| {
                concept(it)
                    .filter(|it| !it.label().is_empty())
                    .map(Value::Coded)
            };
            repetitions
                .iter()
                .map(|it| as_text(coded(it), it))
                .collect()
        }
        "DT" | "TS" | "DTM" => repetitions
            .iter()
            .map(|it| as_text(moment(it, context), it))
            .collect(),
        "TM" => repetitions.iter().map(|it| as_text(time(it), it)).collect(),
        "DR" => repetitions
            .iter()
            .map(|it| as_text(period(it, context), it))
            .collect(),
        "ED" | "RP" => {
            notes.push(Note::new(obx.at(5), NoteKind::NotCarried));
            vec![Some(Value::Absent(AbsentReason::Unsupported))]
        }
        // Names, addresses, numbers of people and money: shown as sent.
        "CX" | "EI" | "XCN" | "XPN" | "XAD" | "XTN" | "XON" | "PN" | "CN" | "AD" | "TN" | "HD"
        | "PL" | "MO" | "CP" | "CM" | "CK" | "CD" | "MA" | "NA" | "TQ" | "VH" | "JCC" | "FN"
        | "SAD" | "PPN" | "RI" | "AUI" | "DLN" => repetitions.iter().map(text).collect(),
        _ => return Err(obx.refuse(2, Cause::UnknownCode("0125"))),
    };
    Ok(each.into_iter().flatten().collect())
}

/// OBX-6.
struct Unit {
    label: Option<String>,
    system: Option<String>,
    code: Option<String>,
}

impl Unit {
    fn of(obx: &Segment<'_>) -> Self {
        let Some(field) = obx.first(6) else {
            return Self {
                label: None,
                system: None,
                code: None,
            };
        };
        let system = field.component(3).and_then(|name| system_of_v2(&name));
        let code = field.component(1);
        let label = field.component(9).or(field.component(2)).or(code.clone());
        // A code without a system is only a word.
        let code = code.filter(|_| system.is_some());
        Self {
            label,
            system,
            code,
        }
    }

    /// A text keeps the unit that was sent beside it.
    fn text(&self, text: String) -> Value {
        Value::Text(match &self.label {
            Some(unit) => format!("{text} {unit}"),
            None => text,
        })
    }

    fn quantity(&self, comparator: Option<Comparator>, value: Decimal) -> Quantity {
        Quantity {
            comparator,
            value,
            unit: self.label.clone(),
            system: self.system.clone(),
            code: self.code.clone(),
        }
    }
}

/// A number; in the wild with a comparator before it.
fn numeric(it: &Repetition<'_>, unit: &Unit) -> Option<Value> {
    let text = it.whole()?;
    let number_at = text.find(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'))?;
    let (sign, number) = text.split_at(number_at);
    let comparator = match sign.trim() {
        "" => None,
        sign => Some(Comparator::parse(sign)?),
    };
    Some(Value::Quantity(
        unit.quantity(comparator, Decimal::from_reported(number)?),
    ))
}

/// SN: comparator, first number, separator or suffix, second number.
fn structured(it: &Repetition<'_>, unit: &Unit) -> Option<Value> {
    let sign = it.component(1);
    let number = |component| {
        it.component(component)
            .map(|text| Decimal::from_reported(&text))
    };
    let first = match number(2) {
        Some(number) => Some(number?),
        None => None,
    };
    let second = match number(4) {
        Some(number) => Some(number?),
        None => None,
    };
    let separator = it.component(3);
    match (sign.as_deref(), first, separator.as_deref(), second) {
        (None | Some("="), Some(first), None, None) => {
            Some(Value::Quantity(unit.quantity(None, first)))
        }
        (Some(sign), Some(first), None, None) => Some(Value::Quantity(
            unit.quantity(Some(Comparator::parse(sign)?), first),
        )),
        (None | Some("="), Some(first), Some("-"), Some(second)) => Some(Value::Range {
            low: Some(unit.quantity(None, first)),
            high: Some(unit.quantity(None, second)),
        }),
        (sign, Some(first), Some(":" | "/"), Some(second)) => {
            let comparator = match sign {
                None | Some("=") => None,
                Some(sign) => Some(Comparator::parse(sign)?),
            };
            Some(Value::Ratio {
                numerator: unit.quantity(comparator, first),
                denominator: Quantity::of(second),
            })
        }
        // A suffix (`2^+`) or anything else: the parts one after the other are what the laboratory means.
        (sign, Some(first), Some(separator), None) => Some(Value::Text(format!(
            "{}{first}{separator}",
            sign.unwrap_or_default()
        ))),
        _ => None,
    }
}

fn range(it: &Repetition<'_>, unit: &Unit) -> Option<Value> {
    let end = |component| {
        it.component(component)
            .map(|text| Decimal::from_reported(&text))
    };
    let (low, high) = (end(1), end(2));
    if low == Some(None) || high == Some(None) {
        return None;
    }
    let quantity =
        |end: Option<Option<Decimal>>| end.flatten().map(|value| unit.quantity(None, value));
    Some(Value::Range {
        low: quantity(low),
        high: quantity(high),
    })
}

/// CQ: a number with its own unit.
fn composite(it: &Repetition<'_>) -> Option<Value> {
    let mut quantity = Quantity::of(Decimal::from_reported(&it.component(1)?)?);
    quantity.unit = it.subcomponent(2, 2).or(it.subcomponent(2, 1));
    Some(Value::Quantity(quantity))
}

fn moment(it: &Repetition<'_>, context: &Context) -> Option<Value> {
    Moment::from_hl7(&it.component(1)?, context.offset.as_deref()).map(Value::DateTime)
}

fn time(it: &Repetition<'_>) -> Option<Value> {
    let text = it.component(1)?;
    let (digits, fraction) = match text.split_once('.') {
        Some((digits, fraction)) => (digits, format!(".{fraction}")),
        None => (text.as_str(), String::new()),
    };
    let field = |at: usize| digits.get(at..at + 2);
    if !matches!(digits.len(), 2 | 4 | 6) || !digits.is_ascii() {
        return None;
    }
    let clock = format!(
        "{}:{}:{}{fraction}",
        field(0)?,
        field(2).unwrap_or("00"),
        field(4).unwrap_or("00")
    );
    valid_clock(&clock).then_some(Value::Time(clock))
}

fn period(it: &Repetition<'_>, context: &Context) -> Option<Value> {
    let end = |component| {
        it.component(component)
            .map(|text| Moment::from_hl7(&text, context.offset.as_deref()))
    };
    let (start, end) = (end(1), end(2));
    if start == Some(None) || end == Some(None) {
        return None;
    }
    Some(Value::Period {
        start: start.flatten(),
        end: end.flatten(),
    })
}

/// The concept of an observation that was sent without OBX-3: it is the text of the report, named by OBR-4.
pub(super) fn named_by_report(obx: &Segment<'_>, report: &Concept) -> Option<Concept> {
    let textual = obx
        .text(2)
        .is_none_or(|kind| matches!(kind.as_str(), "TX" | "FT" | "ST" | "ED" | "RP"));
    textual.then(|| report.clone())
}
