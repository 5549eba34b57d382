//! Escape sequences (HL7 v2.8, chapter 2.7). The parser crate's own decoder slices bytes by character counts and knows
//! few sequences, so it is not used.

use super::segment::Separators;

/// Replaces the escape sequences of one value. What is not a known sequence stays as it was sent, so that nothing a
/// laboratory wrote disappears.
pub(super) fn unescape(text: &str, separators: &Separators) -> String {
    let Some(escape) = separators.escape.filter(|escape| text.contains(*escape)) else {
        return text.to_owned();
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(escape) {
        out.push_str(&rest[..start]);
        let after = &rest[start + escape.len_utf8()..];
        let sequence = after
            .find(escape)
            .map(|end| (&after[..end], &after[end + escape.len_utf8()..]));
        match sequence.and_then(|(name, tail)| Some((meaning(name, separators)?, tail))) {
            Some((meaning, tail)) => {
                out.push_str(&meaning);
                rest = tail;
            }
            None => {
                out.push(escape);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// What a sequence stands for.
fn meaning(name: &str, separators: &Separators) -> Option<String> {
    let one = |sign: Option<char>| sign.map(String::from);
    match name {
        "F" => one(Some(separators.field)),
        "S" => one(Some(separators.component)),
        "R" => one(Some(separators.repetition)),
        "T" => one(separators.subcomponent),
        "E" => one(separators.escape),
        // Highlighting has no place in plain text.
        "H" | "N" => Some(String::new()),
        _ => {
            if let Some(digits) = name.strip_prefix('X') {
                return hexadecimal(digits);
            }
            formatting(name.strip_prefix('.')?)
        }
    }
}

/// `\Xhh..\`: bytes, in the character set of the message.
fn hexadecimal(digits: &str) -> Option<String> {
    if digits.is_empty()
        || !digits.len().is_multiple_of(2)
        || !digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    {
        return None;
    }
    let bytes: Vec<u8> = (0..digits.len())
        .step_by(2)
        .filter_map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok())
        .collect();
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(other) => other.into_bytes().into_iter().map(char::from).collect(),
    };
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    Some(
        text.chars()
            .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
            .collect(),
    )
}

/// Commands of formatted text: line breaks are kept, layout is not.
fn formatting(command: &str) -> Option<String> {
    let lower = command.to_ascii_lowercase();
    let count = |prefix: &str| lower.strip_prefix(prefix).map(str::trim);
    if matches!(lower.as_str(), "br" | "ce") {
        return Some("\n".to_owned());
    }
    if let Some(number) = count("sp") {
        let lines: usize = if number.is_empty() {
            1
        } else {
            number.trim_start_matches('+').parse().ok()?
        };
        return Some("\n".repeat(lines.clamp(1, 20)));
    }
    let skipped =
        count("sk").and_then(|number| number.trim_start_matches('+').parse::<usize>().ok());
    if let Some(spaces) = skipped {
        return Some(" ".repeat(spaces.clamp(1, 20)));
    }
    matches!(lower.get(..2), Some("in" | "ti" | "fi" | "nf")).then(String::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> String {
        unescape(text, &Separators::default())
    }

    #[test]
    fn every_sequence_has_its_meaning() {
        assert_eq!(of(r"a\F\b\S\c\T\d\R\e\E\f"), r"a|b^c&d~e\f");
        assert_eq!(
            of(r"one\.br\two\.sp2\three\.in+4\ four"),
            "one\ntwo\n\nthree four"
        );
        assert_eq!(
            of(r"\H\bold\N\ \X41C3A9\ \XE9\ \X0D0A\end"),
            "bold Aé é \nend"
        );
    }

    #[test]
    fn what_is_no_sequence_stays_as_sent() {
        for text in [
            r"C:\temp",
            r"a\Zsomething\b",
            r"\Xzz\",
            r"100\",
            r"\X4\",
            "µ\\é\\µ",
        ] {
            assert_eq!(of(text), text);
        }
    }

    #[test]
    fn custom_separators_are_what_sequences_mean() {
        let separators = Separators {
            field: '#',
            component: '@',
            ..Separators::default()
        };
        assert_eq!(unescape(r"\F\\S\", &separators), "#@");
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in ".{0,60}", hex in r"\\(X[0-9A-F]{0,8}|\.br|F|é)\\") {
            let _ = of(&text);
            let _ = of(&format!("{text}{hex}{text}"));
        }
    }
}
