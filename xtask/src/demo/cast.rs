//! Who is there: a relay, an organisation, a laboratory and two clinicians, each device with its own process and store.

use std::path::Path;

use super::card::text;
use super::device::Device;
use super::live::Live;
use super::page::Page;
use super::relay::Relay;
use super::text::grouped;
use crate::build::Programs;
use crate::failure::{Failure, Outcome};

/// The organisation, the people, and how the ordering physician is known outside: to the laboratory's system.
const ORGANISATION: &str = "Meridian Hospital";
const LABORATORY: &str = "Laboratory";
pub(crate) const FIRST: &str = "Rowan Abernathy";
/// One number under both names of who assigned it: HL7 v2 messages say the one, FHIR the other.
const FIRST_IDS: [&str; 2] = ["MERIDIAN=30122", "urn:oid:2.16.840.1.113883.19.5.2=30122"];
pub(crate) const SECOND: &str = "Imani Okafor";
const UNIT: &str = "5W";

/// A device with the process that keeps it connected.
pub(crate) struct Player {
    pub(crate) device: Device,
    pub(crate) live: Live,
}

/// Everybody.
pub(crate) struct Cast {
    pub(crate) laboratory: Player,
    pub(crate) first: Player,
    pub(crate) second: Player,
    pub(crate) admin: Device,
    pub(crate) relay: Relay,
}

/// Starts and founds everything, and tells what each process said.
pub(crate) fn gather(programs: &Programs, folder: &Path, page: &Page) -> Outcome<Cast> {
    page.act("Before the night: who is there");
    let relay = Relay::start(&programs.relay, folder)?;
    page.text(&format!(
        "A relay listens on {}. Its key is pinned: {}…",
        relay.address,
        head(&relay.pin, 16)
    ));
    let device = |name: &str, label: &str| Device::new(&programs.client, folder, name, label);

    let admin = device("the administrator", "admin")?;
    let token = relay.operate(&["tenant", "add"])?;
    let root = folder.join("root.key");
    let root = root
        .to_str()
        .ok_or_else(|| Failure::new("the temporary folder has a name that is no text"))?;
    let founded = admin.ask_with(
        &[token.trim(), "a passphrase for the offline root key"],
        &[
            "org",
            "found",
            "--name",
            ORGANISATION,
            "--relay",
            &relay.address,
            "--pin",
            &relay.pin,
            "--token",
            "-",
            "--root-passphrase-fd",
            "0",
            "--admin",
            "Administrator",
            "--device",
            "office",
            "--root-file",
            root,
        ],
    )?;
    page.text(&format!(
        "{} is founded by {}.",
        text(&founded, "organisation"),
        text(&founded, "admin")
    ));

    let lab = ["--place", LABORATORY, "--role", "laboratory"];
    let laboratory = enrol(
        &admin,
        device(LABORATORY, "laboratory")?,
        &lab,
        "bench",
        page,
    )?;
    let one = [
        "--name",
        FIRST,
        "--unit",
        UNIT,
        "--role",
        "physician",
        "--id",
        FIRST_IDS[0],
        "--id",
        FIRST_IDS[1],
    ];
    let first = enrol(&admin, device(FIRST, "first")?, &one, "phone", page)?;
    let two = ["--name", SECOND, "--unit", UNIT, "--role", "physician"];
    let second = enrol(&admin, device(SECOND, "second")?, &two, "tablet", page)?;

    let cast = Cast {
        laboratory: play(laboratory)?,
        first: play(first)?,
        second: play(second)?,
        admin,
        relay,
    };
    let holds = cast.relay.holdings()?;
    page.text(&format!(
        "Of all this the server holds: organisation {}, {} mailboxes, {} log entries, {} bytes of ciphertext.",
        holds.organisation,
        holds.mailboxes,
        holds.roster_entries,
        grouped(holds.bytes)
    ));
    Ok(cast)
}

/// An invitation is made, and taken by the new device with its link and six words.
fn enrol(
    admin: &Device,
    device: Device,
    whom: &[&str],
    label: &str,
    page: &Page,
) -> Outcome<Device> {
    let invitation = admin.ask(&[&["invite"], whom].concat())?;
    let secrets = [text(&invitation, "link"), text(&invitation, "words")];
    let joined = device.ask_with(&secrets, &["enroll", "-", "--device", label])?;
    if joined["state"] != "joined" {
        return Err(Failure::new(format!(
            "{} did not join: {joined}",
            device.name
        )));
    }
    page.text(&format!(
        "{} joined with device {}…",
        device.name,
        head(text(&joined, "device"), 8)
    ));
    Ok(device)
}

fn play(device: Device) -> Outcome<Player> {
    let live = device.run()?;
    Ok(Player { device, live })
}

/// The beginning of an identifier.
pub(crate) fn head(text: &str, length: usize) -> &str {
    text.get(..length).unwrap_or(text)
}
