//! A message in words: one heading line, then what it carries.

use sotto_core::MessageView;

use super::moment::Wall;
use super::text::{clean, clean_lines, short, size};
use super::{card, moment};

/// The message, with its identifier where another command may need it.
pub(crate) fn words(message: &MessageView, wall: &Wall) -> String {
    let mut text = format!("{}\n", heading(message, wall));
    if let Some(id) = &message.reply_to {
        text.push_str(&format!("  in reply to {}\n", short(id)));
    }
    if let Some(view) = &message.card {
        text.push_str(&card::words(view, wall));
    }
    for line in clean_lines(&message.text) {
        text.push_str(&format!("  {line}\n"));
    }
    for attachment in &message.attachments {
        let (name, media) = (clean(&attachment.name), clean(&attachment.media));
        let (part, state) = (attachment.part, attachment.state);
        text.push_str(&format!(
            "  attachment {part}: {name} ({media}, {}, {state})\n",
            size(attachment.size)
        ));
    }
    if !message.reactions.is_empty() {
        let all: Vec<String> = message
            .reactions
            .iter()
            .map(|(name, emoji)| format!("{} {}", clean(emoji), clean(name)))
            .collect();
        text.push_str(&format!("  {}\n", all.join("   ")));
    }
    text
}

/// One line for lists and for `run`: who, when, what kind, never a patient.
pub(crate) fn heading(message: &MessageView, wall: &Wall) -> String {
    let mut parts = vec![
        wall.at(&message.sent),
        if message.mine {
            "you".into()
        } else {
            clean(&message.sender)
        },
    ];
    if message.priority != "routine" {
        parts.push(message.priority.to_owned());
    }
    parts.extend(message.marks.iter().map(|mark| (*mark).to_owned()));
    if message.drifted {
        parts.push("sender's clock is off".into());
    }
    if let Some(expires) = &message.expires {
        parts.push(format!("expires {}", wall.at(expires)));
    }
    parts.push(short(&message.id).to_owned());
    parts.join(" · ")
}

/// All of them, oldest first, apart by an empty line.
pub(crate) fn list(messages: &[MessageView], wall: &Wall, empty: &str) -> String {
    if messages.is_empty() {
        return format!("{empty}\n");
    }
    messages
        .iter()
        .map(|message| words(message, wall))
        .collect::<Vec<_>>()
        .join("\n")
}

/// What an open result looks like in the inbox.
pub(crate) fn open_line(message: &MessageView, wall: &Wall) -> Option<[String; 6]> {
    let card = message.card.as_ref()?;
    Some([
        short(&message.id).to_owned(),
        message.priority.to_owned(),
        clean(&card.title),
        clean(&card.patient),
        clean(&message.sender),
        if message.received.is_empty() {
            moment::NEVER.into()
        } else {
            wall.at(&message.received)
        },
    ])
}

#[cfg(test)]
mod tests {
    use sotto_core::AttachmentView;

    use super::*;

    pub(crate) fn message() -> MessageView {
        MessageView {
            id: "ab".repeat(32),
            conversation: "cd".repeat(16),
            kind: "text",
            sender: "Chen\u{1b}[31m".into(),
            sender_id: "00".repeat(16),
            mine: false,
            priority: "urgent",
            sent: "2031-05-06T03:04:10Z".into(),
            received: "2031-05-06T03:04:12Z".into(),
            drifted: true,
            text: "first\nsecond".into(),
            reply_to: None,
            marks: vec!["edited"],
            reactions: vec![("Lang".into(), "👍".into())],
            card: None,
            attachments: vec![AttachmentView {
                part: 2,
                name: "ecg.pdf".into(),
                media: "application/pdf".into(),
                size: 2048,
                state: "here",
            }],
            expires: None,
        }
    }

    #[test]
    fn a_message_is_a_heading_and_what_it_carries() {
        let wall = Wall::fixed(jiff::civil::date(2031, 5, 6));
        let expected = "03:04:10 · Chen[31m · urgent · edited · sender's clock is off · ababababab\n  \
            first\n  second\n  attachment 2: ecg.pdf (application/pdf, 2.0 KiB, here)\n  👍 Lang\n";
        assert_eq!(words(&message(), &wall), expected);
    }
}
