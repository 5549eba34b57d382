//! The corpora: what becomes of each file is stated by hand in `corpus.txt` and compared here.
//!
//! The folder is `SOTTO_TESTDATA`, by default `../shared/testdata` beside the workspace. Where it is missing the tests
//! say so and pass, except in CI (`CI` set), where they fail.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::panic
)]

use sotto_content::card::{HumanName, ResultCard};
use sotto_content::mimi::{
    Disposition, Expiration, Extensions, ExternalPart, MARKDOWN, MessageId, MimiContent,
    NestedPart, PLAIN, PartContent, PartSemantics, ROOM_URI, SENDER_URI, message_id,
};
use sotto_content::{fhir, hl7};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn testdata() -> Option<PathBuf> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/testdata");
    let folder = std::env::var_os("SOTTO_TESTDATA").map_or_else(default, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "the corpora are missing in CI: set SOTTO_TESTDATA"
    );
    println!("skipped: there are no corpora at the place SOTTO_TESTDATA names");
    None
}

/// The rows of the table: file, then what is stated about it.
fn table() -> BTreeMap<String, Vec<String>> {
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut file = String::new();
    for line in include_str!("corpus.txt").lines().map(str::trim_end) {
        if let Some(name) = line.strip_prefix("== ") {
            file = name.to_owned();
            rows.entry(file.clone()).or_default();
        } else if !line.is_empty() && !line.starts_with('#') {
            rows.get_mut(&file)
                .expect("a row begins with a file")
                .push(line.to_owned());
        }
    }
    rows
}

/// A card as the table states it.
fn describe(card: &ResultCard) -> String {
    let first = card.observations.first();
    let patient = &card.patient;
    let number = |at: &sotto_content::card::Identifier| {
        let authority = at
            .authority
            .as_deref()
            .or(at.system.as_deref())
            .unwrap_or("?");
        format!("{} ({authority})", at.value)
    };
    let numbers: Vec<String> = patient.identifiers.iter().map(number).collect();
    let or_none = |text: String| {
        if text.is_empty() {
            "-".to_owned()
        } else {
            text
        }
    };
    let value = first.map_or(String::new(), |it| it.value.text_without_unit());
    let value = value
        .split('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .take(60)
        .collect::<String>();
    [
        format!("card {}", card.code.key().1),
        card.status.as_str().to_owned() + if card.test { " TEST" } else { "" },
        format!("{} observations", card.observations.len()),
        or_none(value),
        or_none(
            first
                .and_then(|it| it.value.unit())
                .unwrap_or_default()
                .to_owned(),
        ),
        or_none(first.map(|it| it.flags()).unwrap_or_default()),
        or_none(
            patient
                .name
                .as_ref()
                .map(HumanName::label)
                .unwrap_or_default(),
        ),
        or_none(
            patient
                .birth_date
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
        ),
        or_none(numbers.join(", ")),
    ]
    .join(" | ")
}

/// Every card also decodes from its own bytes.
fn state(card: &ResultCard) -> String {
    let bytes = card.to_bytes().unwrap();
    assert_eq!(ResultCard::from_bytes(&bytes).as_ref(), Ok(card));
    describe(card)
}

fn outcome(path: &Path) -> Vec<String> {
    let bytes = std::fs::read(path).unwrap();
    if hl7::looks_like_hl7(&bytes) {
        let file = hl7::import(&bytes).unwrap();
        let of_message = |message: &hl7::Message| match &message.outcome {
            Ok(report) => report.cards.iter().map(state).collect(),
            Err(refusal) => vec![format!("refused {refusal}")],
        };
        file.messages.iter().flat_map(of_message).collect()
    } else {
        match fhir::import(&bytes) {
            Ok(import) => import.cards.iter().map(state).collect(),
            Err(refusal) => vec![format!("refused {refusal}")],
        }
    }
}

#[test]
fn every_file_of_the_corpora_becomes_the_cards_or_the_refusal_that_the_table_states() {
    let Some(folder) = testdata() else { return };
    let mut stated = table();
    let mut wrong = Vec::new();
    for part in ["fhir-r4", "fhir-r4-synthea", "hl7v2"] {
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder.join(part))
            .unwrap()
            .map(|it| it.unwrap().path())
            .collect();
        files.sort();
        for file in files {
            let name = format!("{part}/{}", file.file_name().unwrap().to_string_lossy());
            let found = outcome(&file);
            if stated.remove(&name).as_ref() != Some(&found) {
                wrong.push(format!("== {name}\n{}", found.join("\n")));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "the table does not state what these files become:\n{}",
        wrong.join("\n")
    );
    assert!(
        stated.is_empty(),
        "the table states files that are not there: {:?}",
        stated.keys()
    );
}

#[test]
fn results_become_cards_and_only_what_is_no_result_is_refused() {
    for (file, lines) in table() {
        for line in lines {
            assert!(
                line.starts_with("card ") || line.ends_with("is not a laboratory result"),
                "{file} is refused although it is a result: {line}"
            );
        }
    }
}

fn uri(user: &str) -> Extensions {
    let mut extensions = Extensions::default();
    extensions.set_text(SENDER_URI, &format!("mimi://example.com/u/{user}"));
    extensions.set_text(ROOM_URI, "mimi://example.com/r/engineering_team");
    extensions
}

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pairs = digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
    pairs.collect::<Vec<u8>>().try_into().unwrap()
}

const ORIGINAL: &str = "017ce54837404c3696e0c747b985cb172716d0ed0a3d249ca63ace7d82a096f4";
const REPLY: &str = "015354973c2b65ca937bf1e035ae53a5ab80e947afa43d46920d4202e5cc0b27";

/// The samples of the draft as typed values, with the message ids that the draft gives.
fn samples() -> Vec<(&'static str, &'static str, MimiContent)> {
    let text = |salt: &str, user: &str, text: &str| MimiContent::text(bytes(salt), uri(user), text);
    let original = MessageId(bytes(ORIGINAL));
    let multipart = NestedPart {
        disposition: Disposition::Render,
        language: String::new(),
        content: PartContent::Multi {
            semantics: PartSemantics::ChooseOne,
            parts: vec![
                NestedPart::single(Disposition::Render, MARKDOWN, b"# Welcome!".to_vec()),
                NestedPart::single(
                    Disposition::Render,
                    "application/vnd.examplevendor-fancy-im-message",
                    bytes::<15>("dc861ebaa718fd7c3ca159f71a2001").to_vec(),
                ),
            ],
        },
    };
    let external = ExternalPart {
        content_type: "video/mp4".into(),
        url: "https://example.com/storage/8ksB4bSrrRE.mp4".into(),
        expires: 0,
        size: 708_234_961,
        enc_alg: 1,
        key: bytes::<16>("21399320958a6f4c745dde670d95e0d8").to_vec(),
        nonce: bytes::<12>("c86cf2c33f21527d1dd76f5b").to_vec(),
        aad: Vec::new(),
        hash_alg: 1,
        content_hash: bytes::<32>(
            "9ab17a8cf0890baaae7ee016c7312fcc080ba46498389458ee44f0276e783163",
        )
        .to_vec(),
        description: "2 hours of key signing video".into(),
        filename: "bigfile.mp4".into(),
    };
    let mut attachment = MimiContent::attachment(
        bytes("18fac6371e4e53f1aeaf8a013155c166"),
        uri("bob-jones"),
        external,
    );
    attachment.body.language = "en".into();
    vec![
        (
            "original",
            ORIGINAL,
            text(
                "5eed9406c2545547ab6f09f20a18b003",
                "alice-smith",
                "Hi everyone, we just shipped release 2.0. __Good  work__!",
            ),
        ),
        (
            "reply",
            REPLY,
            text(
                "11a458c73b8dd2cf404db4b378b8fe4d",
                "bob-jones",
                "Right on! _Congratulations_ 'all!",
            )
            .replying_to(original),
        ),
        (
            "reaction",
            "0158c4288911e50a8f6be3f47746b6682f10fd91bc8c05557aa589a3157aff68",
            MimiContent::reaction(
                bytes("d37bc0e6a8b4f04e9e6382375f587bf6"),
                uri("cathy-washington"),
                original,
                "❤",
            ),
        ),
        (
            "edit",
            "014028c0deddbdea56bec26172f6ede953d11024cb82b8192b5e2aea62d7fb47",
            text(
                "b8c2e6d8800ecf45df39be6c45f4c042",
                "bob-jones",
                "Right on! _Congratulations_ y'all!",
            )
            .replacing(MessageId(bytes(REPLY)))
            .replying_to(original),
        ),
        (
            "expiring",
            "01e59db8173939facc2c8a4a0f0ae8d0c7a11a81239626630c9464a8d6717a03",
            text(
                "33be993eb39f418f9295afc2ae160d2d",
                "alice-smith",
                "__*VPN GOING DOWN*__ I'm rebooting the VPN in ten minutes unless anyone objects.",
            )
            .expiring(Expiration::At(1_644_390_004)),
        ),
        (
            "multipart-1",
            "01da5a515ec5db42cc4dcc19b90c3c31245d8a1cfcce11318f24eb11dce0990e",
            MimiContent {
                body: multipart,
                ..text("261c953e178af653fe3d42641b91d814", "alice-smith", "")
            },
        ),
        (
            "attachment",
            "0176180c7d19a925021fe446d241134d05c38e0d999cdc0f39c391d2377ed9d1",
            attachment,
        ),
    ]
}

#[test]
fn the_drafts_samples_are_written_from_typed_values_byte_for_byte_and_read_back() {
    assert_eq!(PLAIN, "text/plain;charset=utf-8");
    let Some(folder) = testdata() else { return };
    let folder = folder.join("mimi-content");
    let mut files: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .filter_map(|it| {
            it.unwrap()
                .file_name()
                .to_string_lossy()
                .strip_suffix(".cbor")
                .map(str::to_owned)
        })
        .collect();
    for (name, id, message) in samples() {
        let expected = std::fs::read(folder.join(format!("{name}.cbor"))).unwrap();
        assert_eq!(message.encode().unwrap(), expected, "{name}");
        assert_eq!(MimiContent::decode(&expected).unwrap(), message, "{name}");
        let (sender, room) = (
            message.extensions.sender_uri().unwrap(),
            message.extensions.room_uri().unwrap(),
        );
        assert_eq!(
            message_id(&expected, sender, room).unwrap().to_string(),
            id,
            "{name}"
        );
        files.retain(|file| file != name);
    }
    assert!(files.is_empty(), "samples without a typed value: {files:?}");
}

#[test]
fn every_other_encoding_of_a_sample_is_refused() {
    let Some(folder) = testdata() else { return };
    for entry in std::fs::read_dir(folder.join("mimi-content")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "cbor") {
            continue;
        }
        let sample = std::fs::read(&path).unwrap();
        let message = MimiContent::decode(&sample).unwrap();
        // Each head of the sample in a longer form, wherever one byte says a small length or number.
        for at in 0..sample.len() {
            if sample[at] & 31 < 24 && sample[at] >> 5 < 7 {
                let mut longer = sample.clone();
                longer.splice(at..=at, [(sample[at] & 0xe0) | 24, sample[at] & 31]);
                if let Ok(other) = MimiContent::decode(&longer) {
                    // Inside a text or byte string it is other content, never a second form of the same.
                    assert_ne!(other, message);
                    assert_eq!(other.encode().unwrap(), longer);
                }
            }
            assert!(MimiContent::decode(&sample[..at]).is_err());
        }
    }
}
