//! Why a file did not become a card, and what was noticed on the way.
//!
//! A refusal names the place, in the words of the format (`OBX[3]-5`, `Bundle.entry[2].resource.status`), and the
//! cause. Neither holds content: a place is made of names and numbers of the format, a cause is one of a table.

use std::fmt;

/// A refused file, message or resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {cause}")]
pub struct Refusal {
    /// Segment and field, or path.
    pub at: String,
    /// What is wrong there.
    pub cause: Cause,
}

impl Refusal {
    pub(crate) fn new(at: impl Into<String>, cause: Cause) -> Self {
        Self {
            at: at.into(),
            cause,
        }
    }
}

/// What is wrong at a place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// More bytes, messages, segments or observations than the limit, which is named.
    #[error("larger than the limit of {0}")]
    TooLarge(usize),
    /// Nested or referring deeper than the limit.
    #[error("nested too deeply")]
    TooDeep,
    /// The bytes are neither an HL7 v2 message nor FHIR JSON.
    #[error("not {0}")]
    NotA(&'static str),
    /// Something the format or the card needs is not there.
    #[error("missing")]
    Missing,
    /// Another type of value than the format has there.
    #[error("expected {0}")]
    Expected(&'static str),
    /// A code outside its table.
    #[error("a code outside its table ({0})")]
    UnknownCode(&'static str),
    /// A message or resource that is not a result; its type is named as sent, shortened to letters and digits.
    #[error("{0} is not a laboratory result")]
    NotAResult(TypeName),
    /// A version of the standard that is not read.
    #[error("a version of the standard that is not read")]
    Version,
    /// A part of the report that names another patient than the report.
    #[error("names another patient than the report")]
    AnotherPatient,
}

/// The name of a message or resource type, safe to print: at most 24 letters, digits and carets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeName(String);

impl TypeName {
    pub(crate) fn new(text: &str) -> Self {
        let safe = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '^' | '_');
        Self(text.chars().filter(safe).take(24).collect())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() {
            "an unnamed type"
        } else {
            &self.0
        })
    }
}

/// Something in an accepted file that a person should know: nothing is left out in silence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Segment and field, or path.
    pub at: String,
    /// What was noticed.
    pub kind: NoteKind,
}

impl Note {
    pub(crate) fn new(at: impl Into<String>, kind: NoteKind) -> Self {
        Self {
            at: at.into(),
            kind,
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.kind)
    }
}

/// What was noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteKind {
    /// A value that is not of its declared type is shown as the text that was sent.
    ShownAsText,
    /// A document, image or pointer was left out, and the card says so; or a unit beside a code.
    NotCarried,
    /// Not a date or time, so it was left out.
    NotATime,
    /// A part that does not belong to a result.
    NotPartOfTheReport,
    /// What is referred to is not in the file; the card says so.
    NotIncluded,
    /// The value was blanked because the laboratory withdrew it.
    Withdrawn,
    /// A trailer counts another number of messages than the file has.
    CountDiffers,
    /// No status was sent.
    NoStatus,
    /// No patient was sent.
    NoPatient,
}

impl fmt::Display for NoteKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ShownAsText => "not of its declared type, shown as sent",
            Self::NotCarried => "something that a card does not carry",
            Self::NotATime => "not a date or time, left out",
            Self::NotPartOfTheReport => "not part of a report, left out",
            Self::NotIncluded => "refers to something that is not in the file",
            Self::Withdrawn => "withdrawn by the laboratory, value blanked",
            Self::CountDiffers => "counts another number of messages than the file has",
            Self::NoStatus => "no status was sent",
            Self::NoPatient => "no patient was sent",
        })
    }
}

/// A limit that the readers share: bytes of one file.
pub const MAX_FILE_BYTES: usize = 8 << 20;

/// What became of a file or a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Import {
    /// One card for each report.
    pub cards: Vec<crate::card::ResultCard>,
    /// What was noticed on the way.
    pub notes: Vec<Note>,
}
