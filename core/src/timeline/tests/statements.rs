//! What a statement proves, and who may make it.

use sotto_content::id;
use sotto_content::statement::{Act, From};

use super::fixture::{Ward, acknowledged, version};
use crate::audit;
use crate::base::Owner;
use crate::roster::authorize::pack;
use crate::roster::tests::fixture::terms;
use crate::store::table::state::TAKEN;
use crate::timeline::{Applied, State};

fn declined() -> Act {
    Act::Declined {
        reason: "not mine".into(),
    }
}

#[test]
fn the_stores_numbers_of_taken_states_are_these() {
    let codes = [
        State::AcknowledgedByTelephone,
        State::Acknowledged,
        State::Completed,
    ]
    .map(State::code);
    assert_eq!(codes, TAKEN);
}

#[test]
fn only_the_device_itself_speaks_for_its_own_person() {
    let ward = Ward::new();
    let card = ward.card(&ward.bench, &version(1, "6.8"));
    // Another's signature.
    assert_eq!(
        ward.states_as(&ward.nurse, card, acknowledged(), |_| (), &ward.physician),
        Applied::Refused
    );
    // Another's name.
    let physician = id::PersonId::from(*ward.physician.person().as_bytes());
    let other = |s: &mut sotto_content::statement::Statement| s.speaker.person = Some(physician);
    assert_eq!(
        ward.states_as(&ward.nurse, card, acknowledged(), other, &ward.nurse),
        Applied::Refused
    );
    // Another's device.
    let from = From::Device(id::DeviceId::from(*ward.physician.id.as_bytes()));
    assert_eq!(
        ward.states_as(
            &ward.nurse,
            card,
            acknowledged(),
            |s| s.speaker.from = from,
            &ward.nurse
        ),
        Applied::Refused
    );
    assert!(ward.proven(card).is_empty());
    assert!(matches!(
        ward.states(&ward.nurse, card, acknowledged()),
        Applied::Stored(_)
    ));
}

#[test]
fn a_places_device_speaks_for_no_person() {
    let mut ward = Ward::new();
    let station = ward.world.bench("Ward station 5W");
    let card = ward.card(&ward.bench, &version(1, "6.8"));
    let nurse = id::PersonId::from(*ward.nurse.person().as_bytes());
    for act in [acknowledged(), declined(), Act::Seen] {
        let claim = |s: &mut sotto_content::statement::Statement| s.speaker.person = Some(nurse);
        assert_eq!(
            ward.states_as(&station, card, act, claim, &station),
            Applied::Refused
        );
    }
    assert!(matches!(station.owner, Owner::Place(_)));
    assert_eq!(ward.states(&station, card, Act::Seen), Applied::Known);
    assert_eq!(ward.proven(card), [State::Seen.code()]);
}

#[test]
fn responsibility_needs_its_right_and_nobody_takes_it_for_their_own_result() {
    let mut ward = Ward::new();
    let clerk = ward
        .world
        .member("Unit Clerk", Some("5W"), terms(pack::UNIT_CLERK, None));
    let card = ward.card(&ward.bench, &version(1, "6.8"));
    assert_eq!(ward.states(&clerk, card, acknowledged()), Applied::Refused);
    let own = ward.card(&ward.physician, &version(1, "6.8"));
    assert_eq!(
        ward.states(&ward.physician, own, acknowledged()),
        Applied::Refused
    );
    assert_eq!(
        ward.states(&ward.physician, own, Act::Seen),
        Applied::Refused
    );
    assert!(ward.proven(card).is_empty() && ward.proven(own).is_empty());
}

#[test]
fn a_statement_about_another_digest_or_version_waits_for_it_and_is_about_nothing_here() {
    let ward = Ward::new();
    let card = ward.card(&ward.bench, &version(1, "6.8"));
    assert!(matches!(
        ward.states_as(
            &ward.nurse,
            card,
            acknowledged(),
            |s| s.subject.version = 2,
            &ward.nurse
        ),
        Applied::Waits(_)
    ));
    assert!(matches!(
        ward.states_as(
            &ward.nurse,
            card,
            acknowledged(),
            |s| s.subject.digest = [9; 32],
            &ward.nurse
        ),
        Applied::Waits(_)
    ));
    // A time that is no date would keep the loop from being exported.
    assert_eq!(
        ward.states_as(
            &ward.nurse,
            card,
            acknowledged(),
            |s| s.at_ms = i64::MAX,
            &ward.nurse
        ),
        Applied::Malformed
    );
    assert!(ward.proven(card).is_empty());
}

#[test]
fn of_the_same_bytes_from_two_senders_the_one_that_is_answered_is_meant() {
    let ward = Ward::new();
    let copy = ward.card(&ward.physician, &version(1, "6.8"));
    let card = ward.card(&ward.bench, &version(1, "6.8"));
    assert!(matches!(
        ward.states(&ward.nurse, card, acknowledged()),
        Applied::Stored(_)
    ));
    assert_eq!((ward.proven(card).len(), ward.proven(copy).len()), (1, 0));
}

#[test]
fn what_somebody_else_declined_still_waits() {
    let ward = Ward::new();
    let card = ward.card(&ward.bench, &version(1, "6.8"));
    assert!(matches!(
        ward.states(&ward.nurse, card, declined()),
        Applied::Stored(_)
    ));
    assert_eq!(
        ward.read(|tx| tx.open_cards(ward.group, ward.physician.owner.as_bytes())),
        [card]
    );
}

#[test]
fn each_wrong_read_back_is_recorded_and_all_else_once() {
    let ward = Ward::new();
    let card = ward.card(&ward.bench, &version(1, "6.8"));
    let wrong = || Act::ReadBackMismatch {
        observations: vec![0],
    };
    for _ in 0..2 {
        assert!(matches!(
            ward.states(&ward.nurse, card, wrong()),
            Applied::Stored(_)
        ));
    }
    assert_eq!(ward.states(&ward.nurse, card, Act::Seen), Applied::Known);
    assert_eq!(ward.states(&ward.nurse, card, Act::Seen), Applied::Known);
    assert!(matches!(
        ward.states(&ward.nurse, card, acknowledged()),
        Applied::Stored(_)
    ));
    assert_eq!(
        ward.states(&ward.nurse, card, acknowledged()),
        Applied::Known
    );
    let acts: Vec<audit::Act> = ward
        .read(|tx| audit::newest(tx, 50))
        .iter()
        .map(|record| record.act)
        .collect();
    let expected = [
        audit::Act::Acknowledged,
        audit::Act::Seen,
        audit::Act::Mismatched,
        audit::Act::Mismatched,
        audit::Act::Received,
    ];
    assert_eq!(acts, expected);
    let newest = ward.read(|tx| audit::newest(tx, 1)).remove(0);
    assert_eq!(
        (newest.person, newest.message),
        (Some(ward.nurse.person()), Some(card))
    );
    assert!(newest.patient.is_some_and(|token| token.contains('-')));
}
