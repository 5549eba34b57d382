//! The bytes of each message as every release sent them. They are committed, and every later release must read them and
//! write them back unchanged.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::{Gen, MESSAGES, reencode, samples};

const RELEASE_0_1: &str = include_str!("transcript/0.1.txt");
/// The release being made: those of 0.1 and the wipe channel's.
const RELEASE_0_2: &str = include_str!("transcript/0.2.txt");
/// Messages of 0.1; those added since come after them.
const MESSAGES_0_1: usize = 66;

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

fn written(messages: usize) -> String {
    [1u64, 2, 3]
        .into_iter()
        .flat_map(|seed| {
            let all = samples(&mut Gen::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
            all.into_iter().take(messages)
        })
        .map(|(name, bytes)| format!("{name} {}\n", hex(&bytes)))
        .collect()
}

#[test]
fn the_bytes_of_every_release_are_read_and_written_back() {
    for (release, messages) in [(RELEASE_0_1, MESSAGES_0_1), (RELEASE_0_2, MESSAGES.len())] {
        let mut seen = 0;
        for (name, bytes) in lines(release) {
            assert_eq!(reencode(name, &bytes).as_ref(), Ok(&bytes), "{name}");
            seen += 1;
        }
        assert_eq!(seen, 3 * messages);
    }
}

#[test]
fn what_release_0_1_could_say_is_written_as_it_wrote_it() {
    assert_eq!(written(MESSAGES_0_1), RELEASE_0_1);
}

#[test]
fn what_this_release_writes_is_what_it_says_it_writes() {
    let now = written(MESSAGES.len());
    if std::env::var_os("SOTTO_WRITE_TRANSCRIPT").is_some() {
        std::fs::write(
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/transcript/0.2.txt"),
            &now,
        )
        .unwrap();
    }
    assert_eq!(now, RELEASE_0_2);
}
