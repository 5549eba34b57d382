//! Content that is meant to harm.

use sotto_content::attachment::Stream;
use sotto_content::mimi::{
    Disposition, ExternalPart, MARKDOWN, MimiContent, NestedPart, PartContent, PartSemantics,
};

use super::fixture::{Ward, potassium, stored};
use crate::base::Timestamp;
use crate::store::table::message::Priority;
use crate::timeline::{Applied, BLOB_URL, MAX_TEXT};

fn file(name: &str) -> ExternalPart {
    let stream = Stream::new([1; 32], [2; 7], 10).unwrap();
    stream.to_part(
        "application/pdf",
        &format!("{BLOB_URL}{}", "ab".repeat(16)),
        name,
        [3; 32],
    )
}

fn attach(ward: &Ward, part: ExternalPart) -> Applied {
    let (salt, extensions) = ward.stamp(&ward.nurse, ward.group);
    ward.arrives(
        &ward.nurse,
        ward.group,
        &MimiContent::attachment(salt, extensions, part),
        1,
    )
}

#[test]
fn text_of_any_shape_is_stored_found_and_purged_and_more_than_the_limit_is_refused() {
    let ward = Ward::new();
    let marks = format!("needle1{}", "\u{301}".repeat(10_000));
    for text in [
        marks.as_str(),
        "needle1\0after",
        "\u{202e}needle1 gpj",
        "needle1 \u{1b}[31m",
        &"needle1 ".repeat(8_000),
    ] {
        ward.text(&ward.nurse, text);
    }
    let found = ward.read(|tx| tx.search_messages("\"needle1\"*", 50));
    assert!(found.len() >= 4, "{}", found.len());
    for row in found {
        ward.write(|tx, _| {
            Ok(tx.purge_message(row.id, crate::store::table::message::Presence::Expired)?)
        });
    }
    let (salt, extensions) = ward.stamp(&ward.nurse, ward.group);
    let long = MimiContent::text(salt, extensions, &"x".repeat(MAX_TEXT + 1));
    assert_eq!(
        ward.arrives(&ward.nurse, ward.group, &long, 1),
        Applied::Malformed
    );
}

#[test]
fn a_files_name_leads_nowhere_and_a_file_nobody_could_send_is_refused() {
    let ward = Ward::new();
    for (name, kept) in [
        ("../../etc/passwd", "passwd"),
        ("", "file"),
        ("a\0b\n.pdf", "ab.pdf"),
    ] {
        let message = stored(attach(&ward, file(name)));
        assert_eq!(ward.read(|tx| tx.attachments(message))[0].name, kept);
    }
    let long = stored(attach(&ward, file(&"n".repeat(4096))));
    assert_eq!(ward.read(|tx| tx.attachments(long))[0].name.len(), 255);
    let spoilt: [fn(&mut ExternalPart); 6] = [
        |part| part.size = u64::MAX,
        |part| part.size = 1 << 29,
        |part| part.url = "https://evil.example/x".into(),
        |part| part.url = format!("{BLOB_URL}../../x"),
        |part| part.key = vec![1; 31],
        |part| part.content_hash = Vec::new(),
    ];
    for (number, spoil) in spoilt.iter().enumerate() {
        let mut part = file("x.pdf");
        spoil(&mut part);
        assert_eq!(attach(&ward, part), Applied::Malformed, "{number}");
    }
}

#[test]
fn parts_that_are_too_many_or_hide_something_are_refused_whole() {
    let ward = Ward::new();
    let part = |content: PartContent| NestedPart {
        disposition: Disposition::Render,
        language: String::new(),
        content,
    };
    let words = || NestedPart::single(Disposition::Render, MARKDOWN, b"words".to_vec());
    let several = |parts: Vec<NestedPart>| {
        part(PartContent::Multi {
            semantics: PartSemantics::ProcessAll,
            parts,
        })
    };
    let external = || part(PartContent::External(Box::new(file("x.pdf"))));
    let card = NestedPart::single(
        Disposition::Render,
        sotto_content::mimi::FHIR_JSON,
        potassium().to_bytes().unwrap(),
    );
    for body in [
        several((0..33).map(|_| external()).collect()),
        several(vec![words(), words()]),
        several(vec![words(), card]),
        several(vec![several(vec![words(), external()]), external()]),
    ] {
        let (salt, extensions) = ward.stamp(&ward.nurse, ward.group);
        let content = MimiContent {
            body,
            ..MimiContent::text(salt, extensions, "")
        };
        assert_eq!(
            ward.arrives(&ward.nurse, ward.group, &content, 1),
            Applied::Malformed
        );
    }
    assert!(
        ward.read(|tx| tx.messages_before(ward.group, None, 50))
            .is_empty()
    );
}

#[test]
fn a_time_that_is_no_date_is_noted_as_drift() {
    let ward = Ward::new();
    for millis in [i64::MIN, i64::MAX, -1 << 60] {
        let (salt, extensions) = ward.stamp(&ward.nurse, ward.group);
        let text = MimiContent::text(salt, extensions, "when?");
        let sent = Timestamp::from_millis(millis);
        let row = ward.row(stored(ward.arrives_sent(
            &ward.nurse,
            ward.group,
            &text,
            1,
            sent,
        )));
        assert!(row.drifted && row.sent == ward.now);
    }
}

#[test]
fn nobody_shouts_louder_than_the_result_and_no_critical_result_whispers() {
    let ward = Ward::new();
    let (salt, extensions) = ward.stamp(&ward.nurse, ward.group);
    let text = stored(ward.arrives(
        &ward.nurse,
        ward.group,
        &MimiContent::text(salt, extensions, "!"),
        9,
    ));
    assert_eq!(ward.row(text).priority, Priority::Urgent);
    let mut calm = potassium();
    calm.observations
        .iter_mut()
        .for_each(|o| o.interpretation.clear());
    calm.identity.filler.as_mut().unwrap().value = "another order".into();
    let (salt, extensions) = ward.stamp(&ward.bench, ward.group);
    let loud = MimiContent::card(salt, extensions, calm.to_bytes().unwrap());
    assert_eq!(
        ward.row(stored(ward.arrives(&ward.bench, ward.group, &loud, 3)))
            .priority,
        Priority::Urgent
    );
    let (salt, extensions) = ward.stamp(&ward.bench, ward.group);
    let quiet = MimiContent::card(salt, extensions, potassium().to_bytes().unwrap());
    assert_eq!(
        ward.row(stored(ward.arrives(&ward.bench, ward.group, &quiet, 1)))
            .priority,
        Priority::Critical
    );
}
