//! The drop folder while `run` runs.

use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::events::Teller;
use super::joined;
use crate::drop::{ClientPost, FileEvent, Worker};
use crate::failure::Outcome;

/// Looks at the folder per settle time.
const LOOKS: u32 = 4;

/// Rounds over the folder until told to stop. A round that has begun is finished.
pub(crate) async fn take(
    mut worker: Worker<ClientPost>,
    teller: Teller,
    settle: Duration,
    mut stop: watch::Receiver<bool>,
) -> Outcome {
    let start = Instant::now();
    let mut looks = tokio::time::interval((settle / LOOKS).max(Duration::from_millis(50)));
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut trouble = String::new();
    loop {
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
            _ = looks.tick() => {}
        }
        let now = start.elapsed();
        // Parsing, encrypting and syncing files to disk all block.
        let round = tokio::task::spawn_blocking(move || {
            let events = worker.round(now);
            (worker, events)
        });
        let events = match round.await {
            Ok((back, events)) => {
                worker = back;
                events
            }
            Err(error) => return joined(Err(error)),
        };
        match events {
            Ok(events) => {
                trouble.clear();
                for event in &events {
                    tell(&teller, event)?;
                }
            }
            // The folder itself is in trouble (unmounted, full). Told once; it is looked at again.
            Err(failure) => {
                let said = failure.to_string();
                if said != trouble {
                    teller.note(failure.code(), &said);
                    trouble = said;
                }
            }
        }
    }
}

fn tell(teller: &Teller, event: &FileEvent) -> Outcome {
    teller.line("file", event, || {
        format!(
            "{} {}",
            crate::output::text::clean(&event.file),
            event.words
        )
    })
}
