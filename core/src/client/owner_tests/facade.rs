//! The source of the façade: no function is added that forgets to ask whether somebody sits there.

use std::collections::BTreeMap;

use super::*;

/// What asks: by itself, or first of all.
const ASKS: [&str; 5] = ["attended", "for_user", "verified", "verified_for", "render"];

/// What works while what is shown is covered, and why nothing is said, shown, changed or taken out by it.
const WORKS_COVERED: [(&str, &str); 12] = [
    (
        "doctor",
        "a technician's look: states and counts, no name and no content",
    ),
    (
        "events",
        "identifiers, so that a result still rings; what they are about is asked for",
    ),
    ("has_pin", "what to ask for before the cover is lifted"),
    ("held", "causes and counts, no content"),
    ("hl7_answer", "computed from what the caller brings"),
    ("lock", "whoever passes by may lock"),
    (
        "protection",
        "what protects the key, for the doctor; no name",
    ),
    (
        "purge_expired",
        "ends only what expiry and policy have ended",
    ),
    (
        "run",
        "receives, and sends what was said before; goes on while it is covered",
    ),
    (
        "session",
        "says that it is covered; locks what is due itself",
    ),
    (
        "sync_once",
        "receives, and sends what was said before; goes on while it is covered",
    ),
    ("verify", "lifts the cover"),
];

/// Public functions of the client that a session is asked for, with their bodies.
fn facade() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/client")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                functions(&std::fs::read_to_string(&path).unwrap(), &mut found);
            }
        }
    }
    found
}

fn functions(source: &str, found: &mut BTreeMap<String, String>) {
    let mut lines = source.lines();
    while lines.by_ref().any(|line| line == "impl Client {") {
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "}").collect();
        let mut rest = block.as_slice();
        while let Some(at) = rest.iter().position(|line| line.starts_with("    pub ")) {
            let length = rest[at..].iter().position(|line| *line == "    }").unwrap();
            let whole = rest[at..at + length].join("\n");
            rest = &rest[at + length..];
            let name = whole.split("fn ").nth(1).unwrap();
            let name = name.split(['(', '<']).next().unwrap().to_owned();
            // Whoever holds no client has opened no store.
            if whole.contains("&self") {
                assert!(
                    found.insert(name, whole).is_none(),
                    "one name, one function"
                );
            }
        }
    }
}

/// What the body asks before it reaches for engine or store: only statements that are always reached count.
fn asks(whole: &str, known: &[String]) -> bool {
    // A chain of calls is one statement, however it is laid out.
    let mut joined: Vec<String> = Vec::new();
    for line in whole.lines() {
        match joined.last_mut() {
            Some(last) if line.trim_start().starts_with('.') => last.push_str(line.trim_start()),
            _ => joined.push(line.to_owned()),
        }
    }
    for line in &joined {
        let always = line.starts_with("        ") && !line.starts_with("         ");
        let calls = |name: &str| line.contains(&format!("self.{name}("));
        if always && (ASKS.iter().any(|name| calls(name)) || known.iter().any(|name| calls(name))) {
            return true;
        }
        if calls("engine") || calls("store") {
            return false;
        }
    }
    false
}

/// The functions that ask nobody, those that ask by another function of the façade being looked through.
fn silent(facade: &BTreeMap<String, String>) -> Vec<String> {
    let mut known: Vec<String> = Vec::new();
    loop {
        let more: Vec<String> = facade
            .iter()
            .filter(|(name, whole)| !known.contains(name) && asks(whole, &known))
            .map(|(name, _)| name.clone())
            .collect();
        if more.is_empty() {
            break;
        }
        known.extend(more);
    }
    let silent = facade.keys().filter(|name| !known.contains(name));
    silent.cloned().collect()
}

#[test]
fn every_function_of_the_facade_asks_whether_somebody_sits_there_or_says_why_not() {
    let facade = facade();
    assert!(facade.len() > 90, "the source is read: {}", facade.len());
    let silent = silent(&facade);
    let excused: Vec<&str> = WORKS_COVERED.iter().map(|(name, _)| *name).collect();
    let forgotten: Vec<&String> = silent
        .iter()
        .filter(|name| !excused.contains(&name.as_str()))
        .collect();
    assert!(forgotten.is_empty(), "these ask nobody: {forgotten:?}");
    let stale: Vec<&&str> = excused
        .iter()
        .filter(|name| !silent.iter().any(|one| one == *name))
        .collect();
    assert!(
        stale.is_empty(),
        "these ask after all, or are gone: {stale:?}"
    );
}

#[test]
fn a_function_that_asks_too_late_or_only_sometimes_is_found() {
    let found = |body: &str| {
        let source = format!("impl Client {{\n    pub fn act(&self) {{\n{body}\n    }}\n}}\n");
        let mut facade = BTreeMap::new();
        functions(&source, &mut facade);
        !silent(&facade).is_empty()
    };
    assert!(!found("        let engine = self.for_user()?;"));
    assert!(!found(
        "        Ok(self\n            .for_user()?\n            .read(x)?)"
    ));
    assert!(found("        Ok(send(&self.engine()?)?)"));
    assert!(found(
        "        let engine = self.engine()?;\n        self.attended()?;"
    ));
    assert!(found(
        "        if sometimes {\n            self.attended()?;\n        }"
    ));
    assert!(found("        Ok(())"));
}
