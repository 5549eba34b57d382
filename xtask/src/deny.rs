//! `cargo xtask deny`: licences, bans and sources always; advisories where their database can be fetched.

use std::path::PathBuf;
use std::process::Command;

use crate::command::{cargo, output};
use crate::failure::Outcome;
use crate::repository::Repository;
use crate::steps::{Steps, say};

const VERSION: &str = "0.20.2";

pub(crate) fn run() -> Outcome {
    let repository = Repository::find()?;
    let mut steps = Steps::default();
    let outcome = ask(&repository, &mut steps);
    steps.summary();
    outcome
}

pub(crate) fn ask(repository: &Repository, steps: &mut Steps) -> Outcome {
    let tool = installed(repository, steps)?;
    let deny = |arguments: &[&str]| {
        let mut command = Command::new(&tool);
        command
            .current_dir(&repository.root)
            .args(["--workspace", "--all-features"])
            .args(arguments);
        command
    };
    steps.program(
        "dependencies: licences, bans, sources",
        &mut deny(&["check", "licenses", "bans", "sources"]),
    )?;
    // The database is a git repository of its own; behind a hospital's firewall or in a sealed build it is out of reach.
    let mut fetch = deny(&["fetch", "db"]);
    fetch.envs([
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_HTTP_LOW_SPEED_LIMIT", "1000"),
        ("GIT_HTTP_LOW_SPEED_TIME", "20"),
    ]);
    let fetched = steps.step("fetching the advisory database", || {
        Ok(fetch.status().is_ok_and(|it| it.success()))
    })?;
    if !fetched {
        say("    ADVISORIES WERE NOT CHECKED: their database could not be fetched from here.");
        return Ok(());
    }
    steps.program(
        "dependencies: advisories",
        &mut deny(&["check", "--disable-fetch", "advisories"]),
    )
}

/// The tool at its pinned version; installed once and kept.
fn installed(repository: &Repository, steps: &mut Steps) -> Outcome<PathBuf> {
    let tools = repository.tools();
    let tool = tools
        .join("bin")
        .join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    if tool.exists()
        && output(Command::new(&tool).arg("--version"))?.trim() == format!("cargo-deny {VERSION}")
    {
        return Ok(tool);
    }
    let mut install = cargo(&repository.root);
    // The development profile: it runs for seconds and would take minutes more to optimise.
    install.args([
        "install",
        "cargo-deny",
        "--locked",
        "--version",
        VERSION,
        "--profile",
        "dev",
    ]);
    install
        .args(["--config", "profile.dev.debug=false", "--root"])
        .arg(&tools);
    install.arg("--target-dir").arg(tools.join("build"));
    steps.program("installing cargo-deny (once; it is kept)", &mut install)?;
    // What is left of the build is of no use once the tool stands.
    let _ = std::fs::remove_dir_all(tools.join("build"));
    Ok(tool)
}
