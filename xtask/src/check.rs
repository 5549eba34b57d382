//! `cargo xtask check`: everything that can be asked without running the code.

use crate::command::cargo;
use crate::deny;
use crate::failure::Outcome;
use crate::repository::Repository;
use crate::requirements;
use crate::steps::{Steps, say};
use crate::tidy;

/// Format, lints, tidy, dependencies; stops at the first that fails.
pub(crate) fn run() -> Outcome {
    let repository = Repository::find()?;
    let mut steps = Steps::default();
    requirements::ensure(&mut steps)?;
    let outcome = ask(&repository, &mut steps);
    steps.summary();
    outcome?;
    say("\nall checks passed");
    Ok(())
}

fn ask(repository: &Repository, steps: &mut Steps) -> Outcome {
    steps.program(
        "format",
        cargo(&repository.root).args(["fmt", "--all", "--", "--check"]),
    )?;
    steps.step("tidy", || tidy::report(&repository.root, &[]))?;
    deny::ask(repository, steps)?;
    let lints = ["--locked", "--all-targets"];
    let deny_warnings = ["--", "-D", "warnings"];
    let mut all = cargo(&repository.root);
    all.arg("clippy")
        .args(lints)
        .args(["--workspace", "--exclude", "sotto-relay"])
        .args(deny_warnings);
    steps.program("lints", &mut all)?;
    // As for tests: in the target folder of the relay that ships, so that nothing is built a third time.
    let mut relay = cargo(&repository.root);
    relay
        .arg("clippy")
        .args(lints)
        .args(["--package", "sotto-relay", "--target-dir"]);
    relay.arg(repository.relay_target()).args(deny_warnings);
    steps.program("lints of the relay", &mut relay)
}
