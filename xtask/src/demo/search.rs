//! Looks for texts in bytes, in every dress in which a program might have written them down.

use std::path::{Path, PathBuf};

use crate::failure::{Outcome, While};

/// A text in one form.
pub(crate) struct Needle {
    pub(crate) text: String,
    pub(crate) form: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// Shorter ones could stand somewhere by chance.
pub(crate) const SHORTEST: usize = 6;

/// All forms of a text.
pub(crate) fn forms(text: &str) -> Vec<Needle> {
    let mut found: Vec<Needle> = Vec::new();
    let mut add = |form: &'static str, bytes: Vec<u8>| {
        if bytes.len() >= SHORTEST && found.iter().all(|known| known.bytes != bytes) {
            found.push(Needle {
                text: text.to_owned(),
                form,
                bytes,
            });
        }
    };
    for text in [text.to_owned(), text.to_uppercase(), text.to_lowercase()] {
        let bytes = text.as_bytes();
        add("as it is", bytes.to_vec());
        add("hexadecimal", hex(bytes, false));
        add("hexadecimal, capitals", hex(bytes, true));
        add(
            "UTF-16, little end first",
            text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        );
        add(
            "UTF-16, big end first",
            text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        );
        add("percent-encoded", percent(bytes));
        for offset in 0..3 {
            add("base64", base64(bytes, offset, b"+/"));
            add("base64 for URLs", base64(bytes, offset, b"-_"));
        }
    }
    found
}

fn hex(bytes: &[u8], capitals: bool) -> Vec<u8> {
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    if capitals { text.to_uppercase() } else { text }.into_bytes()
}

fn percent(bytes: &[u8]) -> Vec<u8> {
    let escape = |byte: &u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(*byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    bytes.iter().map(escape).collect::<String>().into_bytes()
}

/// The characters that depend on these bytes alone where they begin at `offset` within a group of three.
fn base64(bytes: &[u8], offset: usize, last: &[u8; 2]) -> Vec<u8> {
    let letter = |six: u8| match six {
        0..26 => b'A' + six,
        26..52 => b'a' + six - 26,
        52..62 => b'0' + six - 52,
        _ => last[usize::from(six - 62)],
    };
    let bit = |at: usize| bytes[at / 8] >> (7 - at % 8) & 1;
    let first = (6 - offset * 8 % 6) % 6;
    let starts = (first..)
        .step_by(6)
        .take_while(|start| start + 6 <= bytes.len() * 8);
    starts
        .map(|start| letter((start..start + 6).fold(0, |six, at| six << 1 | bit(at))))
        .collect()
}

/// What was looked through.
#[derive(Default)]
pub(crate) struct Searched {
    pub(crate) bytes: u64,
    pub(crate) pieces: usize,
    /// Which needles (by their place), and where.
    pub(crate) found: Vec<(usize, String)>,
}

/// Looks for needles in one piece of bytes.
pub(crate) fn look(needles: &[Needle], name: &str, bytes: &[u8], into: &mut Searched) {
    let mut begins = vec![false; 1 << 16];
    for needle in needles {
        begins[pair(&needle.bytes, 0)] = true;
    }
    into.bytes += bytes.len() as u64;
    into.pieces += 1;
    let mut seen = vec![false; needles.len()];
    for at in 0..bytes.len().saturating_sub(1) {
        if !begins[pair(bytes, at)] {
            continue;
        }
        for (place, needle) in needles.iter().enumerate() {
            if !seen[place] && bytes[at..].starts_with(&needle.bytes) {
                seen[place] = true;
                into.found.push((place, name.to_owned()));
            }
        }
    }
}

fn pair(bytes: &[u8], at: usize) -> usize {
    usize::from(bytes[at]) << 8 | usize::from(bytes[at + 1])
}

/// Every file below a folder, in order.
pub(crate) fn files(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let failed = || format!("listing {}", folder.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).while_doing(failed)? {
        let path = entry.while_doing(failed)?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_found_where_it_was_planted_and_nothing_elsewhere() {
        let needles = forms("Zoë Lang, 4711");
        for (place, needle) in needles.iter().enumerate() {
            let mut searched = Searched::default();
            look(
                &needles,
                "x",
                &[b"0123".as_slice(), &needle.bytes, b"4"].concat(),
                &mut searched,
            );
            assert!(
                searched.found.iter().any(|(found, _)| *found == place),
                "{}",
                needle.form
            );
        }
        let mut searched = Searched::default();
        look(&needles, "x", &vec![0x5a; 10_000], &mut searched);
        assert_eq!((searched.found.len(), searched.bytes), (0, 10_000));
    }

    #[test]
    fn base64_is_found_at_each_of_three_places() {
        // "xx" + "potassium" + "y", "x" + …, and without anything before.
        for encoded in ["eHhwb3Rhc3NpdW15", "eHBvdGFzc2l1bXk=", "cG90YXNzaXVteQ=="] {
            let mut searched = Searched::default();
            look(&forms("potassium"), "x", encoded.as_bytes(), &mut searched);
            assert!(!searched.found.is_empty(), "{encoded}");
        }
    }
}
