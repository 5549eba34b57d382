//! One file per command: its arguments, the calls it makes, the answer it gives.

pub(crate) mod admin;
pub(crate) mod approve;
pub(crate) mod attachment;
pub(crate) mod backup;
pub(crate) mod change;
pub(crate) mod chat;
pub(crate) mod doctor;
pub(crate) mod enroll;
pub(crate) mod export;
pub(crate) mod history;
pub(crate) mod inbox;
pub(crate) mod invite;
pub(crate) mod lease;
pub(crate) mod lists;
pub(crate) mod lock;
pub(crate) mod org;
pub(crate) mod pin;
pub(crate) mod read;
pub(crate) mod respond;
pub(crate) mod run;
pub(crate) mod search;
pub(crate) mod send;
pub(crate) mod send_result;
pub(crate) mod standby;
pub(crate) mod status;
pub(crate) mod sync;

use crate::args::Command;
use crate::context::Context;
use crate::failure::Outcome;

/// Does what was asked.
pub(crate) async fn run(context: Context, command: Command) -> Outcome {
    match command {
        Command::Org(command) => command.run(&context).await,
        Command::Invite(command) => command.run(&context).await,
        Command::Enroll(command) => command.run(&context).await,
        Command::Approve(command) => command.run(&context).await,
        Command::People => lists::people(&context),
        Command::Devices => lists::devices(&context),
        Command::Leave(command) => command.run(&context).await,
        Command::Chat(command) => command.run(&context).await,
        Command::Send(command) => command.run(&context).await,
        Command::React(command) => command.run(&context).await,
        Command::Edit(command) => command.run(&context).await,
        Command::Retract(command) => command.run(&context).await,
        Command::SendResult(command) => command.run(&context).await,
        Command::Sync(command) => command.run(&context).await,
        Command::Run(command) => command.run(&context).await,
        Command::Inbox => inbox::run(&context),
        Command::Read(command) => command.run(&context).await,
        Command::Ack(command) => command.run(&context).await,
        Command::Decline(command) => command.run(&context).await,
        Command::Status(command) => command.run(&context),
        Command::Search(command) => command.run(&context),
        Command::Attachment(command) => command.run(&context).await,
        Command::Export(command) => command.run(&context),
        Command::Admin(command) => command.run(&context).await,
        Command::Standby(command) => command.run(&context).await,
        Command::Lease(command) => command.run(&context),
        Command::Pin(command) => command.run(&context),
        Command::Backup(command) => command.run(&context),
        Command::Restore(command) => command.run(&context),
        Command::History(command) => command.run(&context).await,
        Command::Held => lists::held(&context),
        Command::Lock(command) => command.run(&context),
        Command::Doctor(command) => command.run(&context).await,
    }
}
