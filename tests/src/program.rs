//! The four programs under test.

use std::path::{Path, PathBuf};

/// A program that tests start, never link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// The relay as it ships, from its own target folder.
    Relay,
    /// The terminal client as it ships.
    Client,
    /// The relay with crash points.
    CrashingRelay,
    /// The terminal client with crash points.
    CrashingClient,
}

impl Program {
    /// Where it is: as the environment says, else where `cargo xtask build` puts it. Panics where it is missing.
    #[must_use]
    pub fn path(self) -> PathBuf {
        let (variable, below) = match self {
            Self::Relay => ("SOTTO_RELAY_BIN", "relay-ship/debug/sotto-relay"),
            Self::Client => ("SOTTO_BIN", "debug/sotto"),
            Self::CrashingRelay => ("SOTTO_RELAY_CRASH_BIN", "crash/sotto-relay"),
            Self::CrashingClient => ("SOTTO_CRASH_BIN", "crash/sotto"),
        };
        let path = std::env::var_os(variable).map_or_else(|| target().join(below), PathBuf::from);
        assert!(
            path.is_file(),
            "{} is missing: `cargo xtask build` builds the programs, `cargo xtask test` those with crash points too",
            path.display()
        );
        path
    }
}

/// The target folder: the one this test itself was built in.
fn target() -> PathBuf {
    let me = std::env::current_exe().unwrap();
    // <target>/<profile>/deps/<test>
    me.ancestors().nth(3).map(Path::to_path_buf).unwrap()
}
