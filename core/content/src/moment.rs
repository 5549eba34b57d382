//! Points in time as a sender reported them, with the precision and the offset that were given, and no more.

use jiff::civil::Date;
use std::fmt;

/// A date, or a date with time and perhaps an offset, in ISO 8601 text: `2026`, `2026-11`, `2026-11-22`,
/// `2026-11-22T08:30:00`, `2026-11-22T08:30:00+01:00`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    text: String,
}

impl Moment {
    /// Reads FHIR's `dateTime`, `date` and `instant`, and also a time without an offset, which FHIR forbids and
    /// [`Moment::from_hl7`] makes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (date, time) = match text.split_once('T') {
            Some((date, time)) => (date, Some(time)),
            None => (text, None),
        };
        let dashes = date.bytes().filter(|byte| *byte == b'-').count();
        if date.len() != [4, 7, 10].get(dashes).copied()? {
            return None;
        }
        let mut fields = date.split('-');
        valid_date(fields.next()?, fields.next(), fields.next())?;
        if let Some(time) = time {
            let full = date.len() == 10;
            let (clock, offset) = split_offset(time);
            (full && valid_clock(clock) && offset.is_none_or(valid_offset)).then_some(())?;
        }
        Some(Self {
            text: text.to_owned(),
        })
    }

    /// Reads HL7 v2's DT, TS and DTM: `YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]`. Minutes and seconds that were
    /// not sent are zero, as FHIR asks for them; an offset that was not sent is taken from `default_offset` (MSH-7's).
    #[must_use]
    pub fn from_hl7(text: &str, default_offset: Option<&str>) -> Option<Self> {
        // TS carries a second component (degree of precision), which some senders repeat inside.
        let text = text.trim();
        let (stamp, offset) = match text.find(['+', '-']) {
            Some(at) => (&text[..at], Some(&text[at..])),
            None => (text, None),
        };
        let (digits, fraction) = match stamp.split_once('.') {
            Some((digits, fraction)) => (digits, Some(fraction)),
            None => (stamp, None),
        };
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !all_digits(digits) || !matches!(digits.len(), 4 | 6 | 8 | 10 | 12 | 14) {
            return None;
        }
        if fraction
            .is_some_and(|f| f.is_empty() || f.len() > 9 || !all_digits(f) || digits.len() != 14)
        {
            return None;
        }
        let field = |at: usize| digits.get(at..at + 2);
        let mut out = digits[..4].to_owned();
        for part in [field(4), field(6)].into_iter().flatten() {
            out.push('-');
            out.push_str(part);
        }
        if digits.len() > 8 {
            for (mark, part) in ['T', ':', ':']
                .into_iter()
                .zip([field(8), field(10), field(12)])
            {
                out.push(mark);
                out.push_str(part.unwrap_or("00"));
            }
            if let Some(fraction) = fraction {
                out.push('.');
                out.push_str(fraction);
            }
            if let Some(offset) = offset
                .map(iso_offset)
                .or(default_offset.map(|o| Some(o.to_owned())))
            {
                out.push_str(&offset?);
            }
        } else if let Some(offset) = offset {
            iso_offset(offset)?;
        }
        Self::parse(&out)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The date alone.
    #[must_use]
    pub fn date(&self) -> Self {
        let date = self.text.split('T').next().unwrap_or(&self.text);
        Self {
            text: date.to_owned(),
        }
    }

    /// Whether year, month and day are known.
    #[must_use]
    pub fn has_day(&self) -> bool {
        self.text.len() >= 10
    }

    /// The offset from UTC, where one was given.
    #[must_use]
    pub fn offset(&self) -> Option<&str> {
        split_offset(self.text.split_once('T')?.1).1
    }

    /// Whether it is a FHIR `dateTime`: a date of any precision, or a time with an offset.
    #[must_use]
    pub fn is_fhir_date_time(&self) -> bool {
        !self.text.contains('T') || self.offset().is_some()
    }

    /// Whether it is a FHIR `instant`: a time with an offset.
    #[must_use]
    pub fn is_fhir_instant(&self) -> bool {
        self.offset().is_some()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A birth date or a collection time is content.
impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Moment(..)")
    }
}

/// Whether a text is FHIR's `time`: `hh:mm:ss[.fff]`.
pub(crate) fn valid_clock(text: &str) -> bool {
    let (clock, fraction) = match text.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (text, None),
    };
    let fields: Vec<&str> = clock.split(':').collect();
    let below = |text: &str, bound: u8| two_digits(text).is_some_and(|number| number < bound);
    matches!(fields[..], [hour, minute, second]
        if below(hour, 24) && below(minute, 60) && below(second, 61))
        && fraction
            .is_none_or(|f| (1..=9).contains(&f.len()) && f.bytes().all(|b| b.is_ascii_digit()))
}

fn two_digits(text: &str) -> Option<u8> {
    (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

fn valid_date(year: &str, month: Option<&str>, day: Option<&str>) -> Option<()> {
    let digits = year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit());
    let year: i16 = digits
        .then(|| year.parse().ok())
        .flatten()
        .filter(|year| *year > 0)?;
    let number = |text: Option<&str>| {
        text.map_or(Some(1), two_digits)
            .and_then(|n| i8::try_from(n).ok())
    };
    Date::new(year, number(month)?, number(day)?)
        .ok()
        .map(|_| ())
}

fn split_offset(time: &str) -> (&str, Option<&str>) {
    match time.find(['Z', '+', '-']) {
        Some(at) => (&time[..at], Some(&time[at..])),
        None => (time, None),
    }
}

fn valid_offset(text: &str) -> bool {
    if text == "Z" {
        return true;
    }
    let Some((hours, minutes)) = text.get(1..).and_then(|rest| rest.split_once(':')) else {
        return false;
    };
    let total = two_digits(hours)
        .zip(two_digits(minutes))
        .filter(|(_, minutes)| *minutes < 60)
        .map(|(hours, minutes)| u16::from(hours) * 60 + u16::from(minutes));
    total.is_some_and(|total| total <= 14 * 60)
}

/// `+0100` as `+01:00`.
pub(crate) fn iso_offset(text: &str) -> Option<String> {
    let iso = match text.len() {
        5 if text.is_ascii() => format!("{}:{}", &text[..3], &text[3..]),
        _ => return None,
    };
    valid_offset(&iso).then_some(iso)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hl7_times_keep_their_precision_and_offset() {
        for (hl7, iso) in [
            ("1963", "1963"),
            ("196303", "1963-03"),
            ("19630306", "1963-03-06"),
            ("2024101503", "2024-10-15T03:00:00"),
            ("202410150335", "2024-10-15T03:35:00"),
            ("20241015034304", "2024-10-15T03:43:04"),
            ("20141006064500+0700", "2014-10-06T06:45:00+07:00"),
            ("20240605185501.1234-0330", "2024-06-05T18:55:01.1234-03:30"),
        ] {
            assert_eq!(Moment::from_hl7(hl7, None).unwrap().as_str(), iso);
        }
        let defaulted = Moment::from_hl7("20240412230603", Some("-05:00")).unwrap();
        assert_eq!(defaulted.as_str(), "2024-04-12T23:06:03-05:00");
        assert_eq!(
            Moment::from_hl7("20240412", Some("-05:00"))
                .unwrap()
                .as_str(),
            "2024-04-12"
        );
    }

    #[test]
    fn days_that_do_not_exist_are_refused() {
        for hl7 in [
            "20230229",
            "20241301",
            "2024",
            "202402302500",
            "PIDDOB!",
            "",
            "20240101+99",
            "20240101000000+2500",
        ] {
            assert_eq!(
                Moment::from_hl7(hl7, None).is_some(),
                hl7 == "2024",
                "{hl7}"
            );
        }
        for iso in [
            "2024-02-30",
            "2024-1-1",
            "24-01-01",
            "2024-01-01T08:00",
            "2024-01T08:00:00Z",
            "2024-01-01T25:00:00Z",
        ] {
            assert!(Moment::parse(iso).is_none(), "{iso}");
        }
    }

    #[test]
    fn what_fhir_may_carry_is_told_apart() {
        let of = |text| Moment::parse(text).unwrap();
        assert!(of("2013-04").is_fhir_date_time() && !of("2013-04").is_fhir_instant());
        assert!(of("2013-04-02T09:30:10+01:00").is_fhir_instant());
        assert!(!of("2013-04-02T09:30:10").is_fhir_date_time());
        assert_eq!(of("2013-04-02T09:30:10.983Z").offset(), Some("Z"));
        assert_eq!(of("2013-04-02T09:30:10Z").date().as_str(), "2013-04-02");
        assert!(!of("2013-04").has_day());
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in ".{0,40}") {
            if let Some(moment) = Moment::from_hl7(&text, None) {
                prop_assert!(Moment::parse(moment.as_str()).is_some());
            }
            let _ = Moment::parse(&text);
        }
    }
}
