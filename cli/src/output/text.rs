//! Text from others, made safe to print. A name or a message may hold terminal escapes, or direction marks that show
//! something else than what is there.

use unicode_width::UnicodeWidthStr as _;

/// One line without control characters and direction overrides. Line ends become spaces.
pub(crate) fn clean(text: &str) -> String {
    let kept = text.trim().chars().filter_map(|c| match c {
        '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
        c if hidden(c) => None,
        c => Some(c),
    });
    kept.collect()
}

/// The same, with line ends kept.
pub(crate) fn clean_lines(text: &str) -> Vec<String> {
    text.lines().map(clean).collect()
}

/// Control characters (the escape among them), direction embeddings, overrides and isolates, zero-width fillers.
fn hidden(c: char) -> bool {
    let steers = matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    steers || c.is_control()
}

/// Columns a terminal gives to the text.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// Filled with spaces on the right.
pub(crate) fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// Begins with a capital, ends with a full stop.
pub(crate) fn sentence(text: &str) -> String {
    let mut chars = text.trim().chars();
    let Some(first) = chars.next() else {
        return String::new();
    };
    let end = if text.trim().ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    // A path, a flag or a name in quotes keeps its first letter; `to_uppercase` leaves those that have no case.
    format!("{}{}{end}", first.to_uppercase(), chars.as_str())
}

/// The first digits of an identifier: enough to name it in another command.
pub(crate) fn short(id: &str) -> &str {
    id.get(..10).unwrap_or(id)
}

/// `1 message`, `2 messages`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Bytes as a human says them.
pub(crate) fn size(bytes: u64) -> String {
    const STEPS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    for (step, word) in STEPS {
        if bytes >= step {
            let tenths = bytes / (step / 10).max(1);
            return format!("{}.{} {word}", tenths / 10, tenths % 10);
        }
    }
    format!("{bytes} B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_cannot_steer_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\u{7}\u{202e}c\r\nd"), "a[2Jbc  d");
        assert_eq!(clean_lines("one\ntwo\u{9b}"), ["one", "two"]);
    }

    #[test]
    fn a_sentence_begins_and_ends_as_one() {
        assert_eq!(sentence("the relay is away"), "The relay is away.");
        assert_eq!(sentence("Really?"), "Really?");
        assert_eq!(sentence(""), "");
    }

    #[test]
    fn width_counts_columns_not_bytes() {
        assert_eq!(padded("Zoë", 5), "Zoë  ");
        assert_eq!(width("检验"), 4);
    }

    #[test]
    fn sizes_are_said_in_the_unit_that_fits() {
        assert_eq!(
            [size(0), size(1023), size(1024), size(1 << 20)].join(" "),
            "0 B 1023 B 1.0 KiB 1.0 MiB"
        );
    }
}
