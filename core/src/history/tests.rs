#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::base::{ConversationId, MessageId, SystemRandom};
use crate::membership::Context;
use crate::store::Store;
use crate::timeline::tests::fixture::{Ward, acknowledged, potassium};
use crate::vault::{Argon2Cost, Passphrase};

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned())
}

struct Shelf {
    dir: tempfile::TempDir,
}

impl Shelf {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }
    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
    fn backup(&self, ward: &Ward, name: &str) -> Counts {
        let cost = Argon2Cost::new(64, 1, 1).unwrap();
        let request = Request {
            protection: For::Passphrase(passphrase("harvest moon"), cost),
            span: Span::default(),
            attachments: None,
            now: ward.now,
        };
        write(
            &ward.store,
            ward.context().me,
            &request,
            &self.file(name),
            &SystemRandom,
        )
        .unwrap()
    }
    fn restored(&self, ward: &Ward, name: &str) -> Result<Restored, HistoryError> {
        restore(
            &ward.store,
            &ward.context(),
            &self.file(name),
            &Opener::Passphrase(&passphrase("harvest moon")),
            &self.file("attachments"),
            &|_, _, _| true,
        )
    }
}

fn page(store: &Store, room: ConversationId) -> Vec<MessageId> {
    store
        .read(|tx| tx.messages_before(room, None, 100))
        .unwrap()
        .iter()
        .rev()
        .map(|row| row.id)
        .collect()
}

#[test]
fn a_new_device_shows_the_history_in_its_order_and_before_what_came_since() {
    let mut ward = Ward::new();
    let shelf = Shelf::new();
    let old = [
        ward.text(&ward.nurse, "first"),
        ward.card(&ward.bench, &potassium()),
        ward.text(&ward.bench, "third"),
    ];
    ward.states(&ward.physician, old[1], acknowledged());
    let counts = shelf.backup(&ward, "backup");
    assert_eq!((counts.cards, counts.conversations), (1, 2));
    let before = page(&ward.store, ward.group);
    let proven = ward.proven(old[1]);
    ward.begin_anew();
    let new = ward.text(&ward.nurse, "since");
    let done = shelf.restored(&ward, "backup").unwrap();
    assert_eq!(done.summary.counts, counts);
    let mut expected = before;
    expected.push(new);
    assert_eq!(page(&ward.store, ward.group), expected);
    assert_eq!(ward.proven(old[1]), proven, "with what was signed");
    let found = ward.read(|tx| tx.search_messages("third", 10));
    assert_eq!(found.len(), 1, "and found by its words");
    // Again changes nothing.
    assert_eq!(shelf.restored(&ward, "backup").unwrap().added, 0);
    assert_eq!(page(&ward.store, ward.group), expected);
}

#[test]
fn a_rehearsal_proves_the_restore_says_the_age_and_leaves_nothing_behind() {
    let ward = Ward::new();
    let shelf = Shelf::new();
    ward.text(&ward.nurse, "kept");
    shelf.backup(&ward, "backup");
    let opener = passphrase("harvest moon");
    let later = ward.now.plus(Duration::from_secs(3 * 86_400));
    let before = ward.read(|tx| tx.first_message());
    let scratch = shelf.file("scratch");
    let proof = rehearse(
        &ward.world.roster,
        &shelf.file("backup"),
        &Opener::Passphrase(&opener),
        &scratch,
        later,
        &SystemRandom,
    )
    .unwrap();
    assert_eq!(proof.age, Duration::from_secs(3 * 86_400));
    assert_eq!(proof.summary.counts.messages, 1);
    assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 0);
    assert_eq!(ward.read(|tx| tx.first_message()), before);
}

#[test]
fn every_changed_missing_or_added_byte_is_noticed_and_restores_nothing() {
    let mut ward = Ward::new();
    let shelf = Shelf::new();
    ward.text(&ward.nurse, "kept");
    shelf.backup(&ward, "whole");
    let whole = std::fs::read(shelf.file("whole")).unwrap();
    ward.begin_anew();
    let mut tried = 0;
    for at in (0..whole.len()).step_by(7) {
        let mut bent = whole.clone();
        bent[at] ^= 1;
        std::fs::write(shelf.file("backup"), &bent).unwrap();
        assert!(shelf.restored(&ward, "backup").is_err(), "byte {at}");
        std::fs::write(shelf.file("backup"), &whole[..at]).unwrap();
        assert!(shelf.restored(&ward, "backup").is_err(), "cut at {at}");
        tried += 2;
    }
    let longer = [whole.as_slice(), b"x"].concat();
    std::fs::write(shelf.file("backup"), longer).unwrap();
    assert!(matches!(
        shelf.restored(&ward, "backup"),
        Err(HistoryError::Damaged)
    ));
    assert!(page(&ward.store, ward.group).is_empty(), "{tried} tries");
    std::fs::write(shelf.file("backup"), whole).unwrap();
    shelf.restored(&ward, "backup").unwrap();
}

#[test]
fn a_wrong_passphrase_another_person_and_an_existing_file_are_told_apart() {
    let ward = Ward::new();
    let shelf = Shelf::new();
    ward.text(&ward.nurse, "kept");
    shelf.backup(&ward, "backup");
    let path = shelf.file("backup");
    let wrong = passphrase("harvest noon");
    assert!(matches!(
        inspect(&path, &Opener::Passphrase(&wrong), &ward.world.roster),
        Err(HistoryError::WrongKey)
    ));
    let right = passphrase("harvest moon");
    let mut nurse = ward.context().me.clone();
    nurse.owner = ward.nurse.owner;
    let as_nurse = restore(
        &ward.store,
        &Context {
            me: &nurse,
            ..ward.context()
        },
        &path,
        &Opener::Passphrase(&right),
        &shelf.file("attachments"),
        &|_, _, _| true,
    );
    assert!(matches!(as_nurse, Err(HistoryError::NotYours)));
    let cost = Argon2Cost::new(64, 1, 1).unwrap();
    let request = Request {
        protection: For::Passphrase(right, cost),
        span: Span::default(),
        attachments: None,
        now: ward.now,
    };
    let again = write(
        &ward.store,
        ward.context().me,
        &request,
        &path,
        &SystemRandom,
    );
    assert!(matches!(again, Err(HistoryError::Exists)));
}

#[test]
fn a_handover_opens_on_its_device_alone_and_holds_its_conversation_alone() {
    let ward = Ward::new();
    let shelf = Shelf::new();
    ward.text(&ward.nurse, "shared");
    let target = &ward.nurse;
    let public = target.details().sealing_key;
    let request = Request {
        protection: For::Device(target.id, &public),
        span: Span {
            conversation: Some(ward.other),
            since: None,
        },
        attachments: None,
        now: ward.now,
    };
    let path = shelf.file("handover");
    let counts = write(
        &ward.store,
        ward.context().me,
        &request,
        &path,
        &SystemRandom,
    )
    .unwrap();
    assert_eq!((counts.conversations, counts.messages), (1, 0));
    let mine = ward.context();
    assert!(matches!(
        inspect(&path, &Opener::Device(mine.me), &ward.world.roster),
        Err(HistoryError::WrongKey)
    ));
    let mut theirs = mine.me.clone();
    theirs.device = target.id;
    theirs.sealing = target.secrets.sealing.seed().clone();
    let seen = inspect(&path, &Opener::Device(&theirs), &ward.world.roster).unwrap();
    assert!(seen.handover);
    assert_eq!(seen.owner, ward.physician.owner);
}

#[test]
fn no_byte_of_an_archive_tells_what_it_holds() {
    let ward = Ward::new();
    let shelf = Shelf::new();
    ward.text(&ward.nurse, "qvxcanary");
    shelf.backup(&ward, "backup");
    let bytes = std::fs::read(shelf.file("backup")).unwrap();
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|w| w == needle);
    assert!(holds(b"SOTTO HISTORY"), "the search finds what is there");
    assert!(!holds(b"qvxcanary") && !holds(b"Room 12") && !holds(ward.group.as_bytes()));
}

#[test]
fn a_colleagues_handover_is_that_colleagues_word_and_hides_replaces_and_answers_nothing() {
    let mut ward = Ward::new();
    let shelf = Shelf::new();
    let genuine = ward.card(&ward.bench, &potassium());
    ward.states(&ward.physician, genuine, acknowledged());
    let said = ward.text(&ward.nurse, "as it was said");
    let nurse = ward.nurse.clone();
    let public = nurse.details().sealing_key;
    let request = Request {
        protection: For::Device(nurse.id, &public),
        span: Span {
            conversation: Some(ward.group),
            since: None,
        },
        attachments: None,
        now: ward.now,
    };
    let path = shelf.file("handover");
    write(
        &ward.store,
        ward.context().me,
        &request,
        &path,
        &SystemRandom,
    )
    .unwrap();
    let mut theirs = ward.context().me.clone();
    theirs.device = nurse.id;
    theirs.owner = nurse.owner;
    theirs.sealing = nurse.secrets.sealing.seed().clone();
    ward.begin_anew();
    // In no conversation with whoever hands over: nothing is taken.
    let take = |ward: &Ward, shared: bool| {
        restore(
            &ward.store,
            &Context {
                me: &theirs,
                ..ward.context()
            },
            &path,
            &Opener::Device(&theirs),
            &shelf.file("attachments"),
            &|_, _, _| shared,
        )
        .unwrap()
    };
    assert_eq!(take(&ward, false).added, 0);
    assert!(page(&ward.store, ward.group).is_empty());
    // In one with them, it is taken under identifiers of its own, without states.
    assert!(take(&ward, true).added > 0);
    let shown = page(&ward.store, ward.group);
    assert_eq!(shown.len(), 2);
    assert!(!shown.contains(&genuine) && !shown.contains(&said));
    for id in shown {
        assert!(ward.read(|tx| tx.handed(id)).is_some());
        assert!(ward.read(|tx| tx.message_states(id)).is_empty());
    }
    assert!(
        ward.read(|tx| tx.open_cards(ward.group, &[9; 16]))
            .is_empty()
    );
}
