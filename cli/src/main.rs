//! `sotto`: the terminal client, the admin's tool, and, left running, the agent of a laboratory or a ward.
//!
//! This package turns words into calls of core's façade and its answers into words. No rule of the product lives here:
//! what may be sent, shown or acknowledged is decided behind the façade, and this program says so in a sentence.
//! `docs/CLI.md` is its contract: commands, the JSON of each, exit codes.

mod args;
mod command;
mod context;
mod delivery;
mod drop;
mod failure;
mod output;
mod parse;
mod people_csv;
mod resolve;
mod running;
mod secret;
mod sheet;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

use args::Args;
use context::Context;
use failure::{Failure, Outcome};

/// How long the process waits for its own threads. They are idle by then, unless one waits on a terminal.
const THREADS_END: std::time::Duration = std::time::Duration::from_millis(500);

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            return failure::usage(&error, std::env::args_os().any(|arg| arg == "--json"));
        }
    };
    let json = args.global.json;
    match work(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(json),
    }
}

fn work(args: Args) -> Outcome {
    log();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::io("starting", &error))?;
    let context = Context::new(args.global)?;
    let outcome = runtime.block_on(command::run(context, args.command));
    // Its threads end before the process does: one that is still inside the database's cryptography while the process
    // takes that down corrupts memory. A read that waits on a terminal cannot be cancelled and must not keep the process.
    runtime.shutdown_timeout(THREADS_END);
    outcome
}

/// Logs only where `SOTTO_LOG` names a level, to standard error, and only this project's own lines: at their finest level
/// the libraries below would show headers, addresses and identifiers.
fn log() {
    let level = std::env::var("SOTTO_LOG")
        .ok()
        .and_then(|level| level.parse::<LevelFilter>().ok());
    let Some(level) = level else { return };
    let own = Targets::new().with_target("sotto", level);
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    tracing_subscriber::registry()
        .with(lines.with_filter(own))
        .init();
}
