//! Says what is being done and how long each step took.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::failure::{Failure, Outcome, While};

/// Prints one line. A closed pipe is the reader's choice, not an error.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

/// The steps of one command, in order, with their times.
#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<(String, Duration, bool)>,
}

impl Steps {
    /// Runs a program with its output shown; fails if it fails.
    pub(crate) fn program(&mut self, what: &str, program: &mut Command) -> Outcome {
        self.step(what, || {
            let status = program
                .status()
                .while_doing(|| format!("starting {:?}", program.get_program()))?;
            if status.success() {
                Ok(())
            } else {
                Err(Failure::new(format!("{what}: {status}")))
            }
        })
    }

    /// Runs any piece of work as a step.
    pub(crate) fn step<T>(&mut self, what: &str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        say(&format!("==> {what}"));
        let start = Instant::now();
        let outcome = work();
        self.done
            .push((what.to_owned(), start.elapsed(), outcome.is_ok()));
        outcome
    }

    /// Prints the table of steps and times. Says nothing where there was only one step.
    pub(crate) fn summary(&self) {
        if self.done.len() > 1 {
            say(&self.table());
        }
    }

    fn table(&self) -> String {
        let mut table = String::from("\n  seconds  step");
        for (what, took, ok) in &self.done {
            let mark = if *ok { "" } else { "   FAILED" };
            let _ = write!(table, "\n  {:>7.1}  {what}{mark}", took.as_secs_f64());
        }
        let total: Duration = self.done.iter().map(|(_, took, _)| *took).sum();
        let _ = write!(table, "\n  {:>7.1}  in all", total.as_secs_f64());
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_each_step_and_marks_the_failed_one() {
        let mut steps = Steps::default();
        steps.step("first", || Ok(())).unwrap();
        assert!(
            steps
                .step::<()>("second", || Err(Failure::new("no")))
                .is_err()
        );
        let table = steps.table();
        assert!(table.contains("first\n"), "{table}");
        assert!(table.contains("second   FAILED"), "{table}");
        assert!(table.contains("in all"), "{table}");
    }
}
