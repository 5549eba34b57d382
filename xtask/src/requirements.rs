//! What a build needs besides Rust. Installed where that is possible, named where it is not.

use std::process::Command;

use crate::command::works;
use crate::failure::{Failure, Outcome};
use crate::steps::Steps;

/// A program of the machine, how to see that it is whole, and which Debian packages bring it.
struct Requirement {
    name: &'static str,
    why: &'static str,
    probe: &'static [&'static str],
    packages: &'static [&'static str],
}

const REQUIREMENTS: [Requirement; 4] = [
    Requirement {
        name: "a C compiler (cc)",
        why: "SQLite, SQLCipher, OpenSSL's cryptography and AWS-LC are built from source",
        probe: &["cc", "--version"],
        packages: &["gcc", "libc6-dev"],
    },
    Requirement {
        name: "make",
        why: "OpenSSL's build",
        probe: &["make", "--version"],
        packages: &["make"],
    },
    Requirement {
        name: "perl with its standard modules",
        why: "OpenSSL's build; Debian's perl-base alone lacks the modules",
        probe: &[
            "perl",
            "-MFindBin",
            "-MIPC::Cmd",
            "-MFile::Compare",
            "-MTime::Piece",
            "-e",
            "1",
        ],
        packages: &["perl"],
    },
    Requirement {
        name: "git",
        why: "tidy reads the list of files from it",
        probe: &["git", "--version"],
        packages: &["git"],
    },
];

/// Sees that everything is there. As root on Debian it installs what is not; elsewhere it names it.
pub(crate) fn ensure(steps: &mut Steps) -> Outcome {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().flat_map(|it| it.packages).copied().collect();
    if may_install() {
        steps.program("apt-get update", &mut apt_get(&["update", "-qq"]))?;
        let what = format!("apt-get install {}", packages.join(" "));
        let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
        arguments.extend(&packages);
        steps.program(&what, &mut apt_get(&arguments))?;
    }
    let still = self::missing();
    if still.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(sentence(&still)))
    }
}

fn missing() -> Vec<&'static Requirement> {
    REQUIREMENTS
        .iter()
        .filter(|it| !works(Command::new(it.probe[0]).args(&it.probe[1..])))
        .collect()
}

fn sentence(missing: &[&Requirement]) -> String {
    let names: Vec<String> = missing
        .iter()
        .map(|it| format!("{} ({})", it.name, it.why))
        .collect();
    let packages: Vec<&str> = missing.iter().flat_map(|it| it.packages).copied().collect();
    format!(
        "this machine lacks {}. On Debian: apt-get install {}",
        names.join(", "),
        packages.join(" ")
    )
}

fn may_install() -> bool {
    let root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|answer| answer.stdout.trim_ascii() == b"0");
    root && works(Command::new("apt-get").arg("--version"))
}

fn apt_get(arguments: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(std::process::Stdio::null());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_its_reason_and_package() {
        let text = sentence(&[&REQUIREMENTS[1], &REQUIREMENTS[2]]);
        assert!(text.contains("make (OpenSSL's build)"), "{text}");
        assert!(text.ends_with("apt-get install make perl"), "{text}");
    }
}
