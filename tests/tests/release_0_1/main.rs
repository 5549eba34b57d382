//! P17: what release 0.1 left behind is opened, shown and continued. `examples/fixture.rs` made it.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that cannot go on fails

mod later;
mod proxy;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sotto_tests::{Program, World};

use proxy::Proxy;

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/0.1");
const PASSPHRASE: &str = "correct horse battery staple";

/// The relay and the two devices of release 0.1, run by the programs of this one.
struct Past {
    world: World,
    /// The devices know the relay by an address that has gone; their proxy leads to where it is now.
    proxy: Proxy,
}

impl Past {
    fn revived() -> Self {
        let world = World::new();
        world.stop_relay();
        std::fs::remove_dir_all(world.relay_data()).unwrap();
        copy(&Path::new(FIXTURE).join("relay"), &world.relay_data());
        world.start_relay();
        for name in ["chen", "lang"] {
            copy(&Path::new(FIXTURE).join(name), &world.folder().join(name));
        }
        let proxy = Proxy::to(world.gate().address());
        Self { world, proxy }
    }

    fn home(&self, name: &str) -> PathBuf {
        self.world.folder().join(name)
    }

    fn run(&self, name: &str, arguments: &[&str]) -> Value {
        let output = Command::new(Program::Client.path())
            .env_clear()
            .envs([
                ("SOTTO_TEST", "1"),
                ("SOTTO_TEST_PASSPHRASE", PASSPHRASE),
                ("TZ", "UTC"),
            ])
            .arg("--home")
            .arg(self.home(name))
            .args(["--json", "--proxy", &self.proxy.url()])
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{name}: {arguments:?}: {said}{}",
            String::from_utf8_lossy(&output.stdout)
        );
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }

    fn messages(&self, name: &str, chat: &str) -> Vec<Value> {
        let page = self.run(name, &["read", chat, "--limit", "1000", "--peek"]);
        page["messages"].as_array().unwrap().clone()
    }

    fn settle(&self) {
        for _ in 0..4 {
            for name in ["chen", "lang"] {
                self.run(name, &["sync"]);
            }
        }
    }

    fn texts(&self, name: &str, chat: &str) -> Vec<String> {
        let messages = self
            .messages(name, chat)
            .into_iter()
            .filter(|one| one["kind"] == "text");
        messages
            .map(|one| one["text"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn expected() -> Value {
    serde_json::from_slice(&std::fs::read(Path::new(FIXTURE).join("expected.json")).unwrap())
        .unwrap()
}

/// Fields that were there are there and say the same; newer releases may add some.
fn assert_kept(then: &Value, now: &Value, place: &str) {
    match (then, now) {
        (Value::Object(then), Value::Object(now)) => {
            for (name, value) in then {
                let found = now
                    .get(name)
                    .unwrap_or_else(|| panic!("{place}.{name} is gone"));
                assert_kept(value, found, &format!("{place}.{name}"));
            }
        }
        (Value::Array(then), Value::Array(now)) => {
            assert_eq!(then.len(), now.len(), "{place}");
            for (number, (then, now)) in then.iter().zip(now).enumerate() {
                assert_kept(then, now, &format!("{place}[{number}]"));
            }
        }
        _ => assert_eq!(then, now, "{place}"),
    }
}

#[test]
fn the_stores_of_release_0_1_show_what_they_showed_then() {
    let (past, then) = (Past::revived(), expected());
    for (name, other) in [("chen", "Zoe Lang"), ("lang", "Wei Chen")] {
        let now = serde_json::json!({ "direct": past.messages(name, other), "group": past.messages(name, "5W") });
        assert_kept(&then[name], &now, name);
    }
    let status = past.run("chen", &["status", then["result"].as_str().unwrap()]);
    assert_kept(&then["status"], &status, "status");
    let found = past.run("lang", &["search", "group"]);
    assert_eq!(
        found["messages"].as_array().unwrap().len(),
        1,
        "the index is still there"
    );
    let messages = past.messages("lang", "Wei Chen");
    let file = messages
        .iter()
        .find(|one| one["kind"] == "attachment")
        .unwrap()["id"]
        .as_str()
        .unwrap();
    let saved = past.world.folder().join("saved-again.txt");
    past.run(
        "lang",
        &[
            "--offline",
            "attachment",
            "save",
            file,
            saved.to_str().unwrap(),
        ],
    );
    assert_eq!(std::fs::read(saved).unwrap(), b"kept since release 0.1");
}

#[test]
fn the_conversations_and_results_of_release_0_1_go_on() {
    let (past, then) = (Past::revived(), expected());
    past.run("chen", &["send", "Zoe Lang", "from a later release"]);
    past.run("lang", &["send", "5W", "also here"]);
    past.settle();
    assert_eq!(
        past.texts("lang", "Wei Chen").last().unwrap(),
        "from a later release"
    );
    assert_eq!(past.texts("chen", "5W").last().unwrap(), "also here");

    let corrected = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../core/content/samples/potassium-corrected.hl7"
    );
    let sent = past.run("chen", &["send-result", "--to", "Zoe Lang", corrected]);
    assert_eq!(
        sent["results"][0]["version"], 2,
        "it follows the version of release 0.1"
    );
    past.settle();
    let messages = past.messages("lang", "Wei Chen");
    let of = |id: &Value| messages.iter().find(|one| one["id"] == *id).unwrap()["card"].clone();
    let (old, new) = (of(&then["result"]), of(&sent["results"][0]["message"]));
    assert_eq!(
        (&old["version"], &old["current_version"]),
        (&1.into(), &2.into())
    );
    assert_eq!(
        (&new["version"], &new["acknowledged_by"]),
        (&2.into(), &serde_json::json!([]))
    );

    past.run(
        "lang",
        &["chat", "new", "--title", "6W", "--member", "Wei Chen"],
    );
    past.run("lang", &["send", "6W", "a new group of old devices"]);
    past.settle();
    assert_eq!(past.texts("chen", "6W"), ["a new group of old devices"]);
    for name in ["chen", "lang"] {
        assert_eq!(past.run(name, &["held"])["held"], serde_json::json!([]));
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in
        std::fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display()))
    {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
