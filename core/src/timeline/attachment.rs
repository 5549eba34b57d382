//! Messages with files. What a message says about a file is checked before anything of it is stored: its format, its
//! size, where it lies, and its name, which becomes one that cannot lead anywhere.

use sotto_content::attachment::Stream;
use sotto_content::mimi::{ExternalPart, Meaning};

use super::apply::{Applied, Event, MAX_TEXT};
use super::{BLOB_URL, TimelineError};
use crate::base::{MessageId, codec};
use crate::store::table::attachment::{AttachmentRow, AttachmentState};
use crate::store::table::message::MessageKind;

/// Most files of one message.
const FILES: usize = 32;
/// Longest name of a file, in bytes, as file systems have it.
const NAME: usize = 255;
/// Longest media type, in bytes (RFC 6838 §4.2).
const MEDIA: usize = 255;

/// Several parts that all count: files, and at most one text.
pub(super) fn several(
    event: &Event<'_, '_>,
    parts: &[Meaning<'_>],
) -> Result<Applied, TimelineError> {
    let files: Vec<&ExternalPart> = parts
        .iter()
        .filter_map(|part| {
            if let Meaning::Attachment(file) = part {
                Some(*file)
            } else {
                None
            }
        })
        .collect();
    let text = parts.iter().find_map(|part| {
        if let Meaning::Text { text, .. } = part {
            Some(*text)
        } else {
            None
        }
    });
    if files.is_empty() || files.len() + usize::from(text.is_some()) != parts.len() {
        return Ok(Applied::Malformed);
    }
    apply(event, &files, text.unwrap_or_default())
}

pub(super) fn apply(
    event: &Event<'_, '_>,
    files: &[&ExternalPart],
    text: &str,
) -> Result<Applied, TimelineError> {
    if files.len() > FILES || text.len() > MAX_TEXT {
        return Ok(Applied::Malformed);
    }
    let rows: Option<Vec<AttachmentRow>> = (1_u16..)
        .zip(files)
        .map(|(part, file)| row(event.id, part, file))
        .collect();
    let Some(rows) = rows else {
        return Ok(Applied::Malformed);
    };
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    let applied =
        event.store_for_people(MessageKind::Attachment, &[text, &names.join(" ")].join(" "))?;
    for row in &rows {
        event.tx.put_attachment(row)?;
    }
    Ok(applied)
}

/// The facts of one file; `None` where the part describes none of this format, or one that nobody could send.
fn row(message: MessageId, part: u16, file: &ExternalPart) -> Option<AttachmentRow> {
    let blob = codec::unhex(file.url.strip_prefix(BLOB_URL)?)?
        .try_into()
        .ok()?;
    let stream = Stream::from_part(file).ok()?;
    if stream.blob_length() > sotto_wire::limits::BLOB_BYTES || file.content_hash.len() != 32 {
        return None;
    }
    let media = file.content_type.trim();
    let media = if media.len() > MEDIA || media.chars().any(char::is_control) {
        ""
    } else {
        media
    };
    Some(AttachmentRow {
        message,
        part,
        blob,
        size: file.size,
        name: safe_name(&file.filename),
        media: media.to_owned(),
        key: file.key.clone(),
        digest: file.content_hash.clone(),
        file: String::new(),
        state: AttachmentState::Wanted,
        done: 0,
    })
}

/// A file's name as it may be shown and proposed for saving: the last part of a path, without characters that steer
/// text or terminals, no hidden file, and no longer than a file system takes.
fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown = last.chars().filter(|c| !c.is_control() && !steers(*c));
    let shown: String = shown
        .map(|c| {
            if matches!(c, ':' | '*' | '?' | '"' | '<' | '>' | '|') {
                '_'
            } else {
                c
            }
        })
        .collect();
    let mut kept = String::new();
    for c in shown
        .trim()
        .trim_start_matches('.')
        .trim_end_matches(['.', ' '])
        .chars()
    {
        if kept.len() + c.len_utf8() > NAME {
            break;
        }
        kept.push(c);
    }
    if kept.is_empty() {
        "file".to_owned()
    } else {
        kept
    }
}

/// Marks that change the direction of what follows, or take no room.
const fn steers(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere() {
        for (name, safe) in [
            ("../../etc/passwd", "passwd"),
            ("C:\\Windows\\system.ini", "system.ini"),
            ("", "file"),
            ("..", "file"),
            (".bashrc", "bashrc"),
            ("ecg\0.pdf\n", "ecg.pdf"),
            ("gpj.\u{202e}exe", "gpj.exe"),
            ("a:b|c.pdf", "a_b_c.pdf"),
            ("Röntgen 1.pdf", "Röntgen 1.pdf"),
        ] {
            assert_eq!(safe_name(name), safe);
        }
        let long = safe_name(&"é".repeat(4096));
        assert!(long.len() <= NAME && long.starts_with('é'));
    }
}
