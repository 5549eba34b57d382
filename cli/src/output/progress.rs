//! Progress, on a terminal only: a program that reads our output, or a log file, gets none of it.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::Out;

/// A bar or a spinner, or nothing. Cleared when it goes.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Turns while something of unknown length goes on.
    pub(crate) fn spinner(out: &Out, doing: &'static str) -> Self {
        let bar = Self::visible(out, ProgressBar::new_spinner);
        bar.set_message(doing);
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        Self(bar)
    }

    /// Fills as bytes arrive.
    pub(crate) fn bytes(out: &Out, doing: &'static str) -> Self {
        let bar = Self::visible(out, || ProgressBar::new(0));
        // The template is a constant of ours; the default style is shown should it ever not parse.
        if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:30}] {bytes}/{total_bytes}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(doing);
        Self(bar)
    }

    /// Fills as steps are done.
    pub(crate) fn steps(out: &Out, doing: &'static str, total: usize) -> Self {
        let bar = Self::visible(out, || ProgressBar::new(total as u64));
        if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(doing);
        Self(bar)
    }

    pub(crate) fn set(&self, done: u64, total: u64) {
        self.0.set_length(total);
        self.0.set_position(done);
    }

    pub(crate) fn step(&self) {
        self.0.inc(1);
    }

    fn visible(out: &Out, bar: impl FnOnce() -> ProgressBar) -> ProgressBar {
        if !out.json() && std::io::stderr().is_terminal() {
            bar()
        } else {
            ProgressBar::hidden()
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
