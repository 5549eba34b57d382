//! Imports inside core go down only.
//!
//! Each path is resolved to the room of the crate it names: `crate::`, `self::`, `super::` and the crate's own name are
//! followed; names the crate root re-exports and macros it exports lead to the room they come from. Whatever would hide
//! a room (a glob of the root, a renamed root, a `#[path]`, an `include!`) is itself refused.

use std::collections::BTreeMap;

use super::Finding;
use super::paths::{self, Kind, Written};
use super::tables::FLOORS;
use super::tree::{Source, Tree};

const CORE: &str = "core/src/";
const ROOT: &str = "core/src/lib.rs";

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let root = names_of_root(tree);
    let mut findings = Vec::new();
    for (file, syntax) in tree.rust(&[CORE]).filter(|(file, _)| file.path != ROOT) {
        let modules = modules_of(file);
        let Some(home) = modules.first().and_then(|room| floor_of(room)) else {
            findings.push(Finding::new(
                &file.path,
                1,
                "is in no room of the floor table",
            ));
            continue;
        };
        for path in paths::of(syntax) {
            if let Some(text) = judge(&path, &modules, home, &root) {
                findings.push(Finding::new(&file.path, path.line, text));
            }
        }
        findings.extend(hidden_files(file, syntax));
    }
    findings
}

/// A room's place: its floor, counted from the bottom.
fn floor_of(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

fn judge(
    path: &Written,
    modules: &[String],
    home: usize,
    root: &BTreeMap<String, String>,
) -> Option<String> {
    let here: Vec<String> = modules.iter().chain(&path.modules).cloned().collect();
    let target = resolve(&path.segments, &here)?;
    let written = path.segments.join("::");
    let Some(first) = target.first() else {
        let hides = matches!(path.kind, Kind::Glob | Kind::Import(_));
        return hides.then(|| format!("`{written}` brings every room into scope: name the room"));
    };
    let room = root.get(first).unwrap_or(first);
    if *room == modules[0] {
        return None;
    }
    match floor_of(room) {
        None => Some(format!("`{written}` names no room of the floor table")),
        Some(floor) if floor < home => None,
        Some(floor) => {
            let which = if floor == home { "beside" } else { "above" };
            Some(format!(
                "`{written}`: `{room}` stands {which} `{}`; imports go down only",
                modules[0]
            ))
        }
    }
}

/// The path from the crate's root, where the path is about this crate at all.
fn resolve(segments: &[String], here: &[String]) -> Option<Vec<String>> {
    let (first, rest) = segments.split_first()?;
    match first.as_str() {
        "crate" | "sotto_core" => Some(rest.to_vec()),
        "self" if segments.len() > 1 => Some([here, rest].concat()),
        "super" => {
            let ups = segments
                .iter()
                .take_while(|segment| *segment == "super")
                .count();
            let kept = here.len().checked_sub(ups)?;
            Some([&here[..kept], &segments[ups..]].concat())
        }
        _ => None,
    }
}

/// `core/src/store/table/x.rs` is `store::table::x`.
fn modules_of(file: &Source) -> Vec<String> {
    let inside = file.path.trim_start_matches(CORE).trim_end_matches(".rs");
    let mut modules: Vec<String> = inside.split('/').map(str::to_owned).collect();
    if modules.last().is_some_and(|last| last == "mod") {
        modules.pop();
    }
    modules
}

/// Names that stand at the crate's root without being a room: re-exports of `lib.rs`, and exported macros.
fn names_of_root(tree: &Tree) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for (file, syntax) in tree.rust(&[CORE]) {
        if file.path == ROOT {
            for path in paths::of(syntax)
                .into_iter()
                .filter(|path| path.modules.is_empty())
            {
                let Kind::Import(name) = &path.kind else {
                    continue;
                };
                let mut segments = path
                    .segments
                    .iter()
                    .skip_while(|it| ["crate", "self"].contains(&it.as_str()));
                if let Some(room) = segments.next().filter(|room| floor_of(room).is_some()) {
                    names.insert(name.clone(), room.clone());
                }
            }
        }
        for item in &syntax.items {
            let syn::Item::Macro(item) = item else {
                continue;
            };
            let exported = item
                .attrs
                .iter()
                .any(|attribute| attribute.path().is_ident("macro_export"));
            if let (true, Some(name), Some(room)) =
                (exported, &item.ident, modules_of(file).first())
            {
                names.insert(name.to_string(), room.clone());
            }
        }
    }
    names
}

/// A module whose text lies elsewhere would escape the table.
fn hidden_files(file: &Source, syntax: &syn::File) -> Vec<Finding> {
    paths::of(syntax)
        .into_iter()
        .filter(|path| path.kind == Kind::Macro && path.segments == ["include"])
        .map(|path| {
            Finding::new(
                &file.path,
                path.line,
                "`include!` hides code from the floor table",
            )
        })
        .chain(
            file.lines()
                .filter(|(_, line)| line.trim_start().starts_with("#[path"))
                .map(|(number, _)| {
                    Finding::new(
                        &file.path,
                        number,
                        "`#[path]` hides a module from the floor table",
                    )
                }),
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        check(&Tree::planted(files))
            .into_iter()
            .map(|finding| finding.text)
            .collect()
    }

    #[test]
    fn every_way_down_is_allowed() {
        let code = "use crate::base::Id; use super::super::store::Tx; use sotto_content::Card; use sotto_wire as w;
            use crate::outbox::inner; fn f() { self::g(); super::h(); std::mem::drop(1); vec![crate::audit::A]; }
            mod tests { use super::*; }";
        assert_eq!(
            found(&[
                ("core/src/outbox/mod.rs", ""),
                ("core/src/outbox/send.rs", code)
            ]),
            [""; 0]
        );
    }

    #[test]
    fn every_way_up_or_beside_is_refused() {
        for code in [
            "use crate::client::Client;",
            "use crate::{base::Id, sync::Pull};",
            "use crate::inbox::Event;",
            "use super::super::sync;",
            "use sotto_core::client::Client;",
            "fn f() -> crate::client::Client { x() }",
            "fn f() { assert_eq!(crate::client::VERSION, 1); }",
            "macro_rules! m { () => { $crate::client::go() } }",
            "#[derive(Encode)] struct S { #[cbor(with = \"crate::client::codec\")] a: u8 }",
            "mod inner { use super::super::super::client; }",
            "#[cfg(test)] mod tests { use crate::client::Client; }",
        ] {
            let found = found(&[("core/src/outbox/send.rs", code)]);
            assert_eq!(found.len(), 1, "{code}: {found:?}");
            assert!(found[0].contains("imports go down only"), "{found:?}");
        }
    }

    #[test]
    fn what_would_hide_a_room_is_refused() {
        for code in [
            "use crate::*;",
            "use crate as root;",
            "extern crate self as root;",
            "mod a { use super::super::super::*; }",
            "use crate::unknown::Thing;",
            "include!(\"x.rs\");",
            "#[path = \"../client/mod.rs\"]\nmod c;",
        ] {
            assert_eq!(
                found(&[("core/src/outbox/send.rs", code)]).len(),
                1,
                "{code}"
            );
        }
        assert_eq!(
            found(&[("core/src/attic/mod.rs", "")]),
            ["is in no room of the floor table"]
        );
    }

    #[test]
    fn a_name_at_the_root_leads_to_its_room() {
        let root = (
            "core/src/lib.rs",
            "pub mod client; pub use client::Client; pub use base::{Id, time::Clock};",
        );
        let macros = (
            "core/src/sync/log.rs",
            "#[macro_export] macro_rules! noisy { () => {} }",
        );
        let good = ("core/src/store/a.rs", "use crate::{Id, Clock};");
        assert_eq!(found(&[root, macros, good]), [""; 0]);
        let bad = (
            "core/src/store/a.rs",
            "use crate::Client; fn f() { crate::noisy!(); }",
        );
        assert_eq!(found(&[root, macros, bad]).len(), 2);
    }
}
