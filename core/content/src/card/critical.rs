//! What may be sent as critical, and what must be read back.

use super::{ReportStatus, ResultCard};

/// Identifiers without which nothing may be called critical.
const IDENTIFIERS_NEEDED: usize = 2;

/// Why a card may not be critical.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotCritical {
    /// A message for training or debugging.
    #[error("a TEST result is never critical")]
    Test,
    /// Fewer than two patient identifiers.
    #[error("the patient has {have} of the two identifiers that a critical result needs")]
    TooFewIdentifiers {
        /// How many there are; name and birth date count only together.
        have: usize,
    },
    /// The report was withdrawn.
    #[error("the result was withdrawn by the laboratory")]
    Withdrawn,
    /// The observation has no value to read back.
    #[error("there is no value to read back")]
    NoValue,
}

impl ResultCard {
    /// Whether the card may be sent as critical.
    ///
    /// # Errors
    /// The first reason against it.
    pub fn may_be_critical(&self) -> Result<(), NotCritical> {
        if self.test {
            return Err(NotCritical::Test);
        }
        if self.status == ReportStatus::EnteredInError {
            return Err(NotCritical::Withdrawn);
        }
        let have = self.patient.identifier_count();
        if have < IDENTIFIERS_NEEDED {
            return Err(NotCritical::TooFewIdentifiers { have });
        }
        if self
            .observations
            .iter()
            .any(|observation| observation.value.is_present())
        {
            Ok(())
        } else {
            Err(NotCritical::NoValue)
        }
    }

    /// Marks one observation critical by the sender's hand.
    ///
    /// # Errors
    /// When the card may not be critical or the observation has no value.
    pub fn mark_critical(&mut self, observation: usize) -> Result<(), NotCritical> {
        self.may_be_critical()?;
        match self.observations.get_mut(observation) {
            Some(observation) if observation.value.is_present() => {
                observation.critical_by_sender = true;
                Ok(())
            }
            _ => Err(NotCritical::NoValue),
        }
    }

    /// The observations to be read back: those with a critical flag of the laboratory or a mark of the sender.
    /// None on a TEST card.
    #[must_use]
    pub fn critical(&self) -> Vec<usize> {
        if self.test {
            return Vec::new();
        }
        let marked = self.observations.iter().enumerate();
        marked
            .filter(|(_, observation)| observation.is_critical())
            .map(|(index, _)| index)
            .collect()
    }
}
