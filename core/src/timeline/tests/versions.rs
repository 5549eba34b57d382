//! Versions in every order, patients in every mixture.

use sotto_content::card::ReportStatus;

use super::fixture::{Ward, acknowledged, potassium, version, wrong_patient};
use crate::base::MessageId;
use crate::roster::authorize::pack;
use crate::roster::kind::{RoleGranted, RoleWithdrawn};
use crate::roster::tests::fixture::{Device, terms};
use crate::store::table::message::Priority;
use crate::timeline::{Applied, Standing, patient, standing};

fn stands(ward: &Ward, id: MessageId) -> (Standing, bool) {
    let card = ward.read(|tx| tx.card(id)).unwrap();
    let versions = ward.read(|tx| tx.card_versions(&card.identity, &card.issuer));
    (standing(&card, &versions), card.blanked)
}

fn found(ward: &Ward, words: &str) -> usize {
    ward.read(|tx| tx.search_messages(words, 50)).len()
}

#[test]
fn of_versions_in_any_order_only_the_newest_stands() {
    let ward = Ward::new();
    let second = ward.card(&ward.bench, &version(2, "6.9"));
    assert_eq!(stands(&ward, second), (Standing::Current, false));
    let first = ward.card(&ward.bench, &version(1, "6.8"));
    assert_eq!(stands(&ward, first), (Standing::Superseded, false));
    assert_eq!(stands(&ward, second), (Standing::Current, false));
    let third = ward.card(&ward.bench, &version(3, "7.1"));
    assert_eq!(stands(&ward, second), (Standing::Superseded, false));
    assert_eq!(
        ward.read(|tx| tx.open_cards(ward.group, ward.physician.owner.as_bytes())),
        [third]
    );
}

#[test]
fn two_contents_under_one_version_are_both_disputed_until_the_next() {
    let ward = Ward::new();
    let one = ward.card(&ward.bench, &version(2, "6.9"));
    let two = ward.card(&ward.bench, &version(2, "9.6"));
    assert_eq!(
        (stands(&ward, one), stands(&ward, two)),
        ((Standing::Disputed, false), (Standing::Disputed, false))
    );
    let three = ward.card(&ward.bench, &version(3, "6.9"));
    assert_eq!(
        (stands(&ward, one).0, stands(&ward, three).0),
        (Standing::Superseded, Standing::Current)
    );
}

#[test]
fn a_withdrawal_blanks_what_was_before_it_and_nothing_after_it_in_every_order() {
    let cards = [
        version(1, "6.8"),
        version(2, "6.9"),
        wrong_patient(3),
        version(4, "4.2"),
    ];
    for order in [
        [0, 1, 2, 3],
        [3, 2, 1, 0],
        [2, 0, 3, 1],
        [3, 0, 2, 1],
        [1, 3, 0, 2],
    ] {
        let ward = Ward::new();
        let mut ids = [None; 4];
        for at in order {
            ids[at] = Some(ward.card(&ward.bench, &cards[at]));
        }
        let blanked: Vec<bool> = ids.iter().map(|id| stands(&ward, id.unwrap()).1).collect();
        assert_eq!(blanked, [true, true, true, false], "{order:?}");
        assert_eq!(
            stands(&ward, ids[3].unwrap()).0,
            Standing::Current,
            "{order:?}"
        );
        // The withdrawn values are not found; the one that stands is.
        assert_eq!(
            (
                found(&ward, "\"6.8\""),
                found(&ward, "\"6.9\""),
                found(&ward, "\"4.2\"")
            ),
            (0, 0, 1),
            "{order:?}"
        );
    }
}

#[test]
fn a_withdrawal_that_still_says_values_is_no_card_and_a_true_one_is_at_least_urgent() {
    let ward = Ward::new();
    let first = ward.card(&ward.bench, &version(1, "6.8"));
    let mut careless = version(2, "6.8");
    careless.status = ReportStatus::EnteredInError;
    assert_eq!(
        ward.try_card(&ward.bench, ward.group, &careless),
        Applied::Malformed
    );
    assert_eq!(stands(&ward, first), (Standing::Current, false));
    let id = ward.card(&ward.bench, &wrong_patient(2));
    assert_eq!(
        (stands(&ward, first), stands(&ward, id)),
        ((Standing::Superseded, true), (Standing::Current, true))
    );
    assert!(!ward.read(|tx| tx.card(id)).unwrap().critical);
    assert_eq!(
        ward.row(id).priority,
        Priority::Urgent,
        "a routine device cannot whisper a withdrawal"
    );
}

#[test]
fn an_acknowledgement_stays_with_its_version() {
    let ward = Ward::new();
    let first = ward.card(&ward.bench, &version(1, "6.8"));
    let second = ward.card(&ward.bench, &version(2, "6.9"));
    assert!(matches!(
        ward.states(&ward.nurse, first, acknowledged()),
        Applied::Stored(_)
    ));
    assert_eq!(
        (ward.proven(first).len(), ward.proven(second).len()),
        (1, 0)
    );
    assert_eq!(
        ward.read(|tx| tx.open_cards(ward.group, ward.physician.owner.as_bytes())),
        [second]
    );
}

/// Somebody who reports for the chemistry laboratory, or for another one.
fn technologist(ward: &mut Ward, name: &str, laboratory: &str) -> Device {
    let role = terms(pack::LABORATORY, Some(laboratory));
    ward.world.member(name, None, role)
}

fn loses_every_role(ward: &mut Ward, whose: &Device) {
    let admin = ward.world.admin.clone();
    let grants: Vec<_> = ward.world.roster.grants_of(whose.owner).to_vec();
    for grant in grants {
        let body = RoleWithdrawn {
            holder: whose.owner,
            grant: grant.id,
        };
        ward.world.ok(&admin, body);
    }
}

#[test]
fn a_colleague_of_the_laboratory_gives_the_next_version_in_every_order() {
    let cards = [version(1, "6.8"), version(2, "6.9"), version(3, "7.1")];
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0], [0, 2, 1]] {
        let mut ward = Ward::new();
        let lab = ["Lise Meitner", "Gerty Cori", "Dorothy Hodgkin"]
            .map(|name| technologist(&mut ward, name, "Chemistry"));
        let mut ids = [None; 3];
        for at in order {
            ids[at] = Some(ward.card(&lab[at], &cards[at]));
            // Whatever has come: the newest of it stands, alone.
            let here: Vec<MessageId> = ids.iter().flatten().copied().collect();
            let newest = here.last().copied().unwrap();
            for id in here {
                let expected = if id == newest {
                    Standing::Current
                } else {
                    Standing::Superseded
                };
                assert_eq!(stands(&ward, id).0, expected, "{order:?}");
            }
            let open = ward.read(|tx| tx.open_cards(ward.group, ward.physician.owner.as_bytes()));
            assert_eq!(open, [newest], "{order:?}");
        }
    }
}

#[test]
fn a_colleagues_withdrawal_blanks_in_both_orders() {
    for withdrawal_first in [false, true] {
        let mut ward = Ward::new();
        let one = technologist(&mut ward, "Lise Meitner", "Chemistry");
        let two = technologist(&mut ward, "Gerty Cori", "Chemistry");
        let mut sent = [(&one, version(1, "6.8")), (&two, wrong_patient(2))];
        if withdrawal_first {
            sent.reverse();
        }
        for (from, card) in &sent {
            let id = ward.card(from, card);
            assert_eq!(stands(&ward, id).1, withdrawal_first || card.version == 2);
        }
        assert_eq!(found(&ward, "\"6.8\""), 0);
    }
}

#[test]
fn two_colleagues_who_say_different_things_under_one_number_dispute_it() {
    let mut ward = Ward::new();
    let one = technologist(&mut ward, "Lise Meitner", "Chemistry");
    let two = technologist(&mut ward, "Gerty Cori", "Chemistry");
    let first = ward.card(&one, &version(1, "6.8"));
    let same = ward.card(&two, &version(1, "6.8"));
    assert_eq!(
        [first, same].map(|id| stands(&ward, id).0),
        [Standing::Current; 2],
        "the same twice is no dispute"
    );
    let other = ward.card(&two, &version(1, "8.6"));
    assert_eq!(
        [first, same, other].map(|id| stands(&ward, id).0),
        [Standing::Disputed; 3]
    );
    let next = ward.card(&one, &version(2, "8.6"));
    assert_eq!(stands(&ward, next).0, Standing::Current);
}

#[test]
fn the_laboratory_corrects_what_was_sent_by_who_has_moved_on_and_they_correct_nothing_more() {
    let mut ward = Ward::new();
    let gone = technologist(&mut ward, "Lise Meitner", "Chemistry");
    let stays = technologist(&mut ward, "Gerty Cori", "Chemistry");
    let first = ward.card(&gone, &version(1, "6.8"));
    loses_every_role(&mut ward, &gone);
    let second = ward.card(&stays, &version(2, "6.9"));
    assert_eq!(
        (stands(&ward, first).0, stands(&ward, second).0),
        (Standing::Superseded, Standing::Current)
    );
    // Back as a physician, who may send results, and reports for no laboratory.
    let (admin, holder) = (ward.world.admin.clone(), gone.owner);
    let terms = terms(pack::PHYSICIAN, Some("Chemistry"));
    ward.world.ok(&admin, RoleGranted { holder, terms });
    assert_eq!(
        ward.try_card(&gone, ward.group, &wrong_patient(3)),
        Applied::Refused
    );
    assert_eq!(stands(&ward, second), (Standing::Current, false));
}

#[test]
fn who_has_no_part_in_a_result_supersedes_and_withdraws_nothing() {
    let mut ward = Ward::new();
    let chemist = technologist(&mut ward, "Lise Meitner", "Chemistry");
    let foreign = technologist(&mut ward, "Gerty Cori", "Haematology");
    let first = ward.card(&chemist, &version(1, "6.8"));
    // Another laboratory, a laboratory without a unit, and a physician: each may send results.
    for stranger in [&foreign, &ward.bench, &ward.physician] {
        for forged in [version(1, "4.2"), wrong_patient(2), version(9, "4.2")] {
            // It stands beside the result, under its sender's name: refused, a sender's own correction could be lost
            // that overtook what it corrects.
            let beside = ward.card(stranger, &forged);
            assert_eq!(ward.row(beside).owner, stranger.owner.as_bytes());
            assert_eq!(stands(&ward, first), (Standing::Current, false));
        }
        let open = ward.read(|tx| tx.open_cards(ward.group, ward.nurse.owner.as_bytes()));
        assert!(open.contains(&first), "it waits as before");
        assert!(ward.row(first).search.contains("6.8"));
    }
    let second = ward.card(&chemist, &version(2, "6.9"));
    assert_eq!(stands(&ward, second), (Standing::Current, false));
}

#[test]
fn a_forgery_that_comes_before_the_result_is_not_its_newer_version() {
    let mut ward = Ward::new();
    let chemist = technologist(&mut ward, "Lise Meitner", "Chemistry");
    let foreign = technologist(&mut ward, "Gerty Cori", "Haematology");
    let former = technologist(&mut ward, "Dorothy Hodgkin", "Chemistry");
    let forged = ward.card(&foreign, &wrong_patient(9));
    let overtaken = ward.card(&former, &version(9, "4.2"));
    loses_every_role(&mut ward, &former);
    let first = ward.card(&chemist, &version(1, "6.8"));
    assert_eq!(stands(&ward, first), (Standing::Current, false));
    // A correction that comes before its result is not lost for the strangers that were there first.
    let second = ward.card(&chemist, &version(3, "6.9"));
    assert_eq!(stands(&ward, first).0, Standing::Superseded);
    for id in [forged, overtaken, second] {
        assert_eq!(
            stands(&ward, id).0,
            Standing::Current,
            "each in its own line"
        );
    }
}

#[test]
fn a_group_is_about_the_patient_of_its_first_true_card() {
    let ward = Ward::new();
    let about = |ward: &Ward| ward.read(|tx| tx.conversation(ward.group)).unwrap().patient;
    let mut test = potassium();
    test.test = true;
    test.patient.identifiers[0].value = "99".into();
    ward.card(&ward.bench, &test);
    assert!(about(&ward).is_empty(), "a TEST binds nothing");
    ward.card(&ward.bench, &wrong_patient(1));
    assert!(about(&ward).is_empty(), "a withdrawn one binds nothing");
    ward.card(&ward.bench, &version(2, "6.8"));
    assert_eq!(about(&ward), patient::key_of(&potassium().patient));
    let mut other = version(1, "6.8");
    other.patient.identifiers[0].value = "99".into();
    assert_eq!(
        ward.try_card(&ward.bench, ward.group, &other),
        Applied::Refused
    );
    let mut nobody = version(1, "6.8");
    nobody.patient = Default::default();
    nobody
        .observations
        .iter_mut()
        .for_each(|o| o.interpretation.clear());
    assert_eq!(
        ward.try_card(&ward.bench, ward.group, &nobody),
        Applied::Refused
    );
}

#[test]
fn a_token_that_stands_for_somebody_is_not_taken_for_somebody_else() {
    let ward = Ward::new();
    let mut tokens = Vec::new();
    for (room, value) in [(ward.group, "1111"), (ward.other, "2222")] {
        let mut card = potassium();
        card.patient.identifiers.truncate(1);
        card.patient.identifiers[0].value = value.into();
        let (salt, mut extensions) = ward.stamp(&ward.bench, room);
        patient::set_token(&mut extensions, &[7; 16]);
        let content =
            sotto_content::mimi::MimiContent::card(salt, extensions, card.to_bytes().unwrap());
        assert!(matches!(
            ward.arrives(&ward.bench, room, &content, 1),
            Applied::Stored(_)
        ));
        tokens.push(
            ward.read(|tx| tx.patient_token(&patient::key_of(&card.patient)))
                .unwrap(),
        );
    }
    assert_eq!(tokens[0], [7; 16]);
    assert_ne!(tokens[0][..4], tokens[1][..4]);
}
