//! Codes with their systems.

use std::fmt;

const V2_PREFIX: &str = "http://terminology.hl7.org/CodeSystem/v2-";

/// One code of one system.
#[derive(Clone, PartialEq, Eq, Default, Hash)]
pub struct Coding {
    /// URI of the code system.
    pub system: Option<String>,
    /// The code.
    pub code: Option<String>,
    /// What the system or the sender calls it.
    pub display: Option<String>,
}

/// A concept: the same thing in several codes, and the words of the sender.
#[derive(Clone, PartialEq, Eq, Default, Hash)]
pub struct Concept {
    /// The codes, in the order sent.
    pub codings: Vec<Coding>,
    /// The sender's words.
    pub text: Option<String>,
}

impl fmt::Debug for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Coding(..)")
    }
}

impl fmt::Debug for Concept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Concept(..)")
    }
}

impl Concept {
    /// A concept of words only.
    #[must_use]
    pub fn of_text(text: impl Into<String>) -> Self {
        Self {
            codings: Vec::new(),
            text: Some(text.into()),
        }
    }

    /// A concept of one code.
    #[must_use]
    pub fn of_code(system: &str, code: &str, display: Option<&str>) -> Self {
        Self {
            codings: vec![Coding {
                system: Some(system.to_owned()),
                code: Some(code.to_owned()),
                display: display.map(str::to_owned),
            }],
            text: None,
        }
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_none()
            && self
                .codings
                .iter()
                .all(|c| c.code.is_none() && c.display.is_none())
    }

    /// The words for people: the sender's own, else a display, else a code.
    #[must_use]
    pub fn label(&self) -> &str {
        let display = || {
            self.codings
                .iter()
                .find_map(|coding| coding.display.as_deref())
        };
        let code = || {
            self.codings
                .iter()
                .find_map(|coding| coding.code.as_deref())
        };
        self.text
            .as_deref()
            .or_else(display)
            .or_else(code)
            .unwrap_or_default()
    }

    /// Whether any of its codes is this one.
    #[must_use]
    pub fn has_code(&self, code: &str) -> bool {
        self.codings
            .iter()
            .any(|coding| coding.code.as_deref() == Some(code))
    }

    /// What tells it from other concepts: the first code with its system, else its words.
    #[must_use]
    pub fn key(&self) -> (&str, &str) {
        self.codings
            .iter()
            .find_map(|coding| {
                Some((
                    coding.system.as_deref().unwrap_or_default(),
                    coding.code.as_deref()?,
                ))
            })
            .unwrap_or(("", self.label()))
    }
}

/// The URI of a coding system by its name in HL7 table 0396 (`LN`, `SCT`, `HL70078`); `urn:id:` and the name for
/// local and unknown ones.
#[must_use]
pub fn system_of_v2(name: &str) -> Option<String> {
    let name = name.trim();
    let known = match name {
        "" => return None,
        "LN" => "http://loinc.org",
        "SCT" | "SNOMED-CT" | "SNOMED" => "http://snomed.info/sct",
        "UCUM" => "http://unitsofmeasure.org",
        "I10" | "ICD10" => "http://hl7.org/fhir/sid/icd-10",
        "I10C" => "http://hl7.org/fhir/sid/icd-10-cm",
        "I9C" => "http://hl7.org/fhir/sid/icd-9-cm",
        "C4" | "CPT4" => "http://www.ama-assn.org/go/cpt",
        _ => {
            let table = name.strip_prefix("HL7").filter(|digits| {
                (1..=4).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
            });
            return Some(match table {
                Some(digits) => format!("{V2_PREFIX}{digits:0>4}"),
                None => format!("urn:id:{name}"),
            });
        }
    };
    Some(known.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coding_systems_have_their_uris() {
        assert_eq!(system_of_v2("LN").as_deref(), Some("http://loinc.org"));
        assert_eq!(
            system_of_v2("HL70078").as_deref(),
            Some("http://terminology.hl7.org/CodeSystem/v2-0078")
        );
        assert_eq!(system_of_v2("99LAB").as_deref(), Some("urn:id:99LAB"));
        assert_eq!(system_of_v2(" "), None);
    }

    #[test]
    fn a_concept_is_called_by_the_senders_words_first() {
        let mut concept = Concept::of_code("http://loinc.org", "2823-3", Some("Potassium"));
        assert_eq!(concept.label(), "Potassium");
        concept.text = Some("Kalium".into());
        assert_eq!(concept.label(), "Kalium");
        assert_eq!(concept.key(), ("http://loinc.org", "2823-3"));
        assert_eq!(Concept::of_text("x").key(), ("", "x"));
        assert!(Concept::default().is_empty());
    }
}
