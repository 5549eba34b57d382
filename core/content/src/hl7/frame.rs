//! From bytes to the segments of messages: character set, framing, line ends, batches.

use crate::refusal::{Cause, Refusal};

/// Most messages of one file.
pub const MAX_MESSAGES: usize = 5_000;

/// The bytes without byte-order mark, MLLP start block and blank lines before the first segment.
pub(super) fn without_frame(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let start = bytes
        .iter()
        .position(|byte| !matches!(byte, 0x0b | b'\r' | b'\n' | b' ' | b'\t'));
    start.map_or(&[], |start| &bytes[start..])
}

/// The text of the bytes: UTF-8, else ISO 8859-1, in which many old interfaces send and every byte has a meaning.
pub(super) fn decode(bytes: &[u8]) -> Result<String, Refusal> {
    let bytes = without_frame(bytes);
    if bytes.contains(&0) {
        return Err(Refusal::new("file", Cause::NotA("HL7 v2 text")));
    }
    Ok(match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    })
}

/// One segment per line, whatever the line ends. A line that does not begin like a segment of its message continues
/// the one before: some senders put real line ends into long texts.
pub(super) fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut separator = None;
    for line in text.split(['\r', '\n', '\u{b}', '\u{1c}']) {
        if matches!(line.get(..3), Some("MSH" | "FHS" | "BHS")) {
            separator = line
                .chars()
                .nth(3)
                .filter(char::is_ascii_punctuation)
                .or(separator);
        }
        if begins_segment(line, separator) {
            lines.push(line.to_owned());
        } else if let Some(last) = lines.last_mut() {
            if !line.trim().is_empty() {
                last.push('\n');
                last.push_str(line);
            }
        } else if !line.trim().is_empty() {
            lines.push(line.to_owned());
        }
    }
    lines
}

/// Three capital letters or digits, then the field separator.
fn begins_segment(line: &str, separator: Option<char>) -> bool {
    let mut signs = line.chars();
    signs.next().is_some_and(|sign| sign.is_ascii_uppercase())
        && signs
            .by_ref()
            .take(2)
            .all(|sign| sign.is_ascii_uppercase() || sign.is_ascii_digit())
        && separator.is_some()
        && signs.next() == separator
}

/// The messages of a file and what a trailer said their number is.
pub(super) struct Batch<'a> {
    pub(super) messages: Vec<Vec<&'a str>>,
    pub(super) counted: Option<usize>,
}

/// Splits a file at each MSH; batch and file headers and trailers belong to no message.
pub(super) fn split(lines: &[String]) -> Result<Batch<'_>, Refusal> {
    let mut batch = Batch {
        messages: Vec::new(),
        counted: None,
    };
    for line in lines {
        match line.get(..3) {
            Some("FHS" | "BHS" | "FTS") => {}
            Some("BTS") => {
                let count = line
                    .get(4..)
                    .and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
                let count: Option<usize> = count.and_then(|count| count.parse().ok());
                batch.counted = match (batch.counted, count) {
                    (Some(sum), Some(count)) => Some(sum.saturating_add(count)),
                    (sum, count) => sum.or(count),
                };
            }
            Some("MSH") => {
                if batch.messages.len() >= MAX_MESSAGES {
                    return Err(Refusal::new("file", Cause::TooLarge(MAX_MESSAGES)));
                }
                batch.messages.push(vec![line]);
            }
            _ => match batch.messages.last_mut() {
                Some(message) => message.push(line),
                None => return Err(Refusal::new("MSH", Cause::Missing)),
            },
        }
    }
    if batch.messages.is_empty() {
        return Err(Refusal::new("MSH", Cause::Missing));
    }
    Ok(batch)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn line_ends_and_frames_of_all_kinds_give_the_same_segments() {
        for text in [
            "MSH|a\rPID|b\rOBX|c\r",
            "MSH|a\nPID|b\nOBX|c",
            "MSH|a\r\nPID|b\r\n\r\nOBX|c\r\n",
            "\u{b}MSH|a\rPID|b\rOBX|c\r\u{1c}\r",
            "\u{feff}MSH|a\nPID|b\nOBX|c",
        ] {
            assert_eq!(
                lines(&decode(text.as_bytes()).unwrap()),
                ["MSH|a", "PID|b", "OBX|c"],
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_line_that_is_no_segment_continues_the_one_before() {
        let text = lines("MSH|a\rOBX|1|TX|c||first\nWBC: 12\nsecond line\rOBX|2");
        assert_eq!(
            text,
            ["MSH|a", "OBX|1|TX|c||first\nWBC: 12\nsecond line", "OBX|2"]
        );
    }

    #[test]
    fn bytes_that_are_not_utf8_are_read_as_latin_1() {
        assert_eq!(decode(b"MSH|M\xfcller").unwrap(), "MSH|Müller");
        assert!(decode(b"M\0S\0H\0").is_err());
    }

    #[test]
    fn a_batch_falls_apart_into_its_messages() {
        let text = lines("FHS|x\nBHS|x\nMSH|1\nPID|1\nMSH|2\nPID|2\nBTS|2\nFTS|1");
        let batch = split(&text).unwrap();
        assert_eq!(
            batch.messages,
            [vec!["MSH|1", "PID|1"], vec!["MSH|2", "PID|2"]]
        );
        assert_eq!(batch.counted, Some(2));
        assert_eq!(
            split(&lines("hello")).err().unwrap().to_string(),
            "MSH: missing"
        );
    }
}
