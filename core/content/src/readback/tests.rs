#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;
use crate::hl7;
use proptest::prelude::*;

macro_rules! sample {
    ($name:literal) => {
        card(include_bytes!(concat!("../../samples/", $name)))
    };
}

const SEED: [u8; 32] = [5; 32];

fn card(bytes: &[u8]) -> ResultCard {
    let mut file = hl7::import(bytes).unwrap();
    file.messages.remove(0).outcome.unwrap().cards.remove(0)
}

fn typed(card: &ResultCard, text: &str) -> Result<Confirmed, ReadBackError> {
    let form = ReadBack::of(card, &Policy::default(), &SEED);
    let at = form.items[0].observation;
    form.check(card, &[(at, Answer::Typed(text.into()))], &["84531907"])
}

#[test]
fn a_potassium_is_read_back_with_comma_or_point_and_any_zeros() {
    let card = sample!("potassium-critical.hl7");
    for right in ["6.8", "6,8", "6.80", "6,800", " 6.8 ", "06.8", "+6.8"] {
        let confirmed = typed(&card, right).unwrap();
        assert_eq!(
            (confirmed.observations(), confirmed.identifiers()),
            ([1].as_slice(), [IdentifierKind::Number].as_slice())
        );
    }
    for wrong in ["8.6", "68", "6.9", "-6.8", ">6.8", "0.68"] {
        assert_eq!(
            typed(&card, wrong),
            Err(ReadBackError::Mismatch { observation: 1 }),
            "{wrong}"
        );
    }
    for unreadable in ["", "6.8 mmol/L", "six", "1,006.8", "6..8", "6.8 6.8"] {
        assert_eq!(
            typed(&card, unreadable),
            Err(ReadBackError::Unreadable { observation: 1 }),
            "{unreadable}"
        );
    }
}

#[test]
fn a_comparator_is_part_of_what_is_read_back() {
    let card = sample!("troponin.hl7");
    for right in [">1000", "> 1000", ">1000.0"] {
        assert!(typed(&card, right).is_ok(), "{right}");
    }
    for wrong in ["1000", "<1000", ">=1000", "≥1000", ">100"] {
        assert_eq!(
            typed(&card, wrong),
            Err(ReadBackError::Mismatch { observation: 0 }),
            "{wrong}"
        );
    }
}

#[test]
fn only_what_is_critical_is_asked_and_all_of_it() {
    let card = sample!("abg.hl7");
    let form = ReadBack::of(&card, &Policy::default(), &SEED);
    assert_eq!(form.items.len(), 1);
    assert_eq!(
        form.items[0].prompt,
        Prompt::Type {
            unit: Some("pH".into())
        }
    );
    assert_eq!(
        form.check(&card, &[], &["84531907"]),
        Err(ReadBackError::NotReadBack { observation: 0 })
    );
    let other = [(1, Answer::Typed("71".into()))];
    assert_eq!(
        form.check(&card, &other, &["84531907"]),
        Err(ReadBackError::NotAsked { observation: 1 })
    );
}

#[test]
fn a_culture_is_chosen_among_options_of_which_one_is_right() {
    let card = sample!("culture.hl7");
    let form = ReadBack::of(&card, &Policy::default(), &SEED);
    let Prompt::Choose { options } = &form.items[0].prompt else {
        panic!("a text is chosen")
    };
    assert_eq!(options.len(), 4);
    let right: Vec<_> = options
        .iter()
        .filter(|option| *option == "Gram-positive cocci in clusters seen.")
        .collect();
    assert_eq!(right.len(), 1);
    for option in options {
        let answer = [(0, Answer::Chosen(option.clone()))];
        let outcome = form.check(&card, &answer, &["1961-03-14"]);
        assert_eq!(outcome.is_ok(), option == right[0], "{option}");
        assert!(outcome.is_ok() || outcome.unwrap_err().is_mismatch());
    }
    let made_up = [(0, Answer::Chosen("No growth".into()))];
    assert_eq!(
        form.check(&card, &made_up, &["1961-03-14"]),
        Err(ReadBackError::OtherWay { observation: 0 })
    );
    assert_eq!(form, ReadBack::of(&card, &Policy::default(), &SEED));
}

#[test]
fn an_identifier_of_somebody_else_is_refused_and_the_name_alone_is_not_enough() {
    let card = sample!("potassium-critical.hl7");
    let form = ReadBack::of(&card, &Policy::default(), &SEED);
    let answer = [(1, Answer::Typed("6.8".into()))];
    let check = |identifiers: &[&str]| {
        form.check(&card, &answer, identifiers)
            .map(|it| it.identifiers().to_vec())
    };
    assert_eq!(check(&["84531908"]), Err(ReadBackError::WrongIdentifier));
    assert_eq!(check(&["1961-03-15"]), Err(ReadBackError::WrongIdentifier));
    assert_eq!(check(&[""]), Err(ReadBackError::WrongIdentifier));
    assert_eq!(check(&[]), Err(ReadBackError::TooFewIdentifiers));
    assert_eq!(
        check(&["Adaeze Okonkwo-Vestergaard"]),
        Err(ReadBackError::TooFewIdentifiers)
    );
    for date in [
        "1961-03-14",
        "19610314",
        "14.3.1961",
        "14.03.1961",
        "1961/03/14",
    ] {
        assert_eq!(
            check(&[date]),
            Ok(vec![IdentifierKind::BirthDate]),
            "{date}"
        );
    }
    assert_eq!(
        check(&["84531907", "okonkwo-vestergaard, adaeze marit"]),
        Ok(vec![IdentifierKind::Name, IdentifierKind::Number])
    );
}

#[test]
fn the_policy_decides_between_typed_chosen_and_confirmed() {
    let card = sample!("troponin.hl7");
    let of = |numbers| {
        ReadBack::of(
            &card,
            &Policy {
                numbers,
                ..Policy::default()
            },
            &SEED,
        )
    };
    let Prompt::Choose { options } = &of(Mode::Chosen).items[0].prompt else {
        panic!("chosen")
    };
    assert_eq!(options.len(), 4);
    assert_eq!(
        options
            .iter()
            .filter(|option| option.starts_with(">1000 "))
            .count(),
        1
    );
    assert!(
        options.iter().any(|option| option.starts_with("1000 ")),
        "the lost comparator is a trap"
    );
    let confirm = of(Mode::Confirm);
    assert_eq!(
        confirm.items[0].prompt,
        Prompt::Confirm {
            shown: ">1000 ng/L".into()
        }
    );
    assert!(
        confirm
            .check(&card, &[(0, Answer::Confirmed)], &["84531907"])
            .is_ok()
    );
    let typed = of(Mode::Typed);
    let outcome = typed.check(&card, &[(0, Answer::Confirmed)], &["84531907"]);
    assert_eq!(outcome, Err(ReadBackError::OtherWay { observation: 0 }));
}

#[test]
fn a_mismatch_does_not_repeat_what_was_typed_or_reported() {
    let card = sample!("potassium-critical.hl7");
    let error = typed(&card, "8.6").unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(!text.contains("8.6") && !text.contains("6.8"), "{text}");
}

#[test]
fn a_test_card_asks_for_nothing() {
    let card = sample!("potassium-training.hl7");
    assert!(
        ReadBack::of(&card, &Policy::default(), &SEED)
            .items
            .is_empty()
    );
}

proptest! {
    #[test]
    fn arbitrary_answers_never_panic(text in ".{0,30}", identifier in ".{0,20}", seed in any::<[u8; 32]>()) {
        for card in [sample!("potassium-critical.hl7"), sample!("culture.hl7")] {
            let form = ReadBack::of(&card, &Policy::default(), &seed);
            let at = form.items[0].observation;
            let _ = form.check(&card, &[(at, Answer::Typed(text.clone()))], &[&identifier]);
        }
    }

    #[test]
    fn options_hold_the_right_one_once_whatever_the_text(text in "[ -~é\n]{1,300}", seed in any::<[u8; 32]>()) {
        let value = Value::Text(text.trim().to_owned());
        prop_assume!(!text.trim().is_empty());
        let options = decoy::options(&value, &mut Choices::new(&seed, "t"));
        let right = decoy::shown(&value);
        prop_assert_eq!(options.iter().filter(|option| option.to_lowercase() == right.to_lowercase()).count(), 1);
        prop_assert_eq!(options.len(), 4);
    }
}
