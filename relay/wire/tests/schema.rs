//! The whole contract as one page: operations, messages with their field numbers, limits, error codes. It is read from
//! the sources, so nothing can be left out; a change of the contract is a change of the committed page.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::fmt::Write as _;

use sotto_wire::{ErrorCode, OPERATIONS, RESERVED, op};

/// The declarations of one source file without their comments. Sources are formatted, so a declaration at the left
/// margin ends at the next closing bracket there.
fn module(out: &mut String, name: &str, source: &str) {
    writeln!(out, "\n[{name}]").unwrap();
    let mut inside = false;
    for line in source.lines() {
        let text = line.trim();
        let form = line.starts_with("#[cbor");
        let opens = [
            "pub struct",
            "pub enum",
            "pub const",
            "fixed_bytes!(",
            "counter!(",
        ];
        let opens = opens.iter().any(|start| line.starts_with(start));
        let closes = opens && text.ends_with(';')
            || inside && (line.starts_with('}') || line.starts_with(')'));
        if (inside || opens || form) && !text.starts_with("///") {
            writeln!(out, "{line}").unwrap();
        }
        inside = (inside || opens) && !closes && !(opens && text.ends_with("{}"));
    }
}

#[test]
fn the_contract_is_the_committed_one() {
    let mut out = String::from("[operations]\n");
    for (descriptor, (number, _, request, response)) in OPERATIONS.iter().zip(op::NAMES) {
        assert_eq!(descriptor.number, *number);
        let request = request.replace(' ', "");
        let response = response.replace(' ', "");
        writeln!(
            out,
            "{number} {} auth={:?} body<={} {request} -> {response}",
            descriptor.path, descriptor.auth, descriptor.body
        )
        .unwrap();
    }
    for (number, path) in RESERVED {
        writeln!(out, "{number} {path} reserved").unwrap();
    }
    writeln!(out, "\n[error codes]").unwrap();
    for code in ErrorCode::ALL {
        writeln!(out, "{} {code:?} http={}", code.code(), code.http_status()).unwrap();
        assert_eq!(ErrorCode::from_code(code.code()), Some(*code));
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        if !["lib", "op", "codec", "base64url", "signed"].contains(&name.as_str()) {
            module(&mut out, &name, &std::fs::read_to_string(&file).unwrap());
        }
    }
    insta::assert_snapshot!(out);
}

#[test]
fn numbers_and_paths_are_unique() {
    let mut numbers: Vec<u16> = OPERATIONS
        .iter()
        .map(|d| d.number)
        .chain(RESERVED.iter().map(|r| r.0))
        .collect();
    let mut paths: Vec<&str> = OPERATIONS
        .iter()
        .map(|d| d.path)
        .chain(RESERVED.iter().map(|r| r.1))
        .collect();
    let (count, _) = (numbers.len(), numbers.sort_unstable());
    numbers.dedup();
    paths.sort_unstable();
    paths.dedup();
    assert_eq!((numbers.len(), paths.len()), (count, count));
}

#[test]
fn no_text_is_in_the_contract() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if ["op.rs", "http.rs"].iter().any(|name| path.ends_with(name)) {
            continue; // names of paths and headers
        }
        let mut out = String::new();
        module(&mut out, "", &std::fs::read_to_string(&path).unwrap());
        let field_of_text = out
            .lines()
            .find(|line| line.contains("String") || line.contains("&str") || line.contains("f64"));
        assert_eq!(field_of_text, None, "{}", path.display());
    }
}
