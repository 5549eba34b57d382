//! What the relay links, asked of Cargo: no MLS, no SQLCipher, no content type, not by any way round.

use std::collections::BTreeSet;
use std::path::Path;

use super::Finding;
use super::packages::matches;
use super::tables::{NOT_IN_THE_RELAY, SMALLEST_CLOSURE};
use crate::command::{cargo, output};
use crate::failure::Outcome;

const RELAY: &str = "sotto-relay";

/// Name and version of every package that is linked into `package` or runs while it is built, for every platform.
pub(crate) fn closure(root: &Path, package: &str) -> Outcome<BTreeSet<(String, String)>> {
    let tree = [
        "tree",
        "--locked",
        "--edges",
        "normal,build",
        "--target",
        "all",
        "--prefix",
        "none",
    ];
    let answer = output(
        cargo(root)
            .args(tree)
            .args(["--format", "{p}", "--package", package]),
    )?;
    Ok(answer.lines().filter_map(name_and_version).collect())
}

pub(crate) fn check(root: &Path) -> Outcome<Vec<Finding>> {
    let closure = closure(root, RELAY)?;
    Ok(judge(&closure.into_iter().map(|(name, _)| name).collect()))
}

fn name_and_version(line: &str) -> Option<(String, String)> {
    let mut words = line.split_whitespace();
    Some((
        words.next()?.to_owned(),
        words.next()?.trim_start_matches('v').to_owned(),
    ))
}

fn judge(names: &BTreeSet<String>) -> Vec<Finding> {
    let finding = |text: String| Finding::new("relay/Cargo.toml", 1, text);
    let mut findings = Vec::new();
    if !names.contains(RELAY) || names.len() <= SMALLEST_CLOSURE {
        findings.push(finding(format!(
            "{} packages are no relay: the question was wrong",
            names.len()
        )));
    }
    for name in names {
        if NOT_IN_THE_RELAY
            .iter()
            .any(|pattern| matches(pattern, name))
        {
            findings.push(finding(format!(
                "the relay links `{name}`; see it with `cargo tree -p {RELAY} -i {name}`"
            )));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(more: &[&str]) -> BTreeSet<String> {
        let harmless = (0..=SMALLEST_CLOSURE).map(|number| format!("harmless-{number}"));
        harmless
            .chain([RELAY.to_owned()])
            .chain(more.iter().map(|it| (*it).to_owned()))
            .collect()
    }

    #[test]
    fn what_could_read_plaintext_is_found_in_the_closure() {
        assert_eq!(judge(&names(&["rusqlite", "sotto-wire"])), []);
        for name in [
            "openmls",
            "openmls_traits",
            "mls-rs-core",
            "sotto-core",
            "sotto-content",
            "sqlcipher-src",
            "openssl-sys",
        ] {
            assert_eq!(judge(&names(&[name])).len(), 1, "{name}");
        }
    }

    #[test]
    fn an_empty_answer_proves_nothing_and_fails() {
        assert_eq!(judge(&BTreeSet::new()).len(), 1);
        assert_eq!(judge(&BTreeSet::from([RELAY.to_owned()])).len(), 1);
    }

    #[test]
    fn lines_of_cargo_tree_are_read() {
        let path = name_and_version("sotto-wire v0.1.0 (/a/relay/wire)").unwrap();
        assert_eq!(path, ("sotto-wire".to_owned(), "0.1.0".to_owned()));
        assert_eq!(name_and_version(""), None);
    }
}
