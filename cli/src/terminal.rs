//! Questions to a human, and the lines they type. Asked on standard error, so that standard output stays the answer.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use zeroize::Zeroizing;

use crate::failure::{Failure, Outcome};

/// Whether somebody is there to answer.
pub(crate) fn present() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks one question; the answer is trimmed.
pub(crate) fn ask(question: &str) -> Outcome<String> {
    let mut stderr = std::io::stderr();
    write!(stderr, "{question}")
        .and_then(|()| stderr.flush())
        .map_err(|error| Failure::io("asking", &error))?;
    line().map(|line| line.trim().to_owned())
}

/// One line of standard input, without its ending.
pub(crate) fn line() -> Outcome<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| Failure::io("reading standard input", &error))?;
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    Ok(line)
}
