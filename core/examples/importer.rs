//! An importer: sends one laboratory result to whoever ordered it, and says what has been proven about it.
//!
//! ```text
//! SOTTO_PASSPHRASE_FILE=/run/secrets/lab cargo run -p sotto-core --example importer -- /var/lib/sotto-lab result.hl7
//! ```
//!
//! The file is HL7 v2 ORU^R01 or FHIR R4 JSON, byte for byte as the laboratory system wrote it. Running this twice with
//! the same file sends once: the second time the same message is reported, marked as a duplicate. So an importer needs
//! no memory of its own, and after a crash it simply starts again.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example talks to its terminal"
)]

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use sotto_core::{Client, ErrorKind, Recipient, SendResult, Unlock};
use zeroize::Zeroizing;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(home), Some(file)) = (args.next(), args.next()) else {
        return Err("which folder, which file?".into());
    };
    let secret = Zeroizing::new(std::fs::read_to_string(std::env::var(
        "SOTTO_PASSPHRASE_FILE",
    )?)?);
    let passphrase = Zeroizing::new(secret.trim_end().to_owned());
    let client = Client::builder(&home).open(Unlock::Passphrase(passphrase))?;

    // Refused with the segment or path that was not understood; nothing is sent in part.
    let request = SendResult {
        to: Recipient::Ordering,
        source: std::fs::read(file)?,
        critical: None,
        expires: None,
    };
    let sent = client.send_result(request)?;

    // The result is stored: it is safe whatever the network does now.
    match client.sync_once(Duration::from_secs(30)).await {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::Network => eprintln!("not sent yet: {error}"),
        Err(error) => return Err(error.into()),
    }

    for result in sent {
        println!(
            "{} version {} to {}",
            result.title, result.version, result.to
        );
        let Some(message) = result.message else {
            continue;
        };
        // `queued` is the relay's signed word; every later state is what the named person's device signed.
        let status = client.status(client.find_message(&message)?)?;
        println!("  queued {}", status.queued.as_deref().unwrap_or("—"));
        for person in status.people {
            println!("  {}: {}", person.name, person.state);
        }
    }
    Ok(client.lock()?)
}
