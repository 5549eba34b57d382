//! The card as FHIR R4 resources: a DiagnosticReport and what it contains, in one fixed order.

use super::{
    Clinician, Coding, Concept, HumanName, Identifier, Observation, Quantity, ReferenceRange,
    ResultCard, Value,
};
use crate::moment::Moment;
use serde::Serialize;
use serde_json::Number;

/// Marks a DiagnosticReport as a card of this project, format 1.
pub(crate) const CARD_PROFILE: &str = "urn:sotto:result-card:1";
pub(crate) const CRITICAL_BY_SENDER: &str = "urn:sotto:critical-by-sender";
/// A time without an offset, or without the precision that FHIR asks for, as it was reported.
pub(crate) const AS_REPORTED: &str = "urn:sotto:as-reported";
pub(crate) const SUB_ID: &str = "urn:sotto:sub-id";
pub(crate) const NOTE_EXTENSION: &str = "http://hl7.org/fhir/StructureDefinition/note";
pub(crate) const TEST_SYSTEM: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
pub(crate) const TEST_CODE: &str = "HTEST";
const ABSENT_SYSTEM: &str = "http://terminology.hl7.org/CodeSystem/data-absent-reason";
const KIND_SYSTEM: &str = "http://terminology.hl7.org/CodeSystem/v2-0203";
const LOCATION_SYSTEM: &str = "http://terminology.hl7.org/CodeSystem/location-physical-type";
const PARTICIPATION_SYSTEM: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
const CLASS_SYSTEM: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";

macro_rules! resources {
    ($($(#[$doc:meta])* $name:ident { $($(#[$attribute:meta])* $field:ident: $kind:ty),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Serialize, Default)]
        #[serde(rename_all = "camelCase")]
        pub(super) struct $name<'a> {
            $(#[serde(skip_serializing_if = "Empty::is_empty")] $(#[$attribute])* $field: $kind),+
        }

        impl Empty for $name<'_> {
            fn is_empty(&self) -> bool { $(self.$field.is_empty())&&+ }
        }
    )+};
}

/// What is empty is not written.
trait Empty {
    fn is_empty(&self) -> bool;
}

impl<T> Empty for Option<T> {
    fn is_empty(&self) -> bool {
        self.is_none()
    }
}

impl<T> Empty for Vec<T> {
    fn is_empty(&self) -> bool {
        Vec::is_empty(self)
    }
}

impl Empty for &str {
    fn is_empty(&self) -> bool {
        str::is_empty(self)
    }
}

resources! {
    Meta { version_id: Option<String>, profile: Vec<&'a str>, security: Vec<CodingJson<'a>> }
    CodingJson { system: Option<&'a str>, code: Option<&'a str>, display: Option<&'a str> }
    ConceptJson { coding: Vec<CodingJson<'a>>, text: Option<&'a str> }
    Extension {
        url: &'a str,
        value_string: Option<&'a str>,
        value_boolean: Option<bool>,
        value_annotation: Option<Annotation<'a>>,
    }
    Annotation { text: &'a str }
    Primitive { extension: Vec<Extension<'a>> }
    Reference { reference: Option<String>, display: Option<&'a str> }
    IdentifierJson {
        r#type: Option<ConceptJson<'a>>,
        system: Option<&'a str>,
        value: &'a str,
        assigner: Option<Reference<'a>>,
    }
    Name {
        text: Option<&'a str>,
        family: Option<&'a str>,
        given: Vec<&'a str>,
        prefix: Vec<&'a str>,
        suffix: Vec<&'a str>,
    }
    QuantityJson {
        value: Option<Number>,
        comparator: Option<&'a str>,
        unit: Option<&'a str>,
        system: Option<&'a str>,
        code: Option<&'a str>,
    }
    RangeJson { low: Option<QuantityJson<'a>>, high: Option<QuantityJson<'a>> }
    RatioJson { numerator: Option<QuantityJson<'a>>, denominator: Option<QuantityJson<'a>> }
    Period {
        start: Option<&'a str>,
        #[serde(rename = "_start")] start_as_reported: Option<Primitive<'a>>,
        end: Option<&'a str>,
        #[serde(rename = "_end")] end_as_reported: Option<Primitive<'a>>,
    }
    RangeOfReference {
        low: Option<QuantityJson<'a>>,
        high: Option<QuantityJson<'a>>,
        r#type: Option<ConceptJson<'a>>,
        text: Option<&'a str>,
    }
    /// Encounter.participant and .location.
    Participant { r#type: Vec<ConceptJson<'a>>, individual: Option<Reference<'a>> }
    At { location: Option<Reference<'a>>, physical_type: Option<ConceptJson<'a>> }
    /// Every contained resource: which fields are used depends on the type.
    Contained {
        resource_type: &'a str,
        id: Option<String>,
        extension: Vec<Extension<'a>>,
        identifier: Vec<IdentifierJson<'a>>,
        status: Option<&'a str>,
        intent: Option<&'a str>,
        class: Option<CodingJson<'a>>,
        code: Option<ConceptJson<'a>>,
        name: Vec<Name<'a>>,
        birth_date: Option<&'a str>,
        subject: Option<Reference<'a>>,
        requester: Option<Reference<'a>>,
        participant: Vec<Participant<'a>>,
        location: Vec<At<'a>>,
        #[serde(flatten)] effective: Timed<'a>,
        #[serde(flatten)] value: ValueJson<'a>,
        data_absent_reason: Option<ConceptJson<'a>>,
        interpretation: Vec<ConceptJson<'a>>,
        note: Vec<Annotation<'a>>,
        reference_range: Vec<RangeOfReference<'a>>,
        has_member: Vec<Reference<'a>>,
    }
    Timed {
        effective_date_time: Option<&'a str>,
        #[serde(rename = "_effectiveDateTime")] effective_as_reported: Option<Primitive<'a>>,
        effective_period: Option<Period<'a>>,
    }
    ValueJson {
        value_quantity: Option<QuantityJson<'a>>,
        value_codeable_concept: Option<ConceptJson<'a>>,
        value_string: Option<&'a str>,
        value_boolean: Option<bool>,
        value_range: Option<RangeJson<'a>>,
        value_ratio: Option<RatioJson<'a>>,
        value_time: Option<&'a str>,
        value_date_time: Option<&'a str>,
        #[serde(rename = "_valueDateTime")] value_as_reported: Option<Primitive<'a>>,
        value_period: Option<Period<'a>>,
    }
    Report {
        resource_type: &'a str,
        id: Option<String>,
        meta: Option<Meta<'a>>,
        contained: Vec<Contained<'a>>,
        extension: Vec<Extension<'a>>,
        identifier: Vec<IdentifierJson<'a>>,
        based_on: Vec<Reference<'a>>,
        status: Option<&'a str>,
        code: Option<ConceptJson<'a>>,
        subject: Option<Reference<'a>>,
        encounter: Option<Reference<'a>>,
        #[serde(flatten)] effective: Timed<'a>,
        issued: Option<&'a str>,
        #[serde(rename = "_issued")] issued_as_reported: Option<Primitive<'a>>,
        performer: Vec<Reference<'a>>,
        results_interpreter: Vec<Reference<'a>>,
        result: Vec<Reference<'a>>,
        conclusion: Option<&'a str>,
        conclusion_code: Vec<ConceptJson<'a>>,
    }
}

/// The resource of a card.
pub(super) fn report(card: &ResultCard) -> Report<'_> {
    let mut contained = Vec::new();
    let subject = (!card.patient.is_unknown()).then(|| {
        contained.push(patient(card));
        local("patient")
    });
    let mut based_on = Vec::new();
    for (index, orderer) in card.orderers.iter().enumerate() {
        let (order, who) = (
            format!("order{}", index + 1),
            format!("orderer{}", index + 1),
        );
        contained.push(practitioner(who.clone(), orderer));
        contained.push(Contained {
            resource_type: "ServiceRequest",
            id: Some(order.clone()),
            status: Some("unknown"),
            intent: Some("order"),
            subject: Some(subject_of(card)),
            requester: Some(local(&who)),
            ..Contained::default()
        });
        based_on.push(local(&order));
    }
    let encounter = encounter(card, &mut contained);
    let mut results_interpreter = Vec::new();
    for (index, who) in card.interpreters.iter().enumerate() {
        let id = format!("interpreter{}", index + 1);
        contained.push(practitioner(id.clone(), who));
        results_interpreter.push(local(&id));
    }
    contained.extend((0..card.observations.len()).map(|at| observation(card, at)));
    let roots = card
        .observations
        .iter()
        .enumerate()
        .filter(|(_, observation)| observation.parent.is_none());
    let (issued, issued_as_reported) = either(card.issued.as_ref(), Moment::is_fhir_instant);
    let note = |text| Extension {
        url: NOTE_EXTENSION,
        value_annotation: Some(Annotation { text }),
        ..Extension::default()
    };
    let sub_id = card.identity.sub_id.as_deref().map(|value| Extension {
        url: SUB_ID,
        value_string: Some(value),
        ..Extension::default()
    });
    let placer = card
        .identity
        .placer
        .as_ref()
        .map(|number| identifier(number, Some("PLAC")));
    let filler = card
        .identity
        .filler
        .as_ref()
        .map(|number| identifier(number, Some("FILL")));
    Report {
        resource_type: "DiagnosticReport",
        id: Some(card.id().to_string()),
        meta: Some(Meta {
            version_id: Some(card.version.to_string()),
            profile: vec![CARD_PROFILE],
            security: test_stamp(card.test),
        }),
        extension: sub_id
            .into_iter()
            .chain(card.notes.iter().map(|text| note(text)))
            .collect(),
        identifier: placer.into_iter().chain(filler).collect(),
        based_on,
        status: Some(card.status.as_str()),
        code: Some(concept(&card.code)),
        subject,
        encounter,
        effective: timed(card.effective.as_ref(), card.effective_end.as_ref()),
        issued,
        issued_as_reported,
        performer: card
            .identity
            .issuer
            .iter()
            .map(|name| named(name))
            .collect(),
        results_interpreter,
        result: roots.map(|(at, _)| local(&observation_id(at))).collect(),
        conclusion: card.conclusion.as_deref(),
        conclusion_code: card.conclusion_codes.iter().map(concept).collect(),
        contained,
    }
}

fn test_stamp(test: bool) -> Vec<CodingJson<'static>> {
    let stamp = CodingJson {
        system: Some(TEST_SYSTEM),
        code: Some(TEST_CODE),
        display: None,
    };
    test.then_some(stamp).into_iter().collect()
}

fn local(id: &str) -> Reference<'static> {
    Reference {
        reference: Some(format!("#{id}")),
        display: None,
    }
}

fn named(name: &str) -> Reference<'_> {
    Reference {
        reference: None,
        display: Some(name),
    }
}

/// A contained resource that needs a subject says so even where nobody is known.
fn subject_of(card: &ResultCard) -> Reference<'static> {
    if card.patient.is_unknown() {
        named("unknown")
    } else {
        local("patient")
    }
}

fn observation_id(at: usize) -> String {
    format!("o{}", at + 1)
}

fn patient(card: &ResultCard) -> Contained<'_> {
    let patient = &card.patient;
    Contained {
        resource_type: "Patient",
        id: Some("patient".to_owned()),
        identifier: patient
            .identifiers
            .iter()
            .map(|number| identifier(number, None))
            .collect(),
        name: patient.name.iter().map(name).collect(),
        birth_date: patient.birth_date.as_ref().map(Moment::as_str),
        ..Contained::default()
    }
}

fn practitioner(id: String, who: &Clinician) -> Contained<'_> {
    Contained {
        resource_type: "Practitioner",
        id: Some(id),
        identifier: who
            .identifiers
            .iter()
            .map(|number| identifier(number, None))
            .collect(),
        name: who.name.iter().map(name).collect(),
        ..Contained::default()
    }
}

/// The encounter carries who attends and where the patient lies: each level of the place is a contained Location.
fn encounter<'a>(
    card: &'a ResultCard,
    contained: &mut Vec<Contained<'a>>,
) -> Option<Reference<'static>> {
    if card.unit.is_none() && card.attending.is_empty() {
        return None;
    }
    let mut participant = Vec::new();
    for (index, who) in card.attending.iter().enumerate() {
        let id = format!("attending{}", index + 1);
        contained.push(practitioner(id.clone(), who));
        participant.push(Participant {
            r#type: vec![coded(PARTICIPATION_SYSTEM, "ATND")],
            individual: Some(local(&id)),
        });
    }
    let levels = card.unit.iter().flat_map(|unit| {
        [
            ("wa", &unit.unit),
            ("ro", &unit.room),
            ("bd", &unit.bed),
            ("si", &unit.facility),
        ]
    });
    let location = levels.filter_map(|(kind, name)| {
        Some(At {
            location: Some(named(name.as_deref()?)),
            physical_type: Some(coded(LOCATION_SYSTEM, kind)),
        })
    });
    contained.push(Contained {
        resource_type: "Encounter",
        id: Some("encounter".to_owned()),
        status: Some("unknown"),
        class: Some(CodingJson {
            system: Some(CLASS_SYSTEM),
            code: Some("IMP"),
            display: None,
        }),
        participant,
        location: location.collect(),
        ..Contained::default()
    });
    Some(local("encounter"))
}

fn observation(card: &ResultCard, at: usize) -> Contained<'_> {
    let it: &Observation = &card.observations[at];
    let members = card
        .observations
        .iter()
        .enumerate()
        .filter(|(_, member)| member.parent == Some(at));
    let sub_id = it.sub_id.as_deref().map(|value| IdentifierJson {
        system: Some(SUB_ID),
        value,
        ..IdentifierJson::default()
    });
    let critical = it.critical_by_sender.then(|| Extension {
        url: CRITICAL_BY_SENDER,
        value_boolean: Some(true),
        ..Extension::default()
    });
    Contained {
        resource_type: "Observation",
        id: Some(observation_id(at)),
        extension: critical.into_iter().collect(),
        identifier: sub_id.into_iter().collect(),
        status: Some(it.status.as_str()),
        code: Some(concept(&it.code)),
        effective: timed(it.effective.as_ref(), None),
        value: value(&it.value),
        data_absent_reason: match it.value {
            Value::Absent(reason) => Some(coded(ABSENT_SYSTEM, reason.as_str())),
            _ => None,
        },
        interpretation: it.interpretation.iter().map(concept).collect(),
        note: it.notes.iter().map(|text| Annotation { text }).collect(),
        reference_range: it.reference_ranges.iter().map(range_of_reference).collect(),
        has_member: members
            .map(|(member, _)| local(&observation_id(member)))
            .collect(),
        ..Contained::default()
    }
}

/// A moment in the place FHIR has for it, or as reported where it would not be valid there.
fn either(
    moment: Option<&Moment>,
    fits: fn(&Moment) -> bool,
) -> (Option<&str>, Option<Primitive<'_>>) {
    match moment {
        Some(moment) if fits(moment) => (Some(moment.as_str()), None),
        Some(moment) => {
            let extension = Extension {
                url: AS_REPORTED,
                value_string: Some(moment.as_str()),
                ..Extension::default()
            };
            (
                None,
                Some(Primitive {
                    extension: vec![extension],
                }),
            )
        }
        None => (None, None),
    }
}

fn timed<'a>(start: Option<&'a Moment>, end: Option<&'a Moment>) -> Timed<'a> {
    if end.is_some() {
        return Timed {
            effective_period: Some(period(start, end)),
            ..Timed::default()
        };
    }
    let (effective_date_time, effective_as_reported) = either(start, Moment::is_fhir_date_time);
    Timed {
        effective_date_time,
        effective_as_reported,
        effective_period: None,
    }
}

fn period<'a>(start: Option<&'a Moment>, end: Option<&'a Moment>) -> Period<'a> {
    let (start, start_as_reported) = either(start, Moment::is_fhir_date_time);
    let (end, end_as_reported) = either(end, Moment::is_fhir_date_time);
    Period {
        start,
        start_as_reported,
        end,
        end_as_reported,
    }
}

fn value(value: &Value) -> ValueJson<'_> {
    let mut json = ValueJson::default();
    match value {
        Value::Quantity(it) => json.value_quantity = Some(quantity(it)),
        Value::Text(text) => json.value_string = Some(text),
        Value::Coded(it) => json.value_codeable_concept = Some(concept(it)),
        Value::Range { low, high } => {
            json.value_range = Some(RangeJson {
                low: low.as_ref().map(quantity),
                high: high.as_ref().map(quantity),
            });
        }
        Value::Ratio {
            numerator,
            denominator,
        } => {
            json.value_ratio = Some(RatioJson {
                numerator: Some(quantity(numerator)),
                denominator: Some(quantity(denominator)),
            });
        }
        Value::DateTime(moment) => {
            (json.value_date_time, json.value_as_reported) =
                either(Some(moment), Moment::is_fhir_date_time);
        }
        Value::Time(time) => json.value_time = Some(time),
        Value::Period { start, end } => {
            json.value_period = Some(period(start.as_ref(), end.as_ref()))
        }
        Value::Boolean(it) => json.value_boolean = Some(*it),
        Value::Absent(_) | Value::Heading => {}
    }
    json
}

fn quantity(it: &Quantity) -> QuantityJson<'_> {
    QuantityJson {
        // A decimal is by construction a JSON number; its text is kept to the last zero.
        value: serde_json::from_str(it.value.as_str()).ok(),
        comparator: it.comparator.map(super::Comparator::as_str),
        unit: it.unit.as_deref(),
        system: it.system.as_deref(),
        code: it.code.as_deref(),
    }
}

fn range_of_reference(it: &ReferenceRange) -> RangeOfReference<'_> {
    RangeOfReference {
        low: it.low.as_ref().map(quantity),
        high: it.high.as_ref().map(quantity),
        r#type: it.kind.as_ref().map(concept),
        text: it.text.as_deref(),
    }
}

fn concept(it: &Concept) -> ConceptJson<'_> {
    ConceptJson {
        coding: it.codings.iter().map(coding).collect(),
        text: it.text.as_deref(),
    }
}

fn coding(it: &Coding) -> CodingJson<'_> {
    CodingJson {
        system: it.system.as_deref(),
        code: it.code.as_deref(),
        display: it.display.as_deref(),
    }
}

fn coded<'a>(system: &'a str, code: &'a str) -> ConceptJson<'a> {
    ConceptJson {
        coding: vec![CodingJson {
            system: Some(system),
            code: Some(code),
            display: None,
        }],
        text: None,
    }
}

fn identifier<'a>(it: &'a Identifier, kind: Option<&'a str>) -> IdentifierJson<'a> {
    IdentifierJson {
        r#type: kind
            .or(it.kind.as_deref())
            .map(|kind| coded(KIND_SYSTEM, kind)),
        system: it.system.as_deref(),
        value: &it.value,
        assigner: it.authority.as_deref().map(named),
    }
}

fn name(it: &HumanName) -> Name<'_> {
    Name {
        text: it.text.as_deref(),
        family: it.family.as_deref(),
        given: it.given.iter().map(String::as_str).collect(),
        prefix: it.prefix.as_deref().into_iter().collect(),
        suffix: it.suffix.as_deref().into_iter().collect(),
    }
}
