//! OBX with its NTE.

use super::coding::concept;
use super::order::Context;
use super::segment::Segment;
use super::status;
use super::value::{named_by_report, values};
use crate::card::{
    AbsentReason, Concept, MAX_OBSERVATIONS, Observation, ObservationStatus, ReferenceRange,
    ResultCard, Value,
};
use crate::refusal::{Cause, Note, NoteKind, Refusal};

/// What joins the lines of one text.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct TextLine {
    code: Concept,
    sub_id: Option<String>,
    status: ObservationStatus,
    interpretation: Vec<Concept>,
    effective: Option<crate::moment::Moment>,
}

/// Adds the observations of one OBX to a card. `previous` is the line of a text the card ends with, if it does: an OBX
/// of type TX or FT with the same code, sub-id, flags and status is its next line.
pub(super) fn add(
    obx: &Segment<'_>,
    card: &mut ResultCard,
    context: &Context,
    notes: &mut Vec<Note>,
    previous: Option<TextLine>,
) -> Result<Option<TextLine>, Refusal> {
    let code = match obx.first(3).and_then(|code| concept(&code)) {
        Some(code) => code,
        None => named_by_report(obx, &card.code).ok_or_else(|| obx.refuse(3, Cause::Missing))?,
    };
    let (status, absent) = match obx.text(11) {
        Some(code) => {
            status::observation(&code).ok_or_else(|| obx.refuse(11, Cause::UnknownCode("0085")))?
        }
        None => {
            notes.push(Note::new(obx.at(11), NoteKind::NoStatus));
            (ObservationStatus::Unknown, AbsentReason::Unknown)
        }
    };
    let mut found = values(obx, context, notes)?;
    let line = matches!(obx.text(2).as_deref(), Some("TX" | "FT")).then(|| TextLine {
        code: code.clone(),
        sub_id: obx.text(4),
        status,
        interpretation: obx
            .repetitions(8)
            .iter()
            .filter_map(concept)
            .map(in_system)
            .collect(),
        effective: context
            .moment(obx, 14, notes)
            .filter(|moment| card.effective.as_ref() != Some(moment)),
    });
    if line.is_some() && line == previous {
        if let Some(last) = card.observations.last_mut() {
            append(last, found.pop());
        }
        return Ok(line);
    }
    if found.is_empty() {
        found.push(Value::Absent(absent));
    }
    for value in found {
        if card.observations.len() >= MAX_OBSERVATIONS {
            return Err(obx.refuse(1, Cause::TooLarge(MAX_OBSERVATIONS)));
        }
        let mut observation = Observation::of(code.clone(), status, value);
        observation.sub_id = obx.text(4);
        observation.interpretation = obx
            .repetitions(8)
            .iter()
            .filter_map(concept)
            .map(in_system)
            .collect();
        let range = ReferenceRange {
            text: obx.whole(7),
            ..ReferenceRange::default()
        };
        observation
            .reference_ranges
            .extend((!range.is_empty()).then_some(range));
        observation.effective = context
            .moment(obx, 14, &mut Vec::new())
            .filter(|moment| card.effective.as_ref() != Some(moment));
        card.observations.push(observation);
    }
    Ok(line)
}

/// A flag without a system is one of table 0078.
fn in_system(mut flag: Concept) -> Concept {
    for coding in &mut flag.codings {
        if coding.system.is_none() {
            coding.system = crate::card::system_of_v2("HL70078");
        }
    }
    flag
}

/// A further line; an empty one is a blank line inside the text, and none before it.
fn append(observation: &mut Observation, line: Option<Value>) {
    match (&mut observation.value, line) {
        (Value::Text(text), Some(Value::Text(line))) => {
            text.push('\n');
            text.push_str(&line);
        }
        (Value::Text(text), None) => text.push('\n'),
        (value @ Value::Absent(_), Some(line)) => *value = line,
        _ => {}
    }
}

/// A note of an NTE: the lines of NTE-3.
pub(super) fn note(nte: &Segment<'_>) -> Option<String> {
    let lines: Vec<String> = nte
        .repetitions(3)
        .iter()
        .filter_map(super::segment::Repetition::whole)
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Takes away the blank lines that a text ended with.
pub(super) fn tidy(card: &mut ResultCard) {
    for observation in &mut card.observations {
        if let Value::Text(text) = &mut observation.value {
            let end = text.trim_end().len();
            text.truncate(end);
        }
    }
}
