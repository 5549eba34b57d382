//! Which package may know which: rules on the manifests, so that the compiler enforces the rest.

use super::Finding;
use super::tables::{PACKAGES, Package};
use super::tree::Tree;

/// Whether `name` is `pattern`, or begins with it where the pattern ends in a star.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    pattern
        .strip_suffix('*')
        .map_or(pattern == name, |prefix| name.starts_with(prefix))
}

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, manifest) in tree.manifests() {
        let name = manifest
            .get("package")
            .and_then(|it| it.get("name"))
            .and_then(|it| it.as_str())
            .unwrap_or_default();
        let mut report = |text: String| findings.push(Finding::new(&file.path, 1, text));
        match PACKAGES.iter().find(|package| package.name == name) {
            None => report(format!(
                "package `{name}` is not in the table of who may know whom"
            )),
            Some(package) => {
                for dependency in dependencies(&manifest).iter().map(|(name, _)| name) {
                    if let Some(text) = judge(package, dependency) {
                        report(text);
                    }
                }
            }
        }
    }
    findings
}

fn judge(package: &Package, dependency: &str) -> Option<String> {
    let name = package.name;
    let ours =
        PACKAGES.iter().any(|other| other.name == dependency) || dependency.starts_with("sotto-");
    if ours && !package.may_use.contains(&dependency) {
        return Some(format!("`{name}` may not know `{dependency}`"));
    }
    let never = package
        .never
        .iter()
        .any(|pattern| matches(pattern, dependency));
    never.then(|| {
        format!("`{name}` may not use `{dependency}`: it is behind another package's door")
    })
}

/// Dependencies of every kind and for every target, with what is written about them. A renamed one goes by its own name.
pub(crate) fn dependencies(manifest: &toml::Table) -> Vec<(String, toml::Value)> {
    let targets = manifest
        .get("target")
        .and_then(toml::Value::as_table)
        .into_iter()
        .flat_map(|it| it.values());
    let places = targets.filter_map(toml::Value::as_table).chain([manifest]);
    let mut all = Vec::new();
    for place in places {
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, value) in place
                .get(kind)
                .and_then(toml::Value::as_table)
                .into_iter()
                .flatten()
            {
                let own = value
                    .get("package")
                    .and_then(toml::Value::as_str)
                    .unwrap_or(name);
                all.push((own.to_owned(), value.clone()));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(package: &str, rest: &str) -> usize {
        let text = format!("[package]\nname = \"{package}\"\n{rest}");
        check(&Tree::planted(&[("x/Cargo.toml", &text)])).len()
    }

    #[test]
    fn the_relay_may_know_the_contract_only() {
        assert_eq!(
            found(
                "sotto-relay",
                "[dependencies]\nsotto-wire.workspace = true\naxum.workspace = true"
            ),
            0
        );
        assert_eq!(
            found("sotto-relay", "[dependencies]\nsotto-core.workspace = true"),
            1
        );
        assert_eq!(
            found(
                "sotto-relay",
                "[dev-dependencies]\nsotto-content.workspace = true"
            ),
            1
        );
        assert_eq!(
            found(
                "sotto-relay",
                "[dependencies]\nopenmls_traits.workspace = true"
            ),
            1
        );
    }

    #[test]
    fn a_shell_may_know_the_facade_only() {
        assert_eq!(
            found("sotto-cli", "[dependencies]\nsotto-core.workspace = true"),
            0
        );
        assert_eq!(
            found("sotto-cli", "[dependencies]\nsotto-wire.workspace = true"),
            1
        );
        assert_eq!(
            found(
                "sotto-cli",
                "[target.'cfg(unix)'.dependencies]\nrusqlite.workspace = true"
            ),
            1
        );
        assert_eq!(
            found(
                "sotto-cli",
                "[dependencies]\nquiet = { package = \"openmls\", workspace = true }"
            ),
            1
        );
    }

    #[test]
    fn nothing_may_know_the_tests_and_no_package_is_unknown() {
        for package in PACKAGES
            .iter()
            .map(|package| package.name)
            .filter(|name| *name != "sotto-tests")
        {
            assert_eq!(
                found(package, "[dev-dependencies]\nsotto-tests.workspace = true"),
                1,
                "{package}"
            );
        }
        assert_eq!(found("sotto-attic", ""), 1);
    }
}
