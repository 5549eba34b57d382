//! One ORU^R01: from its segments to one card for each OBR.

use super::observation::{self, TextLine};
use super::order::{self, CommonOrder, Context};
use super::patient;
use super::segment::{Segment, Separators};
use super::{Header, Message};
use crate::card::{Clinician, Patient, ResultCard, Unit};
use crate::id::CardId;
use crate::moment::Moment;
use crate::refusal::{Cause, Import, Note, NoteKind, Refusal, TypeName};
use std::collections::HashMap;

/// Most segments of one message.
const MAX_SEGMENTS: usize = 20_000;

/// Reads one message; the first line is its MSH.
pub(super) fn read(lines: &[&str]) -> Message {
    let mut header = Header::default();
    let outcome = read_into(lines, &mut header);
    Message { header, outcome }
}

fn read_into(lines: &[&str], header: &mut Header) -> Result<Import, Refusal> {
    let msh_line = lines.first().copied().unwrap_or_default();
    let separators = Separators::of(msh_line)?;
    let msh = Segment::parse(msh_line, &separators, None)?;
    *header = Header {
        separators,
        sending_application: msh.raw(3).to_owned(),
        sending_facility: msh.raw(4).to_owned(),
        receiving_application: msh.raw(5).to_owned(),
        receiving_facility: msh.raw(6).to_owned(),
        message_type: message_type(&msh),
        control_id: msh.text(10).unwrap_or_default(),
        processing_id: msh.text(11).unwrap_or_default(),
        version: msh.text(12).unwrap_or_default(),
    };
    check_header(&msh, header)?;
    if lines.len() > MAX_SEGMENTS {
        return Err(Refusal::new("MSH", Cause::TooLarge(MAX_SEGMENTS)));
    }
    let facility = |field: usize| {
        msh.first(field)
            .and_then(|hd| hd.component(1).or(hd.component(2)))
    };
    let offset = msh.text(7).and_then(|text| Moment::from_hl7(&text, None));
    let context = Context {
        issuer: facility(4).or(facility(3)),
        test: header.is_test(),
        offset: offset.and_then(|moment| moment.offset().map(str::to_owned)),
    };
    let mut reading = Reading::new(context);
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    for line in &lines[1..] {
        let name = line.get(..3).unwrap_or_default();
        let number = numbers.entry(name).or_default();
        *number += 1;
        if Reading::READ.contains(&name) {
            reading.segment(name, &Segment::parse(line, &separators, Some(*number))?)?;
        } else if name == "SPM" {
            reading.text = None;
        } else {
            reading.last = Last::Other;
        }
    }
    reading.finish()
}

fn message_type(msh: &Segment<'_>) -> String {
    let field = msh.first(9);
    let part = |number| field.as_ref().and_then(|field| field.component(number));
    match (part(1), part(2)) {
        (Some(code), Some(trigger)) => format!("{code}^{trigger}"),
        (Some(code), None) => code,
        _ => String::new(),
    }
}

fn check_header(msh: &Segment<'_>, header: &Header) -> Result<(), Refusal> {
    if header.message_type.is_empty() {
        return Err(msh.refuse(9, Cause::Missing));
    }
    if !matches!(header.message_type.as_str(), "ORU^R01" | "ORU") {
        return Err(msh.refuse(9, Cause::NotAResult(TypeName::new(&header.message_type))));
    }
    // Every 2.x says what a result is in the same segments; a sender that leaves the version out means an old one.
    if header.version.is_empty() || header.version == "2" || header.version.starts_with("2.") {
        Ok(())
    } else {
        Err(msh.refuse(12, Cause::Version))
    }
}

/// What a note that follows is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Order,
    Observation,
    Other,
}

struct Reading {
    context: Context,
    notes: Vec<Note>,
    patient: Option<Patient>,
    unit: Option<Unit>,
    attending: Vec<Clinician>,
    common: CommonOrder,
    /// The cards, and whether the last one still takes observations.
    cards: Vec<ResultCard>,
    open: bool,
    last: Last,
    text: Option<TextLine>,
    /// How many reports of the same identity there were.
    seen: HashMap<CardId, usize>,
}

impl Reading {
    const READ: [&'static str; 6] = ["PID", "PV1", "ORC", "OBR", "OBX", "NTE"];

    fn new(context: Context) -> Self {
        Self {
            context,
            notes: Vec::new(),
            patient: None,
            unit: None,
            attending: Vec::new(),
            common: CommonOrder::default(),
            cards: Vec::new(),
            open: false,
            last: Last::Other,
            text: None,
            seen: HashMap::new(),
        }
    }

    fn segment(&mut self, name: &str, segment: &Segment<'_>) -> Result<(), Refusal> {
        if name != "OBX" {
            self.text = None;
        }
        match name {
            "PID" => {
                // A message may go on to another patient: nothing of the one before is kept.
                self.patient = Some(patient::patient(segment, &mut self.notes));
                (self.unit, self.attending, self.open) = (None, Vec::new(), false);
                self.common = CommonOrder::default();
                self.last = Last::Other;
            }
            "PV1" => {
                (self.unit, self.attending) = patient::visit(segment);
                self.last = Last::Other;
            }
            "ORC" => {
                self.common = CommonOrder::read(segment);
                self.open = false;
                self.last = Last::Other;
            }
            "OBR" => self.order(segment)?,
            "OBX" => self.observation(segment)?,
            _ => self.note(segment),
        }
        Ok(())
    }

    fn order(&mut self, obr: &Segment<'_>) -> Result<(), Refusal> {
        let common = std::mem::take(&mut self.common);
        let mut card = order::card(obr, common, &self.context, &mut self.notes)?;
        match &self.patient {
            Some(patient) => card.patient = patient.clone(),
            None => self.notes.push(Note::new("PID", NoteKind::NoPatient)),
        }
        card.unit = self.unit.clone();
        card.attending = self.attending.clone();
        // Reports of the same order and code in one message are told apart by their number.
        let number = self.seen.entry(card.id()).or_default();
        *number += 1;
        card.identity.sub_id = (*number > 1).then(|| number.to_string());
        self.cards.push(card);
        self.open = true;
        self.last = Last::Order;
        Ok(())
    }

    fn observation(&mut self, obx: &Segment<'_>) -> Result<(), Refusal> {
        let Some(card) = self.cards.last_mut().filter(|_| self.open) else {
            // Before the first OBR of a patient or an order: about the patient or a document, not a result.
            self.notes
                .push(Note::new(obx.at(1), NoteKind::NotPartOfTheReport));
            self.last = Last::Other;
            return Ok(());
        };
        self.text = observation::add(obx, card, &self.context, &mut self.notes, self.text.take())?;
        self.last = Last::Observation;
        Ok(())
    }

    fn note(&mut self, nte: &Segment<'_>) {
        let Some(text) = observation::note(nte) else {
            return;
        };
        match (self.last, self.cards.last_mut()) {
            (Last::Order, Some(card)) => card.notes.push(text),
            (Last::Observation, Some(card)) => {
                if let Some(observation) = card.observations.last_mut() {
                    observation.notes.push(text);
                }
            }
            _ => self
                .notes
                .push(Note::new(nte.at(3), NoteKind::NotPartOfTheReport)),
        }
    }

    fn finish(mut self) -> Result<Import, Refusal> {
        if self.cards.is_empty() {
            return Err(Refusal::new("OBR", Cause::Missing));
        }
        for card in &mut self.cards {
            observation::tidy(card);
            for blanked in card.withdraw() {
                self.notes.push(Note::new(
                    format!("observation {}", blanked + 1),
                    NoteKind::Withdrawn,
                ));
            }
        }
        Ok(Import {
            cards: self.cards,
            notes: self.notes,
        })
    }
}
