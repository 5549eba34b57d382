//! A laboratory, the physician its reports name, and a colleague.

use serde_json::Value;
use sotto_tests::{Answer, Device, Newcomer, Organisation, eventually};

pub(crate) const ABERNATHY: &str = "Rowan Abernathy";
pub(crate) const OKAFOR: &str = "Imani Okafor";
/// The patient's number in the samples.
pub(crate) const NUMBER: &str = "84531907";

pub(crate) struct Ward {
    pub(crate) organisation: Organisation,
    pub(crate) laboratory: Device,
    pub(crate) abernathy: Device,
    okafor: Option<Device>,
}

/// A committed sample, as it is.
pub(crate) fn sample(name: &str) -> String {
    let path = format!(
        "{}/../core/content/samples/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

impl Ward {
    pub(crate) fn open() -> Self {
        Self::with(false)
    }

    /// The same, with a colleague.
    pub(crate) fn with_colleague() -> Self {
        Self::with(true)
    }

    /// The laboratory joins last, so that it knows from the start who else is there.
    fn with(colleague: bool) -> Self {
        let organisation = Organisation::found();
        let named = Newcomer {
            ids: &["MERIDIAN=30122"],
            ..Newcomer::physician(ABERNATHY)
        };
        let abernathy = organisation.enrol(named, "abernathy");
        let okafor = colleague.then(|| organisation.enrol(Newcomer::physician(OKAFOR), "okafor"));
        let laboratory = organisation.enrol(
            Newcomer::place("Laboratory", "LAB", &["laboratory"]),
            "bench",
        );
        Self {
            organisation,
            laboratory,
            abernathy,
            okafor,
        }
    }

    /// The colleague's device.
    pub(crate) fn okafor(&self) -> &Device {
        self.okafor.as_ref().expect("this ward has a colleague")
    }

    pub(crate) fn settle(&self) {
        let devices: Vec<&Device> = [&self.laboratory, &self.abernathy]
            .into_iter()
            .chain(&self.okafor)
            .collect();
        self.organisation.settle(&devices);
    }

    /// A file in the world's folder.
    pub(crate) fn file(&self, name: &str, content: &str) -> String {
        let path = self.organisation.world.folder().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn try_send(&self, to: &str, content: &str) -> Answer {
        let file = self.file("result", content);
        self.laboratory.try_run(&["send-result", "--to", to, &file])
    }

    /// Sends, and lets it arrive; the results, the one in the conversation that was asked for first.
    pub(crate) fn send(&self, to: &str, content: &str) -> Vec<Value> {
        let answer = self.try_send(to, content).good().json();
        self.settle();
        answer["results"].as_array().unwrap().clone()
    }

    /// Sends one sample to whoever it names; its message.
    pub(crate) fn send_sample(&self, name: &str) -> String {
        message(&self.send("ordering", &sample(name))[0])
    }

    /// Answers a result, and lets the answer arrive.
    pub(crate) fn ack(&self, device: &Device, message: &str, answers: &[&str]) -> Answer {
        let answer = device.try_run(&[&["ack", message], answers].concat());
        self.settle();
        answer
    }

    /// Acknowledges, and must be taken for right.
    pub(crate) fn taken(&self, device: &Device, message: &str, answers: &[&str]) {
        let answer = self.ack(device, message, answers).good();
        assert!(answer.json()["message"].is_string());
    }

    /// The state of a message for one person, as the laboratory knows it. Receipts are collected after pauses that grow,
    /// so the first that comes is waited for; statements are messages and have arrived with the others.
    pub(crate) fn state(&self, message: &str, person: &str) -> String {
        eventually(&format!("the laboratory has heard of {person}"), || {
            let state = self.laboratory.state(message, person);
            if ["waiting", "queued"].contains(&&*state) {
                self.laboratory.sync();
                return None;
            }
            Some(state)
        })
    }
}

/// The cards of a conversation, oldest first, in clear; not reported as seen.
pub(crate) fn cards(device: &Device, chat: &str) -> Vec<Value> {
    let page = device.run(&["read", chat, "--peek", "--unmask", "--purpose", "TREAT"]);
    let cards = page["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["kind"] == "card");
    cards.cloned().collect()
}

/// The card of a message.
pub(crate) fn card(device: &Device, chat: &str, message: &str) -> Value {
    let cards = cards(device, chat);
    let found = cards.iter().find(|one| one["id"] == message);
    found.unwrap_or_else(|| panic!("no card {message} in {cards:#?}"))["card"].clone()
}

/// Numbers of the observations that ask for a read-back.
pub(crate) fn asked(card: &Value) -> Vec<u64> {
    let observations = card["observations"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["critical"] == true);
    observations
        .map(|one| one["number"].as_u64().unwrap())
        .collect()
}

pub(crate) fn message(result: &Value) -> String {
    result["message"]
        .as_str()
        .unwrap_or_else(|| panic!("nothing was sent: {result:#}"))
        .to_owned()
}
