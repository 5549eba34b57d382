//! Decimal numbers as the laboratory wrote them.
//!
//! A result is never turned into a float: `6.80` stays `6.80`, because the digits after the point say how precisely it
//! was measured. Two decimals are compared by value, digit by digit.

use std::fmt;

const MAX_TEXT: usize = 64;

/// A number with its exact text, in the form FHIR's `decimal` has.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Decimal {
    text: String,
}

impl Decimal {
    /// A number in FHIR's lexical form: `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts = Parts::of(text)?;
        let plain = !parts.plus
            && !parts.whole.is_empty()
            && (parts.whole == "0" || !parts.whole.starts_with('0'))
            && parts.fraction.is_none_or(|digits| !digits.is_empty());
        plain.then(|| Self {
            text: text.to_owned(),
        })
    }

    /// A number as HL7 v2's NM has it, which also allows `+5`, `.5`, `5.` and `007`. Only the sign, leading zeros and
    /// a bare point are put into FHIR's form; every digit after the point stays.
    #[must_use]
    pub fn from_reported(text: &str) -> Option<Self> {
        let parts = Parts::of(text.trim())?;
        let whole = parts.whole.trim_start_matches('0');
        let mut out = String::with_capacity(text.len() + 1);
        if parts.minus {
            out.push('-');
        }
        out.push_str(if whole.is_empty() { "0" } else { whole });
        if let Some(fraction) = parts.fraction.filter(|digits| !digits.is_empty()) {
            out.push('.');
            out.push_str(fraction);
        }
        if let Some(exponent) = parts.exponent {
            out.push('e');
            out.push_str(exponent);
        }
        Some(Self { text: out })
    }

    /// The exact text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether both are the same number: trailing zeros, leading zeros and the form of the exponent do not matter.
    #[must_use]
    pub fn same_number(&self, other: &Self) -> bool {
        self.canonical()
            .is_some_and(|canonical| Some(canonical) == other.canonical())
    }

    /// Sign, significant digits without zeros at either end, power of ten of the last digit.
    fn canonical(&self) -> Option<(bool, String, i64)> {
        let parts = Parts::of(&self.text)?;
        let fraction = parts.fraction.unwrap_or_default();
        let digits = format!("{}{fraction}", parts.whole);
        let significant = digits.trim_start_matches('0');
        let trimmed = significant.trim_end_matches('0');
        if trimmed.is_empty() {
            return Some((false, String::new(), 0));
        }
        let exponent: i64 = parts.exponent.map_or(Ok(0), str::parse).ok()?;
        let power = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        let dropped = i64::try_from(significant.len() - trimmed.len()).ok()?;
        Some((parts.minus, trimmed.to_owned(), power.checked_add(dropped)?))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A measured value is content.
impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decimal(..)")
    }
}

/// The pieces of a decimal text.
struct Parts<'a> {
    plus: bool,
    minus: bool,
    whole: &'a str,
    fraction: Option<&'a str>,
    exponent: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Option<Self> {
        if text.len() > MAX_TEXT {
            return None;
        }
        let (plus, minus, rest) = match text.as_bytes().first()? {
            b'+' => (true, false, &text[1..]),
            b'-' => (false, true, &text[1..]),
            _ => (false, false, text),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (rest, None),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (mantissa, None),
        };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let exponent_fits = exponent.is_none_or(|exponent| {
            let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            (1..=6).contains(&unsigned.len()) && digits(unsigned)
        });
        let some_digit = !whole.is_empty() || fraction.is_some_and(|fraction| !fraction.is_empty());
        (some_digit && digits(whole) && fraction.is_none_or(digits) && exponent_fits).then_some(
            Self {
                plus,
                minus,
                whole,
                fraction,
                exponent,
            },
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_digit_after_the_point_stays() {
        for (reported, text) in [
            ("6.80", "6.80"),
            ("+5", "5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("007.10", "7.10"),
            ("-0.0", "-0.0"),
            ("1e-3", "1e-3"),
            (" 12 ", "12"),
        ] {
            assert_eq!(Decimal::from_reported(reported).unwrap().as_str(), text);
        }
    }

    #[test]
    fn what_is_not_a_number_is_not_made_one() {
        for text in [
            "",
            ".",
            "-",
            "6,8",
            "1.2.3",
            "1e",
            "1e1234567",
            "abc",
            "0x10",
            "1 000",
            "١",
        ] {
            assert!(Decimal::from_reported(text).is_none(), "{text}");
        }
        for text in ["+5", ".5", "5.", "007", "-", " 5"] {
            assert!(Decimal::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn numbers_compare_by_value_and_not_by_text() {
        let same = |a: &str, b: &str| {
            Decimal::from_reported(a)
                .unwrap()
                .same_number(&Decimal::from_reported(b).unwrap())
        };
        assert!(
            same("6.8", "6.80")
                && same("6.8", "06.800")
                && same("0", "-0.00")
                && same("1e3", "1000")
        );
        assert!(same("100", "1e2") && same("0.0068", "6.8e-3"));
        assert!(
            !same("6.8", "8.6") && !same("6.8", "68") && !same("6.8", "-6.8") && !same("1", "10")
        );
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics_and_what_is_accepted_is_fhir(text in ".{0,80}") {
            if let Some(decimal) = Decimal::from_reported(&text) {
                prop_assert!(Decimal::parse(decimal.as_str()).is_some());
                prop_assert!(decimal.same_number(&decimal));
            }
        }
    }
}
