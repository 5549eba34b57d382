//! Patient, clinicians and place.

use super::Reading;
use super::datatype::{concept_at, identifier, identifiers, moment, name};
use super::index::{Resource, tail};
use super::node::Node;
use crate::card::{Clinician, HumanName, Identifier, Patient, Unit};
use crate::moment::Moment;
use crate::refusal::{NoteKind, Refusal};

/// The patient a report is about; what is not in the file is taken from the reference itself.
pub(super) fn patient<'a>(
    reading: &mut Reading<'a>,
    report: &Resource<'a>,
) -> Result<Patient, Refusal> {
    let Some(subject) = report.node.object("subject")? else {
        reading.note(&report.node, NoteKind::NoPatient);
        return Ok(Patient::default());
    };
    if let Some(resource) = reading.index.resolve(&subject, report)? {
        if !resource.is("Patient") {
            reading.note(&subject, NoteKind::NoPatient);
            return Ok(Patient::default());
        }
        let node = &resource.node;
        return Ok(Patient {
            name: name(node)?,
            birth_date: moment(node, "birthDate")?.map(|moment: Moment| moment.date()),
            identifiers: identifiers(node, "identifier")?
                .into_iter()
                .filter(Identifier::belongs_on_a_card)
                .collect(),
        });
    }
    reading.note(&subject, NoteKind::NotIncluded);
    let logical = subject
        .object("identifier")?
        .map_or(Ok(None), |node| identifier(&node))?;
    Ok(Patient {
        name: words(&subject)?,
        birth_date: None,
        identifiers: logical
            .into_iter()
            .filter(Identifier::belongs_on_a_card)
            .collect(),
    })
}

/// A name that came as the display of a reference.
fn words(reference: &Node<'_>) -> Result<Option<HumanName>, Refusal> {
    let display = reference.owned_text("display")?;
    Ok(display.map(|text| HumanName {
        text: Some(text),
        ..HumanName::default()
    }))
}

/// The clinician (or organisation) that a reference means.
pub(super) fn clinician<'a>(
    reading: &Reading<'a>,
    reference: &Node<'a>,
    from: &Resource<'a>,
) -> Result<Option<Clinician>, Refusal> {
    let mut who = Clinician {
        identifiers: Vec::new(),
        name: words(reference)?,
    };
    if let Some(resource) = reading.index.resolve(reference, from)? {
        let node = &resource.node;
        if resource.is("PractitionerRole") {
            let inner = node.object("practitioner")?;
            // One step only: a role refers to a practitioner, never to another role.
            if let Some(inner) = inner.filter(|_| !from.is("PractitionerRole")) {
                return clinician(reading, &inner, &resource);
            }
        }
        who.identifiers = identifiers(node, "identifier")?;
        let full = match node.get("name") {
            Some(text) if resource.is("Organization") => text.as_text()?.map(|text| HumanName {
                text: Some(text.to_owned()),
                ..HumanName::default()
            }),
            _ => name(node)?,
        };
        who.name = full.or(who.name);
    } else if let Some(logical) = reference.object("identifier")? {
        who.identifiers.extend(identifier(&logical)?);
    }
    who.identifiers.retain(Identifier::belongs_on_a_card);
    Ok((!who.is_empty()).then_some(who))
}

pub(super) fn clinicians<'a>(
    reading: &Reading<'a>,
    from: &Resource<'a>,
    key: &str,
) -> Result<Vec<Clinician>, Refusal> {
    let mut found = Vec::new();
    for reference in from.node.objects(key)? {
        found.extend(clinician(reading, &reference, from)?);
    }
    Ok(found)
}

/// What a reference is called: the name of what it means, else its display, else itself.
pub(super) fn called<'a>(
    reading: &Reading<'a>,
    reference: &Node<'a>,
    from: &Resource<'a>,
) -> Result<Option<String>, Refusal> {
    let name = clinician(reading, reference, from)?
        .and_then(|who| who.name)
        .map(|name| name.label());
    Ok(match name {
        Some(name) => Some(name),
        None => reference
            .text("reference")?
            .map(|reference| tail(reference).to_owned()),
    })
}

/// Who attends the patient, and where the patient lies, by the encounter.
pub(super) fn encounter<'a>(
    reading: &Reading<'a>,
    report: &Resource<'a>,
) -> Result<(Vec<Clinician>, Option<Unit>), Refusal> {
    let Some(reference) = report.node.object("encounter")? else {
        return Ok((Vec::new(), None));
    };
    let Some(encounter) = reading
        .index
        .resolve(&reference, report)?
        .filter(|it| it.is("Encounter"))
    else {
        return Ok((Vec::new(), None));
    };
    let mut attending = Vec::new();
    for participant in encounter.node.objects("participant")? {
        let mut attends = false;
        for kind in participant.objects("type")? {
            let kind = super::datatype::concept(&kind)?.unwrap_or_default();
            attends |= kind.has_code("ATND") || kind.has_code("PPRF");
        }
        if let Some(reference) = participant.object("individual")?.filter(|_| attends) {
            attending.extend(clinician(reading, &reference, &encounter)?);
        }
    }
    let mut unit = Unit::default();
    for at in encounter.node.objects("location")? {
        place(reading, &at, &encounter, &mut unit)?;
    }
    Ok((attending, (!unit.is_empty()).then_some(unit)))
}

fn place<'a>(
    reading: &Reading<'a>,
    at: &Node<'a>,
    encounter: &Resource<'a>,
    unit: &mut Unit,
) -> Result<(), Refusal> {
    let Some(reference) = at.object("location")? else {
        return Ok(());
    };
    let mut called = reference.owned_text("display")?;
    let mut kind = concept_at(at, "physicalType")?;
    if let Some(location) = reading
        .index
        .resolve(&reference, encounter)?
        .filter(|it| it.is("Location"))
    {
        called = location.node.owned_text("name")?.or(called);
        kind = kind.or(concept_at(&location.node, "physicalType")?);
    }
    let kind = kind.unwrap_or_default();
    let slot = if kind.has_code("ro") {
        &mut unit.room
    } else if kind.has_code("bd") {
        &mut unit.bed
    } else if kind.has_code("si") || kind.has_code("bu") {
        &mut unit.facility
    } else {
        &mut unit.unit
    };
    if slot.is_none() {
        *slot = called;
    }
    Ok(())
}
