//! `history`: the past of one conversation, handed to another device as a file that opens there alone.

use std::path::PathBuf;

use sotto_core::{ArchiveKey, Timestamp};

use super::backup::{Archive, must_exist, restored};
use crate::context::Context;
use crate::delivery::deliver;
use crate::failure::Outcome;
use crate::output::progress::Progress;
use crate::output::text::clean;
use crate::{parse, resolve};

/// History of a conversation.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum History {
    /// Write a conversation's history for another device; everybody in it is told
    HandOver(HandOver),
    /// Take history that was handed over to this device
    Take(Take),
}

#[derive(Debug, clap::Args)]
pub(crate) struct HandOver {
    /// The conversation
    chat: String,
    /// The device: identifier, or label where only one has it
    device: String,
    /// New file to write
    file: PathBuf,
    /// Only what is not older: a date, a time, or a duration back from now [default: everything]
    #[arg(long, value_name = "DATE|DURATION", value_parser = parse::since)]
    since: Option<Timestamp>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Take {
    /// The file
    file: PathBuf,
}

impl History {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match self {
            Self::HandOver(hand_over) => hand_over.run(context).await,
            Self::Take(take) => {
                must_exist(&take.file)?;
                let client = context.open_as_owner()?;
                let progress = Progress::spinner(&context.out, "taking it over");
                let view = client.restore(&take.file, &ArchiveKey::ThisDevice)?;
                drop(progress);
                restored(context, &Archive::new(&take.file, view))
            }
        }
    }
}

impl HandOver {
    async fn run(self, context: &Context) -> Outcome {
        let client = context.open()?;
        let chat = client.find_conversation(&self.chat)?;
        let device = resolve::device(&client, &self.device)?;
        let progress = Progress::spinner(&context.out, "writing the history");
        let view = client.hand_over(chat, resolve::id(&device.id)?, self.since, &self.file)?;
        drop(progress);
        // Everybody in the conversation is told by a message of its own.
        let relay = deliver(context, &client).await;
        let archive = Archive::new(&self.file, view);
        context.out.answer(&archive, || {
            format!(
                "Written to {} for “{}” of {}: {}. It opens on that device alone, with `sotto history take FILE`; \
                 everybody in the conversation is told.",
                archive.file,
                clean(&device.label),
                clean(&device.owner_name),
                archive.content()
            )
        })?;
        relay.map(|_| ())
    }
}
