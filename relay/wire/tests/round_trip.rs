//! Every message comes back as it was; no bytes of anybody make a decoder panic or are read in two ways.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::{Gen, MESSAGES, reencode, samples};
use proptest::prelude::*;
use sotto_wire::{DecodeError, OPERATIONS, base64url};

#[test]
fn every_operation_has_samples_of_both_its_messages() {
    for operation in OPERATIONS {
        let name = operation.path.strip_prefix("/v1/").unwrap();
        assert!(
            MESSAGES.contains(&format!("{name}.request").as_str()),
            "{name}"
        );
        let answer = if name == "blob/create" {
            "blob/status"
        } else {
            name
        };
        assert!(
            MESSAGES.contains(&format!("{answer}.answer").as_str()),
            "{name}"
        );
    }
}

#[test]
fn a_byte_after_the_message_is_refused() {
    for (name, mut bytes) in samples(&mut Gen::new(3)) {
        bytes.push(0);
        assert_eq!(reencode(name, &bytes), Err(DecodeError::Trailing), "{name}");
    }
}

#[test]
fn an_indefinite_length_is_refused() {
    // The same map as an empty one, spelled with a break byte.
    assert_eq!(reencode("grant/drop.answer", &[0xa0]).unwrap(), [0xa0]);
    assert_eq!(
        reencode("grant/drop.answer", &[0xbf, 0xff]),
        Err(DecodeError::NotDeterministic)
    );
}

#[test]
fn an_unknown_field_is_refused() {
    assert_eq!(
        reencode("grant/drop.answer", &[0xa1, 0x09, 0x00]),
        Err(DecodeError::NotDeterministic)
    );
}

#[test]
fn a_deeply_nested_value_is_refused_without_recursion() {
    let mut bytes = vec![0xa1, 0x09];
    bytes.extend(std::iter::repeat_n(0x81, 1 << 20));
    bytes.push(0x00);
    assert_eq!(
        reencode("grant/drop.answer", &bytes),
        Err(DecodeError::NotDeterministic)
    );
}

#[test]
fn an_announced_length_without_bytes_allocates_nothing() {
    for name in MESSAGES {
        let huge = [
            0xa1, 0x00, 0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        ];
        assert!(reencode(name, &huge).is_err());
    }
}

proptest! {
    #[test]
    fn every_message_round_trips(seed in any::<u64>()) {
        for (name, bytes) in samples(&mut Gen::new(seed)) {
            prop_assert_eq!(reencode(name, &bytes).unwrap(), bytes, "{}", name);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for name in MESSAGES {
            if let Ok(again) = reencode(name, &bytes) {
                prop_assert_eq!(&again, &bytes, "{}", name);
            }
        }
    }

    #[test]
    fn damaged_messages_never_panic_and_are_never_read_in_two_ways(
        seed in any::<u64>(), place in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>(),
    ) {
        for (name, mut bytes) in samples(&mut Gen::new(seed)) {
            let at = place.index(bytes.len());
            if cut { bytes.truncate(at); } else { bytes[at] = byte; }
            if let Ok(again) = reencode(name, &bytes) {
                prop_assert_eq!(&again, &bytes, "{}", name);
            }
        }
    }

    #[test]
    fn base64url_round_trips(bytes in any::<[u8; 16]>(), text in ".{0,40}") {
        prop_assert_eq!(base64url::decode::<16>(&base64url::encode(&bytes)), Some(bytes));
        if let Some(read) = base64url::decode::<16>(&text) {
            prop_assert_eq!(base64url::encode(&read), text);
        }
    }
}
