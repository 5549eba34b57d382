//! Result cards from FHIR R4 JSON: a DiagnosticReport with contained Observations, a Bundle of any type with one report
//! or several, or Observations on their own.
//!
//! The reader takes what the card's template has and leaves the rest. A file is taken as a whole or refused as a whole,
//! and a refusal names the path.

mod datatype;
mod index;
mod node;
mod observation;
mod people;
mod report;

use crate::card::{CARD_PROFILE, ResultCard};
use crate::refusal::{Cause, Import, MAX_FILE_BYTES, Note, NoteKind, Refusal, TypeName};
use index::{Index, Resource};
use node::Node;
use serde_json::Value as Json;

/// How deep panels may nest.
const MAX_PANEL_DEPTH: usize = 8;

/// Reads a file of FHIR R4 JSON into cards.
///
/// # Errors
/// A [`Refusal`] that names the path.
pub fn import(bytes: &[u8]) -> Result<Import, Refusal> {
    let json = parse(bytes)?;
    let root = Node::root(&json);
    let mut reading = Reading {
        index: Index::of(&root)?,
        notes: Vec::new(),
        own: false,
    };
    let cards = match root.resource_type()? {
        "Bundle" => bundle(&mut reading)?,
        "DiagnosticReport" => vec![report::card(
            &mut reading,
            &Resource::whole(root.named("DiagnosticReport")),
        )?],
        "Observation" => vec![report::card_of_observation(
            &mut reading,
            &Resource::whole(root.named("Observation")),
        )?],
        other => {
            return Err(Refusal::new(
                "resourceType",
                Cause::NotAResult(TypeName::new(other)),
            ));
        }
    };
    Ok(Import {
        cards,
        notes: reading.notes,
    })
}

/// What is shared while one file is read.
struct Reading<'a> {
    index: Index<'a>,
    notes: Vec<Note>,
    /// Whether the bytes claim to be a card of this project: only there count its own extensions.
    own: bool,
}

impl Reading<'_> {
    fn note(&mut self, node: &Node<'_>, kind: NoteKind) {
        self.notes.push(Note::new(node.path(), kind));
    }
}

/// Reads the bytes of a card back; the caller compares with the card's own encoding.
pub(crate) fn own_card(bytes: &[u8]) -> Result<ResultCard, Refusal> {
    let json = parse(bytes)?;
    let root = Node::root(&json).named("DiagnosticReport");
    let meta = root
        .object("meta")?
        .ok_or_else(|| Refusal::new("DiagnosticReport.meta", Cause::Missing))?;
    let profiles = meta.list("profile")?;
    if !profiles.iter().any(|profile| profile.is_text(CARD_PROFILE)) {
        return Err(Refusal::new(
            "DiagnosticReport.meta.profile",
            Cause::NotA("a result card"),
        ));
    }
    let version = meta.text("versionId")?.and_then(|text| text.parse().ok());
    let version = version.ok_or_else(|| {
        Refusal::new(
            "DiagnosticReport.meta.versionId",
            Cause::Expected("a number"),
        )
    })?;
    let mut reading = Reading {
        index: Index::of(&root)?,
        notes: Vec::new(),
        own: true,
    };
    let mut card = report::card(&mut reading, &Resource::whole(root))?;
    card.version = version;
    Ok(card)
}

fn parse(bytes: &[u8]) -> Result<Json, Refusal> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(Refusal::new("file", Cause::TooLarge(MAX_FILE_BYTES)));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    // serde_json bounds the nesting by itself (128 levels).
    serde_json::from_slice(bytes).map_err(|_| Refusal::new("file", Cause::NotA("FHIR JSON")))
}

/// One card for each report; where a bundle has none, one for each Observation that is no member of another.
fn bundle(reading: &mut Reading<'_>) -> Result<Vec<ResultCard>, Refusal> {
    let entries = reading.index.entries().to_vec();
    let of_type = |wanted: &str| {
        entries
            .iter()
            .filter(|entry| entry.is(wanted))
            .cloned()
            .collect::<Vec<_>>()
    };
    let (reports, observations) = (of_type("DiagnosticReport"), of_type("Observation"));
    if reports.is_empty() && observations.is_empty() {
        return Err(Refusal::new(
            "Bundle.entry",
            Cause::NotAResult(TypeName::new("Bundle")),
        ));
    }
    let roots = if reports.is_empty() {
        &observations
    } else {
        &reports
    };
    let mut used = observation::members(&reading.index, &observations)?;
    let mut cards = Vec::new();
    for root in roots {
        if reports.is_empty() {
            if !used.contains(&root.address()) {
                cards.push(report::card_of_observation(reading, root)?);
            }
        } else {
            cards.push(report::card(reading, root)?);
            used.extend(observation::results(&reading.index, root)?);
        }
    }
    if !reports.is_empty() {
        for loose in observations
            .iter()
            .filter(|observation| !used.contains(&observation.address()))
        {
            reading.note(&loose.node, NoteKind::NotPartOfTheReport);
        }
    }
    if cards.is_empty() {
        // Every Observation is a member of another: a circle.
        return Err(Refusal::new("Bundle.entry", Cause::TooDeep));
    }
    Ok(cards)
}

#[cfg(test)]
mod tests;
