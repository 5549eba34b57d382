//! Two versions side by side: the old value and the new one.

use super::{Observation, ObservationStatus, ResultCard, Value};

/// What about a result a change is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// The patient: a new version that names another one.
    Patient,
    /// The report's status.
    Status,
    /// The collection time.
    Effective,
    /// The conclusion.
    Conclusion,
    /// The notes of the report.
    Notes,
    /// An observation, by its place in the new card, or in the old one if it was removed.
    Observation(usize),
}

/// How it changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// New in this version.
    Added,
    /// No longer in this version.
    Removed,
    /// Another value, flag, range, note or status.
    Changed,
    /// The value was withdrawn (wrong patient, entered in error).
    Withdrawn,
}

/// One difference between two versions.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// What it is about.
    pub item: Item,
    /// What it is called.
    pub label: String,
    /// How it changed.
    pub kind: ChangeKind,
    /// As it was, for people.
    pub old: Option<String>,
    /// As it is, for people.
    pub new: Option<String>,
}

impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Change({:?}, {:?})", self.item, self.kind)
    }
}

impl ResultCard {
    /// What this version changes against an older one.
    #[must_use]
    pub fn changes_since(&self, old: &Self) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut note = |item, label: &str, old: String, new: String| {
            if old != new {
                let kind = match (old.is_empty(), new.is_empty()) {
                    (true, _) => ChangeKind::Added,
                    (_, true) => ChangeKind::Removed,
                    _ => ChangeKind::Changed,
                };
                let some = |text: String| (!text.is_empty()).then_some(text);
                changes.push(Change {
                    item,
                    label: label.to_owned(),
                    kind,
                    old: some(old),
                    new: some(new),
                });
            }
        };
        note(
            Item::Patient,
            "patient",
            patient_text(old),
            patient_text(self),
        );
        note(
            Item::Status,
            "status",
            old.status.as_str().into(),
            self.status.as_str().into(),
        );
        let time = |card: &Self| {
            card.effective
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default()
        };
        note(Item::Effective, "collected", time(old), time(self));
        note(
            Item::Conclusion,
            "conclusion",
            conclusion_text(old),
            conclusion_text(self),
        );
        note(
            Item::Notes,
            "notes",
            old.notes.join("\n"),
            self.notes.join("\n"),
        );
        changes.extend(observation_changes(old, self));
        changes
    }
}

fn patient_text(card: &ResultCard) -> String {
    let patient = &card.patient;
    let name = patient.name.as_ref().map(super::HumanName::label);
    let born = patient.birth_date.as_ref().map(ToString::to_string);
    let numbers = patient
        .identifiers
        .iter()
        .map(|identifier| identifier.value.clone());
    name.into_iter()
        .chain(born)
        .chain(numbers)
        .collect::<Vec<_>>()
        .join(", ")
}

fn conclusion_text(card: &ResultCard) -> String {
    let codes = card
        .conclusion_codes
        .iter()
        .map(|code| code.label().to_owned());
    card.conclusion
        .iter()
        .cloned()
        .chain(codes)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Observations are the same across versions by code, sub-id and their number among those that share both.
fn keys(card: &ResultCard) -> Vec<(&str, &str, &str, usize)> {
    let mut seen = std::collections::HashMap::new();
    card.observations
        .iter()
        .map(|observation| {
            let (system, code) = observation.code.key();
            let sub_id = observation.sub_id.as_deref().unwrap_or_default();
            let count: &mut usize = seen.entry((system, code, sub_id)).or_default();
            *count += 1;
            (system, code, sub_id, *count)
        })
        .collect()
}

fn observation_changes(old: &ResultCard, new: &ResultCard) -> Vec<Change> {
    let (old_keys, new_keys) = (keys(old), keys(new));
    let old_places: std::collections::HashMap<_, _> = old_keys
        .iter()
        .zip(0..)
        .map(|(key, at)| (*key, at))
        .collect();
    let known: std::collections::HashSet<_> = new_keys.iter().copied().collect();
    let mut changes = Vec::new();
    for (at, (key, observation)) in new_keys.iter().zip(&new.observations).enumerate() {
        let before: Option<&Observation> = old_places
            .get(key)
            .and_then(|place: &usize| old.observations.get(*place));
        if before.is_some_and(|before| says(before) == says(observation)) {
            continue;
        }
        let withdrawn = observation.status == ObservationStatus::EnteredInError;
        changes.push(Change {
            item: Item::Observation(at),
            label: observation.code.label().to_owned(),
            kind: match before {
                _ if withdrawn => ChangeKind::Withdrawn,
                Some(_) => ChangeKind::Changed,
                None => ChangeKind::Added,
            },
            old: before.map(describe),
            new: Some(describe(observation)),
        });
    }
    for (at, (key, observation)) in old_keys.iter().zip(&old.observations).enumerate() {
        if !known.contains(key) {
            changes.push(Change {
                item: Item::Observation(at),
                label: observation.code.label().to_owned(),
                kind: ChangeKind::Removed,
                old: Some(describe(observation)),
                new: None,
            });
        }
    }
    changes
}

/// Everything the laboratory said about an observation. That an early value became final says nothing new about it,
/// and is shown by the report's status.
fn says(observation: &Observation) -> (&Value, String, Vec<String>, &[String], bool) {
    (
        &observation.value,
        observation.flags(),
        observation
            .reference_ranges
            .iter()
            .map(super::ReferenceRange::label)
            .collect(),
        &observation.notes,
        observation.status.changes_what_was_said(),
    )
}

fn describe(observation: &Observation) -> String {
    let flags = observation.flags();
    let value = observation.value.text();
    if flags.is_empty() {
        value
    } else {
        format!("{value} {flags}")
    }
}
