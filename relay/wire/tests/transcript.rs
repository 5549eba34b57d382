//! The bytes of each message as release 0.1 sent them. They are committed, and every later release must read them and
//! write them back unchanged.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::{Gen, MESSAGES, reencode, samples};

const RELEASE_0_1: &str = include_str!("transcript/0.1.txt");

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn lines(transcript: &str) -> impl Iterator<Item = (&str, Vec<u8>)> {
    transcript
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(name, bytes)| (name, unhex(bytes)))
}

#[test]
fn the_bytes_of_release_0_1_are_read_and_written_back() {
    let mut seen = 0;
    for (name, bytes) in lines(RELEASE_0_1) {
        assert_eq!(reencode(name, &bytes).as_ref(), Ok(&bytes), "{name}");
        seen += 1;
    }
    assert!(seen >= 3 * MESSAGES.len());
}

#[test]
fn what_this_release_writes_is_what_release_0_1_wrote() {
    let now: String = [1u64, 2, 3]
        .into_iter()
        .flat_map(|seed| samples(&mut Gen::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))))
        .map(|(name, bytes)| format!("{name} {}\n", hex(&bytes)))
        .collect();
    if std::env::var_os("SOTTO_WRITE_TRANSCRIPT").is_some() {
        std::fs::write(
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/transcript/0.1.txt"),
            &now,
        )
        .unwrap();
    }
    assert_eq!(now, RELEASE_0_1);
}
