//! Which version of a result stands.

use sotto_content::card::{AbsentReason, ObservationStatus, ReportStatus, ResultCard, Value};

use crate::store::table::card::CardRow;

/// How one version stands among those of its result that this device knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The newest there is.
    Current,
    /// A newer one exists.
    Superseded,
    /// There are two newest ones that say different things: none of them is relied on until the sender sends another.
    Disputed,
}

/// How a version stands among `versions` of its result from its sender.
#[must_use]
pub fn standing(row: &CardRow, versions: &[CardRow]) -> Standing {
    if versions.iter().any(|other| other.version > row.version) {
        Standing::Superseded
    } else if versions
        .iter()
        .any(|other| other.version == row.version && other.digest != row.digest)
    {
        Standing::Disputed
    } else {
        Standing::Current
    }
}

/// The card as it is shown, sent and exported once it is withdrawn: the same tests, and nothing of what was found.
#[must_use]
pub fn withdrawn(mut card: ResultCard) -> ResultCard {
    card.status = ReportStatus::EnteredInError;
    card.conclusion = None;
    card.conclusion_codes.clear();
    card.notes.clear();
    for observation in &mut card.observations {
        observation.status = ObservationStatus::EnteredInError;
        observation.critical_by_sender = false;
        observation.interpretation.clear();
        observation.notes.clear();
        if observation.value.is_present() {
            observation.value = Value::Absent(AbsentReason::Error);
        }
    }
    card
}
