//! Words of the roster that people read: bounded, visible, never in a log.

use std::fmt;

use minicbor::{Decode, Decoder, Encode, Encoder};

use super::RosterError;

/// 1 to `MAX` bytes of UTF-8 without control characters, without formatting that reorders or hides what is shown,
/// and without spaces at the ends. Debug is redacted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<const MAX: usize>(String);

/// A name of a person, place, role, duty or organisation.
pub type Name = Text<128>;
/// A unit of the organisation ("5W"). Compared byte by byte.
pub type Unit = Text<64>;

/// Characters that are invisible or change the order of what is shown (Unicode UAX #9 and zero-width ones).
fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}')
}

impl<const MAX: usize> Text<MAX> {
    /// Takes a text that obeys the rules above.
    ///
    /// # Errors
    /// [`RosterError::Text`].
    pub fn new(text: impl Into<String>) -> Result<Self, RosterError> {
        let text = text.into();
        let fits = !text.is_empty()
            && text.len() <= MAX
            && text.trim() == text
            && !text.chars().any(hidden);
        if fits {
            Ok(Self(text))
        } else {
            Err(RosterError::Text)
        }
    }
    /// The text, for showing.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Debug for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Text(..)")
    }
}

impl<C, const MAX: usize> Encode<C> for Text<MAX> {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.str(&self.0)?.ok()
    }
}

impl<'b, C, const MAX: usize> Decode<'b, C> for Text<MAX> {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Self::new(d.str()?).map_err(|_| minicbor::decode::Error::message("text"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_would_not_look_like_itself_is_refused() {
        for bad in ["", " x", "x\n", "a\u{202e}b", "a\u{200b}b", &"x".repeat(65)] {
            assert_eq!(Unit::new(bad), Err(RosterError::Text), "{bad:?}");
        }
        assert_eq!(
            Unit::new("5 West, Bett 12, Äskulap").unwrap().as_str(),
            "5 West, Bett 12, Äskulap"
        );
        assert_eq!(format!("{:?}", Unit::new("5W").unwrap()), "Text(..)");
    }
}
