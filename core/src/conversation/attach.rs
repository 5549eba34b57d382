//! Attachments, from a file to an encrypted copy and back. The copy is made before the message exists, under a name that
//! says nothing; the relay gets the same bytes, and a file outside the store appears only when somebody saves it.

use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::digest::{Context as Sha256, SHA256};
use sotto_content::attachment::Stream;
use sotto_content::mimi::{
    Disposition, ExternalPart, MARKDOWN, Meaning, MimiContent, NestedPart, PartContent,
    PartSemantics,
};
use sotto_wire::limits;

use super::ConversationError;
use super::members::{allowed, reachable, write};
use super::send::{Sent, Text, dispatch, stamp};
use crate::audit::{self, Act, Record};
use crate::base::{ConversationId, MessageId, Random, codec, random};
use crate::roster::Action;
use crate::store::table::attachment::{AttachmentRow, AttachmentState};
use crate::sync::Engine;
use crate::timeline::{BLOB_URL, MAX_TEXT};

/// Sends a file, with a text where there is one.
///
/// # Errors
/// [`ConversationError::File`], [`ConversationError::FileTooLarge`] and the refusals of sending.
pub fn attach(
    engine: &Engine,
    id: ConversationId,
    draft: &Text,
    path: &Path,
) -> Result<Sent, ConversationError> {
    if draft.text.len() > MAX_TEXT {
        return Err(ConversationError::TooLong);
    }
    // Asked before it is opened: opening a pipe waits for whoever writes to it.
    if !fs::metadata(path)?.is_file() {
        return Err(ConversationError::NotAFile);
    }
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let folder = engine.attachments();
    fs::create_dir_all(&folder)?;
    let blob: [u8; 16] = random::array(engine.random());
    let file = codec::hex(&random::array::<16>(engine.random()));
    let copy = folder.join(&file);
    // Whatever fails from here on, a copy that belongs to no message does not stay.
    let sent = encrypt_and_send(engine, id, draft, path, &name, (blob, &file, &copy));
    if sent.is_err() {
        let _ = fs::remove_file(&copy);
    }
    sent
}

fn encrypt_and_send(
    engine: &Engine,
    id: ConversationId,
    draft: &Text,
    path: &Path,
    name: &str,
    (blob, file, copy): ([u8; 16], &str, &Path),
) -> Result<Sent, ConversationError> {
    let (stream, digest) = encrypt(path, copy, engine.random())?;
    let url = format!("{BLOB_URL}{}", codec::hex(&blob));
    let part = stream.to_part(media_of(name), &url, name, digest);
    write(engine, "sending an attachment", |tx, context| {
        allowed(context, Action::SendMessage)?;
        let conversation = tx
            .conversation(id)?
            .ok_or(ConversationError::NoConversation)?;
        reachable(context, &conversation)?;
        let (salt, extensions) = stamp(context, id);
        let content = draft.finish(context, compose(salt, extensions, &draft.text, part));
        let message = dispatch(tx, context, &conversation, draft.priority(), &content)?;
        for row in tx.attachments(message)? {
            let here = AttachmentRow {
                file: file.to_owned(),
                state: AttachmentState::Uploading,
                ..row
            };
            tx.put_attachment(&here)?;
        }
        Ok(Sent {
            message,
            conversation: id,
        })
    })
}

fn compose(
    salt: [u8; 16],
    extensions: sotto_content::mimi::Extensions,
    text: &str,
    part: ExternalPart,
) -> MimiContent {
    let mut content = MimiContent::attachment(salt, extensions, part);
    if !text.trim().is_empty() {
        let words = NestedPart::single(Disposition::Render, MARKDOWN, text.as_bytes().to_vec());
        content.body = NestedPart {
            disposition: Disposition::Render,
            language: String::new(),
            content: PartContent::Multi {
                semantics: PartSemantics::ProcessAll,
                parts: vec![words, content.body],
            },
        };
    }
    content
}

/// Encrypts a file chunk by chunk; returns the stream and the SHA-256 of what was written.
fn encrypt(
    from: &Path,
    to: &Path,
    source: &dyn Random,
) -> Result<(Stream, [u8; 32]), ConversationError> {
    let input = File::open(from)?;
    let length = input.metadata()?.len();
    let stream = Stream::new(random::array(source), random::array(source), length)
        .map_err(|_| ConversationError::FileTooLarge)?;
    if stream.blob_length() > limits::BLOB_BYTES {
        return Err(ConversationError::FileTooLarge);
    }
    let mut input = BufReader::new(input);
    let mut output = BufWriter::new(File::create_new(to)?);
    let mut digest = Sha256::new(&SHA256);
    for chunk in 0..stream.chunks() {
        let mut plain = vec![0; stream.plain_range(chunk).1];
        input.read_exact(&mut plain)?;
        let sealed = stream
            .seal(chunk, &plain)
            .map_err(|_| ConversationError::AttachmentDamaged)?;
        digest.update(&sealed);
        output.write_all(&sealed)?;
    }
    let output = output
        .into_inner()
        .map_err(|error| ConversationError::File(error.error().kind()))?;
    output.sync_all()?;
    let mut out = [0; 32];
    out.copy_from_slice(digest.finish().as_ref());
    Ok((stream, out))
}

/// Saves an attachment in clear, outside the store, as a new file for its owner alone: fetched where it is not here,
/// checked against the message, written beside the target, recorded, and only then given its name.
///
/// # Errors
/// [`ConversationError`].
pub async fn save(
    engine: &Arc<Engine>,
    message: MessageId,
    part: u16,
    to: &Path,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<(), ConversationError> {
    let (external, row) = engine
        .read(|tx, _| {
            let row = tx
                .attachments(message)?
                .into_iter()
                .find(|row| row.part == part);
            let body = tx
                .message(message)?
                .map(|message| message.body)
                .unwrap_or_default();
            let external = MimiContent::decode(&body)
                .ok()
                .and_then(|content| external_of(&content, part));
            Ok(external.zip(row))
        })?
        .ok_or(ConversationError::AttachmentGone)?;
    if row.state == AttachmentState::Gone {
        return Err(ConversationError::AttachmentGone);
    }
    let stream = Stream::from_part(&external).map_err(|_| ConversationError::AttachmentDamaged)?;
    let copy = engine
        .fetch_attachment(row, stream.blob_length(), progress)
        .await
        .map_err(|error| match error {
            crate::sync::SyncError::Transport(transport)
                if transport.code() == Some(sotto_wire::ErrorCode::NotFound) =>
            {
                ConversationError::AttachmentGone
            }
            other => other.into(),
        })?;
    let target = to.to_owned();
    let partial = target.with_file_name(format!(
        ".{}.part",
        codec::hex(&random::array::<8>(engine.random()))
    ));
    let wanted = external.content_hash.clone();
    let worker = Arc::clone(engine);
    let saving = tokio::task::spawn_blocking(move || {
        let saved = decrypt(&copy, &partial, &stream, &wanted).and_then(|()| {
            // The record comes first: a file in clear that nobody recorded does not exist.
            record(&worker, message)?;
            appear(&partial, &target)
        });
        // Half a document in clear helps nobody.
        let _ = fs::remove_file(&partial);
        saved
    });
    saving
        .await
        .map_err(|_| ConversationError::Sync(crate::sync::SyncError::Stopped))?
}

fn record(engine: &Engine, message: MessageId) -> Result<(), ConversationError> {
    engine.write("recording a saved attachment", |tx, context| {
        let record = Record::of(Act::Saved, context.now)
            .about(message)
            .by(context.me.owner.person());
        Ok(audit::append(tx, &record)?)
    })?;
    Ok(())
}

/// Gives a finished file its name. A file that is there already stays as it is.
fn appear(partial: &Path, to: &Path) -> Result<(), ConversationError> {
    match fs::hard_link(partial, to) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(ConversationError::FileExists)
        }
        // Some file systems have no links.
        Err(_) if !to.exists() => Ok(fs::rename(partial, to)?),
        Err(error) => Err(error.into()),
    }
}

fn external_of(content: &MimiContent, part: u16) -> Option<ExternalPart> {
    let files: Vec<ExternalPart> = match content.meaning() {
        Meaning::Attachment(file) => vec![file.clone()],
        Meaning::Several(parts) => parts
            .into_iter()
            .filter_map(|part| {
                if let Meaning::Attachment(file) = part {
                    Some(file.clone())
                } else {
                    None
                }
            })
            .collect(),
        _ => Vec::new(),
    };
    files.into_iter().nth(usize::from(part).checked_sub(1)?)
}

fn decrypt(
    copy: &Path,
    to: &Path,
    stream: &Stream,
    wanted: &[u8],
) -> Result<(), ConversationError> {
    let mut input = BufReader::new(File::open(copy)?);
    let mut digest = Sha256::new(&SHA256);
    let mut buffer = vec![0; 1 << 16];
    loop {
        match input.read(&mut buffer)? {
            0 => break,
            read => digest.update(&buffer[..read]),
        }
    }
    if digest.finish().as_ref() != wanted {
        return Err(ConversationError::AttachmentDamaged);
    }
    input.seek(SeekFrom::Start(0))?;
    let mut output = BufWriter::new(private(to)?);
    for chunk in 0..stream.chunks() {
        let mut sealed = vec![0; stream.sealed_range(chunk).1];
        input.read_exact(&mut sealed)?;
        let plain = stream
            .open(chunk, &sealed)
            .map_err(|_| ConversationError::AttachmentDamaged)?;
        output.write_all(&plain)?;
    }
    output
        .into_inner()
        .map_err(|error| ConversationError::File(error.error().kind()))?
        .sync_all()?;
    Ok(())
}

/// A new file for its owner alone.
fn private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The media type that a file's name suggests. The receiver treats every file as a file, whatever this says.
fn media_of(name: &str) -> &'static str {
    let ending = name
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase())
        .unwrap_or_default();
    match ending.as_str() {
        "pdf" => "application/pdf",
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "webp" => "image/webp",
        "heic" => "image/heic",
        "dcm" => "application/dicom",
        "txt" => "text/plain",
        "csv" => "text/csv",
        "json" => "application/json",
        "xml" => "application/xml",
        "hl7" => "x-application/hl7-v2+er7",
        _ => "application/octet-stream",
    }
}
