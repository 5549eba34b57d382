//! `admin exposure`: what a lost device may hold, for the decision whether a breach must be notified.

use sotto_core::ExposureView;

use super::said::facts;
use super::wipe_status::refresh;
use crate::context::Context;
use crate::failure::Outcome;
use crate::output::moment::Wall;
use crate::output::text::{clean, count, sentence, size};
use crate::resolve;

#[derive(Debug, clap::Args)]
pub(crate) struct Exposure {
    /// The device
    device: String,
}

impl Exposure {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let client = context.open()?;
        // Its certificate says what protected the key and when it was last unlocked.
        refresh(context, &client).await?;
        let device = resolve::device(&client, &self.device)?;
        let found = client.exposure(resolve::id(&device.id)?)?;
        context
            .out
            .answer(&found, || words(&found, &context.out.wall))
    }
}

fn words(found: &ExposureView, wall: &Wall) -> String {
    let unknown = || "not known here".to_owned();
    let lines = [
        (
            "conversations of its owner",
            found.conversations.len().to_string(),
        ),
        ("messages in them", found.messages.to_string()),
        ("results among them", found.results.to_string()),
        ("patients, at most", found.patients.to_string()),
        (
            "attachments",
            format!("{} ({})", found.attachments, size(found.attachment_bytes)),
        ),
        ("last contact", wall.maybe(found.last_contact.as_deref())),
        ("excluded", wall.maybe(found.excluded.as_deref())),
        ("fetched its order", wall.maybe(found.reached.as_deref())),
        (
            "destroyed, by its certificate",
            wall.maybe(found.destroyed.as_deref()),
        ),
        (
            "last unlocked",
            found
                .last_unlocked
                .as_deref()
                .map_or_else(unknown, |at| wall.at(at)),
        ),
        (
            "key was protected by",
            found.protection.clone().unwrap_or_else(unknown),
        ),
    ];
    let mut text = format!(
        "What {} may hold, as far as this device can know.\n{}",
        clean(&found.words),
        facts(&lines)
    );
    if !found.tokens.is_empty() {
        let tokens: Vec<String> = found.tokens.iter().map(|token| clean(token)).collect();
        text.push_str(&format!(
            "{}: {}\n",
            count(tokens.len(), "patient", "patients"),
            tokens.join(", ")
        ));
    }
    for unknown in &found.unknown {
        text.push_str(&format!("Not known: {}\n", sentence(unknown)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_what_it_cannot_know() {
        let found = ExposureView {
            device: "0a".repeat(16),
            words: "the device “phone” of Chen".into(),
            owner_name: "Chen".into(),
            conversations: vec!["c".into()],
            messages: 12,
            results: 3,
            patients: 2,
            tokens: vec!["bafu-kilo".into()],
            attachments: 1,
            attachment_bytes: 2048,
            last_contact: Some("2031-05-06T03:04:10Z".into()),
            excluded: None,
            reached: None,
            protection: None,
            last_unlocked: None,
            destroyed: None,
            unknown: vec!["what was read on its screen"],
        };
        let text = words(&found, &Wall::fixed(jiff::civil::date(2031, 5, 6)));
        for part in [
            "1 (2.0 KiB)",
            "03:04:10",
            "not known here",
            "1 patient: bafu-kilo",
            "Not known: What was read on its screen.",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
