//! The result card: what one report says, in the fields of the template and no others.
//!
//! A card is a FHIR R4 DiagnosticReport with contained Observations. Addresses, telephone numbers, social security
//! numbers and everything else a report may drag along are not part of it. Its bytes are deterministic, so that a
//! version and a digest name one content for ever; a statement (acknowledgement, read-back) is about that pair.

mod codec;
mod coding;
mod critical;
mod diff;
mod identity;
mod observation;
mod patient;
mod people;
mod resource;
mod status;
mod value;

pub use codec::{CardError, MAX_CARD_BYTES};
pub use coding::{Coding, Concept, system_of_v2};
pub use critical::NotCritical;
pub use diff::{Change, ChangeKind, Item};
pub use identity::ResultIdentity;
pub use observation::{Observation, ReferenceRange};
pub use patient::{HumanName, Identifier, Patient};
pub use people::{Clinician, Unit};
pub use status::{ObservationStatus, ReportStatus};
pub use value::{AbsentReason, Comparator, Quantity, Value};

pub(crate) use resource::{
    AS_REPORTED, CARD_PROFILE, CRITICAL_BY_SENDER, NOTE_EXTENSION, SUB_ID, TEST_CODE, TEST_SYSTEM,
};

use crate::id::CardId;
use crate::moment::Moment;

/// Most observations of one card.
pub const MAX_OBSERVATIONS: usize = 2_000;

/// One version of one result.
#[derive(Clone, PartialEq, Eq)]
pub struct ResultCard {
    /// 1 for what came first; each later content of the same result has the next number.
    pub version: u32,
    /// A message for training or debugging (MSH-11 T or D, or FHIR's HTEST): stamped, never critical.
    pub test: bool,
    /// Which result this is, across versions.
    pub identity: ResultIdentity,
    /// Whose result it is.
    pub patient: Patient,
    /// What was ordered or reported (OBR-4, DiagnosticReport.code).
    pub code: Concept,
    /// How far the report is.
    pub status: ReportStatus,
    /// When the specimen was collected or the observation made (OBR-7).
    pub effective: Option<Moment>,
    /// The end of a collection that took time (OBR-8).
    pub effective_end: Option<Moment>,
    /// When this version was issued (OBR-22).
    pub issued: Option<Moment>,
    /// Who ordered it (OBR-16, else ORC-12; the requester in FHIR).
    pub orderers: Vec<Clinician>,
    /// Who attends the patient (PV1-7; the attender of the encounter in FHIR).
    pub attending: Vec<Clinician>,
    /// Who interpreted it (OBR-32; resultsInterpreter in FHIR).
    pub interpreters: Vec<Clinician>,
    /// Where the patient lies (PV1-3; the location of the encounter in FHIR).
    pub unit: Option<Unit>,
    /// The observations, members directly after their panel.
    pub observations: Vec<Observation>,
    /// The report's conclusion in words.
    pub conclusion: Option<String>,
    /// The report's conclusion in codes.
    pub conclusion_codes: Vec<Concept>,
    /// Notes on the report as a whole (NTE after OBR).
    pub notes: Vec<String>,
}

/// A card is content: debug output shows its shape only.
impl std::fmt::Debug for ResultCard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResultCard")
            .field("version", &self.version)
            .field("test", &self.test)
            .field("status", &self.status)
            .field("observations", &self.observations.len())
            .finish_non_exhaustive()
    }
}

impl ResultCard {
    /// The id of this result across its versions.
    #[must_use]
    pub fn id(&self) -> CardId {
        self.identity
            .card_id(&self.patient, self.effective.as_ref(), &self.code)
    }

    /// The version that follows `previous` with this content; `None` when the content is the same, because the same
    /// message twice is one card.
    #[must_use]
    pub fn following(mut self, previous: &Self) -> Option<Self> {
        self.version = previous.version;
        // A mark set by the sender's hand is not part of what the laboratory said: without it the same message is the
        // same card. A mark that is new makes a new version, because it asks for more.
        let mut unmarked = previous.clone();
        for (known, new) in unmarked.observations.iter_mut().zip(&self.observations) {
            known.critical_by_sender &= new.critical_by_sender;
        }
        if self == unmarked {
            return None;
        }
        self.version = previous.version.saturating_add(1);
        Some(self)
    }

    /// Blanks what the laboratory withdrew: the values of observations entered in error, and all of them when the
    /// report is. A report of which no observation is left is withdrawn itself, whatever its own status still says: so
    /// HL7 v2 senders post another patient's result (OBX-11 W under OBR-25 C). Returns the places that lost a value.
    pub(crate) fn withdraw(&mut self) -> Vec<usize> {
        let gone =
            |observation: &Observation| observation.status == ObservationStatus::EnteredInError;
        if !self.observations.is_empty() && self.observations.iter().all(gone) {
            self.status = ReportStatus::EnteredInError;
        }
        let all = self.status == ReportStatus::EnteredInError;
        if all {
            self.conclusion = None;
            self.conclusion_codes.clear();
        }
        let mut blanked = Vec::new();
        for (index, observation) in self.observations.iter_mut().enumerate() {
            if all {
                observation.status = ObservationStatus::EnteredInError;
            }
            if observation.status == ObservationStatus::EnteredInError {
                if observation.value.is_present() {
                    blanked.push(index);
                }
                observation.withdraw();
            }
        }
        blanked
    }
}
