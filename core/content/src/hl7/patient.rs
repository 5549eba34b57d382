//! PID and PV1.

use super::coding::{clinicians, extended_id, name};
use super::segment::Segment;
use crate::card::{Clinician, Identifier, Patient, Unit};
use crate::moment::Moment;
use crate::refusal::{Note, NoteKind};

/// The patient of a PID segment: PID-5, PID-7 and PID-3 (PID-2, and PID-4, where old senders have nothing there).
pub(super) fn patient(pid: &Segment<'_>, notes: &mut Vec<Note>) -> Patient {
    let names = pid.repetitions(5);
    let legal = names
        .iter()
        .find(|name| matches!(name.component(7).as_deref(), Some("L" | "D")));
    let field = [3, 2, 4]
        .into_iter()
        .find(|field| pid.first(*field).is_some());
    let numbers = field
        .map(|field| pid.repetitions(field))
        .unwrap_or_default();
    let born = pid.text(7);
    let birth_date = born
        .as_deref()
        .and_then(|text| Moment::from_hl7(text, None))
        .map(|moment| moment.date());
    if born.is_some() && birth_date.is_none() {
        notes.push(Note::new(pid.at(7), NoteKind::NotATime));
    }
    let mut identifiers: Vec<Identifier> = Vec::new();
    for number in numbers
        .iter()
        .filter_map(extended_id)
        .filter(Identifier::belongs_on_a_card)
    {
        if !identifiers.contains(&number) {
            identifiers.push(number);
        }
    }
    Patient {
        name: legal.or(names.first()).and_then(|first| name(first, 1)),
        birth_date,
        identifiers,
    }
}

/// Where the patient lies (PV1-3) and who attends (PV1-7).
pub(super) fn visit(pv1: &Segment<'_>) -> (Option<Unit>, Vec<Clinician>) {
    let unit = pv1.first(3).map(|place| Unit {
        unit: place.component(1),
        room: place.component(2),
        bed: place.component(3),
        facility: place.component(4),
    });
    (
        unit.filter(|unit| !unit.is_empty()),
        clinicians(&pv1.repetitions(7)),
    )
}
