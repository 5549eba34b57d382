//! FHIR data types into the card's.

use super::node::Node;
use crate::card::{
    AS_REPORTED, AbsentReason, Coding, Comparator, Concept, HumanName, Identifier, Quantity, Value,
};
use crate::decimal::Decimal;
use crate::moment::{Moment, valid_clock};
use crate::refusal::{Cause, Refusal};

pub(super) fn concept(node: &Node<'_>) -> Result<Option<Concept>, Refusal> {
    let mut codings = Vec::new();
    for coding in node.objects("coding")? {
        let coding = Coding {
            system: coding.owned_text("system")?,
            code: coding.owned_text("code")?,
            display: coding.owned_text("display")?,
        };
        if coding.code.is_some() || coding.display.is_some() {
            codings.push(coding);
        }
    }
    let concept = Concept {
        codings,
        text: node.owned_text("text")?,
    };
    Ok((!concept.is_empty()).then_some(concept))
}

pub(super) fn concepts(node: &Node<'_>, key: &str) -> Result<Vec<Concept>, Refusal> {
    let mut concepts = Vec::new();
    for item in node.objects(key)? {
        concepts.extend(concept(&item)?);
    }
    Ok(concepts)
}

pub(super) fn concept_at(node: &Node<'_>, key: &str) -> Result<Option<Concept>, Refusal> {
    node.object(key)?.map_or(Ok(None), |node| concept(&node))
}

pub(super) fn identifier(node: &Node<'_>) -> Result<Option<Identifier>, Refusal> {
    let Some(value) = node.owned_text("value")? else {
        return Ok(None);
    };
    let kind = concept_at(node, "type")?.and_then(|kind| {
        let of_table = |coding: &&Coding| {
            coding
                .system
                .as_deref()
                .is_some_and(|system| system.ends_with("0203"))
        };
        let coding = kind
            .codings
            .iter()
            .find(of_table)
            .or(kind.codings.first())?;
        coding.code.clone()
    });
    let assigner = node.object("assigner")?;
    let authority = assigner.map_or(Ok(None), |assigner| assigner.owned_text("display"))?;
    Ok(Some(Identifier {
        value,
        kind,
        system: node.owned_text("system")?,
        authority,
    }))
}

pub(super) fn identifiers(node: &Node<'_>, key: &str) -> Result<Vec<Identifier>, Refusal> {
    let mut identifiers = Vec::new();
    for item in node.objects(key)? {
        identifiers.extend(identifier(&item)?);
    }
    Ok(identifiers)
}

/// The name to show: the official one, else the usual one, else the first; never an old or invented one before these.
pub(super) fn name(node: &Node<'_>) -> Result<Option<HumanName>, Refusal> {
    let mut best: Option<(usize, HumanName)> = None;
    for item in node.objects("name")? {
        let rank = match item.text("use")? {
            Some("official") => 0,
            Some("usual") => 1,
            Some("old" | "nickname" | "anonymous") => 3,
            _ => 2,
        };
        let name = HumanName {
            text: item.owned_text("text")?,
            family: item.owned_text("family")?,
            given: item.texts("given")?,
            prefix: Some(item.texts("prefix")?.join(" ")).filter(|text| !text.is_empty()),
            suffix: Some(item.texts("suffix")?.join(" ")).filter(|text| !text.is_empty()),
        };
        if !name.is_empty() && best.as_ref().is_none_or(|(known, _)| rank < *known) {
            best = Some((rank, name));
        }
    }
    Ok(best.map(|(_, name)| name))
}

/// A moment in its own place, or as it was reported where that place cannot hold it.
pub(super) fn moment(node: &Node<'_>, key: &str) -> Result<Option<Moment>, Refusal> {
    let read = |node: Node<'_>| {
        let Some(text) = node.as_text()? else {
            return Ok(None);
        };
        Moment::parse(text)
            .map(Some)
            .ok_or_else(|| node.refuse(Cause::Expected("a date or time")))
    };
    if let Some(node) = node.get(key) {
        return read(node);
    }
    let Some(beside) = node.object(&format!("_{key}"))? else {
        return Ok(None);
    };
    for extension in beside.objects("extension")? {
        if extension
            .get("url")
            .is_some_and(|url| url.is_text(AS_REPORTED))
        {
            return extension.get("valueString").map_or(Ok(None), read);
        }
    }
    Ok(None)
}

pub(super) fn period(node: &Node<'_>) -> Result<(Option<Moment>, Option<Moment>), Refusal> {
    Ok((moment(node, "start")?, moment(node, "end")?))
}

/// A Quantity; `None` where it has no number.
pub(super) fn quantity(node: &Node<'_>) -> Result<Option<Quantity>, Refusal> {
    let Some(number) = node.get("value") else {
        return Ok(None);
    };
    let value = Decimal::parse(&number.number()?)
        .ok_or_else(|| number.refuse(Cause::Expected("a decimal")))?;
    let comparator = match node.text("comparator")? {
        None => None,
        Some(sign @ ("<" | "<=" | ">=" | ">")) => Comparator::parse(sign),
        Some(_) => {
            return Err(node.refuse_at("comparator", Cause::UnknownCode("quantity-comparator")));
        }
    };
    Ok(Some(Quantity {
        comparator,
        value,
        unit: node.owned_text("unit")?,
        system: node.owned_text("system")?,
        code: node.owned_text("code")?,
    }))
}

pub(super) fn quantity_at(node: &Node<'_>, key: &str) -> Result<Option<Quantity>, Refusal> {
    node.object(key)?.map_or(Ok(None), |node| quantity(&node))
}

/// The `value[x]` of an Observation or a component; `None` where there is none.
pub(super) fn value(node: &Node<'_>) -> Result<Option<Value>, Refusal> {
    const KINDS: [&str; 11] = [
        "Quantity",
        "CodeableConcept",
        "String",
        "Boolean",
        "Integer",
        "Range",
        "Ratio",
        "SampledData",
        "Time",
        "DateTime",
        "Period",
    ];
    let present: Vec<&str> = KINDS
        .into_iter()
        .filter(|kind| node.has(&format!("value{kind}")) || node.has(&format!("_value{kind}")))
        .collect();
    let kind = match present[..] {
        [] => return Ok(None),
        [kind] => kind,
        _ => return Err(node.refuse_at("value[x]", Cause::Expected("one value"))),
    };
    let key = format!("value{kind}");
    if kind == "DateTime" {
        return Ok(moment(node, &key)?.map(Value::DateTime));
    }
    let Some(at) = node.get(&key) else {
        return Ok(None);
    };
    if matches!(
        kind,
        "Quantity" | "CodeableConcept" | "Range" | "Ratio" | "SampledData" | "Period"
    ) {
        node.object(&key)?;
    }
    Ok(match kind {
        "Quantity" => quantity(&at)?.map(Value::Quantity),
        "CodeableConcept" => concept(&at)?.map(Value::Coded),
        "String" => at.as_text()?.map(|text| Value::Text(text.to_owned())),
        "Boolean" => Some(Value::Boolean(at.boolean()?)),
        "Integer" => {
            let number = Decimal::parse(&at.number()?)
                .ok_or_else(|| at.refuse(Cause::Expected("an integer")))?;
            Some(Value::Quantity(Quantity::of(number)))
        }
        "Range" => match (quantity_at(&at, "low")?, quantity_at(&at, "high")?) {
            (None, None) => None,
            (low, high) => Some(Value::Range { low, high }),
        },
        "Ratio" => match (
            quantity_at(&at, "numerator")?,
            quantity_at(&at, "denominator")?,
        ) {
            (Some(numerator), Some(denominator)) => Some(Value::Ratio {
                numerator,
                denominator,
            }),
            (None, None) => None,
            _ => return Err(at.refuse(Cause::Expected("numerator and denominator"))),
        },
        "Time" => match at.as_text()? {
            Some(text) if valid_clock(text) => Some(Value::Time(text.to_owned())),
            Some(_) => return Err(at.refuse(Cause::Expected("a time"))),
            None => None,
        },
        "Period" => match period(&at)? {
            (None, None) => None,
            (start, end) => Some(Value::Period { start, end }),
        },
        // A curve of samples is not carried.
        _ => Some(Value::Absent(AbsentReason::Unsupported)),
    })
}
