//! `cargo xtask test`: everything, with the programs the whole-system tests start.

use std::process::Command;

use crate::build;
use crate::command::cargo;
use crate::failure::{Failure, Outcome};
use crate::repository::Repository;
use crate::requirements;
use crate::steps::{Steps, say};

/// Runs every test; with `fast` only those beside the code.
///
/// The relay's own tests run in its own target folder, in the closure it ships with. Everything else shares the main
/// one, so the device's dependencies are built once.
pub(crate) fn run(fast: bool) -> Outcome {
    let repository = Repository::find()?;
    let mut steps = Steps::default();
    requirements::ensure(&mut steps)?;

    let mut tests = cargo(&repository.root);
    tests.args([
        "test",
        "--locked",
        "--no-fail-fast",
        "--workspace",
        "--exclude",
        "sotto-relay",
    ]);
    if fast {
        tests.args(["--exclude", "sotto-tests"]);
    } else {
        programs_for(&mut tests, &repository, &mut steps)?;
    }
    let mut relay_tests = cargo(&repository.root);
    relay_tests.args([
        "test",
        "--locked",
        "--no-fail-fast",
        "--package",
        "sotto-relay",
    ]);
    relay_tests
        .arg("--target-dir")
        .arg(repository.relay_target());

    // Both run even if one fails: a person wants the whole list.
    let results = [
        steps.program(
            if fast {
                "tests beside the code"
            } else {
                "all tests but the relay's own"
            },
            &mut tests,
        ),
        steps.program("the relay's own tests", &mut relay_tests),
    ];
    steps.summary();
    let failed: Vec<String> = results
        .into_iter()
        .filter_map(Result::err)
        .map(|failure| failure.to_string())
        .collect();
    if failed.is_empty() {
        say("\nall tests passed");
        Ok(())
    } else {
        Err(Failure::new(failed.join("; ")))
    }
}

/// Builds the four programs and names them to the tests in the environment.
fn programs_for(tests: &mut Command, repository: &Repository, steps: &mut Steps) -> Outcome {
    let crash = build::with_crash_points(repository, steps)?;
    let shipped = build::shipped(repository, steps)?;
    tests
        .env("SOTTO_RELAY_BIN", shipped.relay)
        .env("SOTTO_BIN", shipped.client)
        .env("SOTTO_RELAY_CRASH_BIN", crash.relay)
        .env("SOTTO_CRASH_BIN", crash.client);
    Ok(())
}
