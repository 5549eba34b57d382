//! `run`: stays connected until it is told to stop; with a drop folder it is a laboratory's agent.

mod events;
mod files;

use std::future::Future;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::context::Context;
use crate::drop::{ClientPost, Folder, Worker};
use crate::failure::{Failure, Outcome};
use crate::running::Running;
use crate::{parse, resolve};
use events::Teller;

/// Staying connected.
#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    /// Takes result files (HL7 v2 ORU^R01, FHIR R4 JSON) from this folder
    #[arg(long, value_name = "DIR")]
    drop: Option<PathBuf>,
    /// To whom results from the folder go
    #[arg(
        long,
        value_name = "PERSON|CHAT|ordering",
        default_value = "ordering",
        requires = "drop"
    )]
    to: String,
    /// How long a file must keep still before it is taken
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = parse::duration)]
    settle: Duration,
}

impl Run {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        if !context.exists()? {
            // Says what to do where there is no store; nothing is made in a folder that has none.
            return context.open().map(drop);
        }
        // Before any key is in memory, so that from here on `lock` finds whom to ask.
        let running = Running::begin(context.home())?;
        let client = context.open_unattended()?;
        let worker = match &self.drop {
            Some(dir) => {
                let post = ClientPost::new(client.clone(), resolve::recipient(&client, &self.to)?);
                Some(Worker::new(Folder::open(dir)?, post, self.settle))
            }
            None => None,
        };

        let (stop, mut stopped) = watch::channel(false);
        let events = client.events()?;
        let teller = Teller::new(context.out.clone(), client.clone());
        teller.line("started", json!({ "drop": self.drop.is_some() }), || {
            "Running. `sotto lock` or Ctrl-C ends it.".into()
        })?;
        let telling = spawn(&stop, teller.clone().follow(events, stop.subscribe()));
        let taking = worker.map(|worker| {
            spawn(
                &stop,
                files::take(worker, teller.clone(), self.settle, stop.subscribe()),
            )
        });

        let reason = OnceLock::new();
        let outcome = client
            .run(async {
                let why = tokio::select! {
                    () = running.stop_asked() => "lock",
                    () = interrupted() => "signal",
                    _ = stopped.wait_for(|stop| *stop) => "failure",
                };
                // Nothing is taken from the folder any more that could not be reported.
                let _ = reason.set(why);
                stop.send_replace(true);
            })
            .await;
        stop.send_replace(true);

        let mut ends = vec![joined(telling.await)];
        if let Some(taking) = taking {
            ends.push(joined(taking.await));
        }
        client.lock()?;
        outcome?;
        ends.into_iter().collect::<Outcome<()>>()?;
        let reason = reason.get().copied().unwrap_or("ended");
        teller.line("stopped", json!({ "reason": reason }), || {
            "Stopped. Everything in flight is stored.".into()
        })
    }
}

/// A task whose failure stops the others.
fn spawn(
    stop: &watch::Sender<bool>,
    work: impl Future<Output = Outcome> + Send + 'static,
) -> JoinHandle<Outcome> {
    let stop = stop.clone();
    tokio::spawn(async move {
        let outcome = work.await;
        if outcome.is_err() {
            stop.send_replace(true);
        }
        outcome
    })
}

fn joined(task: Result<Outcome, tokio::task::JoinError>) -> Outcome {
    task.unwrap_or_else(|_| {
        Err(Failure::new(
            sotto_core::ErrorKind::Internal,
            "run.task",
            "a part of this program ended unexpectedly",
        ))
    })
}

/// Ctrl-C, or the request to end that service managers send.
pub(crate) async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                () = control_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    control_c().await;
}

async fn control_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Cannot be listened to: then it ends the process by itself, as it does by default.
        std::future::pending::<()>().await;
    }
}
