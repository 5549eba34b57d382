//! Nothing unfinished without a reason: notes in comments, placeholder macros, tests that do not run.

use syn::visit::{self, Visit};

use super::Finding;
use super::paths::{self, Kind};
use super::tables::SOURCE_EXTENSIONS;
use super::tree::{Source, Tree};

/// Written in two halves, so that this file is not its own finding.
const NOTES: [&str; 3] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];
const PLACEHOLDERS: [&str; 2] = ["todo", "unimplemented"];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree
        .files
        .iter()
        .filter(|file| SOURCE_EXTENSIONS.contains(&file.extension()))
    {
        findings.extend(notes(file));
    }
    for (file, syntax) in tree.rust(&[""]) {
        for path in paths::of(syntax)
            .into_iter()
            .filter(|path| path.kind == Kind::Macro)
        {
            if path
                .segments
                .last()
                .is_some_and(|last| PLACEHOLDERS.contains(&last.as_str()))
            {
                findings.push(Finding::new(
                    &file.path,
                    path.line,
                    format!("`{}!`", path.segments.join("::")),
                ));
            }
        }
        let mut tests = Ignored(Vec::new());
        tests.visit_file(syntax);
        let text = "an ignored test says since when and why: `#[ignore = \"2030-01-31: ...\"]`";
        findings.extend(
            tests
                .0
                .into_iter()
                .map(|line| Finding::new(&file.path, line, text)),
        );
    }
    findings
}

/// A note needs a colon and a reason of at least three words.
fn notes(file: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in file.lines() {
        let Some(comment) = comment(line, file.extension()) else {
            continue;
        };
        for note in NOTES {
            let Some(rest) = after_word(comment, note) else {
                continue;
            };
            let reason = rest
                .strip_prefix(':')
                .map_or(0, |reason| reason.split_whitespace().count());
            if reason < 3 {
                findings.push(Finding::new(
                    &file.path,
                    number,
                    format!("{note} without a reason"),
                ));
            }
        }
    }
    findings
}

fn comment<'l>(line: &'l str, extension: &str) -> Option<&'l str> {
    let mark = match extension {
        "sql" => "--",
        "sh" => "#",
        _ => "//",
    };
    let inside_block =
        line.trim_start().starts_with('*') || line.contains("/*") || line.contains("<!--");
    line.split_once(mark)
        .map(|(_, comment)| comment)
        .or_else(|| inside_block.then_some(line))
}

/// What follows `word` where it stands as a word of its own.
fn after_word<'l>(line: &'l str, word: &str) -> Option<&'l str> {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    line.match_indices(word).find_map(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + word.len()..]);
        (!before.ends_with(part) && !after.starts_with(part)).then_some(after)
    })
}

/// Lines of `ignore` attributes without a dated reason.
struct Ignored(Vec<usize>);

impl<'ast> Visit<'ast> for Ignored {
    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if attribute.path().is_ident("ignore") && !has_dated_reason(attribute) {
            self.0.push(attribute.pound_token.spans[0].start().line);
        }
        visit::visit_attribute(self, attribute);
    }
}

fn has_dated_reason(attribute: &syn::Attribute) -> bool {
    let syn::Meta::NameValue(pair) = &attribute.meta else {
        return false;
    };
    let syn::Expr::Lit(syn::ExprLit {
        lit: syn::Lit::Str(text),
        ..
    }) = &pair.value
    else {
        return false;
    };
    let text = text.value();
    let Some((date, reason)) = text.split_once(": ") else {
        return false;
    };
    let shape: String = date
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    shape == "0000-00-00" && !reason.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&Tree::planted(&[(path, text)])).len()
    }

    #[test]
    fn a_note_needs_a_reason() {
        for note in NOTES {
            assert_eq!(
                found("a.rs", &format!("fn f() {{}} // {note} later")),
                1,
                "{note}"
            );
            assert_eq!(found("a.sql", &format!("-- {note}: soon")), 1, "{note}");
            assert_eq!(
                found(
                    "a.rs",
                    &format!("// {note}: the crate has no such call yet")
                ),
                0,
                "{note}"
            );
            assert_eq!(
                found(
                    "a.rs",
                    &format!("const A: &str = \"{note}\"; // 123-{note}-9")
                ),
                0,
                "{note}"
            );
        }
    }

    #[test]
    fn a_placeholder_is_found_wherever_it_stands() {
        for name in PLACEHOLDERS {
            assert_eq!(
                found("a.rs", &format!("fn f() {{ {name}!() }}")),
                1,
                "{name}"
            );
            assert_eq!(
                found("a.rs", &format!("fn f() {{ std::{name}!(\"x\") }}")),
                1,
                "{name}"
            );
        }
        assert_eq!(found("a.rs", "fn todo() {} fn f() { todo() }"), 0);
    }

    #[test]
    fn an_ignored_test_needs_a_dated_reason() {
        assert_eq!(found("a.rs", "#[test] #[ignore] fn f() {}"), 1);
        assert_eq!(found("a.rs", "#[test] #[ignore = \"slow\"] fn f() {}"), 1);
        assert_eq!(
            found(
                "a.rs",
                "#[test] #[ignore = \"2031-02-03: the peer cannot do it\"] fn f() {}"
            ),
            0
        );
    }
}
