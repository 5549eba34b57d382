//! The command line as a whole. Each command's own arguments stand in its file under `command`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::command::{
    approve, attachment, change, chat, doctor, enroll, export, invite, lock, org, read, respond,
    run, search, send, send_result, status, sync,
};
use crate::parse;

/// End-to-end encrypted messaging for clinicians
#[derive(Debug, Parser)]
#[command(name = "sotto", version, propagate_version = true)]
#[command(
    after_help = "Exit codes: 0 done, 1 other, 2 usage, 3 refused, 4 network, 5 locked, 6 not found, 7 bad input."
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Global {
    /// Folder of this device's store [default: the platform's data folder]
    #[arg(
        long,
        global = true,
        help_heading = "Common options",
        value_name = "DIR",
        env = "SOTTO_HOME"
    )]
    pub(crate) home: Option<PathBuf>,
    /// One JSON document on standard output; errors as JSON on standard error
    #[arg(long, global = true, help_heading = "Common options")]
    pub(crate) json: bool,
    /// Proxy to the relay: http://, https://, socks5:// or socks5h://; `none` for none [default: the system's]
    #[arg(long, global = true, help_heading = "Common options", value_name = "URL|none", value_parser = parse::proxy)]
    pub(crate) proxy: Option<sotto_core::Proxy>,
    /// Reads the passphrase from this file descriptor, one line
    #[arg(long, global = true, help_heading = "Common options", value_name = "N")]
    pub(crate) passphrase_fd: Option<u32>,
    /// Does not contact the relay afterwards: what was written goes out with the next `sync` or `run`
    #[arg(long, global = true, help_heading = "Common options")]
    pub(crate) offline: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Organisation: found one
    #[command(subcommand)]
    Org(org::Org),
    /// Invite a person, a place or a next device; many from a CSV file
    Invite(invite::Invite),
    /// Make this folder a device of an organisation, by an invitation
    Enroll(enroll::Enroll),
    /// List who waits for approval, or approve after comparing the code
    Approve(approve::Approve),
    /// List persons and places
    People,
    /// List devices
    Devices,
    /// A person leaves the organisation, with all their devices
    Leave(change::Leave),
    /// Conversations: new, list, add, remove
    #[command(subcommand)]
    Chat(chat::Chat),
    /// Send a message
    Send(send::Send),
    /// React to a message with an emoji
    React(change::React),
    /// Replace the text of a message of yours
    Edit(change::Edit),
    /// Take back a message of yours
    Retract(change::Retract),
    /// Send a laboratory result (HL7 v2 ORU^R01 or FHIR R4)
    SendResult(send_result::SendResult),
    /// One round with the relay: send, receive, collect receipts
    Sync(sync::Sync),
    /// Stay connected; with --drop, take result files from a folder
    Run(run::Run),
    /// What waits for you: open results, then conversations
    Inbox,
    /// Read a conversation; displayed result cards are reported as seen
    Read(read::Read),
    /// Acknowledge a result by reading it back
    Ack(respond::Ack),
    /// Decline responsibility for a result
    Decline(respond::Decline),
    /// What each addressee has proven about a message
    Status(status::Status),
    /// Search messages on this device
    Search(search::Search),
    /// Attachments: save one
    #[command(subcommand)]
    Attachment(attachment::Attachment),
    /// Export a conversation or a message as FHIR
    Export(export::Export),
    /// List messages that are held: kept, but not shown
    Held,
    /// Stop a running `run` of this folder and make it forget its keys
    Lock(lock::Lock),
    /// Look at keys, store, held messages, files on disk and the last contact
    Doctor(doctor::Doctor),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn reads(line: &str) -> bool {
        Args::try_parse_from(std::iter::once("sotto").chain(line.split(' '))).is_ok()
    }

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn commands_read_as_documented() {
        for line in [
            "--home d --json --proxy none people",
            "people --home d --json --offline",
            "invite --name Chen --unit 5W --role physician --role admin --id NPI=1 --approval --valid 7d",
            "invite --place Bench --unit LAB --in-person",
            "invite --next-device",
            "invite --next-device Chen --in-person",
            "invite --csv people.csv --sheet sheet.html",
            "enroll LINK --device phone --words w",
            "enroll - --device phone --keyring --and-passphrase",
            "enroll --continue --wait 1h",
            "approve",
            "approve 0aff --code 1234",
            "chat new --direct Chen",
            "chat new --title ICU --member Chen Lang --member Ada",
            "chat add ICU Chen Lang",
            "send Chen hello --attach f --expires 7d --reply 0affee --urgent",
            "send Chen --attach f",
            "send-result --to ordering f.hl7 --critical reason",
            "run --drop d --to Chen --settle 1s",
            "read ICU --limit 5 --before 0affee --unmask --purpose TREAT --reason x",
            "ack 0affee --observation 1 --value -3.2 --identifier 1980-01-01 --identifier 42",
            "ack 0affee --value >1000 --identifier 42",
            "attachment save 0affee f",
            "attachment save 0affee 2 f",
            "export ICU --purpose TREAT --reason x --out f",
            "doctor --network",
        ] {
            assert!(reads(line), "{line}");
        }
    }

    #[test]
    fn what_contradicts_itself_is_a_usage_error() {
        for line in [
            "invite",
            "invite --name Chen --place Bench",
            "invite --csv f --unit 5W",
            "invite --next-device --role admin",
            "enroll",
            "enroll LINK",
            "enroll --continue --device phone",
            "enroll LINK --device phone --and-passphrase",
            "approve --code 1234",
            "chat new",
            "chat new --title ICU",
            "chat new --direct Chen --member Lang",
            "send Chen",
            "run --to Chen",
            "read ICU --unmask",
            "read ICU --purpose TREAT",
            "ack 0affee --value 1 --observation 0",
            "attachment save 0affee",
            "export ICU --purpose TREAT",
        ] {
            assert!(!reads(line), "{line}");
        }
    }
}
