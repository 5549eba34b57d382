#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;
use crate::mimi::MessageId;
use proptest::prelude::*;

fn statement(act: Act) -> Statement {
    Statement {
        subject: Subject {
            card: CardId([1; 16]),
            version: 2,
            digest: [3; 32],
        },
        speaker: Speaker {
            person: Some(PersonId([4; 16])),
            from: From::Device(DeviceId([5; 16])),
        },
        act,
        at_ms: 1_795_000_000_000,
        roster_seq: 77,
    }
}

fn record() -> ReadBackRecord {
    ReadBackRecord {
        observations: vec![0, 3],
        identifiers: vec![IdentifierKind::BirthDate, IdentifierKind::Number],
        numbers: Mode::Typed,
    }
}

fn all_acts() -> Vec<Act> {
    let reason = || "not my patient".to_owned();
    vec![
        Act::Acknowledged(record()),
        Act::ReadBackMismatch {
            observations: vec![3],
        },
        Act::Declined { reason: reason() },
        Act::Redirected {
            to: Recipient::Person(PersonId([6; 16])),
            reason: reason(),
        },
        Act::Transferred {
            to: Recipient::Duty(DutyId([7; 16])),
            reason: reason(),
        },
        Act::AcknowledgedByTelephone {
            taken_by: "Dr Example".into(),
            record: record(),
        },
        Act::Seen,
    ]
}

#[test]
fn every_act_decodes_to_what_was_signed() {
    for act in all_acts() {
        let signed = Signed {
            body: statement(act),
            signature: [9; 64],
        };
        let bytes = signed.encode().unwrap();
        assert_eq!(Signed::<Statement>::decode(&bytes).unwrap(), signed);
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(Signed::<Statement>::decode(&longer).is_err());
    }
    let receipt = DeliveryReceipt {
        message: MessageId([1; 32]),
        speaker: Speaker {
            person: None,
            from: From::Place(PlaceId([2; 16])),
        },
        at_ms: -1,
        roster_seq: 0,
    };
    let signed = Signed {
        body: receipt,
        signature: [0; 64],
    };
    assert_eq!(Signed::decode(&signed.encode().unwrap()).unwrap(), signed);
}

#[test]
fn statements_about_different_versions_are_signed_over_different_bytes() {
    let one = statement(Act::Seen);
    let mut other = one.clone();
    other.subject.version = 3;
    assert_ne!(one.signing_bytes().unwrap(), other.signing_bytes().unwrap());
    assert_ne!(Statement::LABEL, DeliveryReceipt::LABEL);
}

#[test]
fn nobody_acknowledges_without_a_person() {
    let mut nobody = statement(Act::Acknowledged(record()));
    nobody.speaker.person = None;
    assert_eq!(nobody.signing_bytes(), Err(StatementError::NoPerson));
    let mut seen = statement(Act::Seen);
    seen.speaker.person = None;
    assert!(seen.signing_bytes().is_ok());
}

#[test]
fn words_and_lists_keep_their_limits() {
    let declined = |reason: &str| {
        statement(Act::Declined {
            reason: reason.into(),
        })
        .signing_bytes()
    };
    assert_eq!(declined(" "), Err(StatementError::Words));
    assert_eq!(
        declined(&"x".repeat(MAX_WORDS + 1)),
        Err(StatementError::Words)
    );
    assert!(declined(&"x".repeat(MAX_WORDS)).is_ok());
    for observations in [vec![1, 1], vec![2, 1]] {
        let mismatch = statement(Act::ReadBackMismatch { observations });
        assert_eq!(mismatch.signing_bytes(), Err(StatementError::List));
    }
}

#[test]
fn debug_output_holds_no_ids_and_no_words() {
    let text = format!(
        "{:?}",
        Signed {
            body: statement(Act::Declined {
                reason: "CANARY".into()
            }),
            signature: [9; 64]
        }
    );
    assert!(
        !text.contains("CANARY") && !text.contains("04040404"),
        "{text}"
    );
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic_and_what_is_accepted_encodes_to_itself(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(statement) = Statement::decode(&bytes) {
            prop_assert_eq!(statement.signing_bytes().unwrap(), bytes.clone());
        }
        let _ = DeliveryReceipt::decode(&bytes);
    }

    #[test]
    fn a_damaged_statement_is_refused_or_is_another_statement(at in 0usize..300, byte in any::<u8>(), which in 0usize..7) {
        let mut bytes = statement(all_acts()[which].clone()).signing_bytes().unwrap();
        let length = bytes.len();
        bytes[at % length] = byte;
        if let Ok(statement) = Statement::decode(&bytes) {
            prop_assert_eq!(statement.signing_bytes().unwrap(), bytes);
        }
    }
}
