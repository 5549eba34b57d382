//! `cargo xtask tidy`: the rules of the architecture that no compiler checks. One file per rule, each with a test that
//! plants a violation; the tables the rules read are in `tables`.

mod closure;
mod doors;
mod floors;
mod manifests;
mod packages;
mod paths;
mod promises;
mod strings;
mod tables;
mod tree;
mod unfinished;
mod wall;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use clap::ValueEnum;

pub(crate) use closure::closure;

use crate::failure::{Failure, Outcome};
use crate::repository::Repository;
use crate::steps::say;
use tree::Tree;

/// The rules, by the names the command line knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Rule {
    /// Every Rust file can be parsed; without that no other rule means anything
    Syntax,
    /// Imports inside core go down only
    Floors,
    /// Which package may know which
    Packages,
    /// Packages name neither a version nor a lint of their own
    Manifests,
    /// No source file over 600 lines
    Wall,
    /// No unfinished code without a reason
    Unfinished,
    /// Logging, time and randomness only through their doors
    Doors,
    /// Nothing of the machine it was written on
    Strings,
    /// What the relay links
    Closure,
    /// Tests named in README and threat model exist
    Promises,
}

/// One violation.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    text: String,
}

impl Finding {
    fn new(path: &str, line: usize, text: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            text: text.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.text)
    }
}

pub(crate) fn run(only: &[Rule]) -> Outcome {
    report(&Repository::find()?.root, only)
}

/// Prints each violation under its rule; fails if there is one. An empty `only` means every rule.
pub(crate) fn report(root: &Path, only: &[Rule]) -> Outcome {
    let tree = Tree::read(root)?;
    let mut count = 0;
    for rule in Rule::value_variants()
        .iter()
        .filter(|rule| only.is_empty() || only.contains(rule))
    {
        let findings: BTreeSet<Finding> = check(*rule, &tree, root)?.into_iter().collect();
        let verdict = if findings.is_empty() {
            "ok".to_owned()
        } else {
            format!("{} found", findings.len())
        };
        say(&format!(
            "tidy {:<11}{verdict}",
            format!("{rule:?}").to_lowercase()
        ));
        findings
            .iter()
            .for_each(|finding| say(&format!("  {finding}")));
        count += findings.len();
    }
    if count == 0 {
        Ok(())
    } else {
        Err(Failure::new(format!("tidy found {count} violations")))
    }
}

fn check(rule: Rule, tree: &Tree, root: &Path) -> Outcome<Vec<Finding>> {
    Ok(match rule {
        Rule::Syntax => tree.unparsed(),
        Rule::Floors => floors::check(tree),
        Rule::Packages => packages::check(tree),
        Rule::Manifests => manifests::check(tree),
        Rule::Wall => wall::check(tree),
        Rule::Unfinished => unfinished::check(tree),
        Rule::Doors => doors::check(tree),
        Rule::Strings => strings::check(tree),
        Rule::Closure => closure::check(root)?,
        Rule::Promises => promises::check(tree),
    })
}
