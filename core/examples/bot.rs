//! A bot that answers: whoever writes "ping" to this device gets "pong" back.
//!
//! ```text
//! SOTTO_PASSPHRASE_FILE=/run/secrets/bot cargo run -p sotto-core --example bot -- /var/lib/sotto-bot
//! ```
//!
//! The folder is a device that has joined before (`sotto --home /var/lib/sotto-bot enroll LINK --device bot`). The shape
//! is that of every program that lives on Sotto: open, subscribe to events, run until stopped. An event says only *that*
//! something changed, after the transaction that changed it; what it is now is read from the client.

#![allow(clippy::print_stderr, reason = "an example talks to its terminal")]

use std::error::Error;
use std::path::PathBuf;

use sotto_core::{Client, Draft, Event, MessageId, Unlock};
use tokio::sync::broadcast::error::RecvError;
use zeroize::Zeroizing;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let home = PathBuf::from(std::env::args_os().nth(1).ok_or("which folder?")?);
    let secret = Zeroizing::new(std::fs::read_to_string(std::env::var(
        "SOTTO_PASSPHRASE_FILE",
    )?)?);
    let passphrase = Zeroizing::new(secret.trim_end().to_owned());
    let client = Client::builder(&home).open(Unlock::Passphrase(passphrase))?;

    // Subscribed before `run`, so that nothing is missed between the two.
    let answering = tokio::spawn(answer(client.clone()));

    // Sends, receives and reconnects until Ctrl-C. What is in flight is stored before it returns.
    let stop = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    client.run(stop).await?;

    answering.abort();
    client.lock()?;
    Ok(())
}

/// Answers messages as they come.
async fn answer(client: Client) {
    let Ok(mut events) = client.events() else {
        return;
    };
    loop {
        match events.recv().await {
            Ok(Event::Message { message, .. }) => {
                // One message that cannot be answered is no reason to fall silent.
                if let Err(error) = pong(&client, message) {
                    eprintln!("not answered: {error}");
                }
            }
            // States, roster, connection: nothing this bot acts on. After a lag one would read the conversations again.
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

fn pong(client: &Client, id: MessageId) -> Result<(), sotto_core::Error> {
    // Identifiers in it stay masked: showing them takes an `Unmask` with a purpose, and is recorded.
    let message = client.message(id, None)?;
    if message.mine || message.text.trim() != "ping" {
        return Ok(());
    }
    let conversation = client.find_conversation(&message.conversation)?;
    // Stored, encrypted and queued in one transaction when this returns; `run` delivers it.
    client.send(
        conversation,
        Draft {
            text: "pong".into(),
            reply_to: Some(id),
            ..Draft::default()
        },
    )?;
    Ok(())
}
