//! The project's automation, run as `cargo xtask COMMAND`. One file per command; this one only tells them apart.

mod build;
mod check;
mod command;
mod demo;
mod deny;
mod failure;
mod repository;
mod requirements;
mod sbom;
mod steps;
mod test;
mod tidy;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Sotto's automation"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Tells how a critical result travels at 03:04, with real processes, and searches all the server has
    Demo {
        /// A result of your own, HL7 v2 ORU^R01 or FHIR R4 JSON, instead of the sample
        file: Option<PathBuf>,
    },
    /// Builds the relay alone in its own folder and the terminal client, and says where they are
    Build,
    /// Runs every test, whole-system tests with real processes included
    Test {
        /// Only the tests beside the code: no programs are built, no whole-system tests run
        #[arg(long)]
        fast: bool,
    },
    /// Asks everything that can be asked without running the code: format, lints, tidy, dependencies
    Check,
    /// Checks the rules of the architecture that no compiler checks
    Tidy {
        /// Only these rules; may be given several times
        #[arg(long)]
        only: Vec<tidy::Rule>,
    },
    /// Checks dependencies: licences, bans, sources, and advisories where their database can be fetched
    Deny,
    /// Writes a CycloneDX bill of materials for each program that ships
    Sbom,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Demo { file } => demo::run(file.as_deref()),
        Command::Build => build::run(),
        Command::Test { fast } => test::run(fast),
        Command::Check => check::run(),
        Command::Tidy { only } => tidy::run(&only),
        Command::Deny => deny::run(),
        Command::Sbom => sbom::run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            steps::say(&format!("FAILED: {failure}"));
            ExitCode::FAILURE
        }
    }
}
