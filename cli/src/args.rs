//! The command line as a whole. Each command's own arguments stand in its file under `command`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::command::{
    admin, approve, attachment, backup, change, chat, doctor, enroll, export, history, invite,
    lease, lock, org, pin, read, respond, run, search, send, send_result, standby, status, sync,
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
    /// Reads this device's PIN from this file descriptor, one line: for acts that ask for its owner where the keyring alone
    /// opens the store
    #[arg(long, global = true, help_heading = "Common options", value_name = "N")]
    pub(crate) pin_fd: Option<u32>,
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
    /// Administration: lost devices, proposals, rules, roles, reviews
    #[command(subcommand)]
    Admin(admin::Admin),
    /// Listen, while locked, for an order to wipe this device, and obey it; needs no passphrase
    Standby(standby::Standby),
    /// How long this device goes on without word of its organisation; extend it
    #[command(subcommand)]
    Lease(lease::Lease),
    /// The PIN that proves its owner where the keyring opens the store
    #[command(subcommand)]
    Pin(pin::Pin),
    /// Write a backup of what this device shows, or rehearse its restore
    Backup(backup::Backup),
    /// Bring a backup back
    Restore(backup::Restore),
    /// History of a conversation: hand it over, take it
    #[command(subcommand)]
    History(history::History),
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
            "admin lost Chen --dry-run",
            "admin lost Chen --emergency --reason x --yes",
            "admin revoke phone --suspect-since 12 --reason x --yes",
            "admin wipe phone --emergency --dry-run",
            "admin wipe-status",
            "admin wipe-status phone --offline",
            "admin certificate phone --out f",
            "admin exposure phone",
            "admin lift phone",
            "admin proposals --all",
            "admin countersign 12",
            "admin refuse 12 --reason x",
            "admin policy",
            "admin policy show --values",
            "admin policy set idle-lock=2min export=yes --reason x",
            "admin policy adopt",
            "admin roles",
            "admin roles define triage --permit view-result,acknowledge --permit unmask",
            "admin roles retire triage",
            "admin roles matrix",
            "admin grant Chen nurse --unit 5W --from 2031-05-06 --until 30d",
            "admin withdraw Chen nurse --unit 5W",
            "admin elevate ask admin --for 2h --reason x",
            "admin elevate grant 12",
            "admin elevate list",
            "admin exception grant Chen auditor admin --until 2031-05-06 --reason x",
            "admin exception list",
            "admin suspend Chen --reason x",
            "admin readmit Chen",
            "admin recertify start spring --due 2031-05-06 --unit 5W",
            "admin recertify answer spring Chen --keep",
            "admin recertify status spring",
            "admin recertify evidence spring --out f",
            "admin people import hr.csv",
            "admin people import - --apply --orphans-leave --sheet s.html --valid 7d",
            "admin events",
            "admin rekey --yes",
            "admin lease-extension --device phone --for 3d --out f",
            "admin lease-extension --root-file r --root-passphrase-fd 4",
            "lease show",
            "lease extend sotto-lease:abc",
            "pin set --new-pin-fd 4 --pin-fd 5",
            "pin status",
            "standby --once --deadline 5s",
            "standby --state",
            "backup f --backup-passphrase-fd 4",
            "backup rehearse f --scratch d",
            "backup age",
            "restore f",
            "history hand-over ICU phone f --since 30d",
            "history take f",
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
            "admin",
            "admin wipe",
            "admin lost Chen --dry-run --yes",
            "admin policy set",
            "admin roles define triage",
            "admin exception grant Chen auditor admin --reason x",
            "admin recertify answer spring Chen",
            "admin recertify answer spring Chen --keep --withdraw",
            "admin people import hr.csv --orphans-leave",
            "admin lease-extension --root-passphrase-fd 4",
            "lease",
            "pin",
            "standby --deadline 5s",
            "standby --once --state",
            "backup",
            "history hand-over ICU phone",
        ] {
            assert!(!reads(line), "{line}");
        }
    }
}
