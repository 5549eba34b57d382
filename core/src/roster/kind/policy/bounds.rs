//! What a setting may say. Judged at replay since the second version of the rules; a policy that says anything else is
//! junk, so no device ever has to guess what an impossible rule means.

use super::{DAY, HOUR, Policy, Setting, Value};
use crate::roster::Action;

const MINUTE: u64 = 60;
const YEAR: u64 = 365 * DAY;
const MIB: u64 = 1024 * 1024;

/// The values a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A duration in seconds, from the first to the second.
    Seconds(u64, u64),
    /// A number from the first to the second.
    Range(u64, u64),
    /// So many durations at most, each within the range.
    Steps(usize, u64, u64),
    /// Codes of acts, in order, each once.
    Acts,
    /// So many texts at most.
    Words(usize),
    /// One number for all units or one for each, up to this.
    PerUnit(u64),
}

/// Units in a setting that differs per unit.
const MAX_UNITS: usize = 256;

impl Setting {
    /// What it may say.
    #[must_use]
    pub const fn shape(self) -> Shape {
        match self {
            Self::MessageLife | Self::ResultLife | Self::AttachmentLife => {
                Shape::Seconds(HOUR, 400 * DAY)
            }
            Self::LoopRecordLife | Self::AuditLife => Shape::Seconds(YEAR, 50 * YEAR),
            Self::IdleLock => Shape::Seconds(10, HOUR),
            Self::SessionLength => Shape::Seconds(5 * MINUTE, 7 * DAY),
            Self::VerificationAge => Shape::Seconds(30, 300),
            Self::NotificationPreview
            | Self::LockMode
            | Self::Export
            | Self::ApprovePrivileged
            | Self::ApproveAll
            | Self::UnlockShare
            | Self::RecoverySealedKey => Shape::Range(0, 1),
            Self::AttachmentKinds => Shape::Words(64),
            Self::AttachmentSize => Shape::Range(0, 256 * MIB),
            Self::History | Self::NextDevice => Shape::Range(0, 2),
            Self::InvitationLife => Shape::Seconds(5 * MINUTE, 30 * DAY),
            Self::MinimumVersion => Shape::Range(0, u32::MAX as u64),
            Self::LeaseLock => Shape::Seconds(HOUR, 30 * DAY),
            Self::LeaseErase => Shape::Seconds(DAY, YEAR),
            Self::AttestationAge => Shape::Seconds(5 * MINUTE, 7 * DAY),
            Self::EscalationSteps => Shape::Steps(8, MINUTE, DAY),
            Self::ReadBack => Shape::PerUnit(2),
            Self::TwoAdministrators => Shape::Acts,
            Self::WipeCap => Shape::Range(0, 100),
            Self::ProposalLife => Shape::Seconds(HOUR, 30 * DAY),
            Self::RecoveryDelay => Shape::Seconds(DAY, 30 * DAY),
            Self::KeyRotation => Shape::Seconds(DAY, 400 * DAY),
        }
    }

    /// Whether it may say this.
    #[must_use]
    pub fn takes(self, value: &Value) -> bool {
        match (self.shape(), value) {
            (Shape::Seconds(low, high) | Shape::Range(low, high), Value::Number(number)) => {
                (low..=high).contains(number)
            }
            (Shape::Steps(most, low, high), Value::Numbers(steps)) => {
                steps.len() <= most && steps.iter().all(|step| (low..=high).contains(step))
            }
            (Shape::Acts, Value::Numbers(codes)) => {
                codes.is_sorted_by(|a, b| a < b)
                    && codes.iter().all(|code| {
                        u16::try_from(*code).is_ok_and(|code| Action::from_code(code).is_some())
                    })
            }
            (Shape::Words(most), Value::Words(words)) => words.len() <= most,
            (Shape::PerUnit(high), Value::Number(number)) => *number <= high,
            (Shape::PerUnit(high), Value::PerUnit(units)) => {
                units.len() <= MAX_UNITS
                    && units.is_sorted_by(|a, b| a.0 < b.0)
                    && units.iter().all(|(_, number)| *number <= high)
            }
            _ => false,
        }
    }
}

impl Policy {
    /// Whether every setting that this release knows is within its bounds, and the two limits of a lease are in order.
    ///
    /// # Errors
    /// The first setting that is not.
    pub fn check(&self) -> Result<(), Setting> {
        for (code, value) in &self.settings {
            if let Some(setting) = Setting::from_code(*code)
                && !setting.takes(value)
            {
                return Err(setting);
            }
        }
        if self.number(Setting::LeaseErase) <= self.number(Setting::LeaseLock) {
            return Err(Setting::LeaseErase);
        }
        Ok(())
    }
    /// Whether any act is under dual control.
    #[must_use]
    pub fn controlled(&self) -> bool {
        !self.two_administrators().is_empty()
    }
    /// Whether these rules let one person do more alone than `before` did.
    #[must_use]
    pub fn loosens(&self, before: &Self) -> bool {
        let (new, old) = (self.two_administrators(), before.two_administrators());
        let raised = |setting| self.number(setting) > before.number(setting);
        let lowered = |setting| self.number(setting) < before.number(setting);
        !old.is_subset(&new)
            || raised(Setting::WipeCap)
            || raised(Setting::ProposalLife)
            || lowered(Setting::RecoveryDelay)
            || lowered(Setting::ApprovePrivileged)
            || lowered(Setting::ApproveAll)
            || lowered(Setting::NextDevice)
    }
}
