//! What was observed.

use super::coding::Concept;
use crate::decimal::Decimal;
use crate::moment::Moment;
use std::fmt;

/// How a quantity relates to the number beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Comparator {
    Less,
    LessOrEqual,
    GreaterOrEqual,
    Greater,
}

impl Comparator {
    /// `<`, `<=`, `>=` or `>`: FHIR's codes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::GreaterOrEqual => ">=",
            Self::Greater => ">",
        }
    }

    /// Reads FHIR's codes and the mathematical signs.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "<" => Self::Less,
            "<=" | "=<" | "≤" => Self::LessOrEqual,
            ">=" | "=>" | "≥" => Self::GreaterOrEqual,
            ">" => Self::Greater,
            _ => return None,
        })
    }
}

/// A number with its unit.
#[derive(Clone, PartialEq, Eq)]
pub struct Quantity {
    /// Where the number is a bound, which side is meant.
    pub comparator: Option<Comparator>,
    /// The number, exactly as reported.
    pub value: Decimal,
    /// The unit as people read it.
    pub unit: Option<String>,
    /// The code system of the unit.
    pub system: Option<String>,
    /// The unit in that system.
    pub code: Option<String>,
}

impl Quantity {
    /// A bare number.
    #[must_use]
    pub fn of(value: Decimal) -> Self {
        Self {
            comparator: None,
            value,
            unit: None,
            system: None,
            code: None,
        }
    }

    /// The unit as shown: its words, else its code.
    #[must_use]
    pub fn unit_label(&self) -> Option<&str> {
        self.unit.as_deref().or(self.code.as_deref())
    }

    /// The number with its comparator and without its unit.
    #[must_use]
    pub fn number_text(&self) -> String {
        format!(
            "{}{}",
            self.comparator.map_or("", Comparator::as_str),
            self.value
        )
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.number_text())?;
        self.unit_label()
            .map_or(Ok(()), |unit| write!(f, " {unit}"))
    }
}

macro_rules! absent_reasons {
    ($($name:ident = $code:literal),+ $(,)?) => {
        /// Why there is no value: FHIR's `data-absent-reason` codes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs)]
        pub enum AbsentReason { $($name),+ }

        impl AbsentReason {
            /// FHIR's code.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }

            /// Reads FHIR's code.
            #[must_use]
            pub fn parse(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$name),)+ _ => None }
            }
        }
    };
}

absent_reasons! {
    Unknown = "unknown",
    AskedUnknown = "asked-unknown",
    TempUnknown = "temp-unknown",
    NotAsked = "not-asked",
    AskedDeclined = "asked-declined",
    Masked = "masked",
    NotApplicable = "not-applicable",
    Unsupported = "unsupported",
    AsText = "as-text",
    Error = "error",
    NotANumber = "not-a-number",
    NegativeInfinity = "negative-infinity",
    PositiveInfinity = "positive-infinity",
    NotPerformed = "not-performed",
    NotPermitted = "not-permitted",
}

impl AbsentReason {
    /// The words shown in place of a value.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Unknown => "no value",
            Self::AskedUnknown => "asked, not known",
            Self::TempUnknown => "pending",
            Self::NotAsked => "not asked",
            Self::AskedDeclined => "declined",
            Self::Masked => "masked",
            Self::NotApplicable => "not applicable",
            Self::Unsupported => "not carried by this card",
            Self::AsText => "in the text",
            Self::Error => "withdrawn",
            Self::NotANumber => "not a number",
            Self::NegativeInfinity => "too low to be measured",
            Self::PositiveInfinity => "too high to be measured",
            Self::NotPerformed => "not performed",
            Self::NotPermitted => "not permitted",
        }
    }
}

/// What was observed.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// A number with comparator and unit.
    Quantity(Quantity),
    /// Words, perhaps in many lines.
    Text(String),
    /// A code.
    Coded(Concept),
    /// From, to, or both.
    Range {
        /// The lower end.
        low: Option<Quantity>,
        /// The upper end.
        high: Option<Quantity>,
    },
    /// A titre or another ratio.
    Ratio {
        /// Above the line.
        numerator: Quantity,
        /// Below the line.
        denominator: Quantity,
    },
    /// A date, perhaps with a time.
    DateTime(Moment),
    /// A time of day, `hh:mm:ss`.
    Time(String),
    /// From, to, or both.
    Period {
        /// The beginning.
        start: Option<Moment>,
        /// The end.
        end: Option<Moment>,
    },
    /// Yes or no.
    Boolean(bool),
    /// No value, with a reason.
    Absent(AbsentReason),
    /// The head of a panel: its members, which follow, carry the values.
    Heading,
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Quantity(_) => "Quantity(..)",
            Self::Text(_) => "Text(..)",
            Self::Coded(_) => "Coded(..)",
            Self::Range { .. } => "Range(..)",
            Self::Ratio { .. } => "Ratio(..)",
            Self::DateTime(_) => "DateTime(..)",
            Self::Time(_) => "Time(..)",
            Self::Period { .. } => "Period(..)",
            Self::Boolean(_) => "Boolean(..)",
            Self::Absent(reason) => return write!(f, "Absent({reason:?})"),
            Self::Heading => "Heading",
        })
    }
}

impl fmt::Debug for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Quantity(..)")
    }
}

impl Value {
    /// Whether there is something to read.
    #[must_use]
    pub const fn is_present(&self) -> bool {
        !matches!(self, Self::Absent(_) | Self::Heading)
    }

    /// The unit of a quantity, range or ratio.
    #[must_use]
    pub fn unit(&self) -> Option<&str> {
        match self {
            Self::Quantity(quantity)
            | Self::Ratio {
                numerator: quantity,
                ..
            } => quantity.unit_label(),
            Self::Range { low, high } => low
                .as_ref()
                .or(high.as_ref())
                .and_then(Quantity::unit_label),
            _ => None,
        }
    }

    /// The value as people read it, without its unit. Text comes whole.
    #[must_use]
    pub fn text_without_unit(&self) -> String {
        let ends = |low: Option<String>, high: Option<String>| match (low, high) {
            (Some(low), Some(high)) => format!("{low} – {high}"),
            (Some(low), None) => format!("from {low}"),
            (None, Some(high)) => format!("up to {high}"),
            (None, None) => String::new(),
        };
        match self {
            Self::Quantity(quantity) => quantity.number_text(),
            Self::Text(text) => text.clone(),
            Self::Coded(concept) => concept.label().to_owned(),
            Self::Range { low, high } => ends(
                low.as_ref().map(Quantity::number_text),
                high.as_ref().map(Quantity::number_text),
            ),
            Self::Ratio {
                numerator,
                denominator,
            } => {
                format!("{}:{}", numerator.number_text(), denominator.number_text())
            }
            Self::DateTime(moment) => moment.to_string(),
            Self::Time(time) => time.clone(),
            Self::Period { start, end } => ends(
                start.as_ref().map(Moment::to_string),
                end.as_ref().map(Moment::to_string),
            ),
            Self::Boolean(value) => (if *value { "yes" } else { "no" }).to_owned(),
            Self::Absent(reason) => reason.words().to_owned(),
            Self::Heading => String::new(),
        }
    }

    /// The value as people read it.
    #[must_use]
    pub fn text(&self) -> String {
        match self.unit() {
            Some(unit) => format!("{} {unit}", self.text_without_unit()),
            None => self.text_without_unit(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn values_read_as_people_write_them() {
        let quantity = |comparator, text: &str, unit: Option<&str>| Quantity {
            comparator,
            unit: unit.map(str::to_owned),
            ..Quantity::of(Decimal::parse(text).unwrap())
        };
        let troponin = Value::Quantity(quantity(Some(Comparator::Greater), "1000", Some("ng/L")));
        assert_eq!(troponin.text(), ">1000 ng/L");
        let titre = Value::Ratio {
            numerator: quantity(None, "1", None),
            denominator: quantity(None, "128", None),
        };
        assert_eq!(titre.text(), "1:128");
        let range = Value::Range {
            low: Some(quantity(None, "5", Some("/uL"))),
            high: Some(quantity(None, "10", Some("/uL"))),
        };
        assert_eq!(range.text(), "5 – 10 /uL");
        assert_eq!(Value::Absent(AbsentReason::TempUnknown).text(), "pending");
    }

    #[test]
    fn debug_output_shows_no_value() {
        let value = Value::Quantity(Quantity::of(Decimal::parse("6.8").unwrap()));
        assert!(!format!("{value:?}").contains("6.8"));
    }
}
