//! The drill: a backup, a lost device, a new device of the same person. What was shown is shown
//! again.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that cannot go on fails

use std::fs::File;
use std::path::PathBuf;

use sotto_tests::canary::{Piece, Searcher};
use sotto_tests::{Answer, Device, Newcomer, Organisation, Program};

const GROUP: &str = "Ward round";
const CANARY: &str = "Quetzal-4711 potassium on bed nine";
const CRITICAL: &str = include_str!("../../core/content/samples/potassium-critical.hl7");

/// Wei Chen with a phone, Zoe Lang, a laboratory; a conversation of two, a group, a result, a file.
struct Ward {
    organisation: Organisation,
    phone: Device,
    lang: Device,
    bench: Device,
    backup: PathBuf,
}

impl Ward {
    fn new() -> Self {
        let organisation = Organisation::found();
        let phone = organisation.enrol(Newcomer::physician("Wei Chen"), "Chen phone");
        let lang = organisation.physician("Zoe Lang");
        let laboratory = Newcomer {
            roles: &["laboratory"],
            unit: "LAB",
            ..Newcomer::physician("Lise Meitner")
        };
        let bench = organisation.enrol(laboratory, "bench");
        let backup = organisation.world.folder().join("chen.backup");
        let ward = Self {
            organisation,
            phone,
            lang,
            bench,
            backup,
        };
        ward.settle(&[&ward.phone]);
        ward.lang.send("Wei Chen", CANARY);
        let file = ward.organisation.world.folder().join("x-ray.txt");
        std::fs::write(&file, "the whole film").unwrap();
        ward.settle(&[&ward.phone]);
        ward.phone.send("Zoe Lang", "read");
        ward.phone
            .run(&["chat", "new", "--title", GROUP, "--member", "Zoe Lang"]);
        ward.settle(&[&ward.phone]);
        ward.lang.run(&[
            "send",
            GROUP,
            "with a film",
            "--attach",
            file.to_str().unwrap(),
        ]);
        let result = ward.organisation.world.folder().join("result.hl7");
        std::fs::write(&result, CRITICAL).unwrap();
        ward.bench
            .run(&["send-result", "--to", "Wei Chen", result.to_str().unwrap()]);
        ward.settle(&[&ward.phone]);
        let made = ward.phone.run(&["backup", ward.path()]);
        assert!(made["messages"].as_u64().unwrap() >= 4, "{made:#}");
        ward
    }

    fn path(&self) -> &str {
        self.backup.to_str().unwrap()
    }

    fn settle(&self, more: &[&Device]) {
        let mut all = vec![&self.organisation.admin, &self.lang, &self.bench];
        all.extend(more);
        self.organisation.settle(&all);
    }

    /// The phone is lost and wiped; Chen gets another.
    fn new_phone(&self) -> Device {
        self.organisation
            .admin
            .run(&["admin", "wipe", "Chen phone", "--yes"]);
        self.phone.run(&["standby", "--once", "--deadline", "5s"]);
        let admin = &self.organisation.admin;
        let invitation = admin.run(&["invite", "--next-device", "Wei Chen", "--in-person"]);
        let phone = self.organisation.device("Chen new phone", "Wei Chen");
        let link = invitation["link"].as_str().unwrap();
        let joined = phone.run(&["enroll", link, "--device", &phone.name]);
        assert_eq!(joined["state"], "joined", "{joined:#}");
        phone
    }
}

/// Runs a command whose backup's passphrase is this.
fn with_passphrase(device: &Device, passphrase: &str, arguments: &[&str]) -> Answer {
    let path = device.home().with_extension("backup-passphrase");
    std::fs::write(&path, format!("{passphrase}\n")).unwrap();
    let mut command = device.command(Program::Client, arguments);
    command
        .args(["--backup-passphrase-fd", "0"])
        .stdin(File::open(&path).unwrap());
    device.finish(command)
}

/// What a person sees of a conversation: who wrote what, oldest first.
fn shown(device: &Device, chat: &str) -> Vec<(String, String)> {
    let messages = device.messages(chat);
    let content = messages.iter().filter(|one| one["kind"] != "system");
    content
        .map(|one| {
            let text = one["text"].as_str().unwrap_or_default().to_owned();
            (one["sender_name"].to_string(), text)
        })
        .collect()
}

#[test]
fn a_lost_phones_history_is_restored_on_the_next_phone_of_the_same_person() {
    let ward = Ward::new();
    let before = [shown(&ward.phone, "Zoe Lang"), shown(&ward.phone, GROUP)];
    let fresh = ward.new_phone();
    assert!(
        fresh.run(&["search", "Quetzal"])["messages"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let restored = fresh.run(&["restore", ward.path()]);
    assert!(restored["added"].as_u64().unwrap() > 0, "{restored:#}");
    assert_eq!(shown(&fresh, "Zoe Lang"), before[0]);
    assert_eq!(shown(&fresh, GROUP), before[1]);
    let found = fresh.run(&["search", "Quetzal"]);
    assert_eq!(found["messages"].as_array().unwrap().len(), 1, "{found:#}");
    // Again changes nothing.
    let again = fresh.run(&["restore", ward.path()]);
    assert_eq!(again["added"], 0, "{again:#}");
}

#[test]
fn a_rehearsal_proves_the_backup_and_leaves_the_store_and_the_scratch_folder_as_they_were() {
    let ward = Ward::new();
    let scratch = ward.organisation.world.folder().join("scratch");
    std::fs::create_dir(&scratch).unwrap();
    let made = ward.phone.run(&["backup", "age"]);
    assert!(made["age_s"].as_u64().is_some(), "{made:#}");
    let before = shown(&ward.phone, GROUP);
    let rehearse = [
        "backup",
        "rehearse",
        ward.path(),
        "--scratch",
        scratch.to_str().unwrap(),
    ];
    let proven = ward.phone.run(&rehearse);
    assert!(proven["messages"].as_u64().unwrap() >= 4, "{proven:#}");
    assert_eq!(proven["added"], 0);
    assert!(Piece::files(&scratch).is_empty(), "nothing lies about");
    assert_eq!(shown(&ward.phone, GROUP), before);
}

#[test]
fn a_backup_shows_nothing_and_opens_for_nobody_else_and_with_no_other_passphrase() {
    let ward = Ward::new();
    let mut searcher = Searcher::default();
    searcher.text("a message", CANARY);
    searcher.text("a group", GROUP);
    searcher.text("a name", "Zoe Lang");
    searcher
        .search(&Piece::files(&ward.backup))
        .assert_nothing(512);
    let chats = ward.phone.chats().len();
    let wrong = with_passphrase(&ward.phone, "another one", &["restore", ward.path()]);
    wrong.refused(5, "history.wrong_key");
    ward.lang
        .try_run(&["restore", ward.path()])
        .refused(3, "history.not_yours");
    assert!(
        ward.lang.run(&["search", "read"])["messages"]
            .as_array()
            .unwrap()
            .len()
            == 1
    );
    // One bit of it gone, and it is refused as a whole.
    let bytes = std::fs::read(&ward.backup).unwrap();
    let middle = bytes.len() / 2;
    let bent = ward.organisation.world.folder().join("bent.backup");
    for cut in [false, true] {
        let mut changed = bytes.clone();
        if cut {
            changed.truncate(middle);
        } else {
            changed[middle] ^= 1;
        }
        std::fs::write(&bent, changed).unwrap();
        let answer = ward.phone.try_run(&["restore", bent.to_str().unwrap()]);
        answer.refused(7, "history.damaged");
    }
    assert_eq!(ward.phone.chats().len(), chats);
}
