//! The patient: name, birth date, identifiers with who assigned them.

use crate::moment::Moment;
use std::fmt;

/// Kinds of identifier (HL7 table 0203) that a card never carries: they name the person outside of care.
const NOT_CARRIED: [&str; 7] = ["SS", "SSN", "DL", "PPN", "TAX", "BC", "CZ"];

/// An identifier of a patient, a clinician or an order, with who assigned it.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Identifier {
    /// The identifier.
    pub value: String,
    /// Its kind in HL7 table 0203 (`MR`, `PI`, `VN`).
    pub kind: Option<String>,
    /// The namespace as a URI.
    pub system: Option<String>,
    /// The name of the assigning authority.
    pub authority: Option<String>,
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identifier(..)")
    }
}

impl Identifier {
    /// Whether somebody is named who assigned it: without that it tells nobody apart.
    #[must_use]
    pub fn has_authority(&self) -> bool {
        self.system.is_some() || self.authority.is_some()
    }

    /// The assigning authority as one text: the namespace, else the name.
    #[must_use]
    pub fn authority_key(&self) -> &str {
        self.system
            .as_deref()
            .or(self.authority.as_deref())
            .unwrap_or_default()
    }

    /// Whether it is a social security number or another national number, of which lists never show digits.
    #[must_use]
    pub fn is_national(&self) -> bool {
        let kind = self
            .kind
            .as_deref()
            .unwrap_or_default()
            .to_ascii_uppercase();
        let national_kind = matches!(kind.as_str(), "SS" | "SSN" | "NI" | "SB" | "IND" | "PNT")
            || (kind.starts_with("NN") && kind.len() == 5);
        let told = |text: &Option<String>| {
            let text = text.as_deref().unwrap_or_default().to_ascii_lowercase();
            text.contains("ssn")
                || text == "usssa"
                || text == "ssa"
                || text.ends_with("2.16.840.1.113883.4.1")
        };
        national_kind || told(&self.system) || told(&self.authority)
    }

    /// Whether a card carries it: social security, driving licence, passport and tax numbers stay behind.
    #[must_use]
    pub(crate) fn belongs_on_a_card(&self) -> bool {
        let kind = self
            .kind
            .as_deref()
            .unwrap_or_default()
            .to_ascii_uppercase();
        let social_security = self.is_national()
            && !matches!(kind.as_str(), "NI" | "SB" | "IND" | "PNT")
            && !kind.starts_with("NN");
        !NOT_CARRIED.contains(&kind.as_str()) && !social_security
    }
}

/// A name of a person.
#[derive(Clone, PartialEq, Eq, Default, Hash)]
pub struct HumanName {
    /// The whole name as one text, where it came as one.
    pub text: Option<String>,
    /// Family name.
    pub family: Option<String>,
    /// Given names.
    pub given: Vec<String>,
    /// Titles before.
    pub prefix: Option<String>,
    /// Parts after.
    pub suffix: Option<String>,
}

impl fmt::Debug for HumanName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HumanName(..)")
    }
}

impl HumanName {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_none() && self.family.is_none() && self.given.is_empty()
    }

    /// `Family, Given Middle`.
    #[must_use]
    pub fn label(&self) -> String {
        let given = self.given.join(" ");
        match (&self.family, given.is_empty()) {
            (Some(family), false) => format!("{family}, {given}"),
            (Some(family), true) => family.clone(),
            (None, false) => given,
            (None, true) => self.text.clone().unwrap_or_default(),
        }
    }

    /// The words of the name in lower case and in order, to compare what a person typed.
    pub(crate) fn words(text: &str) -> Vec<String> {
        let mut words: Vec<String> = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        words.sort();
        words
    }
}

/// The patient of a card.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Patient {
    /// The name.
    pub name: Option<HumanName>,
    /// The birth date, as precise as it was sent.
    pub birth_date: Option<Moment>,
    /// Identifiers.
    pub identifiers: Vec<Identifier>,
}

impl fmt::Debug for Patient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Patient(..)")
    }
}

impl Patient {
    /// Whether nothing at all is known.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.name.is_none() && self.birth_date.is_none() && self.identifiers.is_empty()
    }

    /// How many independent identifiers there are: name and full birth date count only together (a name alone, such as
    /// a newborn's, is shared or provisional), then each number with the authority that assigned it.
    #[must_use]
    pub fn identifier_count(&self) -> usize {
        let named = self.name.as_ref().is_some_and(|name| !name.is_empty());
        let born = self.birth_date.as_ref().is_some_and(Moment::has_day);
        let mut numbers: Vec<(&str, &str)> = self
            .identifiers
            .iter()
            .filter(|identifier| identifier.has_authority())
            .map(|identifier| (identifier.authority_key(), identifier.value.as_str()))
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.len() + if named && born { 2 } else { 0 }
    }

    /// Whether both are certainly the same person: an identifier with the same authority and value, and no other one of
    /// the same authority and kind that differs.
    #[must_use]
    pub fn is_same_person(&self, other: &Self) -> bool {
        let mut shared = false;
        for mine in self
            .identifiers
            .iter()
            .filter(|identifier| identifier.has_authority())
        {
            for theirs in &other.identifiers {
                if mine.authority_key() == theirs.authority_key() && mine.kind == theirs.kind {
                    if mine.value != theirs.value {
                        return false;
                    }
                    shared = true;
                }
            }
        }
        shared
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn number(kind: &str, authority: Option<&str>, value: &str) -> Identifier {
        Identifier {
            value: value.into(),
            kind: Some(kind.into()),
            system: None,
            authority: authority.map(str::to_owned),
        }
    }

    #[test]
    fn a_newborns_name_does_not_count_without_a_birth_date() {
        let mut patient = Patient {
            name: Some(HumanName {
                family: Some("Smith".into()),
                given: vec!["Baby Boy".into()],
                ..HumanName::default()
            }),
            birth_date: None,
            identifiers: vec![number("MR", Some("HOSP"), "12345678")],
        };
        assert_eq!(patient.identifier_count(), 1);
        patient.birth_date = Moment::parse("2026-11");
        assert_eq!(patient.identifier_count(), 1);
        patient.birth_date = Moment::parse("2026-11-20");
        assert_eq!(patient.identifier_count(), 3);
    }

    #[test]
    fn a_number_without_authority_or_said_twice_does_not_count() {
        let patient = Patient {
            name: None,
            birth_date: None,
            identifiers: vec![
                number("MR", None, "1"),
                number("MR", Some("A"), "2"),
                number("PI", Some("A"), "2"),
            ],
        };
        assert_eq!(patient.identifier_count(), 1);
    }

    #[test]
    fn social_security_licence_and_passport_stay_behind() {
        for (kind, authority, carried) in [
            ("MR", "HOSP", true),
            ("NI", "NHS", true),
            ("NNGBR", "NHS", true),
            ("SS", "USA", false),
            ("PI", "USSSA", false),
            ("DL", "IL", false),
            ("PPN", "USA", false),
        ] {
            assert_eq!(
                number(kind, Some(authority), "1").belongs_on_a_card(),
                carried,
                "{kind}"
            );
        }
        assert!(
            number("NI", Some("NHS"), "1").is_national()
                && !number("MR", Some("H"), "1").is_national()
        );
    }

    #[test]
    fn two_patients_are_the_same_only_by_a_shared_number() {
        let of = |numbers: &[(&str, &str)]| Patient {
            identifiers: numbers
                .iter()
                .map(|(a, v)| number("MR", Some(a), v))
                .collect(),
            ..Patient::default()
        };
        assert!(of(&[("A", "1")]).is_same_person(&of(&[("B", "9"), ("A", "1")])));
        assert!(!of(&[("A", "1")]).is_same_person(&of(&[("B", "1")])));
        assert!(!of(&[("A", "1"), ("B", "2")]).is_same_person(&of(&[("A", "1"), ("B", "3")])));
        assert!(!Patient::default().is_same_person(&Patient::default()));
    }
}
