//! The sources as the rules see them: every text file git tracks or would track, read and parsed once.

use std::cell::OnceCell;
use std::path::Path;
use std::process::Command;

use super::{Finding, paths};
use crate::command::output;
use crate::failure::{Outcome, While};

/// All text files.
pub(crate) struct Tree {
    pub(crate) files: Vec<Source>,
    test_modules: OnceCell<Vec<String>>,
}

/// One text file. `path` is relative to the root, with slashes.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    syntax: OnceCell<Result<syn::File, syn::Error>>,
}

impl Tree {
    pub(crate) fn read(root: &Path) -> Outcome<Self> {
        let list = [
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ];
        let list = output(Command::new("git").current_dir(root).args(list))?;
        let mut files = Vec::new();
        for path in list.split_terminator('\0') {
            // A file that is tracked and deleted, a folder of another repository, a file that is not text.
            let full = root.join(path);
            if !full.is_file() {
                continue;
            }
            let bytes = std::fs::read(&full).while_doing(|| format!("reading {path}"))?;
            if let Ok(text) = String::from_utf8(bytes) {
                files.push(Source::new(path, text));
            }
        }
        Ok(Self {
            files,
            test_modules: OnceCell::new(),
        })
    }

    /// A tree that exists only in a test.
    #[cfg(test)]
    pub(crate) fn planted(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(path, text)| Source::new(path, (*text).to_owned()))
            .collect();
        Self {
            files,
            test_modules: OnceCell::new(),
        }
    }

    /// Rust files under one of these folders (or these files), with their syntax.
    pub(crate) fn rust<'t>(
        &'t self,
        under: &'t [&str],
    ) -> impl Iterator<Item = (&'t Source, &'t syn::File)> {
        self.files
            .iter()
            .filter(|file| under.iter().any(|prefix| file.path.starts_with(prefix)))
            .filter_map(|file| file.rust().map(|syntax| (file, syntax)))
    }

    /// Whether a whole file is compiled for tests only: declared by `#[cfg(test)] mod x;` above it.
    pub(crate) fn is_for_tests(&self, file: &Source) -> bool {
        let modules = self.test_modules.get_or_init(|| {
            self.rust(&[""])
                .flat_map(|(parent, syntax)| {
                    paths::test_modules(syntax).map(|it| parent.child(&it))
                })
                .collect()
        });
        let inside = |module: &String| {
            file.path
                .strip_prefix(module.as_str())
                .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        };
        modules.iter().any(inside)
    }

    /// The package manifests, parsed; the workspace's own is not among them.
    pub(crate) fn manifests(&self) -> impl Iterator<Item = (&Source, toml::Table)> {
        self.files
            .iter()
            .filter(|file| file.path.ends_with("/Cargo.toml"))
            .filter_map(|file| file.text.parse().ok().map(|manifest| (file, manifest)))
    }

    pub(crate) fn unparsed(&self) -> Vec<Finding> {
        let of = |file: &Source| match file.syntax() {
            Some(Err(error)) => Some(Finding::new(
                &file.path,
                error.span().start().line,
                error.to_string(),
            )),
            _ => None,
        };
        self.files.iter().filter_map(of).collect()
    }
}

impl Source {
    fn new(path: &str, text: String) -> Self {
        Self {
            path: path.replace('\\', "/"),
            text,
            syntax: OnceCell::new(),
        }
    }

    pub(crate) fn extension(&self) -> &str {
        self.path
            .rsplit('/')
            .next()
            .and_then(|name| name.rsplit_once('.'))
            .map_or("", |(_, extension)| extension)
    }

    /// Path, without extension, of a module this file declares.
    fn child(&self, module: &str) -> String {
        let stem = self.path.trim_end_matches(".rs");
        let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
        let own = if ["mod", "lib", "main"].contains(&name) {
            folder
        } else {
            stem
        };
        format!("{own}/{module}")
    }

    /// Lines with their numbers, from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
    }

    fn rust(&self) -> Option<&syn::File> {
        self.syntax().and_then(|parsed| parsed.as_ref().ok())
    }

    fn syntax(&self) -> Option<&Result<syn::File, syn::Error>> {
        (self.extension() == "rs").then(|| self.syntax.get_or_init(|| syn::parse_file(&self.text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_declared_for_tests_is_known_as_such() {
        let tree = Tree::planted(&[
            ("core/src/a/mod.rs", "#[cfg(test)] mod tests; mod b;"),
            ("core/src/a/tests.rs", "mod deeper;"),
            ("core/src/a/tests/deeper.rs", ""),
            ("core/src/a/b.rs", "#[cfg(test)] mod c;"),
            ("core/src/a/b/c.rs", ""),
        ]);
        let for_tests: Vec<bool> = tree
            .files
            .iter()
            .map(|file| tree.is_for_tests(file))
            .collect();
        assert_eq!(for_tests, [false, true, true, false, true]);
    }

    #[test]
    fn a_rust_file_that_does_not_parse_is_a_finding() {
        let tree = Tree::planted(&[
            ("core/src/base/a.rs", "fn good() {}\nfn bad( {}"),
            ("b.md", "fn bad( {}"),
        ]);
        let findings = tree.unparsed();
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].path, "core/src/base/a.rs");
    }
}
