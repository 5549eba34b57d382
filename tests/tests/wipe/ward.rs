//! A ward with a phone that will be lost, and what a wiped phone looks like.

use serde_json::Value;
use sotto_core::base::Secret;
use sotto_core::store::{Store, StoreOptions};
use sotto_core::vault::DatabaseKey;
use sotto_tests::canary::{Piece, Searcher};
use sotto_tests::{Device, Organisation, eventually};

/// What is read on the phone before it is lost.
pub(crate) const CANARY: &str = "Quetzal-4711 potassium on bed nine";
/// Its label.
pub(crate) const PHONE: &str = "Chen phone";
/// Asks once, and does not wait.
pub(crate) const ASK: [&str; 4] = ["standby", "--once", "--deadline", "5s"];

/// Ada Admin, Zoe Lang, and Wei Chen whose only device is the phone.
pub(crate) struct Ward {
    pub(crate) organisation: Organisation,
    pub(crate) lang: Device,
    pub(crate) phone: Device,
}

impl Ward {
    pub(crate) fn new() -> Self {
        let organisation = Organisation::found();
        let lang = organisation.physician("Zoe Lang");
        let phone = organisation.enrol(sotto_tests::Newcomer::physician("Wei Chen"), PHONE);
        let ward = Self {
            organisation,
            lang,
            phone,
        };
        // A test orders in a minute what people order in years.
        ward.admin().run(&["admin", "policy", "set", "wipe-cap=20"]);
        ward.settle();
        ward.lang.send("Wei Chen", CANARY);
        ward.settle();
        assert_eq!(ward.phone.texts("Zoe Lang"), [CANARY]);
        ward
    }

    pub(crate) fn settle(&self) {
        self.organisation
            .settle(&[self.admin(), &self.lang, &self.phone]);
    }

    pub(crate) fn admin(&self) -> &Device {
        &self.organisation.admin
    }

    /// Another phone of a new person, in a conversation with Lang.
    pub(crate) fn another(&self, name: &str) -> Device {
        let phone = self
            .organisation
            .enrol(sotto_tests::Newcomer::physician(name), name);
        self.admin().sync();
        self.lang.sync();
        self.lang.send(name, CANARY);
        phone.sync();
        assert_eq!(phone.texts("Zoe Lang"), [CANARY]);
        phone
    }

    /// Orders a wipe, and gives what the command answered.
    pub(crate) fn order(&self, label: &str) -> Value {
        let done = self.admin().run(&["admin", "wipe", label, "--yes"]);
        assert_eq!(done["outcome"], "done", "{done:#}");
        assert_eq!(done["devices"][0]["order"], "laid", "{done:#}");
        done
    }

    /// How the wipe of this device stands, with what the relay has newly.
    pub(crate) fn status(&self, label: &str) -> Value {
        self.admin().run(&["admin", "wipe-status", label])["wipe"].clone()
    }

    /// The certificate that the administrator holds, which names this order.
    pub(crate) fn certified(&self, label: &str, order: &Value) -> Value {
        let wipe = self.status(label);
        assert_eq!(wipe["stage"], "certified", "{wipe:#}");
        assert_eq!(wipe["entry"], order["seq"], "{wipe:#}");
        assert_eq!(wipe["refused_certificates"], 0);
        let certificate = wipe["certificate"].clone();
        assert_eq!(certificate["complete"], true, "{certificate:#}");
        assert!(wipe["entry_hash"].as_str().is_some_and(|hash| {
            hash.len() == 64 && wipe["text"].as_str().unwrap().contains(hash)
        }));
        certificate
    }
}

/// What a thief has of a phone that was wiped, beside a disk image from before.
pub(crate) struct Image {
    before: Device,
}

impl Image {
    /// The whole disk as it is now; the control: with the passphrase it is open.
    pub(crate) fn of(phone: &Device, name: &str) -> Self {
        let before = phone.copied(name);
        assert_eq!(before.texts("Zoe Lang"), [CANARY], "the image is whole");
        Self { before }
    }

    /// Panics unless the phone opens nothing, holds nothing, and helps with nothing.
    pub(crate) fn assert_wiped(&self, phone: &Device) {
        for command in [["inbox"], ["people"], ["sync"]] {
            phone.try_run(&command).refused(3, "device.wiped");
        }
        let left = Piece::files(phone.home());
        let mut searcher = Searcher::default();
        searcher.text("a message", CANARY);
        searcher.text("a sender", "Zoe Lang");
        searcher.text("an organisation", "St. Elsewhere");
        let report = searcher.search(&left);
        report.assert_nothing(1);
        for name in ["vault.cbor", "sotto.db", "store.check"] {
            assert!(!phone.home().join(name).exists(), "{name} is gone");
        }
        let bytes: usize = left.iter().map(|piece| piece.bytes.len()).sum();
        assert!(bytes < 4096, "{left:?}");
        let tried = self.try_every_window(&left);
        println!("left after the wipe: {report}; {tried} keys tried");
    }

    /// Every 32 bytes of what is left, as the key of the store in the image from before.
    fn try_every_window(&self, left: &[Piece]) -> usize {
        let windows = left.iter().flat_map(|piece| piece.bytes.windows(32));
        let mut tried = 0;
        for window in windows {
            let key = DatabaseKey::new(Secret::from_slice(window).unwrap());
            let opened = Store::open(self.before.home(), &key, StoreOptions::default());
            assert!(opened.is_err(), "a key was left");
            tried += 1;
        }
        tried
    }
}

/// Waits until the order lies where a locked phone asks for it and has been obeyed and certified.
pub(crate) fn until_certified(ward: &Ward, label: &str) {
    eventually("the administrator has the certificate", || {
        (ward.status(label)["stage"] == "certified").then_some(())
    });
}
