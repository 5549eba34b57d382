//! One observation of a card.

use super::coding::Concept;
use super::status::ObservationStatus;
use super::value::{AbsentReason, Quantity, Value};
use crate::moment::Moment;

/// The laboratory's flags that make an observation critical: critically high, critically low, critically abnormal.
const CRITICAL_FLAGS: [&str; 3] = ["HH", "LL", "AA"];

/// What is usual.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ReferenceRange {
    /// The lower end.
    pub low: Option<Quantity>,
    /// The upper end.
    pub high: Option<Quantity>,
    /// What the range is for (normal, therapeutic, a group of people).
    pub kind: Option<Concept>,
    /// The range in the sender's words.
    pub text: Option<String>,
}

impl ReferenceRange {
    /// The range as people read it.
    #[must_use]
    pub fn label(&self) -> String {
        let ends = Value::Range {
            low: self.low.clone(),
            high: self.high.clone(),
        };
        let range = self.text.clone().unwrap_or_else(|| ends.text());
        match &self.kind {
            Some(kind) if !kind.label().is_empty() => format!("{}: {range}", kind.label()),
            _ => range,
        }
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.low.is_none() && self.high.is_none() && self.text.is_none()
    }
}

/// One observation.
#[derive(Clone, PartialEq, Eq)]
pub struct Observation {
    /// The panel it belongs to, an earlier place in the card's list.
    pub parent: Option<usize>,
    /// What was observed (OBX-3).
    pub code: Concept,
    /// Tells observations of the same code apart (OBX-4).
    pub sub_id: Option<String>,
    /// How far it is.
    pub status: ObservationStatus,
    /// What was found.
    pub value: Value,
    /// The laboratory's flags (OBX-8).
    pub interpretation: Vec<Concept>,
    /// What is usual (OBX-7).
    pub reference_ranges: Vec<ReferenceRange>,
    /// Marked critical by a person at the sender.
    pub critical_by_sender: bool,
    /// When it was observed, where that differs from the report (OBX-14).
    pub effective: Option<Moment>,
    /// Notes (NTE after OBX).
    pub notes: Vec<String>,
}

impl std::fmt::Debug for Observation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Observation")
            .field("status", &self.status)
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}

impl Observation {
    /// An observation of a code with nothing said yet.
    #[must_use]
    pub fn of(code: Concept, status: ObservationStatus, value: Value) -> Self {
        Self {
            parent: None,
            code,
            sub_id: None,
            status,
            value,
            interpretation: Vec::new(),
            reference_ranges: Vec::new(),
            critical_by_sender: false,
            effective: None,
            notes: Vec::new(),
        }
    }

    /// Whether the laboratory flagged it critical (HH, LL, AA). No limit is computed here.
    #[must_use]
    pub fn critical_by_flag(&self) -> bool {
        self.interpretation
            .iter()
            .any(|flag| CRITICAL_FLAGS.iter().any(|code| flag.has_code(code)))
    }

    /// Whether it must be read back: marked by flag or by hand, and with a value to read.
    #[must_use]
    pub fn is_critical(&self) -> bool {
        (self.critical_by_sender || self.critical_by_flag()) && self.value.is_present()
    }

    /// The flags as people read them.
    #[must_use]
    pub fn flags(&self) -> String {
        let code = |flag: &Concept| {
            let code = flag.codings.iter().find_map(|coding| coding.code.clone());
            code.unwrap_or_else(|| flag.label().to_owned())
        };
        self.interpretation
            .iter()
            .map(code)
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Blanks everything that told the value.
    pub(super) fn withdraw(&mut self) {
        if self.value != Value::Heading {
            self.value = Value::Absent(AbsentReason::Error);
        }
        self.interpretation.clear();
        self.critical_by_sender = false;
    }
}
