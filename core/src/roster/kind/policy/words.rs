//! The rules as every member is shown them: one plain sentence each, with the value spelled out.

use super::{Policy, Setting, Value};
use crate::roster::Unit;

const UNITS: [(u64, &str); 5] = [
    (365 * 86_400, "year"),
    (86_400, "day"),
    (3_600, "hour"),
    (60, "minute"),
    (1, "second"),
];

fn count(number: u64, what: &str) -> String {
    if number == 1 {
        format!("1 {what}")
    } else {
        format!("{number} {what}s")
    }
}

/// A duration in the two largest units that it fills: "1 hour 30 minutes".
#[must_use]
fn span(mut seconds: u64) -> String {
    let mut parts = Vec::new();
    for (length, name) in UNITS {
        let number = seconds / length;
        if number > 0 && parts.len() < 2 {
            parts.push(count(number, name));
        }
        seconds %= length;
    }
    if parts.is_empty() {
        "no time".into()
    } else {
        parts.join(" ")
    }
}

fn size(bytes: u64) -> String {
    const KIB: u64 = 1024;
    match bytes {
        0 => "0 bytes".into(),
        b if b % (KIB * KIB) == 0 => format!("{} MiB", b / (KIB * KIB)),
        b if b % KIB == 0 => format!("{} KiB", b / KIB),
        b => count(b, "byte"),
    }
}

fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [front @ .., last] => format!("{} and {last}", front.join(", ")),
    }
}

const fn read_back(number: u64) -> &'static str {
    match number {
        1 => "choosing it among others",
        2 => "confirming it",
        _ => "typing it",
    }
}

impl Policy {
    /// Every rule in force as a sentence, in order of the settings' numbers. Where nothing was set, the default's.
    #[must_use]
    pub fn in_words(&self) -> Vec<(Setting, String)> {
        Setting::ALL
            .iter()
            .map(|setting| (*setting, self.sentence(*setting)))
            .collect()
    }

    /// One rule as a sentence.
    #[must_use]
    pub fn sentence(&self, setting: Setting) -> String {
        let number = self.number(setting);
        let time = span(number);
        let choose = |options: &[&str]| {
            let chosen = usize::try_from(number).ok().and_then(|n| options.get(n));
            (*chosen.or(options.last()).unwrap_or(&"")).to_owned()
        };
        match setting {
            Setting::MessageLife => format!("Messages expire after {time}."),
            Setting::ResultLife => format!("Results expire after {time}."),
            Setting::LoopRecordLife => {
                format!("Who was told which result, and when, is kept for {time}.")
            }
            Setting::AuditLife => format!("Audit entries are kept for {time}."),
            Setting::AttachmentLife => format!("Attachments expire after {time}."),
            Setting::IdleLock => format!("Devices lock after {time} without use."),
            Setting::SessionLength => format!("Devices lock after {time} at the latest."),
            Setting::NotificationPreview => choose(&[
                "Notifications show no content.",
                "Notifications may show content.",
            ]),
            Setting::LockMode => choose(&[
                "A locked device hides everything; its store stays open.",
                "A locked device closes its store and forgets the key.",
            ]),
            Setting::VerificationAge => format!(
                "To wipe, change the rules, invite, export or unmask many at once, you must have proven who you are \
                 within the last {time}."
            ),
            Setting::AttachmentKinds => self.attachment_kinds(),
            Setting::AttachmentSize => format!("Attachments have at most {}.", size(number)),
            Setting::Export => choose(&[
                "Conversations cannot be exported.",
                "Members with the right to export may export conversations.",
            ]),
            Setting::History => choose(&[
                "A new device begins without history.",
                "A new device may get history from another device of the same person.",
                "A new device may get history from another device of the same person or from a colleague's.",
            ]),
            Setting::NextDevice => choose(&[
                "You can add your next device yourself, at once.",
                "You can add your next device yourself; an administrator must approve it.",
                "Only an administrator can add your next device.",
            ]),
            Setting::ApprovePrivileged => choose(&[
                "Devices of persons who administer need no approval.",
                "Devices of persons who administer wait until an administrator approves them.",
            ]),
            Setting::ApproveAll => choose(&[
                "Devices of other persons need no approval.",
                "Every new device waits until an administrator approves it.",
            ]),
            Setting::InvitationLife => format!("Invitations expire after {time} at the latest."),
            Setting::MinimumVersion => match number {
                0 => "Any version of the app may be used.".into(),
                version => format!("Versions of the app older than {version} may not be used."),
            },
            Setting::LeaseLock => {
                format!("A device that hears nothing fresh from the others locks after {time}.")
            }
            Setting::LeaseErase => {
                format!("A device that was seen to be excluded erases itself after {time}.")
            }
            Setting::UnlockShare => choose(&[
                "Devices unlock without the relay.",
                "Devices need the relay to unlock.",
            ]),
            Setting::AttestationAge => format!(
                "Critical messages need word of who is in the organisation that is younger than {time}."
            ),
            Setting::RecoverySealedKey => choose(&[
                "A device that erases itself keeps no key.",
                "A device that erases itself keeps its key, sealed for the organisation.",
            ]),
            Setting::EscalationSteps => {
                let steps: Vec<String> = self
                    .escalation_steps()
                    .iter()
                    .map(|step| span(step.as_secs()))
                    .collect();
                format!(
                    "A critical result that nobody acknowledges goes to the next step after {}.",
                    list(&steps)
                )
            }
            Setting::ReadBack => self.read_back(),
            Setting::TwoAdministrators => self.controlled_acts(),
            Setting::WipeCap => match number {
                0 => "Nobody may order a wipe alone.".into(),
                most => format!(
                    "One person may order {} alone within a day.",
                    count(most, "wipe")
                ),
            },
            Setting::ProposalLife => {
                format!("What waits for a second person expires after {time}.")
            }
            Setting::RecoveryDelay => format!(
                "An administrator whom the offline root key announces must wait for {time}, in which others can object."
            ),
            Setting::KeyRotation => {
                format!("The organisation's key changes after {time} at the latest.")
            }
        }
    }

    fn attachment_kinds(&self) -> String {
        match self.value(Setting::AttachmentKinds) {
            Some(Value::Words(words)) if !words.is_empty() => {
                let words: Vec<String> = words.iter().map(|w| w.as_str().to_owned()).collect();
                format!("Only these kinds may be attached: {}.", list(&words))
            }
            _ => "Files of every kind may be attached.".into(),
        }
    }

    fn read_back(&self) -> String {
        let Some(Value::PerUnit(units)) = self.value(Setting::ReadBack) else {
            let way = read_back(self.number(Setting::ReadBack));
            return format!("A critical value is read back by {way}.");
        };
        let default = read_back(Setting::ReadBack.default_number());
        let each = |(unit, number): &(Unit, u64)| {
            format!(", in {} by {}", unit.as_str(), read_back(*number))
        };
        let units: String = units.iter().map(each).collect();
        format!("A critical value is read back by {default}{units}.")
    }

    fn controlled_acts(&self) -> String {
        let acts: Vec<String> = self
            .two_administrators()
            .iter()
            .map(|action| action.name().to_owned())
            .collect();
        if acts.is_empty() {
            "No act needs a second person.".into()
        } else {
            format!(
                "These acts need a second person, once there is one who could agree: {}.",
                list(&acts)
            )
        }
    }
}
