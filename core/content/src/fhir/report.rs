//! A card from a DiagnosticReport, or from an Observation on its own.

use super::Reading;
use super::datatype::{concept_at, concepts, identifier, identifiers, moment};
use super::index::Resource;
use super::node::Node;
use super::observation::{Collector, effective, status as observation_status};
use super::people::{called, clinician, clinicians, encounter, patient};
use crate::card::{
    Clinician, Identifier, NOTE_EXTENSION, ReportStatus, ResultCard, ResultIdentity, SUB_ID,
    TEST_CODE, TEST_SYSTEM,
};
use crate::refusal::{Cause, Note, NoteKind, Refusal};

/// A card from a DiagnosticReport.
pub(super) fn card<'a>(
    reading: &mut Reading<'a>,
    report: &Resource<'a>,
) -> Result<ResultCard, Refusal> {
    let node = &report.node;
    let code = node
        .text("status")?
        .ok_or_else(|| node.refuse_at("status", Cause::Missing))?;
    let status = ReportStatus::parse(code)
        .ok_or_else(|| node.refuse_at("status", Cause::UnknownCode("diagnostic-report-status")))?;
    let mut card = shared(reading, report, status)?;
    card.interpreters = clinicians(reading, report, "resultsInterpreter")?;
    card.conclusion = node.owned_text("conclusion")?;
    card.conclusion_codes = concepts(node, "conclusionCode")?;
    for left_out in ["presentedForm", "media", "imagingStudy"] {
        if let Some(left_out) = node.get(left_out) {
            reading.note(&left_out, NoteKind::NotCarried);
        }
    }
    let mut collector = Collector::new(reading, report)?;
    collector.references(report, "result", None, 0)?;
    card.observations = collector.found;
    finish(reading, node, card)
}

/// A card from one Observation with its components and members.
pub(super) fn card_of_observation<'a>(
    reading: &mut Reading<'a>,
    observation: &Resource<'a>,
) -> Result<ResultCard, Refusal> {
    let status = observation_status(&observation.node)?;
    let status = ReportStatus::parse(status.as_str()).unwrap_or(ReportStatus::Unknown);
    let mut card = shared(reading, observation, status)?;
    let mut collector = Collector::new(reading, observation)?;
    collector.add(observation, None, 0)?;
    card.observations = collector.found;
    // The time of the only observation is the time of the card.
    if let Some(first) = card.observations.first_mut() {
        first.effective = None;
    }
    finish(reading, &observation.node, card)
}

fn finish(
    reading: &mut Reading<'_>,
    node: &Node<'_>,
    mut card: ResultCard,
) -> Result<ResultCard, Refusal> {
    let start = card.effective.clone();
    for observation in &mut card.observations {
        if observation.effective == start {
            observation.effective = None;
        }
    }
    for _ in card.withdraw() {
        reading
            .notes
            .push(Note::new(node.path(), NoteKind::Withdrawn));
    }
    Ok(card)
}

/// What DiagnosticReport and Observation have in common.
fn shared<'a>(
    reading: &mut Reading<'a>,
    report: &Resource<'a>,
    status: ReportStatus,
) -> Result<ResultCard, Refusal> {
    let node = &report.node;
    let code = concept_at(node, "code")?.ok_or_else(|| node.refuse_at("code", Cause::Missing))?;
    let patient = patient(reading, report)?;
    let (identity, orderers) = identity(reading, report)?;
    let (attending, unit) = encounter(reading, report)?;
    let (effective, effective_end) = effective(node)?;
    let mut notes = Vec::new();
    for extension in node.objects("extension")? {
        if extension
            .get("url")
            .is_some_and(|url| url.is_text(NOTE_EXTENSION))
        {
            let note = extension.object("valueAnnotation")?;
            notes.extend(note.map_or(Ok(None), |note| note.owned_text("text"))?);
        }
    }
    Ok(ResultCard {
        version: 1,
        test: is_test(node)?,
        identity,
        patient,
        code,
        status,
        effective,
        effective_end,
        issued: moment(node, "issued")?,
        orderers,
        attending,
        interpreters: Vec::new(),
        unit,
        observations: Vec::new(),
        conclusion: None,
        conclusion_codes: Vec::new(),
        notes,
    })
}

/// FHIR's own mark of test data, as security label or tag.
fn is_test(node: &Node<'_>) -> Result<bool, Refusal> {
    let Some(meta) = node.object("meta")? else {
        return Ok(false);
    };
    let labels = meta
        .objects("security")?
        .into_iter()
        .chain(meta.objects("tag")?);
    let is =
        |label: &Node<'_>, key: &str, text: &str| label.get(key).is_some_and(|it| it.is_text(text));
    let mut labels = labels;
    Ok(labels.any(|label| {
        is(&label, "code", TEST_CODE) && (!label.has("system") || is(&label, "system", TEST_SYSTEM))
    }))
}

/// Issuer and order numbers, and who ordered.
fn identity<'a>(
    reading: &Reading<'a>,
    report: &Resource<'a>,
) -> Result<(ResultIdentity, Vec<Clinician>), Refusal> {
    let node = &report.node;
    let mut identity = ResultIdentity::default();
    if let Some(performer) = node.objects("performer")?.first() {
        identity.issuer = called(reading, performer, report)?;
    }
    // An Observation's own sub-id is not an order number.
    let numbers = identifiers(node, "identifier")?;
    for number in numbers
        .into_iter()
        .filter(|number| number.system.as_deref() != Some(SUB_ID))
    {
        take(&mut identity, number, false);
    }
    let mut orderers = Vec::new();
    for order in node.objects("basedOn")? {
        if let Some(logical) = order.object("identifier")?
            && let Some(number) = identifier(&logical)?
        {
            take(&mut identity, number, true);
        }
        let Some(request) = reading.index.resolve(&order, report)? else {
            continue;
        };
        if !reading.own {
            for number in identifiers(&request.node, "identifier")? {
                take(&mut identity, number, true);
            }
        }
        if let Some(requester) = request.node.object("requester")? {
            orderers.extend(clinician(reading, &requester, &request)?);
        }
    }
    if reading.own {
        identity.sub_id = own_sub_id(node)?;
    } else if identity.order_number().is_none() {
        let id = node.owned_text("id")?;
        identity.filler = id.map(|value| Identifier {
            value,
            ..Identifier::default()
        });
    }
    Ok((identity, orderers))
}

/// Sorts a number by its type; one without a type is the filler's on a report and the placer's on an order.
fn take(identity: &mut ResultIdentity, mut number: Identifier, of_order: bool) {
    let slot = match number.kind.take().as_deref() {
        Some("PLAC") => &mut identity.placer,
        Some("FILL") => &mut identity.filler,
        _ if of_order => &mut identity.placer,
        _ => &mut identity.filler,
    };
    if slot.is_none() {
        *slot = Some(number);
    }
}

fn own_sub_id(node: &Node<'_>) -> Result<Option<String>, Refusal> {
    for extension in node.objects("extension")? {
        if extension.get("url").is_some_and(|url| url.is_text(SUB_ID)) {
            return extension.owned_text("valueString");
        }
    }
    Ok(None)
}
