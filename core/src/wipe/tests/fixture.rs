//! A nurse's locked phone: a real store with something in it, and a stub beside it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use crate::base::{Clock as _, DeviceId, Random, SystemClock, SystemRandom, Timestamp};
use crate::roster::authorize::pack;
use crate::roster::kind::{DeviceRevoked, RevocationMode};
use crate::roster::tests::fixture::{Device, World, relay, terms};
use crate::roster::{
    Authorities, ChannelSecret, Lease, OrderProof, Roster, SealedFor, Verdict, VerifiedOrder,
};
use crate::store::{Store, StoreError, StoreOptions};
use crate::transport::ProxySetting;
use crate::vault::{Factors, KeyVault as _, MemoryVault, Vault};
use crate::wipe::stub::Identity;
use crate::wipe::{Armed, Attend, Erase, Protection, Stub, Tools, file, judge};

/// Stands in the store, in file names and in what shells keep.
pub(super) const CANARY: &str = "potassium 6.8 of Jane Roe";

pub(super) struct Phone {
    pub(super) world: World,
    pub(super) device: Device,
    pub(super) channel: ChannelSecret,
    pub(super) keyring: MemoryVault,
    pub(super) tools: Tools,
    _dir: TempDir,
    pub(super) home: PathBuf,
}

pub(super) fn tools() -> Tools {
    Tools::new(Arc::new(SystemClock::default()), Arc::new(SystemRandom))
}

impl Phone {
    /// Grace Hopper and Ada Lovelace administer; Florence Nightingale's phone is locked.
    pub(super) fn new() -> Self {
        let (mut world, device, ..) = World::staffed();
        world.member("Ada Lovelace", None, terms(pack::ADMIN, None));
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("home");
        let keyring = MemoryVault::default();
        let key = Vault::at(&home).create(&keyring, &SystemRandom).unwrap();
        let store = Store::create(&home, &key, StoreOptions::default()).unwrap();
        store
            .write::<_, StoreError>("a test", |tx| tx.put_meta("note", &CANARY.to_owned()))
            .unwrap();
        std::fs::create_dir_all(home.join("attachments/deeper")).unwrap();
        std::fs::write(home.join("attachments").join("0".repeat(32)), b"sealed").unwrap();
        std::fs::write(home.join("attachments/deeper/preview.jpg"), CANARY).unwrap();
        std::fs::write(home.join("cli.lock"), b"").unwrap();
        std::fs::write(home.join(CANARY), CANARY).unwrap();
        let forgetful = keyring.clone();
        let tools = Tools {
            keyring: Arc::new(move |slot| forgetful.forget(slot)),
            ..tools()
        };
        let channel = ChannelSecret::random(&SystemRandom);
        let phone = Self {
            world,
            device,
            channel,
            keyring,
            tools,
            _dir: dir,
            home,
        };
        file::write(&phone.home, &Stub::Armed(Box::new(phone.armed()))).unwrap();
        phone
    }
    pub(super) fn with(mut self, place: impl Erase + 'static) -> Self {
        self.tools.places.push(Arc::new(place));
        self
    }
    pub(super) fn armed(&self) -> Armed {
        let anchor = self.world.roster.anchor();
        Armed {
            identity: Identity {
                organisation: anchor.organisation,
                device: self.device.id,
                root: anchor.root,
            },
            relay: relay(),
            channel: self.channel.clone(),
            receipt: self.device.secrets.receipt.clone(),
            authorities: Authorities::of(&self.world.roster, self.device.id),
            lease: Lease::new(self.world.now, 3600, 7200),
            protection: Protection(Factors::KEPT),
            unlocked_at: Some(self.world.now),
            opened: None,
            written: None,
        }
    }
    /// The stub as it lies on disk.
    pub(super) fn known(&self) -> Armed {
        match file::read(&self.home).unwrap().unwrap() {
            Stub::Armed(armed) => *armed,
            other => panic!("{other:?}"),
        }
    }
    pub(super) fn attend(&self) -> Attend {
        Attend {
            home: self.home.clone(),
            proxy: ProxySetting::None,
            tools: self.tools.clone(),
        }
    }
    /// An administrator orders it, in the log.
    pub(super) fn order(&mut self, mode: RevocationMode) -> OrderProof {
        let admin = self.world.admin.clone();
        let seq = self.world.ok(&admin, revoked(self.device.id, mode));
        self.prove(seq)
    }
    pub(super) fn prove(&self, seq: u64) -> OrderProof {
        let entries = chain(&self.world);
        let entry = |seq: u64| entries.get(usize::try_from(seq).unwrap()).cloned();
        OrderProof::build(&self.world.roster, &entry, seq, None).unwrap()
    }
    pub(super) fn seal(&self, plain: &[u8]) -> Vec<u8> {
        let organisation = self.world.roster.anchor().organisation;
        self.channel
            .details()
            .seal(
                SealedFor::Order,
                &organisation,
                &self.device.id,
                plain,
                &SystemRandom,
            )
            .unwrap()
    }
    /// An order that holds, judged by the stub on disk.
    pub(super) fn ordered(&mut self) -> VerifiedOrder {
        let proof = self.order(RevocationMode::Wipe);
        let sealed = self.seal(&proof.to_bytes().unwrap());
        judge(&self.known(), &sealed).unwrap()
    }
    /// The store opens with what the keyring holds.
    pub(super) fn opens(&self) -> bool {
        Vault::at(&self.home)
            .open(&self.keyring)
            .is_ok_and(|key| Store::open(&self.home, &key, StoreOptions::default()).is_ok())
    }
    pub(super) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        files(&self.home)
    }
}

/// The valid entries of a log, by number.
fn chain(world: &World) -> Vec<Vec<u8>> {
    let mut roster = Roster::new(*world.roster.anchor());
    let mut entries = Vec::new();
    for (position, bytes) in (0..).zip(&world.log) {
        if let Verdict::Valid { .. } | Verdict::Ignored { .. } = roster.apply(position, bytes) {
            entries.push(bytes.clone());
        }
    }
    entries
}

pub(super) fn revoked(device: DeviceId, mode: RevocationMode) -> DeviceRevoked {
    DeviceRevoked {
        device,
        mode,
        suspect_since: None,
        reason: None,
    }
}

/// Every file below a folder, with what is in it.
pub(super) fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    found
}

pub(super) fn names(files: &BTreeMap<PathBuf, Vec<u8>>) -> Vec<String> {
    files
        .keys()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect()
}

pub(super) fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

pub(super) fn now() -> Timestamp {
    SystemClock::default().now()
}

pub(super) fn garbage(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    SystemRandom.fill(&mut bytes);
    bytes
}

/// How long something takes.
pub(super) fn lasts(work: impl FnOnce()) -> Duration {
    let clock = SystemClock::default();
    let began = clock.monotonic();
    work();
    clock.monotonic() - began
}

/// Puts a stub beside any store, of a device whose relay cannot be reached.
pub(crate) fn arm(home: &Path) -> Armed {
    let mut armed = Phone::new().armed();
    armed.relay.address = crate::roster::tests::fixture::text("https://127.0.0.1:1");
    armed.protection = Protection(Factors::PASSPHRASE);
    armed.lease = Lease::new(now(), 3600, 7200);
    file::write(home, &Stub::Armed(Box::new(armed.clone()))).unwrap();
    armed
}

/// An order begins there, and the process ends at once.
pub(crate) fn begin(home: &Path, armed: &Armed) {
    let order = Phone::new().ordered();
    crate::wipe::steps::begin(home, armed, &order, &tools()).unwrap();
}
