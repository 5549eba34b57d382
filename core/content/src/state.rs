//! The names of states, said the same everywhere, and what a new version of a result does to them.

use crate::card::{Change, ChangeKind, Item, ObservationStatus, ReportStatus, ResultCard};

macro_rules! states {
    ($($(#[$doc:meta])* $name:ident = $word:literal),+ $(,)?) => {
        /// Where a message or a result is, for one recipient.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum State { $($(#[$doc])* $name),+ }

        impl State {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }

            /// Reads the word.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)+ _ => None }
            }
        }
    };
}

states! {
    /// The relay holds it: the relay's signed word.
    Queued = "queued",
    /// A device holds it: the device's signed receipt.
    Delivered = "delivered",
    /// It was displayed.
    Seen = "seen",
    /// A person took responsibility and read back.
    Acknowledged = "acknowledged",
    /// What followed from it is done.
    Completed = "completed",
    /// Responsibility was handed on.
    Transferred = "transferred",
    /// A person did not take it.
    Declined = "declined",
    /// A person sent it to somebody else.
    Redirected = "redirected",
    /// It went to the next step, because nobody took it in time.
    Escalated = "escalated",
    /// Told and read back on the telephone.
    AcknowledgedByTelephone = "acknowledged by telephone",
    /// Its time ran out.
    Expired = "expired",
    /// The mailbox was closed.
    Revoked = "revoked",
}

impl State {
    /// Whether a person holds the result, so that nothing needs to sound.
    #[must_use]
    pub const fn is_taken(self) -> bool {
        matches!(
            self,
            Self::Acknowledged | Self::AcknowledgedByTelephone | Self::Completed
        )
    }

    /// The status of a FHIR Task that says the same. `accepted` there is a person's word, never the relay's.
    #[must_use]
    pub const fn task_status(self) -> &'static str {
        match self {
            Self::Queued => "requested",
            Self::Delivered | Self::Seen => "received",
            Self::Acknowledged | Self::AcknowledgedByTelephone => "accepted",
            Self::Completed => "completed",
            Self::Declined | Self::Redirected => "rejected",
            Self::Transferred | Self::Escalated => "ready",
            Self::Expired => "failed",
            Self::Revoked => "cancelled",
        }
    }
}

/// How loud a new version is to those who had an older one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alarm {
    /// Nothing that was said changed: an early result became final, a part was added.
    None,
    /// Something that was said was changed: at least as urgent as the first version.
    Correction,
    /// Withdrawn, among other reasons because it is another patient's: alarms whoever opened it, and names the risk.
    Withdrawn,
    /// The new version names another patient.
    OtherPatient,
}

/// A new version beside the old one. No acknowledgement is carried over: there is no field for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supersession {
    /// How loud.
    pub alarm: Alarm,
    /// Old and new, side by side.
    pub changes: Vec<Change>,
}

impl Supersession {
    /// What `new` does to those who had `old`.
    #[must_use]
    pub fn of(old: &ResultCard, new: &ResultCard) -> Self {
        let changes = new.changes_since(old);
        let says_so = new.status.changes_what_was_said() && old.status != new.status
            || new
                .observations
                .iter()
                .any(|observation| observation.status.changes_what_was_said())
                && !changes.is_empty();
        // Whatever the sender calls it: a value that was there and is different now is a correction.
        let differs = changes.iter().any(|change| match change.item {
            Item::Observation(at) => match change.kind {
                ChangeKind::Removed => true,
                ChangeKind::Changed => had_value(old, new, at),
                _ => false,
            },
            Item::Conclusion => change.kind != ChangeKind::Added,
            Item::Patient | Item::Effective => true,
            _ => false,
        });
        let withdrawn = new.status == ReportStatus::EnteredInError
            && old.status != ReportStatus::EnteredInError
            || changes
                .iter()
                .any(|change| change.kind == ChangeKind::Withdrawn);
        let other = !old.patient.is_unknown()
            && !old.patient.identifiers.is_empty()
            && !new.patient.is_unknown()
            && !old.patient.is_same_person(&new.patient);
        let alarm = if other {
            Alarm::OtherPatient
        } else if withdrawn {
            Alarm::Withdrawn
        } else if says_so || differs {
            Alarm::Correction
        } else {
            Alarm::None
        };
        Self { alarm, changes }
    }
}

/// Whether the old version had a value where the new one changed something.
fn had_value(old: &ResultCard, new: &ResultCard, at: usize) -> bool {
    let Some(observation) = new.observations.get(at) else {
        return true;
    };
    let twins = old
        .observations
        .iter()
        .filter(|known| known.code.key() == observation.code.key());
    twins
        .filter(|known| known.sub_id == observation.sub_id)
        .any(|known| known.value.is_present())
}

/// What a person is told about an observation whose value is blank because it was withdrawn.
#[must_use]
pub fn withdrawn_warning(status: ObservationStatus) -> Option<&'static str> {
    (status == ObservationStatus::EnteredInError).then_some(
        "Withdrawn by the laboratory: it may belong to another patient. Do not act on it; check what was done because of it.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_reads_back() {
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()), Some(*state));
        }
        assert_eq!(State::parse("accepted"), None);
    }

    #[test]
    fn the_relays_word_is_never_called_accepted() {
        for state in State::ALL {
            assert_eq!(
                state.task_status() == "accepted",
                matches!(state, State::Acknowledged | State::AcknowledgedByTelephone)
            );
        }
    }
}

#[cfg(test)]
mod versions {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::hl7;

    macro_rules! sample {
        ($name:literal) => {
            card(&String::from_utf8_lossy(include_bytes!(concat!(
                "../samples/",
                $name
            ))))
        };
    }

    fn card(text: &str) -> ResultCard {
        let mut file = hl7::import(text.as_bytes()).unwrap();
        file.messages.remove(0).outcome.unwrap().cards.remove(0)
    }

    #[test]
    fn a_correction_alarms_with_old_and_new_value_side_by_side() {
        let (old, new) = (
            sample!("potassium-critical.hl7"),
            sample!("potassium-corrected.hl7"),
        );
        let step = Supersession::of(&old, &new);
        assert_eq!(step.alarm, Alarm::Correction);
        let potassium = step
            .changes
            .iter()
            .find(|change| change.item == Item::Observation(1))
            .unwrap();
        assert_eq!(potassium.old.as_deref(), Some("6.8 mmol/L HH"));
        assert_eq!(potassium.new.as_deref(), Some("4.1 mmol/L N"));
        assert!(!format!("{step:?}").contains("6.8"));
    }

    #[test]
    fn wrong_patient_alarms_louder_and_shows_no_value() {
        let (old, new) = (
            sample!("potassium-corrected.hl7"),
            sample!("potassium-wrong-patient.hl7"),
        );
        let step = Supersession::of(&old, &new);
        assert_eq!(step.alarm, Alarm::Withdrawn);
        assert_eq!(
            step.changes
                .iter()
                .filter(|change| change.kind == ChangeKind::Withdrawn)
                .count(),
            3
        );
        assert!(
            step.changes
                .iter()
                .all(|change| change.new.as_deref() != Some("4.1 mmol/L N"))
        );
        assert!(withdrawn_warning(new.observations[1].status).is_some());
    }

    #[test]
    fn a_silent_change_of_a_value_is_a_correction_too() {
        let text = String::from_utf8_lossy(include_bytes!("../samples/potassium-critical.hl7"))
            .into_owned();
        let (old, new) = (card(&text), card(&text.replace("|6.8|", "|6.9|")));
        assert_eq!(Supersession::of(&old, &new).alarm, Alarm::Correction);
        assert_eq!(Supersession::of(&old, &old).alarm, Alarm::None);
    }

    #[test]
    fn another_patient_in_a_new_version_is_named() {
        let text = String::from_utf8_lossy(include_bytes!("../samples/potassium-critical.hl7"))
            .into_owned();
        let (old, new) = (card(&text), card(&text.replace("84531907", "84531908")));
        assert_eq!(old.id(), new.id());
        assert_eq!(Supersession::of(&old, &new).alarm, Alarm::OtherPatient);
    }

    #[test]
    fn an_early_result_that_becomes_final_does_not_alarm() {
        let text = String::from_utf8_lossy(include_bytes!("../samples/troponin.hl7")).into_owned();
        let early = card(&text.replace("|||F|||", "|||P|||"));
        assert_eq!(Supersession::of(&early, &card(&text)).alarm, Alarm::None);
    }
}
