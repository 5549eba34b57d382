//! Logging, time and randomness enter through one door each: no code beside the door names the thing itself.

use std::collections::BTreeMap;

use super::Finding;
use super::paths::{self, Kind, Written};
use super::tables::{DOORS, Door};
use super::tree::Tree;

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for door in &DOORS {
        for (file, syntax) in tree.rust(door.scope) {
            if door.door.iter().any(|prefix| file.path.starts_with(prefix)) {
                continue;
            }
            if door.tests_may && tree.is_for_tests(file) {
                continue;
            }
            let paths = paths::of(syntax);
            let imports = imports(&paths);
            for path in &paths {
                if let Some(written) = breaks(door, path, &imports) {
                    findings.push(Finding::new(
                        &file.path,
                        path.line,
                        format!("`{written}`: {}", door.what),
                    ));
                }
            }
        }
    }
    findings
}

/// Names this file imports, with what they stand for.
fn imports(paths: &[Written]) -> BTreeMap<&str, &[String]> {
    paths
        .iter()
        .filter_map(|path| match &path.kind {
            Kind::Import(name) => Some((name.as_str(), path.segments.as_slice())),
            _ => None,
        })
        .collect()
}

fn breaks(door: &Door, path: &Written, imports: &BTreeMap<&str, &[String]>) -> Option<String> {
    if door.tests_may && path.in_tests {
        return None;
    }
    let first = path.segments.first()?;
    let full = match imports.get(first.as_str()) {
        Some(stands_for) if !matches!(path.kind, Kind::Import(_)) => {
            [stands_for, &path.segments[1..]].concat()
        }
        _ => path.segments.clone(),
    };
    // A single name without an import is this file's own.
    let known = full.len() > 1 || matches!(path.kind, Kind::Import(_) | Kind::Glob);
    let forbidden = known
        && door
            .forbidden
            .iter()
            .any(|pattern| contains(&full, pattern));
    forbidden.then(|| path.segments.join("::"))
}

fn contains(path: &[String], pattern: &str) -> bool {
    let (begins, pattern) = pattern
        .strip_prefix('^')
        .map_or((false, pattern), |rest| (true, rest));
    let wanted: Vec<&str> = pattern.split("::").collect();
    let mut windows = path
        .windows(wanted.len())
        .map(|window| window == wanted.as_slice());
    if begins {
        windows.next().unwrap_or(false)
    } else {
        windows.any(|same| same)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&Tree::planted(&[(path, text)])).len()
    }

    #[test]
    fn raw_tracing_is_found_outside_its_door() {
        for code in [
            "fn f() { tracing::info!(\"x\"); }",
            "use tracing::info; ",
            "use tracing as t;",
            "#[tracing::instrument] fn f() {}",
            "fn f() { let _s = tracing::Span::current(); }",
        ] {
            assert_eq!(found("core/src/store/a.rs", code), 1, "{code}");
            assert_eq!(found("core/src/base/log.rs", code), 0, "{code}");
        }
        assert_eq!(
            found(
                "core/src/store/a.rs",
                "use tracing::info; fn f() { info!(\"x\"); }"
            ),
            2
        );
        assert_eq!(
            found(
                "core/src/store/a.rs",
                "use crate::base::log; fn f() { log::event!(\"x\"); }"
            ),
            0
        );
    }

    #[test]
    fn the_system_clock_is_found_outside_its_door() {
        for code in [
            "use std::time::SystemTime; fn f() { SystemTime::now(); }",
            "fn f() { std::time::Instant::now(); }",
            "use std::time::Instant as Moment; fn f() { Moment::now(); }",
            "use jiff::Timestamp; fn f() { vec![Timestamp::now()]; }",
        ] {
            assert_eq!(found("core/src/sync/a.rs", code), 1, "{code}");
            assert_eq!(found("core/src/base/time.rs", code), 0, "{code}");
            assert_eq!(
                found(
                    "core/src/sync/a.rs",
                    &format!("#[cfg(test)] mod tests {{ {code} }}")
                ),
                0,
                "{code}"
            );
        }
        // Tokio's clock is the runtime's and stands still in tests that ask for it.
        assert_eq!(
            found(
                "core/src/sync/a.rs",
                "use tokio::time::Instant; fn f() { Instant::now(); }"
            ),
            0
        );
    }

    #[test]
    fn thread_randomness_is_found_outside_its_door() {
        for code in [
            "fn f() { rand::thread_rng(); }",
            "use rand_core::OsRng;",
            "use aws_lc_rs::rand; fn f() { rand::fill(b); }",
            "fn f() { getrandom::fill(b); }",
        ] {
            assert_eq!(found("core/src/mls/a.rs", code), 1, "{code}");
            assert_eq!(found("core/src/base/random.rs", code), 0, "{code}");
        }
        assert_eq!(
            found(
                "relay/src/http/a.rs",
                "use aws_lc_rs::rand::SystemRandom as Machine;"
            ),
            1
        );
    }

    #[test]
    fn the_system_implementations_are_handed_in_at_the_top() {
        let code = "use crate::base::SystemClock; fn f() { crate::base::random::SystemRandom; }";
        assert_eq!(found("core/src/sync/a.rs", code), 2);
        assert_eq!(found("core/src/client/build.rs", code), 0);
        let parent = ("core/src/sync/mod.rs", "#[cfg(test)] mod tests;");
        assert_eq!(
            check(&Tree::planted(&[parent, ("core/src/sync/tests.rs", code)])),
            []
        );
    }
}
