//! `cargo xtask sbom`: a bill of materials per program that ships, as CycloneDX 1.5 JSON.
//!
//! The packages are those `cargo tree` names for that program alone: what `cargo metadata` resolves is unified over the
//! workspace and would list SQLCipher for the relay. No time and no serial number, so that the same lock file gives the
//! same bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use crate::command::{cargo, output};
use crate::failure::{Failure, Outcome, While};
use crate::repository::Repository;
use crate::steps::say;
use crate::tidy::closure;

const SHIPPED: [&str; 2] = ["sotto-relay", "sotto-cli"];

pub(crate) fn run() -> Outcome {
    let repository = Repository::find()?;
    let known = Known::ask(&repository.root)?;
    let folder = repository.target.join("sbom");
    std::fs::create_dir_all(&folder).while_doing(|| format!("making {}", folder.display()))?;
    for package in SHIPPED {
        let closure = closure(&repository.root, package)?;
        let bill = known.bill(package, &closure)?;
        let file = folder.join(format!("{package}.cdx.json"));
        let text = serde_json::to_string_pretty(&bill).while_doing(|| "writing JSON".to_owned())?;
        std::fs::write(&file, text + "\n").while_doing(|| format!("writing {}", file.display()))?;
        say(&format!(
            "{}: {} components",
            file.display(),
            closure.len() - 1
        ));
    }
    Ok(())
}

type NameAndVersion = (String, String);

/// What Cargo knows about every package of the lock file.
struct Known {
    packages: BTreeMap<NameAndVersion, Value>,
    edges: BTreeMap<NameAndVersion, BTreeSet<NameAndVersion>>,
    checksums: BTreeMap<NameAndVersion, String>,
}

impl Known {
    fn ask(root: &Path) -> Outcome<Self> {
        let answer = output(cargo(root).args([
            "metadata",
            "--locked",
            "--all-features",
            "--format-version",
            "1",
        ]))?;
        let metadata: Value =
            serde_json::from_str(&answer).while_doing(|| "reading cargo's metadata".to_owned())?;
        let lock = std::fs::read_to_string(root.join("Cargo.lock"))
            .while_doing(|| "reading Cargo.lock".to_owned())?;
        let lock: toml::Table = lock
            .parse()
            .while_doing(|| "reading Cargo.lock".to_owned())?;
        Ok(Self::from(&metadata, &lock))
    }

    fn from(metadata: &Value, lock: &toml::Table) -> Self {
        let by_id: BTreeMap<&str, NameAndVersion> = list(&metadata["packages"])
            .filter_map(|it| Some((it["id"].as_str()?, key(it)?)))
            .collect();
        let packages = list(&metadata["packages"])
            .filter_map(|it| Some((key(it)?, it.clone())))
            .collect();
        let edges = list(&metadata["resolve"]["nodes"])
            .filter_map(|node| {
                let to = list(&node["dependencies"])
                    .filter_map(|id| by_id.get(id.as_str()?).cloned())
                    .collect();
                Some((by_id.get(node["id"].as_str()?)?.clone(), to))
            })
            .collect();
        let locked = lock
            .get("package")
            .and_then(toml::Value::as_array)
            .into_iter()
            .flatten();
        let checksums = locked
            .filter_map(|it| {
                let field = |name: &str| {
                    it.get(name)
                        .and_then(toml::Value::as_str)
                        .map(str::to_owned)
                };
                Some(((field("name")?, field("version")?), field("checksum")?))
            })
            .collect();
        Self {
            packages,
            edges,
            checksums,
        }
    }

    fn bill(&self, package: &str, closure: &BTreeSet<NameAndVersion>) -> Outcome<Value> {
        let root = closure
            .iter()
            .find(|(name, _)| name == package)
            .ok_or_else(|| Failure::new(format!("cargo tree does not name {package} itself")))?;
        let components: Vec<Value> = closure
            .iter()
            .filter(|it| *it != root)
            .map(|it| self.component(it, "library"))
            .collect::<Outcome<_>>()?;
        let dependencies: Vec<Value> = closure
            .iter()
            .map(|from| {
                let to = self
                    .edges
                    .get(from)
                    .into_iter()
                    .flatten()
                    .filter(|to| closure.contains(to));
                json!({ "ref": purl(from), "dependsOn": to.map(purl).collect::<Vec<_>>() })
            })
            .collect();
        Ok(json!({
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "version": 1,
            "metadata": { "component": self.component(root, "application")? },
            "components": components,
            "dependencies": dependencies,
        }))
    }

    fn component(&self, of: &NameAndVersion, kind: &str) -> Outcome<Value> {
        let package = self.packages.get(of).ok_or_else(|| {
            Failure::new(format!("cargo metadata does not know {} {}", of.0, of.1))
        })?;
        let mut component = json!({
            "type": kind, "bom-ref": purl(of), "name": of.0, "version": of.1, "purl": purl(of),
        });
        if let Some(text) = package["description"].as_str() {
            component["description"] = text.trim().into();
        }
        if let Some(licence) = package["license"].as_str() {
            component["licenses"] = json!([{ "expression": spdx(licence) }]);
        }
        if let Some(checksum) = self.checksums.get(of) {
            component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
        }
        if let Some(address) = package["repository"].as_str() {
            component["externalReferences"] = json!([{ "type": "vcs", "url": address }]);
        }
        Ok(component)
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn key(package: &Value) -> Option<NameAndVersion> {
    Some((
        package["name"].as_str()?.to_owned(),
        package["version"].as_str()?.to_owned(),
    ))
}

/// Package URL; a plus sign of a version is escaped in it.
fn purl((name, version): &NameAndVersion) -> String {
    format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"))
}

/// Old manifests write a slash where SPDX has `OR`.
fn spdx(licence: &str) -> String {
    licence
        .split('/')
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(" OR ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str, version: &str) -> NameAndVersion {
        (name.to_owned(), version.to_owned())
    }

    #[test]
    fn a_bill_holds_the_closure_with_licence_hash_and_edges() {
        let metadata = json!({
            "packages": [
                { "id": "a", "name": "app", "version": "1.0.0", "license": "MIT" },
                { "id": "b", "name": "lib", "version": "2.0.0+3", "license": "MIT/Apache-2.0", "description": " x\n" },
                { "id": "c", "name": "other", "version": "1.0.0" },
            ],
            "resolve": { "nodes": [{ "id": "a", "dependencies": ["b", "c"] }, { "id": "b", "dependencies": [] }] },
        });
        let lock = "[[package]]\nname = \"lib\"\nversion = \"2.0.0+3\"\nchecksum = \"abc\""
            .parse()
            .unwrap();
        let closure = BTreeSet::from([pair("app", "1.0.0"), pair("lib", "2.0.0+3")]);
        let bill = Known::from(&metadata, &lock).bill("app", &closure).unwrap();

        assert_eq!(bill["metadata"]["component"]["name"], "app");
        assert_eq!(bill["components"].as_array().unwrap().len(), 1);
        let lib = &bill["components"][0];
        assert_eq!(lib["purl"], "pkg:cargo/lib@2.0.0%2B3");
        assert_eq!(lib["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(lib["hashes"][0]["content"], "abc");
        assert_eq!(lib["description"], "x");
        assert_eq!(
            bill["dependencies"][0]["dependsOn"],
            json!(["pkg:cargo/lib@2.0.0%2B3"])
        );
    }

    #[test]
    fn a_closure_without_its_own_root_is_refused() {
        let known = Known::from(&json!({}), &toml::Table::new());
        assert!(known.bill("app", &BTreeSet::new()).is_err());
    }
}
