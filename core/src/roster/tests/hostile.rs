//! Arbitrary and altered bytes: always an answer, never a panic, never a trace.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::fixture::World;
use crate::roster::kind::{Body, KINDS, Tick};
use crate::roster::link::PREFIX;
use crate::roster::rotation::SealRecord;
use crate::roster::{
    Attestation, Entry, InvitationLink, Keyring, RootFile, Roster, Verdict, Words,
};

static LOG: LazyLock<(Roster, Vec<Vec<u8>>)> = LazyLock::new(|| {
    let (world, ..) = World::staffed();
    (world.roster.clone(), world.log)
});

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn arbitrary_bytes_are_junk(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut roster = LOG.0.clone();
        let at = roster.next_position();
        prop_assert!(matches!(roster.apply(at, &bytes), Verdict::Junk(_)));
        prop_assert_eq!(roster.head(), LOG.0.head());
        let _ = Entry::from_bytes(&bytes);
        let _ = Attestation::from_bytes(&bytes);
        let _ = SealRecord::from_bytes(&bytes);
        prop_assert!(Roster::restore(&bytes).is_err());
        for (kind, ..) in KINDS {
            // Whatever decodes encodes to the same bytes.
            if let Ok(Some(body)) = Body::from_bytes(*kind, &bytes) {
                prop_assert_eq!(body.to_bytes(), bytes.clone());
            }
        }
    }

    #[test]
    fn a_body_altered_anywhere_is_never_believed(which in 0usize..13, at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let (_, log) = &*LOG;
        let which = which.min(log.len() - 1);
        let mut roster = {
            let mut roster = Roster::new(*LOG.0.anchor());
            for (position, bytes) in (0..).zip(&log[..which]) {
                roster.apply(position, bytes);
            }
            roster
        };
        let before = roster.head();
        let mut altered = log[which].clone();
        let at = at.index(altered.len());
        altered[at] ^= 1 << bit;
        let verdict = roster.apply(roster.next_position(), &altered);
        prop_assert!(matches!(verdict, Verdict::Junk(_)), "{:?}", verdict);
        prop_assert_eq!(roster.head(), before);
    }

    #[test]
    fn arbitrary_text_is_no_link_no_root_file_and_no_words(text in ".{0,200}") {
        prop_assert!(InvitationLink::parse(&text).is_err());
        let link = [PREFIX, &text].concat();
        prop_assert!(InvitationLink::parse(&link).is_err());
        prop_assert!(RootFile::parse(&text).is_err());
        let _ = Words::<6>::parse(&text);
    }

    #[test]
    fn arbitrary_sealed_bytes_are_junk_or_ask_for_a_key(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let mut roster = LOG.0.clone();
        let at = roster.next_position();
        let verdict = roster.ingest(at, &bytes, &Keyring::new());
        prop_assert!(matches!(verdict, Verdict::Junk(_) | Verdict::NeedsKey { .. }), "{:?}", verdict);
    }
}

#[test]
fn rehearsing_changes_nothing_and_says_what_applying_says() {
    let (mut world, nurse, ..) = World::staffed();
    let before = world.roster.clone();
    let mut composer = world.roster.composer().unwrap();
    let key = &nurse.secrets.signature;
    let first = composer
        .entry(nurse.author(), world.now, &Body::from(Tick {}), key)
        .unwrap();
    let second = composer
        .entry(nurse.author(), world.now, &Body::from(Tick {}), key)
        .unwrap();
    let said = world.roster.rehearse(&[&first, &second]);
    assert!(world.roster == before);
    assert_eq!(said, [world.push(first), world.push(second)]);
    assert_eq!(world.roster.head(), Some(composer.head()));
}
