//! A promise names its test; the test exists.

use super::Finding;
use super::tables::PROMISING;
use super::tree::{Source, Tree};

/// A name in backticks with this many underscores reads as a sentence, and so as a test.
const UNDERSCORES: usize = 3;

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree
        .files
        .iter()
        .filter(|file| PROMISING.contains(&file.path.as_str()))
    {
        for (number, line) in file.lines() {
            for name in named_tests(line).filter(|name| !exists(tree, name)) {
                findings.push(Finding::new(
                    &file.path,
                    number,
                    format!("there is no test `{name}`"),
                ));
            }
        }
    }
    findings
}

/// Test names of a line: whole spans in backticks; a path before the name may stand (`file::name`).
fn named_tests(line: &str) -> impl Iterator<Item = &str> {
    line.split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|span| span.rsplit("::").next())
        .filter(|name| {
            let letters = name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            letters && name.matches('_').count() >= UNDERSCORES
        })
}

fn exists(tree: &Tree, name: &str) -> bool {
    let defines = |file: &Source, word: &str| {
        let start = format!("{word} {name}");
        let whole = |at: usize| {
            !file.text[at + start.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
        };
        file.text.match_indices(&start).any(|(at, _)| whole(at))
    };
    tree.files.iter().any(|file| match file.extension() {
        "rs" => defines(file, "fn"),
        "kt" => defines(file, "fun"),
        "swift" => defines(file, "func"),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_without_its_test_is_found() {
        let readme =
            "| P9 | `a_removed_device_reads_nothing` and `fast::a_new_one_reads_nothing_before` |";
        let test = (
            "tests/tests/a.rs",
            "#[test]\nfn a_removed_device_reads_nothing() {}\nfn a_new_one_reads_nothing_before_x() {}",
        );
        let found = check(&Tree::planted(&[("README.md", readme), test]));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].text.contains("a_new_one_reads_nothing_before"));
    }

    #[test]
    fn short_names_and_commands_are_no_tests() {
        let readme = "`retry_after_ms`, `cargo xtask test_all_of_it_now`, `SOTTO_A_B_C_D`, a_name_outside_of_backticks";
        assert_eq!(check(&Tree::planted(&[("README.md", readme)])), []);
    }
}
