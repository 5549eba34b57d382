//! P2: the relay that ships cannot link code that reads plaintext.

use std::process::Command;

use sotto_tests::Program;
use sotto_tests::canary::{Piece, Searcher};

use crate::night::NIGHT;

/// By name, or by what it begins with.
const FORBIDDEN: [&str; 9] = [
    "openmls",
    "mls-rs",
    "hpke-rs",
    "sotto-core",
    "sotto-content",
    "sqlcipher",
    "openssl",
    "libsodium",
    "hl7",
];

#[test]
fn the_closure_of_the_relay_holds_no_code_that_reads_plaintext() {
    let workspace = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let tree = [
        "tree",
        "-p",
        "sotto-relay",
        "--locked",
        "-e",
        "normal,build",
        "--target",
        "all",
        "--prefix",
        "none",
    ];
    let output = Command::new(env!("CARGO"))
        .current_dir(workspace)
        .args(tree)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let mut packages: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    packages.sort_unstable();
    packages.dedup();
    assert!(
        packages.len() > 50 && packages.contains(&"sotto-relay"),
        "{} packages are no relay",
        packages.len()
    );
    for package in &packages {
        for forbidden in FORBIDDEN {
            assert!(!package.starts_with(forbidden), "the relay links {package}");
        }
    }
}

fn mentions(program: Program) -> Vec<String> {
    let mut searcher = Searcher::default();
    for word in [
        "cipher_version",
        "sqlcipher_export",
        "openmls",
        "MLS 1.0 ",
        "DiagnosticReport",
    ] {
        searcher.text(word, word);
    }
    let program = Piece::files(&program.path());
    searcher
        .search(&program)
        .names()
        .into_iter()
        .map(str::to_owned)
        .collect()
}

/// Asked of the file that ships, because Cargo unifies features over what it builds together.
#[test]
fn the_shipped_relay_holds_no_word_of_a_cipher_or_of_mls_and_the_client_does() {
    assert_eq!(mentions(Program::Relay), Vec::<String>::new());
    let client = mentions(Program::Client);
    assert!(
        client.len() >= 4,
        "the search finds only {client:?} where all of it is"
    );
}

#[test]
fn the_relays_database_is_plain_sqlite_and_its_check_knows_no_cipher() {
    let database = NIGHT
        .relay_files
        .iter()
        .find(|piece| piece.name.ends_with("/relay.db"))
        .unwrap();
    assert!(database.bytes.starts_with(b"SQLite format 3\0"));
    let check = NIGHT
        .relay_words
        .iter()
        .find(|piece| piece.name == "check")
        .unwrap();
    let said = String::from_utf8(check.bytes.clone()).unwrap();
    assert!(
        said.lines().count() > 5 && said.lines().all(|line| line.starts_with("ok ")),
        "{said}"
    );
    assert!(!said.to_lowercase().contains("cipher"), "{said}");
}
