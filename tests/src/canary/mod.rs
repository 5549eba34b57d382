//! Canaries: texts that nobody else writes, planted in everything a person can write, and a search for them in everything
//! an attacker can reach.

mod forms;
mod streams;

use std::collections::HashMap;
use std::fmt;

pub use forms::{Form, forms_of_bytes, forms_of_text};

/// What is searched for: by its own name and in every form.
#[derive(Debug, Default)]
pub struct Searcher {
    needles: Vec<Needle>,
    /// First two bytes of needles, and which ones begin so.
    begins: HashMap<u16, Vec<usize>>,
}

#[derive(Debug)]
struct Needle {
    name: String,
    form: Form,
    bytes: Vec<u8>,
}

/// A needle in a piece of bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Find {
    /// What was found.
    pub name: String,
    /// In which form.
    pub form: Form,
    /// In which piece.
    pub piece: String,
}

/// What was searched, and what was found in it.
#[derive(Debug, Default)]
pub struct Report {
    /// Bytes searched, those inside compressed streams included.
    pub bytes: u64,
    /// Pieces searched: files, columns of memory, logs.
    pub pieces: usize,
    /// Compressed streams that were opened.
    pub streams: usize,
    /// Each needle once per piece and form.
    pub finds: Vec<Find>,
}

/// Shorter needles could stand somewhere by chance.
const SHORTEST: usize = 6;
/// Compressed streams inside compressed streams are opened so deep.
const DEPTH: usize = 2;

impl Searcher {
    /// Adds a text, in all its forms.
    pub fn text(&mut self, name: &str, text: &str) {
        assert!(
            text.len() >= SHORTEST,
            "{name} is too short to prove anything"
        );
        for (form, bytes) in forms_of_text(text) {
            self.needle(name, form, bytes);
        }
    }

    /// Adds bytes, such as an id or a key, in all their forms.
    pub fn bytes(&mut self, name: &str, bytes: &[u8]) {
        for (form, bytes) in forms_of_bytes(bytes) {
            self.needle(name, form, bytes);
        }
    }

    fn needle(&mut self, name: &str, form: Form, bytes: Vec<u8>) {
        let known = self
            .needles
            .iter()
            .any(|one| one.name == name && one.bytes == bytes);
        if bytes.len() >= SHORTEST && !known {
            self.begins
                .entry(pair(&bytes, 0))
                .or_default()
                .push(self.needles.len());
            self.needles.push(Needle {
                name: name.to_owned(),
                form,
                bytes,
            });
        }
    }

    /// How many texts in how many forms.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        let mut names: Vec<&str> = self
            .needles
            .iter()
            .map(|needle| needle.name.as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        (names.len(), self.needles.len())
    }

    /// Searches pieces.
    #[must_use]
    pub fn search<'a>(&self, pieces: impl IntoIterator<Item = &'a Piece>) -> Report {
        let mut report = Report::default();
        for piece in pieces {
            report.pieces += 1;
            self.look(&piece.name, &piece.bytes, DEPTH, &mut report);
        }
        report.finds.sort();
        report.finds.dedup();
        report
    }

    fn look(&self, name: &str, bytes: &[u8], depth: usize, report: &mut Report) {
        report.bytes += bytes.len() as u64;
        // One bit per possible beginning: the inner loop runs over hundreds of megabytes of unoptimised code.
        let mut maybe = vec![false; 1 << 16];
        self.begins
            .keys()
            .for_each(|begin| maybe[usize::from(*begin)] = true);
        for at in 0..bytes.len().saturating_sub(1) {
            let begin = pair(bytes, at);
            if maybe[usize::from(begin)] {
                for place in &self.begins[&begin] {
                    let needle = &self.needles[*place];
                    if bytes[at..].starts_with(&needle.bytes) {
                        report.finds.push(Find {
                            name: needle.name.clone(),
                            form: needle.form,
                            piece: name.to_owned(),
                        });
                    }
                }
            }
            if depth > 0
                && let Some((kind, inside)) = streams::open(&bytes[at..])
            {
                report.streams += 1;
                self.look(
                    &format!("{name} › {kind} at {at}"),
                    &inside,
                    depth - 1,
                    report,
                );
            }
        }
    }
}

fn pair(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

impl Report {
    /// Names of what was found, each once.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.finds.iter().map(|find| find.name.as_str()).collect();
        names.dedup();
        names
    }

    /// Panics where something was found, and where so little was searched that nothing would have been.
    pub fn assert_nothing(&self, at_least: u64) {
        assert!(self.bytes >= at_least, "only {self} searched");
        let shown: Vec<&Find> = self.finds.iter().take(20).collect();
        assert!(
            shown.is_empty(),
            "{} finds in {self}: {shown:#?}",
            self.finds.len()
        );
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} bytes in {} pieces, {} compressed streams opened",
            self.bytes, self.pieces, self.streams
        )
    }
}

/// Bytes with a name: a file, a log, a region of memory.
#[derive(Clone, Default)]
pub struct Piece {
    /// What it is.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// Megabytes are no help in a panic.
impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.name, self.bytes.len())
    }
}

impl Piece {
    /// A piece.
    #[must_use]
    pub fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            name: name.into(),
            bytes: bytes.into(),
        }
    }

    /// Every file below a folder, or the file itself.
    #[must_use]
    pub fn files(path: &std::path::Path) -> Vec<Self> {
        if path.is_file() {
            return vec![Self::new(
                path.display().to_string(),
                std::fs::read(path).unwrap(),
            )];
        }
        let entries =
            std::fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut found: Vec<Self> = entries
            .flat_map(|entry| Self::files(&entry.unwrap().path()))
            .collect();
        found.sort_by(|one, other| one.name.cmp(&other.name));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_found_inside_other_bytes_and_inside_streams() {
        let mut searcher = Searcher::default();
        searcher.text("it", "Quetzal-äöü 4711");
        for (form, bytes) in forms_of_text("Quetzal-äöü 4711") {
            let piece = Piece::new("piece", [b"xy".as_slice(), &bytes, b"z"].concat());
            assert!(
                searcher
                    .search([&piece])
                    .finds
                    .iter()
                    .any(|find| find.form == form),
                "{form:?}"
            );
            for packed in streams::pack(&piece.bytes.repeat(3)) {
                let piece = Piece::new("packed", [b"0".as_slice(), &packed, b"0"].concat());
                assert!(
                    searcher
                        .search([&piece])
                        .finds
                        .iter()
                        .any(|find| find.form == form),
                    "{form:?}"
                );
            }
        }
    }

    #[test]
    fn nothing_is_found_where_nothing_is() {
        let mut searcher = Searcher::default();
        searcher.text("it", "Quetzal-äöü 4711");
        let report = searcher.search([&Piece::new("zeros", vec![0; 100_000])]);
        assert_eq!((report.bytes, report.finds.len()), (100_000, 0));
        report.assert_nothing(100_000);
    }

    #[test]
    #[should_panic(expected = "only")]
    fn a_search_over_too_little_proves_nothing() {
        Searcher::default().search([]).assert_nothing(1);
    }
}
