//! Writes the fixture of a release: `cargo run -p sotto-tests --example fixture -- tests/fixtures/VERSION`.
//!
//! It is made once, by the programs of that release (`cargo xtask build`), and committed. Every later release must open
//! it, show what it holds, and go on from there. It holds a relay's data folder, the homes of two devices, and what their
//! owners saw. All of it is invented; the passphrase is the tests'.
#![allow(clippy::unwrap_used, clippy::expect_used)] // made by hand: what does not work is to be seen

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sotto_tests::{Device, Organisation};

const CHEN: &str = "Wei Chen";
const LANG: &str = "Zoe Lang";

fn main() {
    let target = PathBuf::from(std::env::args_os().nth(1).expect("which folder?"));
    assert!(
        !target.exists(),
        "{} is there already: a release is recorded once",
        target.display()
    );
    let organisation = Organisation::found();
    let (chen, lang) = (organisation.physician(CHEN), organisation.physician(LANG));
    let settle = || organisation.settle(&[&organisation.admin, &chen, &lang]);
    settle();
    let message = live(&organisation, &chen, &lang, &settle);
    let expected = json!({
        "result": message,
        "chen": seen(&chen, LANG),
        "lang": seen(&lang, CHEN),
        "status": chen.run(&["status", &message]),
    });
    organisation.world.stop_relay();
    copy(&organisation.world.relay_data(), &target.join("relay"));
    for (device, name) in [(&chen, "chen"), (&lang, "lang")] {
        copy(device.home(), &target.join(name));
    }
    std::fs::write(target.join("expected.json"), format!("{expected:#}\n")).unwrap();
}

/// Something of every kind that a store can hold.
fn live(organisation: &Organisation, chen: &Device, lang: &Device, settle: &dyn Fn()) -> String {
    let file = |name: &str, content: &[u8]| {
        let path = organisation.world.folder().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let sample = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../core/content/samples/potassium-critical.hl7"
    );
    let sent = chen.run(&["send-result", "--to", LANG, sample]);
    let message = sent["results"][0]["message"].as_str().unwrap().to_owned();
    settle();
    lang.try_run(&[
        "ack",
        &message,
        "--value",
        "8.6",
        "--identifier",
        "84531907",
    ])
    .refused(3, "readback.mismatch");
    lang.run(&[
        "ack",
        &message,
        "--value",
        "6.8",
        "--identifier",
        "84531907",
    ]);
    settle();
    let first = chen.send(LANG, "from release 0.1");
    settle();
    lang.run(&["react", &first, "👍"]);
    lang.run(&["send", CHEN, "answered", "--reply", &first]);
    let edited = chen.send(LANG, "to be edited");
    chen.run(&["edit", &edited, "edited"]);
    let retracted = chen.send(LANG, "to be retracted");
    chen.run(&["retract", &retracted]);
    chen.run(&[
        "send",
        LANG,
        "with a file",
        "--attach",
        &file("note.txt", b"kept since release 0.1"),
    ]);
    chen.run(&["chat", "new", "--title", "5W", "--member", LANG]);
    settle();
    lang.send("5W", "in the group");
    settle();
    let attached = lang
        .messages(CHEN)
        .into_iter()
        .find(|one| one["kind"] == "attachment")
        .unwrap();
    let saved = organisation.world.folder().join("saved.txt");
    lang.run(&[
        "attachment",
        "save",
        attached["id"].as_str().unwrap(),
        saved.to_str().unwrap(),
    ]);
    settle();
    message
}

/// What a device shows of its conversations.
fn seen(device: &Device, other: &str) -> Value {
    json!({ "direct": device.messages(other), "group": device.messages("5W") })
}

/// Copies a folder without what only a running process needs.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, name) = entry
            .map(|entry| (entry.path(), entry.file_name()))
            .unwrap();
        let name = name.to_str().unwrap();
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else if !name.ends_with("-shm") && std::fs::metadata(&path).unwrap().len() > 0 {
            std::fs::copy(&path, to.join(name)).unwrap();
        }
    }
}
