//! P6: a thief of a device that is locked or switched off.

use std::path::Path;

use flate2::Compression;
use flate2::read::ZlibEncoder;
use sotto_tests::canary::Piece;
use sotto_tests::{Device, Program};

use crate::leak::say;
use crate::night::NIGHT;

/// A stolen disk: one home folder of the night, put where a device looks for it.
pub(crate) fn stolen(folder: &Path, name: &str) -> Device {
    let device = Device::new(folder, name, "thief").logging("trace");
    let (_, files) = NIGHT.homes.iter().find(|(home, _)| home == name).unwrap();
    for file in files {
        let path = device.home().join(&file.name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &file.bytes).unwrap();
    }
    device
}

fn every_file() -> Vec<Piece> {
    let homes = NIGHT.homes.iter();
    homes
        .flat_map(|(home, files)| {
            files
                .iter()
                .map(move |file| Piece::new(format!("{home}/{}", file.name), file.bytes.clone()))
        })
        .collect()
}

#[test]
fn no_file_of_a_locked_device_holds_a_canary() {
    let report = NIGHT.canaries.searcher().search(&every_file());
    report.assert_nothing(1 << 20);
    say(&format!("homes of {} devices: {report}", NIGHT.homes.len()));
}

/// The control: what is not in the files is in the device, for who has the passphrase.
#[test]
fn the_same_search_finds_what_the_passphrase_opens_and_what_is_left_lying_about() {
    let folder = tempfile::tempdir().unwrap();
    let device = stolen(folder.path(), "first");
    let title = &NIGHT.canaries.title;
    let read = device.run(&["read", title, "--peek"]);
    let left = device.home().join("left-behind.json");
    std::fs::write(&left, read.to_string()).unwrap();
    let report = NIGHT
        .canaries
        .searcher()
        .search(&Piece::files(device.home()));
    for name in [
        "text of a message",
        "text of an edit",
        "name of a person",
        "name of a file",
    ] {
        assert!(
            report.names().contains(&name),
            "{name}: only {:?}",
            report.names()
        );
    }
}

#[test]
fn a_wrong_passphrase_opens_nothing_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let device = stolen(folder.path(), "first");
    let before = Piece::files(device.home());
    for wrong in [
        "",
        "correct horse battery stapl",
        "correct horse battery staple ",
    ] {
        let mut command = device.command(Program::Client, &["inbox"]);
        command.env("SOTTO_TEST_PASSPHRASE", wrong);
        let answer = device.finish(command);
        assert_eq!(
            answer.code,
            Some(if wrong.is_empty() { 2 } else { 5 }),
            "{wrong:?}: {}",
            answer.stderr
        );
        assert!(answer.stdout.is_empty());
    }
    let after = Piece::files(device.home());
    let content = |pieces: Vec<Piece>| {
        pieces
            .into_iter()
            .map(|piece| (piece.name, piece.bytes))
            .collect::<Vec<_>>()
    };
    assert_eq!(content(before), content(after));
    // The control: the right one does.
    device.run(&["inbox"]);
}

/// Thirty-two bytes of header are the file format's; a phone's operating system looks at them. All else looks random.
#[test]
fn a_store_shows_its_header_and_nothing_else() {
    for (home, files) in &NIGHT.homes {
        let stores: Vec<&Piece> = files
            .iter()
            .filter(|file| file.bytes.starts_with(b"SQLite format 3\0"))
            .collect();
        assert_eq!(stores.len(), 1, "{home} has one store");
        let body = &stores[0].bytes[32..];
        let mut packed = Vec::new();
        std::io::Read::read_to_end(
            &mut ZlibEncoder::new(body, Compression::best()),
            &mut packed,
        )
        .unwrap();
        assert!(
            packed.len() >= body.len(),
            "{home}: {} bytes compress to {}",
            body.len(),
            packed.len()
        );
        let copy = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(copy.path(), &stores[0].bytes).unwrap();
        let opened = rusqlite::Connection::open(copy.path()).unwrap();
        assert!(
            opened
                .query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
                .is_err(),
            "{home} opens without a key"
        );
    }
}

/// What may stand in the clear is small and has no secret: locks, salts, where the relay is.
#[test]
fn no_file_of_a_device_holds_a_bearer_a_token_or_the_passphrase() {
    NIGHT
        .secrets()
        .search(&every_file())
        .assert_nothing(1 << 20);
}
