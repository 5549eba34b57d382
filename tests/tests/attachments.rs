//! Files: whole or not at all, resumed where they were cut, and gone when their message is.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that cannot go on fails

use std::path::{Path, PathBuf};

use serde_json::json;
use sotto_tests::{Device, Organisation, Seed, eventually};

const MIB: usize = 1 << 20;

struct Files {
    organisation: Organisation,
    chen: Device,
    lang: Device,
    seed: Seed,
}

impl Files {
    fn new(test: &str) -> Self {
        let organisation = Organisation::found();
        let chen = organisation.physician("Wei Chen");
        let lang = organisation.physician("Zoe Lang");
        organisation.settle(&[&chen, &lang]);
        chen.send("Zoe Lang", "a file follows");
        organisation.settle(&[&chen, &lang]);
        Self {
            organisation,
            chen,
            lang,
            seed: Seed::printed(test),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.organisation.world.folder().join(name)
    }

    /// A file of random bytes.
    fn file(&mut self, name: &str, len: usize) -> (PathBuf, Vec<u8>) {
        let bytes = self.seed.bytes(len);
        let path = self.path(name);
        std::fs::write(&path, &bytes).unwrap();
        (path, bytes)
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_file_arrives_as_it_was_sent_under_its_own_name() {
    let mut files = Files::new("a_file_arrives_as_it_was_sent_under_its_own_name");
    for (len, name) in [
        (0, "empty.txt"),
        (1, "one.bin"),
        (65_536, "chunk.pdf"),
        (2 * MIB + 17, "scan röntgen.jpg"),
    ] {
        let (path, bytes) = files.file(name, len);
        let sent = files
            .chen
            .run(&["send", "Zoe Lang", "see this", "--attach", text(&path)]);
        let id = sent["message"].as_str().unwrap().to_owned();
        files.lang.sync();
        let messages = files.lang.messages("Wei Chen");
        let message = messages
            .iter()
            .find(|one| one["id"] == id.as_str())
            .unwrap();
        assert_eq!(message["text"], "see this");
        let attachment = &message["attachments"][0];
        assert_eq!(
            (attachment["name"].as_str(), attachment["size"].as_u64()),
            (Some(name), Some(len as u64))
        );
        assert_eq!(
            attachment["state"], "wanted",
            "nothing is fetched that nobody asked for"
        );
        let saved = files.path(&format!("saved {name}"));
        let answer = files.lang.run(&["attachment", "save", &id, text(&saved)]);
        assert_eq!(answer["bytes"].as_u64(), Some(len as u64));
        assert!(std::fs::read(&saved).unwrap() == bytes, "{name} differs");
        // Nothing is written over what is there.
        assert_ne!(
            files
                .lang
                .try_run(&["attachment", "save", &id, text(&saved)])
                .code,
            Some(0)
        );
    }
}

#[test]
fn an_upload_that_was_cut_goes_on_where_it_was_and_its_message_waits_for_it() {
    let mut files =
        Files::new("an_upload_that_was_cut_goes_on_where_it_was_and_its_message_waits_for_it");
    let (path, bytes) = files.file("long.bin", 4 * MIB);
    let gate = files.organisation.world.gate();
    gate.cut_after_sending(5 * MIB as i64 / 2);
    let sent = files
        .chen
        .try_run(&["send", "Zoe Lang", "long", "--attach", text(&path)])
        .good();
    assert!(gate.is_cut());
    assert_eq!(sent.json()["relay"], "unreachable");
    files.organisation.world.mend();
    files.lang.sync();
    assert_eq!(
        files.lang.texts("Wei Chen"),
        ["a file follows"],
        "no message is ahead of its file"
    );
    let (before, _) = gate.carried();
    eventually("the message has left", || {
        (files.chen.sync()["waiting"] == 0).then_some(())
    });
    let (after, _) = gate.carried();
    let again = after - before;
    assert!(
        again < 3 * MIB as u64,
        "{again} bytes went up again: two of four MiB had arrived"
    );
    files.lang.sync();
    let id = sent.json()["message"].as_str().unwrap().to_owned();
    let saved = files.path("saved");
    files.lang.run(&["attachment", "save", &id, text(&saved)]);
    assert!(std::fs::read(&saved).unwrap() == bytes);
}

#[test]
fn a_download_that_was_cut_goes_on_where_it_was() {
    let mut files = Files::new("a_download_that_was_cut_goes_on_where_it_was");
    let (path, bytes) = files.file("long.bin", 4 * MIB);
    let sent = files
        .chen
        .run(&["send", "Zoe Lang", "--attach", text(&path)]);
    let id = sent["message"].as_str().unwrap();
    files.lang.sync();
    let gate = files.organisation.world.gate();
    let saved = files.path("saved");
    gate.cut_after_receiving(5 * MIB as i64 / 2);
    files
        .lang
        .try_run(&["attachment", "save", id, text(&saved)])
        .refused(4, "relay.unreachable");
    assert!(
        gate.is_cut() && !saved.exists(),
        "no half of a document is left in clear"
    );
    files.organisation.world.mend();
    let (_, before) = gate.carried();
    files.lang.run(&["attachment", "save", id, text(&saved)]);
    let (_, after) = gate.carried();
    let again = after - before;
    assert!(
        again < 3 * MIB as u64,
        "{again} bytes came down again: two of four MiB were here"
    );
    assert!(std::fs::read(&saved).unwrap() == bytes);
}

#[test]
fn an_attachment_expires_with_its_message_on_both_devices() {
    let mut files = Files::new("an_attachment_expires_with_its_message_on_both_devices");
    let (path, _) = files.file("brief.txt", 100);
    let sent = files.chen.run(&[
        "send",
        "Zoe Lang",
        "brief",
        "--attach",
        text(&path),
        "--expires",
        "4s",
    ]);
    let id = sent["message"].as_str().unwrap();
    files.lang.sync();
    files
        .lang
        .run(&["attachment", "save", id, text(&files.path("saved"))]);
    let copies = |device: &Device| {
        std::fs::read_dir(device.home().join("attachments"))
            .unwrap()
            .count()
    };
    assert_eq!(
        (copies(&files.chen), copies(&files.lang)),
        (1, 1),
        "each holds the encrypted copy"
    );
    for (device, chat) in [(&files.chen, "Zoe Lang"), (&files.lang, "Wei Chen")] {
        eventually("the message has expired", || {
            device.sync();
            let messages = device.messages(chat);
            let one = messages.iter().find(|one| one["id"] == id).unwrap();
            (one["marks"] == json!(["expired"]))
                .then(|| assert!(!one.to_string().contains("brief"), "{one:#}"))
        });
        assert_eq!(copies(device), 0, "{} keeps an expired file", device.name);
        let late = device.try_run(&["attachment", "save", id, text(&files.path("late"))]);
        assert_eq!(late.code, Some(6), "{}", late.stderr);
    }
}

#[test]
fn a_file_that_the_relay_has_altered_is_not_saved() {
    let mut files = Files::new("a_file_that_the_relay_has_altered_is_not_saved");
    let (path, _) = files.file("report.pdf", 100_000);
    let sent = files
        .chen
        .run(&["send", "Zoe Lang", "--attach", text(&path)]);
    let id = sent["message"].as_str().unwrap();
    files.lang.sync();
    let altered = alter_blobs(&files.organisation.world.relay_data().join("blobs"));
    assert_eq!(altered, 1);
    let saved = files.path("saved");
    files
        .lang
        .try_run(&["attachment", "save", id, text(&saved)])
        .refused(7, "attachment.damaged");
    assert!(!saved.exists());
}

/// Turns a bit in the middle of every blob; says how many there were.
fn alter_blobs(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .map(|path| {
            if path.is_dir() {
                return alter_blobs(&path);
            }
            let mut bytes = std::fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(&path, bytes).unwrap();
            1
        })
        .sum()
}
