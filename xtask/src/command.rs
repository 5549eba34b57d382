//! Programs this automation starts.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::{Failure, Outcome, While};

/// Cargo, in `root`, as if started by hand.
///
/// `cargo run` hands its own package's variables down to this process. Build scripts that watch such a variable would
/// then run again each time a build is started from here and from a terminal in turn.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_"]
            .iter()
            .any(|prefix| text.starts_with(prefix))
        {
            cargo.env_remove(&name);
        }
    }
    cargo
}

/// What a program prints on its standard output; its errors stay visible.
pub(crate) fn output(program: &mut Command) -> Outcome<String> {
    let name = program.get_program().to_string_lossy().into_owned();
    let answer = program
        .stderr(Stdio::inherit())
        .output()
        .while_doing(|| format!("starting {name}"))?;
    if !answer.status.success() {
        return Err(Failure::new(format!("{name}: {}", answer.status)));
    }
    String::from_utf8(answer.stdout).while_doing(|| format!("reading what {name} printed"))
}

/// Whether a program can be started and is content. Nothing is shown.
pub(crate) fn works(program: &mut Command) -> bool {
    program
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
