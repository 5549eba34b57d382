//! One segment: fields, repetitions, components, subcomponents.

use super::escape::unescape;
use crate::refusal::{Cause, Refusal};
use hl7_parser::message as parsed;

/// Most separators of one segment: the parser builds a tree, and a line of nothing but bars must not become megabytes
/// of it.
const MAX_SEPARATORS: usize = 20_000;

/// The separators of a message (MSH-1 and MSH-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Separators {
    pub(super) field: char,
    pub(super) component: char,
    pub(super) repetition: char,
    pub(super) escape: Option<char>,
    pub(super) subcomponent: Option<char>,
}

impl Default for Separators {
    fn default() -> Self {
        Self {
            field: '|',
            component: '^',
            repetition: '~',
            escape: Some('\\'),
            subcomponent: Some('&'),
        }
    }
}

impl Separators {
    /// Reads them from an MSH line. Some senders leave the last ones out, some repeat one.
    pub(super) fn of(msh: &str) -> Result<Self, Refusal> {
        let mut signs = msh.chars().skip(3);
        let sign = |c: &char| c.is_ascii_punctuation();
        let field = signs
            .next()
            .filter(sign)
            .ok_or_else(|| Refusal::new("MSH-1", Cause::Missing))?;
        let mut found: Vec<char> = Vec::new();
        for c in signs.take_while(|c| *c != field).take(8) {
            if !sign(&c) {
                return Err(Refusal::new("MSH-2", Cause::Expected("separators")));
            }
            if !found.contains(&c) {
                found.push(c);
            }
        }
        match found[..] {
            [component, repetition, ref rest @ ..] => Ok(Self {
                field,
                component,
                repetition,
                escape: rest.first().copied(),
                subcomponent: rest.get(1).copied(),
            }),
            _ => Err(Refusal::new("MSH-2", Cause::Missing)),
        }
    }

    /// MSH-2 as text.
    pub(super) fn encoding_characters(&self) -> String {
        [
            Some(self.component),
            Some(self.repetition),
            self.escape,
            self.subcomponent,
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn for_parser(self) -> parsed::Separators {
        // A separator that the message does not have is one that cannot occur in a line.
        parsed::Separators {
            field: self.field,
            component: self.component,
            subcomponent: self.subcomponent.unwrap_or('\r'),
            repetition: self.repetition,
            escape: self.escape.unwrap_or('\r'),
            lenient_newlines: false,
        }
    }
}

/// A parsed segment that knows its name and number, for refusals.
pub(super) struct Segment<'a> {
    parsed: parsed::Segment<'a>,
    separators: Separators,
    place: String,
    /// MSH counts its first separator as a field.
    shift: usize,
}

impl<'a> Segment<'a> {
    /// Parses one line. `number` is the segment's number among those of its name; `None` for those that come once.
    pub(super) fn parse(
        line: &'a str,
        separators: &Separators,
        number: Option<usize>,
    ) -> Result<Self, Refusal> {
        let name = line.get(..3).unwrap_or_default();
        let place = number.map_or_else(|| name.to_owned(), |number| format!("{name}[{number}]"));
        let signs = [
            Some(separators.field),
            Some(separators.component),
            Some(separators.repetition),
            separators.subcomponent,
        ];
        if line.chars().filter(|c| signs.contains(&Some(*c))).count() > MAX_SEPARATORS {
            return Err(Refusal::new(place, Cause::TooLarge(MAX_SEPARATORS)));
        }
        match hl7_parser::parser::parse_segment_with_separators(line, separators.for_parser()) {
            Ok(parsed) => Ok(Self {
                parsed,
                separators: *separators,
                place,
                shift: usize::from(name == "MSH"),
            }),
            Err(_) => Err(Refusal::new(
                place,
                Cause::NotA("a segment with the separators of its message"),
            )),
        }
    }

    /// `OBX[3]-5`.
    pub(super) fn at(&self, field: usize) -> String {
        format!("{}-{field}", self.place)
    }

    pub(super) fn refuse(&self, field: usize, cause: Cause) -> Refusal {
        Refusal::new(self.at(field), cause)
    }

    fn field(&self, number: usize) -> Option<&parsed::Field<'a>> {
        self.parsed.field(
            number
                .checked_sub(self.shift)
                .filter(|number| *number > 0)?,
        )
    }

    /// A field as sent.
    pub(super) fn raw(&self, field: usize) -> &'a str {
        self.field(field)
            .map_or("", parsed::Field::raw_value)
            .trim()
    }

    /// The repetitions of a field that say something.
    pub(super) fn repetitions(&self, field: usize) -> Vec<Repetition<'_>> {
        let repeats = self
            .field(field)
            .map(|field| field.repeats.as_slice())
            .unwrap_or_default();
        let all = repeats.iter().map(|repeat| Repetition {
            repeat,
            separators: &self.separators,
        });
        all.filter(|repetition| !repetition.is_empty()).collect()
    }

    /// The first repetition of a field, where it says something.
    pub(super) fn first(&self, field: usize) -> Option<Repetition<'_>> {
        self.repetitions(field).into_iter().next()
    }

    /// The first component of a field.
    pub(super) fn text(&self, field: usize) -> Option<String> {
        self.first(field)?.component(1)
    }

    /// A whole field as people read it: separators that were not escaped are part of the words.
    pub(super) fn whole(&self, field: usize) -> Option<String> {
        value_of(self.raw(field), &self.separators)
    }
}

/// One repetition of a field.
#[derive(Clone, Copy)]
pub(super) struct Repetition<'s> {
    repeat: &'s parsed::Repeat<'s>,
    separators: &'s Separators,
}

impl<'s> Repetition<'s> {
    fn is_empty(&self) -> bool {
        let raw = self.raw();
        let signs = [
            Some(self.separators.component),
            self.separators.subcomponent,
        ];
        raw == "\"\""
            || raw
                .chars()
                .all(|c| c.is_whitespace() || signs.contains(&Some(c)))
    }

    pub(super) fn raw(&self) -> &'s str {
        self.repeat.raw_value().trim()
    }

    /// The whole repetition as people read it.
    pub(super) fn whole(&self) -> Option<String> {
        value_of(self.raw(), self.separators)
    }

    /// A component's first subcomponent, unescaped.
    pub(super) fn component(&self, number: usize) -> Option<String> {
        self.subcomponent(number, 1)
    }

    pub(super) fn subcomponent(&self, component: usize, number: usize) -> Option<String> {
        let component = self.repeat.component(component)?;
        value_of(component.subcomponent(number)?.raw_value(), self.separators)
    }

    /// A component with all its subcomponents, as people read it.
    pub(super) fn whole_component(&self, number: usize) -> Option<String> {
        value_of(self.repeat.component(number)?.raw_value(), self.separators)
    }

    pub(super) fn component_count(&self) -> usize {
        self.repeat.components.len()
    }
}

/// Unescaped and without blanks around; nothing and HL7's null (`""`) are no value.
fn value_of(raw: &str, separators: &Separators) -> Option<String> {
    let raw = raw.trim();
    if raw.is_empty() || raw == "\"\"" {
        return None;
    }
    let text = unescape(raw, separators);
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn separators_are_read_with_their_gaps_and_repetitions() {
        let of = |msh| Separators::of(msh).map(|s| s.encoding_characters());
        assert_eq!(of(r"MSH|^~\&|X").unwrap(), r"^~\&");
        assert_eq!(of(r"MSH|^~\\&|X").unwrap(), r"^~\&");
        assert_eq!(of(r"MSH|^~\&#|X").unwrap(), r"^~\&");
        assert_eq!(of("MSH|^~|X").unwrap(), "^~");
        assert_eq!(of(r"MSH#*!\$#X").unwrap(), r"*!\$");
        assert_eq!(of("MSHA^~").unwrap_err().to_string(), "MSH-1: missing");
        assert_eq!(of("MSH|^").unwrap_err().to_string(), "MSH-2: missing");
        assert_eq!(
            of("MSH|ab|").unwrap_err().to_string(),
            "MSH-2: expected separators"
        );
    }

    #[test]
    fn fields_components_and_subcomponents_are_found() {
        let line = r#"PID|1||10^^^A&1.2.3&ISO^MR~20^^^B|""|DOE\T\CO^JOHN"#;
        let segment = Segment::parse(line, &Separators::default(), None).unwrap();
        let ids = segment.repetitions(3);
        assert_eq!(ids.len(), 2);
        assert_eq!(ids[0].subcomponent(4, 2).as_deref(), Some("1.2.3"));
        assert_eq!(ids[0].component(5).as_deref(), Some("MR"));
        assert_eq!(segment.text(5).as_deref(), Some("DOE&CO"));
        assert!(segment.first(4).is_none() && segment.text(99).is_none());
        assert_eq!(segment.at(5), "PID-5");
        let msh = Segment::parse(r"MSH|^~\&|APP|FAC", &Separators::default(), None).unwrap();
        assert_eq!(
            (msh.text(3).as_deref(), msh.text(4).as_deref()),
            (Some("APP"), Some("FAC"))
        );
    }

    #[test]
    fn a_line_of_nothing_but_bars_is_refused() {
        let line = format!("OBX{}", "|".repeat(MAX_SEPARATORS + 1));
        let refusal = Segment::parse(&line, &Separators::default(), Some(2))
            .err()
            .unwrap();
        assert_eq!(
            refusal.to_string(),
            "OBX[2]: larger than the limit of 20000"
        );
    }

    proptest! {
        #[test]
        fn arbitrary_lines_never_panic(line in "[A-Z]{3}[|#].{0,80}", field in 0usize..30) {
            if let Ok(segment) = Segment::parse(&line, &Separators::default(), Some(1)) {
                let _ = segment.whole(field);
                for repetition in segment.repetitions(field) {
                    let _ = (repetition.whole(), repetition.subcomponent(2, 2), repetition.whole_component(1));
                }
            }
        }
    }
}
