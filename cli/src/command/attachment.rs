//! `attachment save`: an attachment, decrypted, to a file.

use std::path::{Path, PathBuf};

use serde::Serialize;
use sotto_core::MessageView;

use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::progress::Progress;
use crate::output::text::size;

/// Attachments.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Attachment {
    /// Save an attachment to a file
    Save(Save),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Save {
    /// The message: its identifier or at least six digits of its beginning
    message: String,
    /// The part's number, where the message has several; then the file to write, which must not exist
    #[arg(value_names = ["[PART] FILE"], required = true, num_args = 1..=2)]
    to: Vec<PathBuf>,
}

#[derive(Serialize)]
struct Saved {
    file: String,
    bytes: u64,
}

impl Attachment {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Save(save) => save.run(context).await,
        }
    }
}

impl Save {
    async fn run(self, context: &Context) -> Outcome {
        let (part, file) = split(&self.to)?;
        if file.exists() {
            return Err(Failure::bad_input(
                "file.exists",
                format!("{} exists already; choose another name", file.display()),
            ));
        }
        let client = context.open()?;
        let message = client.find_message(&self.message)?;
        let part = match part {
            Some(part) => part,
            None => only_part(&client.message(message, None)?)?,
        };
        let progress = Progress::bytes(&context.out, "fetching");
        client
            .save_attachment(message, part, file, &mut |done, total| {
                progress.set(done, total)
            })
            .await?;
        drop(progress);
        let bytes = std::fs::metadata(file)
            .map(|metadata| metadata.len())
            .unwrap_or_default();
        let saved = Saved {
            file: file.display().to_string(),
            bytes,
        };
        context.out.answer(&saved, || {
            format!(
                "Saved {} ({}). It lies there unencrypted.",
                saved.file,
                size(saved.bytes)
            )
        })
    }
}

/// `FILE`, or `PART FILE`.
fn split(to: &[PathBuf]) -> Outcome<(Option<u16>, &Path)> {
    match to {
        [file] => Ok((None, file)),
        [part, file] => match part.to_str().and_then(|part| part.parse().ok()) {
            Some(part) => Ok((Some(part), file)),
            None => Err(Failure::usage(
                "attachment.part",
                "the part is a number: sotto attachment save MESSAGE [PART] FILE",
            )),
        },
        _ => Err(Failure::usage("attachment.file", "name the file to write")),
    }
}

fn only_part(message: &MessageView) -> Outcome<u16> {
    match message.attachments.as_slice() {
        [one] => Ok(one.part),
        [] => Err(Failure::not_found(
            "attachment.none",
            "this message has no attachment",
        )),
        several => {
            let parts: Vec<String> = several.iter().map(|one| one.part.to_string()).collect();
            Err(Failure::bad_input(
                "attachment.several",
                format!(
                    "this message has several attachments; name one of the parts {}",
                    parts.join(", ")
                ),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_may_be_left_out() {
        let paths = |words: &[&str]| words.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(
            split(&paths(&["ecg.pdf"])).unwrap(),
            (None, Path::new("ecg.pdf"))
        );
        assert_eq!(
            split(&paths(&["2", "ecg.pdf"])).unwrap(),
            (Some(2), Path::new("ecg.pdf"))
        );
        assert_eq!(
            split(&paths(&["two", "ecg.pdf"])).unwrap_err().code(),
            "attachment.part"
        );
    }
}
