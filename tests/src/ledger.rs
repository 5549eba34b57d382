//! What was sent, and what each device therefore has to show: everything, once, in its sender's order.

use std::collections::BTreeMap;

use crate::device::Device;

/// Texts of one conversation by sender, in the order in which their commands succeeded.
#[derive(Debug, Default)]
pub struct Ledger {
    sent: BTreeMap<String, Vec<String>>,
    /// Texts whose command was killed: they may have been stored, or not.
    perhaps: Vec<String>,
}

impl Ledger {
    /// A message whose command succeeded.
    pub fn sent(&mut self, by: &Device, text: &str) {
        self.sent_by(&by.name, text);
    }

    /// The same where one device has several writers, each with an order of its own.
    pub fn sent_by(&mut self, writer: &str, text: &str) {
        self.sent
            .entry(writer.to_owned())
            .or_default()
            .push(text.to_owned());
    }

    /// A message whose command was killed: it arrives once or not at all, but the same everywhere.
    pub fn perhaps(&mut self, by: &Device, text: &str) {
        self.perhaps.push(text.to_owned());
        self.sent(by, text);
    }

    /// Panics unless each of these devices shows each message exactly once, each sender's in its order, and all of them
    /// the same set. The conversation has one title for everybody.
    #[track_caller]
    pub fn check(&self, chat: &str, devices: &[&Device]) {
        let all: Vec<(&Device, &str)> = devices.iter().map(|device| (*device, chat)).collect();
        self.check_each(&all);
    }

    /// The same where each device knows the conversation by a name of its own.
    #[track_caller]
    pub fn check_each(&self, devices: &[(&Device, &str)]) {
        let mut first: Option<Vec<String>> = None;
        for (device, chat) in devices {
            let shown = device.texts(chat);
            for (sender, texts) in &self.sent {
                let theirs: Vec<&String> =
                    shown.iter().filter(|text| texts.contains(text)).collect();
                let missing_is_fine =
                    |text: &&String| self.perhaps.contains(text) && !theirs.contains(text);
                let due: Vec<&String> =
                    texts.iter().filter(|text| !missing_is_fine(text)).collect();
                assert_eq!(
                    theirs, due,
                    "messages of {sender} as {} shows them",
                    device.name
                );
            }
            let known = |text: &String| self.sent.values().any(|texts| texts.contains(text));
            assert!(
                shown.iter().all(known),
                "{} shows what nobody sent: {shown:?}",
                device.name
            );
            let mut set = shown;
            set.sort();
            let first = first.get_or_insert_with(|| set.clone());
            assert_eq!(
                *first, set,
                "{} and {} differ",
                devices[0].0.name, device.name
            );
        }
    }

    /// How many messages are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sent.values().map(Vec::len).sum()
    }

    /// Whether nothing was sent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
