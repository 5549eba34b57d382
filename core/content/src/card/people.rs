//! Who ordered, who attends, where the patient lies: what routing needs.

use super::patient::{HumanName, Identifier};

/// A clinician (or an organisation in that part) named by a report.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Clinician {
    /// Identifiers, such as an NPI or a staff number.
    pub identifiers: Vec<Identifier>,
    /// The name.
    pub name: Option<HumanName>,
}

impl std::fmt::Debug for Clinician {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clinician(..)")
    }
}

impl Clinician {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.identifiers.is_empty() && self.name.as_ref().is_none_or(HumanName::is_empty)
    }
}

/// Where the patient lies (PV1-3).
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Unit {
    /// Ward or point of care.
    pub unit: Option<String>,
    /// Room.
    pub room: Option<String>,
    /// Bed.
    pub bed: Option<String>,
    /// Facility.
    pub facility: Option<String>,
}

impl std::fmt::Debug for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unit(..)")
    }
}

impl Unit {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.unit.is_none() && self.room.is_none() && self.bed.is_none() && self.facility.is_none()
    }

    /// `5W · 12 · B`: ward, room and bed; the facility where none of them is known.
    #[must_use]
    pub fn label(&self) -> String {
        let parts: Vec<&str> = [&self.unit, &self.room, &self.bed]
            .into_iter()
            .filter_map(|part| part.as_deref())
            .collect();
        if parts.is_empty() {
            self.facility.clone().unwrap_or_default()
        } else {
            parts.join(" · ")
        }
    }
}
