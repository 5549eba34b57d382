//! OBR with its ORC: the report itself.

use super::coding::{clinicians, concept, entity_id};
use super::segment::Segment;
use super::status;
use crate::card::{Concept, ReportStatus, ResultCard, ResultIdentity};
use crate::moment::Moment;
use crate::refusal::{Cause, Note, NoteKind, Refusal};

/// What the message says about every report in it.
pub(super) struct Context {
    pub(super) issuer: Option<String>,
    pub(super) test: bool,
    /// The offset of MSH-7, the default for all times of the message.
    pub(super) offset: Option<String>,
}

impl Context {
    pub(super) fn moment(
        &self,
        segment: &Segment<'_>,
        field: usize,
        notes: &mut Vec<Note>,
    ) -> Option<Moment> {
        let text = segment.text(field)?;
        let moment = Moment::from_hl7(&text, self.offset.as_deref());
        if moment.is_none() {
            notes.push(Note::new(segment.at(field), NoteKind::NotATime));
        }
        moment
    }
}

/// The order numbers and the orderer of an ORC, which stand in where the OBR has none.
#[derive(Default)]
pub(super) struct CommonOrder {
    pub(super) placer: Option<crate::card::Identifier>,
    pub(super) filler: Option<crate::card::Identifier>,
    pub(super) orderers: Vec<crate::card::Clinician>,
}

impl CommonOrder {
    pub(super) fn read(orc: &Segment<'_>) -> Self {
        Self {
            placer: orc.first(2).and_then(|number| entity_id(&number)),
            filler: orc.first(3).and_then(|number| entity_id(&number)),
            orderers: clinicians(&orc.repetitions(12)),
        }
    }
}

/// The code of OBR-4; a service without one cannot be named.
pub(super) fn service(obr: &Segment<'_>) -> Result<Concept, Refusal> {
    obr.first(4)
        .and_then(|code| concept(&code))
        .ok_or_else(|| obr.refuse(4, Cause::Missing))
}

/// A card of an OBR, still without patient and observations.
pub(super) fn card(
    obr: &Segment<'_>,
    common: CommonOrder,
    context: &Context,
    notes: &mut Vec<Note>,
) -> Result<ResultCard, Refusal> {
    let code = service(obr)?;
    let status = match obr.text(25) {
        Some(code) => {
            status::report(&code).ok_or_else(|| obr.refuse(25, Cause::UnknownCode("0123")))?
        }
        None => {
            notes.push(Note::new(obr.at(25), NoteKind::NoStatus));
            ReportStatus::Unknown
        }
    };
    let orderers = clinicians(&obr.repetitions(16));
    // OBR-32 (NDL) holds the name and number of the interpreter as subcomponents of its first component.
    let interpreters = obr.first(32).and_then(|who| {
        let name = crate::card::HumanName {
            family: who.subcomponent(1, 2),
            given: who.subcomponent(1, 3).into_iter().collect(),
            ..crate::card::HumanName::default()
        };
        let number = who.subcomponent(1, 1).map(|value| crate::card::Identifier {
            value,
            ..Default::default()
        });
        let who = crate::card::Clinician {
            identifiers: number.into_iter().collect(),
            name: (!name.is_empty()).then_some(name),
        };
        (!who.is_empty()).then_some(who)
    });
    Ok(ResultCard {
        version: 1,
        test: context.test,
        identity: ResultIdentity {
            issuer: context.issuer.clone(),
            placer: obr
                .first(2)
                .and_then(|number| entity_id(&number))
                .or(common.placer),
            filler: obr
                .first(3)
                .and_then(|number| entity_id(&number))
                .or(common.filler),
            sub_id: None,
        },
        patient: crate::card::Patient::default(),
        code,
        status,
        effective: context.moment(obr, 7, notes),
        effective_end: context.moment(obr, 8, notes),
        issued: context.moment(obr, 22, notes),
        orderers: if orderers.is_empty() {
            common.orderers
        } else {
            orderers
        },
        attending: Vec::new(),
        interpreters: interpreters.into_iter().collect(),
        unit: None,
        observations: Vec::new(),
        conclusion: None,
        conclusion_codes: Vec::new(),
        notes: Vec::new(),
    })
}
