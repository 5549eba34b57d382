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
        self.sent.entry(by.name.clone()).or_default().push(text.to_owned());
    }

    /// A message whose command was killed: it arrives once or not at all, but the same everywhere.
    pub fn perhaps(&mut self, by: &Device, text: &str) {
        self.perhaps.push(text.to_owned());
        self.sent(by, text);
    }

    /// Panics unless each of these devices shows each message exactly once, each sender's in its order, and all of them
    /// the same set.
    #[track_caller]
    pub fn check(&self, chat: &str, devices: &[&Device]) {
        let mut first: Option<Vec<String>> = None;
        for device in devices {
            let shown = device.texts(chat);
            for (sender, texts) in &self.sent {
                let theirs: Vec<&String> = shown.iter().filter(|text| texts.contains(text)).collect();
                let due: Vec<&String> = texts
                    .iter()
                    .filter(|text| !self.perhaps.contains(text) || theirs.contains(text))
                    .collect();
                assert_eq!(theirs, due, "messages of {sender} as {} shows them", device.name);
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
            assert_eq!(*first, set, "{} and {} differ", devices[0].name, device.name);
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
