//! The blind relay of Sotto: an MLS Delivery Service that stores and orders ciphertext and can read none of it.
//!
//! Read in this order: [`store`] says what is kept and by which rules; [`relay`] is one running relay; [`http`] turns
//! requests of the contract (`sotto-wire`) into calls of the store; [`live`] pushes what waits; [`serve`] ties it
//! together.

mod admin;
mod blobs;
mod cli;
mod clock;
mod config;
mod crash;
mod crypto;
mod disk;
mod files;
mod http;
mod live;
mod lock;
mod logging;
mod memory;
mod metrics;
mod relay;
mod serve;
mod store;
mod tls;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command, TenantCommand};

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            report(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode, Box<dyn Error>> {
    match command {
        Command::Serve(args) => {
            let config = args.load()?;
            logging::start(&config);
            serve::serve(config)?;
        }
        Command::Tenant {
            command: TenantCommand::Add(data),
        } => admin::tenant::add(&data.folder()?)?,
        Command::Tenant {
            command: TenantCommand::List(data),
        } => admin::tenant::list(&data.folder()?)?,
        Command::Tenant {
            command: TenantCommand::Remove { data, tenant },
        } => {
            admin::tenant::remove(&data.folder()?, &tenant)?;
        }
        Command::Check(args) => {
            if !admin::check::check(&args.load()?)? {
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::Backup { data, folder } => admin::backup::backup(&data.folder()?, &folder)?,
        Command::Restore { data, folder } => admin::backup::restore(&folder, &data.folder()?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// An error and what caused it, on standard error.
fn report(error: &dyn Error) {
    let mut text = format!("sotto-relay: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    // Where standard error is closed nothing can be told.
    let _closed = writeln!(std::io::stderr(), "{text}");
}
