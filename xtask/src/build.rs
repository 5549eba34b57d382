//! Builds the programs that ship, and their variants with crash points for the tests that kill them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::command::cargo;
use crate::failure::{Outcome, While};
use crate::repository::Repository;
use crate::requirements;
use crate::steps::{Steps, say};

/// The two programs of one variant.
pub(crate) struct Programs {
    pub(crate) relay: PathBuf,
    pub(crate) client: PathBuf,
}

/// Builds what ships and says where it is.
pub(crate) fn run() -> Outcome {
    let repository = Repository::find()?;
    let mut steps = Steps::default();
    requirements::ensure(&mut steps)?;
    let programs = shipped(&repository, &mut steps)?;
    steps.summary();
    say(&format!(
        "\nrelay   {}\nclient  {}",
        programs.relay.display(),
        programs.client.display()
    ));
    Ok(())
}

/// The programs as they ship.
pub(crate) fn shipped(repository: &Repository, steps: &mut Steps) -> Outcome<Programs> {
    let relay = Part::relay(repository);
    let client = Part::client(repository);
    relay.build(repository, steps, "the relay as it ships", &[])?;
    client.build(repository, steps, "the terminal client", &[])?;
    Ok(Programs {
        relay: relay.program(),
        client: client.program(),
    })
}

/// The programs with named points at which a test kills them, set aside in a folder of their own. Cargo keeps one file
/// per program name, so these have to be built and copied before [`shipped`] puts the real ones there.
pub(crate) fn with_crash_points(repository: &Repository, steps: &mut Steps) -> Outcome<Programs> {
    let aside = repository.target.join("crash");
    std::fs::create_dir_all(&aside).while_doing(|| format!("making {}", aside.display()))?;
    let crash = ["--features", "crash-points"];
    let relay = Part::relay(repository);
    let client = Part::client(repository);
    relay.build(repository, steps, "the relay with crash points", &crash)?;
    client.build(
        repository,
        steps,
        "the terminal client with crash points",
        &crash,
    )?;
    Ok(Programs {
        relay: set_aside(&relay.program(), &aside)?,
        client: set_aside(&client.program(), &aside)?,
    })
}

/// One package with one program, and the target folder it is built in.
struct Part {
    package: &'static str,
    binary: &'static str,
    target: PathBuf,
}

impl Part {
    fn relay(repository: &Repository) -> Self {
        Self {
            package: "sotto-relay",
            binary: "sotto-relay",
            target: repository.relay_target(),
        }
    }

    fn client(repository: &Repository) -> Self {
        Self {
            package: "sotto-cli",
            binary: "sotto",
            target: repository.target.clone(),
        }
    }

    fn build(
        &self,
        repository: &Repository,
        steps: &mut Steps,
        what: &str,
        more: &[&str],
    ) -> Outcome {
        let mut build = cargo(&repository.root);
        build.args([
            "build",
            "--locked",
            "--package",
            self.package,
            "--bin",
            self.binary,
        ]);
        build.arg("--target-dir").arg(&self.target).args(more);
        steps.program(&format!("building {what}"), &mut build)
    }

    fn program(&self) -> PathBuf {
        self.target
            .join("debug")
            .join(format!("{}{}", self.binary, std::env::consts::EXE_SUFFIX))
    }
}

/// Copies a program under the same name into `folder`. Renamed into place: a copy that still runs cannot be written.
fn set_aside(program: &Path, folder: &Path) -> Outcome<PathBuf> {
    let name = program.file_name().unwrap_or_else(|| OsStr::new("program"));
    let copy = folder.join(name);
    let partial = copy.with_extension("partial");
    std::fs::copy(program, &partial)
        .and_then(|_| std::fs::rename(&partial, &copy))
        .while_doing(|| format!("copying {} to {}", program.display(), folder.display()))?;
    Ok(copy)
}
