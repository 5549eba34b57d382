#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;
use proptest::prelude::*;

fn message() -> MimiContent {
    let extensions = Extensions::of_message("mimi://org/d/1", "mimi://org/r/2", 1_700_000_000_000);
    MimiContent::text([7; 16], extensions, "K+ 6.8")
}

#[test]
fn every_kind_of_message_decodes_to_what_was_encoded() {
    let target = MessageId([1; 32]);
    let ext = message().extensions;
    let external = ExternalPart {
        key: vec![1; 32],
        filename: "x.pdf".into(),
        ..ExternalPart::default()
    };
    for sent in [
        message(),
        message()
            .replying_to(target)
            .expiring(Expiration::AfterReading(60)),
        message()
            .replacing(target)
            .expiring(Expiration::At(u32::MAX)),
        MimiContent::reaction([0; 16], ext.clone(), target, "❤"),
        MimiContent::retraction([0; 16], ext.clone(), target, false),
        MimiContent::card([0; 16], ext.clone(), b"{}".to_vec()),
        MimiContent::statement([0; 16], ext.clone(), vec![1]),
        MimiContent::attachment([0; 16], ext, external),
    ] {
        let bytes = sent.encode().unwrap();
        assert_eq!(MimiContent::decode(&bytes).unwrap(), sent);
    }
}

#[test]
fn meanings_are_told_apart() {
    let target = MessageId([1; 32]);
    let ext = message().extensions;
    assert_eq!(
        message().meaning(),
        Meaning::Text {
            text: "K+ 6.8",
            edits: None
        }
    );
    assert_eq!(
        message().replacing(target).meaning(),
        Meaning::Text {
            text: "K+ 6.8",
            edits: Some(target)
        }
    );
    assert_eq!(
        MimiContent::reaction([0; 16], ext.clone(), target, "❤").meaning(),
        Meaning::Reaction {
            to: target,
            reaction: "❤"
        }
    );
    assert_eq!(
        MimiContent::retraction([0; 16], ext.clone(), target, true).meaning(),
        Meaning::Retraction { of: target }
    );
    assert_eq!(
        MimiContent::card([0; 16], ext.clone(), b"{}".to_vec()).meaning(),
        Meaning::Card(b"{}")
    );
    assert_eq!(
        MimiContent::statement([0; 16], ext, vec![9]).meaning(),
        Meaning::Statement(&[9])
    );
    assert_eq!(
        message().extensions.sender_time_ms(),
        Some(1_700_000_000_000)
    );
}

#[test]
fn a_second_encoding_of_the_same_message_is_refused() {
    let bytes = message().encode().unwrap();
    // The expiry null (0xf6) as the longer simple value, an indefinite outer array, a byte after the end.
    let mut long_salt = bytes.clone();
    long_salt.splice(1..2, [0x58, 0x10]);
    let mut indefinite = bytes.clone();
    indefinite[0] = 0x9f;
    indefinite.push(0xff);
    let mut trailing = bytes.clone();
    trailing.push(0);
    for other in [long_salt, indefinite, trailing] {
        assert!(MimiContent::decode(&other).is_err());
    }
    assert!(MimiContent::decode(&bytes).is_ok());
}

#[test]
fn extension_keys_out_of_order_or_repeated_are_refused() {
    let ordered = Extensions::of_message("a", "b", 1);
    let mut w = Writer::new();
    ordered.write(&mut w).unwrap();
    assert_eq!(w.finish(), [0xa3, 1, 0x61, b'a', 2, 0x61, b'b', 0x20, 1]);
    for bytes in [
        vec![0xa2, 2, 0x61, b'b', 1, 0x61, b'a'],
        vec![0xa2, 1, 0x61, b'b', 1, 0x61, b'a'],
        vec![0xa2, 0x20, 1, 3, 1],
    ] {
        assert_eq!(
            Extensions::read(&mut Reader::new(&bytes)).unwrap_err(),
            MimiError::ExtensionKey
        );
    }
    // RFC 7049's "canonical" order sorts by length first; this is the other one: 24 (two bytes) before -1 (one byte).
    let bytes = [0xa2, 0x18, 24, 1, 0x20, 1];
    assert!(Extensions::read(&mut Reader::new(&bytes)).is_ok());
}

#[test]
fn parts_nest_four_levels_and_not_five() {
    let leaf = || NestedPart::single(Disposition::Render, PLAIN, vec![b'x']);
    let wrap = |part: NestedPart| NestedPart {
        disposition: Disposition::Render,
        language: String::new(),
        content: PartContent::Multi {
            semantics: PartSemantics::ProcessAll,
            parts: vec![part, leaf()],
        },
    };
    let four = MimiContent {
        body: wrap(wrap(wrap(leaf()))),
        ..message()
    };
    let bytes = four.encode().unwrap();
    assert_eq!(MimiContent::decode(&bytes).unwrap(), four);
    let five = MimiContent {
        body: wrap(four.body.clone()),
        ..message()
    };
    assert_eq!(five.encode(), Err(MimiError::TooDeep));
    // The same bytes by hand: a fifth level is refused on the way in too.
    let inner = &bytes[bytes.len() - encoded_body_len(&four.body)..];
    let mut by_hand = bytes[..bytes.len() - inner.len()].to_vec();
    by_hand.extend_from_slice(&[0x85, 1, 0x60, 3, 2, 0x82]);
    by_hand.extend_from_slice(inner);
    by_hand.extend_from_slice(inner);
    assert_eq!(MimiContent::decode(&by_hand), Err(MimiError::TooDeep));
}

fn encoded_body_len(part: &NestedPart) -> usize {
    let mut w = Writer::new();
    part.write(&mut w, 1).unwrap();
    w.finish().len()
}

#[test]
fn extension_values_nest_four_levels_and_not_five() {
    let nested = |levels: usize| {
        (0..levels).fold(ExtensionValue::Unsigned(1), |inside, _| {
            ExtensionValue::Array(vec![inside])
        })
    };
    let mut extensions = Extensions::default();
    extensions.set(ExtensionKey::Text("x".into()), nested(3));
    let message = MimiContent {
        extensions: extensions.clone(),
        ..message()
    };
    assert_eq!(
        MimiContent::decode(&message.encode().unwrap()).unwrap(),
        message
    );
    extensions.set(ExtensionKey::Text("x".into()), nested(4));
    assert_eq!(
        MimiContent {
            extensions,
            ..message
        }
        .encode(),
        Err(MimiError::TooDeep)
    );
}

#[test]
fn debug_output_shows_no_content() {
    let text = format!("{:?} {:?}", message(), message().meaning());
    assert!(!text.contains("6.8") && !text.contains("mimi://"), "{text}");
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic_and_what_is_accepted_encodes_to_itself(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(message) = MimiContent::decode(&bytes) {
            prop_assert_eq!(message.encode().unwrap(), bytes);
        }
    }

    #[test]
    fn a_damaged_message_is_refused_or_encodes_to_itself(at in 0usize..200, byte in any::<u8>(), cut in 0usize..200) {
        let mut bytes = message().encode().unwrap();
        let length = bytes.len();
        bytes[at % length] = byte;
        if let Ok(message) = MimiContent::decode(&bytes) {
            prop_assert_eq!(message.encode().unwrap(), bytes.clone());
        }
        prop_assert!(MimiContent::decode(&bytes[..cut % length]).is_err());
    }
}
