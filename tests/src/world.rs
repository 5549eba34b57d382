//! A relay, the line to it, and one temporary folder for everything.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use tempfile::TempDir;

use crate::gate::Gate;
use crate::program::Program;
use crate::relay::{Relay, bare};

/// One world. It goes away, with all its processes and files, when it is dropped.
#[derive(Debug)]
pub struct World {
    relay: Mutex<Option<Relay>>,
    gate: Gate,
    flags: Vec<String>,
    data: Mutex<PathBuf>,
    folder: TempDir,
}

impl World {
    /// A world whose relay is up.
    #[must_use]
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// The same, with more flags for the relay.
    #[must_use]
    pub fn with(flags: &[&str]) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("sotto-test-")
            .tempdir()
            .unwrap();
        let world = Self {
            relay: Mutex::new(None),
            gate: Gate::new(),
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            data: Mutex::new(folder.path().join("relay")),
            folder,
        };
        world.start_relay();
        world
    }

    /// The folder of everything.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The relay's data folder.
    #[must_use]
    pub fn relay_data(&self) -> PathBuf {
        self.data.lock().unwrap().clone()
    }

    /// The file with everything relays of this world have logged, at TRACE.
    #[must_use]
    pub fn relay_log(&self) -> PathBuf {
        self.folder().join("relay.log")
    }

    /// The line between devices and relay.
    #[must_use]
    pub const fn gate(&self) -> &Gate {
        &self.gate
    }

    /// What devices are told as the relay's address.
    #[must_use]
    pub fn address(&self) -> String {
        self.gate.address().to_string()
    }

    /// The pin as `sotto --pin` takes it.
    #[must_use]
    pub fn pin(&self) -> String {
        self.relay(|relay| hex(relay.pin.as_bytes()))
    }

    /// Looks at the relay that is up.
    pub fn relay<T>(&self, look: impl FnOnce(&Relay) -> T) -> T {
        look(self.place().as_ref().expect("the relay is up"))
    }

    /// A registration token as `sotto --token` takes it.
    #[must_use]
    pub fn token(&self) -> String {
        let output = bare(Program::Relay)
            .args(["tenant", "add", "--data"])
            .arg(self.relay_data())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let printed = String::from_utf8(output.stdout).unwrap();
        hex(&sotto_wire::base64url::decode::<32>(printed.trim()).expect("the relay prints a token"))
    }

    /// Starts the relay on the same folder as before; the line leads to it.
    pub fn start_relay(&self) {
        self.start_relay_as(Program::Relay, &[]);
    }

    /// Starts a relay that ends at this point, `<operation>/<place>[:<nth>]`.
    pub fn start_relay_crashing(&self, point: &str) {
        self.start_relay_as(Program::CrashingRelay, &[("SOTTO_CRASH", point)]);
    }

    /// Starts a relay of this kind with this environment; the one before is killed.
    pub fn start_relay_as(&self, program: Program, env: &[(&str, &str)]) {
        let mut place = self.place();
        drop(place.take());
        let relay = Relay::start(
            program,
            &self.relay_data(),
            &self.relay_log(),
            &self.flags,
            env,
        );
        self.gate.lead_to(relay.address);
        *place = Some(relay);
    }

    /// Stops the relay, and starts it in another folder from its own backup.
    pub fn move_relay(&self, folder: &str) {
        let (backup, data) = (
            self.folder().join(format!("{folder}-backup")),
            self.folder().join(folder),
        );
        self.stop_relay();
        operate(&["backup", "--data"], &self.relay_data(), &backup);
        operate(&["restore", "--data"], &data, &backup);
        let _former = std::mem::replace(&mut *self.data.lock().unwrap(), data);
        self.start_relay();
    }

    /// Kills the relay with SIGKILL. Devices find nobody from here on.
    pub fn kill_relay(&self) {
        let relay = self.place().take();
        relay.expect("the relay is up").kill();
    }

    /// Asks the relay to end, and waits until it has.
    pub fn stop_relay(&self) {
        let relay = self.place().take();
        assert!(relay.expect("the relay is up").terminate().success());
    }

    /// Waits until the relay has ended at its crash point.
    pub fn relay_crashed(&self) {
        let relay = self.place().take();
        relay.expect("the relay is up").crashed();
    }

    /// Whether the relay has ended by itself.
    pub fn relay_has_ended(&self) -> bool {
        self.place().as_mut().is_none_or(Relay::has_ended)
    }

    /// Leads the line to the relay again after it was cut.
    pub fn mend(&self) {
        let address = self.relay(|relay| relay.address);
        self.gate.lead_to(address);
    }

    fn place(&self) -> MutexGuard<'_, Option<Relay>> {
        // A panic elsewhere leaves a relay or none, either of which is sound.
        self.relay
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// Runs one of the relay's administrative commands on a data folder and a backup.
fn operate(command: &[&str], data: &Path, backup: &Path) {
    let output = bare(Program::Relay)
        .args(command)
        .arg(data)
        .arg(backup)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
