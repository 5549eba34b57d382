//! One table of versions, one of lints: packages name neither.

use super::Finding;
use super::packages::dependencies;
use super::tree::Tree;

/// What a package inherits.
const INHERITED: [&str; 5] = ["version", "edition", "rust-version", "license", "publish"];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, manifest) in tree.manifests() {
        let mut report = |text: String| findings.push(Finding::new(&file.path, 1, text));
        let package = manifest.get("package");
        for field in INHERITED {
            if !package.and_then(|it| it.get(field)).is_some_and(inherits) {
                report(format!(
                    "`{field}` is not the workspace's: write `{field}.workspace = true`"
                ));
            }
        }
        let lints = manifest.get("lints");
        if !lints
            .is_some_and(|it| inherits(it) && it.as_table().is_some_and(|table| table.len() == 1))
        {
            report(
                "lints are not the workspace's: write `[lints]` with `workspace = true` and nothing else".to_owned(),
            );
        }
        for (name, value) in dependencies(&manifest) {
            let own = ["version", "path", "git", "registry"]
                .iter()
                .any(|key| value.get(key).is_some());
            if own || !inherits(&value) {
                report(format!(
                    "`{name}` names its own version or source: put it in the workspace's table"
                ));
            }
        }
    }
    findings
}

fn inherits(value: &toml::Value) -> bool {
    value.get("workspace").and_then(toml::Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[package]\nname = \"x\"\nversion.workspace = true\nedition.workspace = true
rust-version.workspace = true\nlicense.workspace = true\npublish.workspace = true\n[lints]\nworkspace = true\n";

    fn found(text: &str) -> usize {
        check(&Tree::planted(&[("x/Cargo.toml", text)])).len()
    }

    #[test]
    fn a_package_that_inherits_everything_is_clean() {
        assert_eq!(found(GOOD), 0);
        let more =
            "[dependencies]\na.workspace = true\nb = { workspace = true, features = [\"c\"] }\n";
        assert_eq!(found(&format!("{GOOD}{more}")), 0);
    }

    #[test]
    fn a_version_or_a_lint_of_its_own_is_found() {
        assert_eq!(
            found(&GOOD.replace("version.workspace = true\ne", "version = \"1\"\ne")),
            1
        );
        assert_eq!(found(&GOOD.replace("[lints]\nworkspace = true", "")), 1);
        assert_eq!(
            found(&GOOD.replace(
                "[lints]\nworkspace = true",
                "[lints.rust]\nunsafe_code = \"allow\""
            )),
            1
        );
        for own in [
            "a = \"1\"",
            "a = { version = \"1\" }",
            "a = { path = \"../a\" }",
            "a = { git = \"g\" }",
        ] {
            assert_eq!(
                found(&format!("{GOOD}[dev-dependencies]\n{own}\n")),
                1,
                "{own}"
            );
        }
    }
}
