//! Who sits there, how long a session lasts, and the lease: over real stores, with clocks that the tests turn and a relay
//! that is not there. What the relay says is proven over a real one, by the whole-system tests.

mod covered;
mod facade;
mod lease;
mod pin;
mod session;
mod unmask;
mod verification;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use zeroize::Zeroizing;

use super::lease::{by_root, extend, view};
use super::verify::{Brought, Guard};
use super::*;
use crate::audit::{self, Act, Record};
use crate::base::{
    ConversationId, DeviceId, InvitationId, MessageId, Owner, PersonId, Secret, SigningKey,
    SystemRandom, Timestamp,
};
use crate::roster::authorize::pack;
use crate::roster::key::SealedAs;
use crate::roster::kind::{Setting, Value};
use crate::roster::rootfile::Cost;
use crate::roster::tests::fixture::{DAY, Device, HOUR, World, terms};
use crate::roster::{Action, Authorities, Extender, Keyring, Lease, LeaseExtension, RootFile};
use crate::store::table::device::DeviceSelf;
use crate::store::{StoreError, StoreOptions};
use crate::vault::DatabaseKey;
use crate::wipe::{self, Stub};

const SECOND: Duration = Duration::from_secs(1);
const YEARS: Duration = Duration::from_secs(50 * 365 * 24 * 3600);

/// Two clocks that stand still until they are turned.
struct Hands(Mutex<(Timestamp, Duration)>);

impl Hands {
    fn at(now: Timestamp) -> Arc<Self> {
        Arc::new(Self(Mutex::new((now, DAY))))
    }
    /// Time passes.
    fn pass(&self, by: Duration) {
        let mut hands = self.0.lock().unwrap();
        *hands = (hands.0.plus(by), hands.1 + by);
    }
    /// Somebody sets the clock, or the machine slept.
    fn set(&self, now: Timestamp) {
        self.0.lock().unwrap().0 = now;
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().0
    }
    fn monotonic(&self) -> Duration {
        self.0.lock().unwrap().1
    }
}

fn secret(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

fn unlock() -> Unlock {
    Unlock::Passphrase(secret("correct horse"))
}

fn passphrase(text: &str) -> Proof<'static> {
    Proof::Passphrase(secret(text))
}

fn code<T>(result: Result<T, Error>) -> &'static str {
    result.err().map_or("", |error| error.code())
}

/// A member's device, and the organisation around it.
struct Desk {
    world: World,
    me: Device,
    clock: Arc<Hands>,
    home: TempDir,
}

impl Desk {
    fn nurse() -> (Self, Client) {
        Self::with(|world, nurse, _| (world, nurse))
    }
    fn with(choose: impl FnOnce(World, Device, Device) -> (World, Device)) -> (Self, Client) {
        let (world, nurse, _, bench) = World::staffed();
        let (world, me) = choose(world, nurse, bench);
        let desk = Self {
            clock: Hands::at(world.now),
            home: tempfile::tempdir().unwrap(),
            world,
            me,
        };
        let client = desk.builder().create(unlock()).unwrap();
        desk.furnish(&client.store().unwrap());
        (desk, client)
    }
    fn path(&self) -> &Path {
        self.home.path()
    }
    fn builder(&self) -> ClientBuilder {
        Client::builder(self.path())
            .insecure_fast_kdf()
            .proxy(Proxy::None)
            .clock(Arc::clone(&self.clock) as Arc<dyn Clock>)
    }
    /// Time passes while somebody uses the device.
    fn busy(&self, client: &Client, mut time: Duration) {
        while !time.is_zero() {
            let step = time.min(240 * SECOND);
            client.touch().unwrap();
            self.clock.pass(step);
            time -= step;
        }
        client.touch().unwrap();
    }
    fn open(&self) -> Result<Client, Error> {
        self.builder().open(unlock())
    }
    /// The device as it stands after it has joined and read the log.
    fn furnish(&self, store: &Store) {
        let (anchor, secrets) = (*self.world.roster.anchor(), &self.me.secrets);
        let me = DeviceSelf {
            organisation: anchor.organisation,
            tenant: [7; 16],
            device: self.me.id,
            owner: self.me.owner,
            signing: secrets.signature.clone(),
            sealing: secrets.sealing.seed().clone(),
            receipt: secrets.receipt.clone(),
            mailbox: [4; 16],
            mailbox_key: SigningKey::random(&SystemRandom),
            contact_alias: *secrets.contact_alias.as_bytes(),
            root: anchor.root,
            generation: [5; 16],
            next_generation: [5; 16],
            enrolled: true,
            channel: None,
        };
        let mut keys = Keyring::new();
        keys.insert(self.world.key.clone());
        let seal = |entry: &Vec<u8>| {
            let key = &self.world.key;
            key.seal(SealedAs::Entry, &anchor.organisation, entry, &SystemRandom)
                .unwrap()
        };
        let rows: Vec<_> = (0..)
            .zip(&self.world.log)
            .map(|(position, entry)| (position, seal(entry), true))
            .collect();
        store
            .write::<_, StoreError>("a device", |tx| {
                tx.put_device_self(&me)?;
                crate::sync::put_keyring(tx, &keys)?;
                crate::sync::put_entries(tx, &rows)
            })
            .unwrap();
    }
    /// A stub with this lease.
    fn arm(&self, lease: Lease) {
        let device = self.me.id;
        let authorities = Authorities::of(&self.world.roster, device);
        let anchor = *self.world.roster.anchor();
        wipe::tests::fixture::arm(self.path());
        wipe::amend(self.path(), |armed| {
            armed.identity.organisation = anchor.organisation;
            armed.identity.root = anchor.root;
            armed.identity.device = device;
            armed.authorities = authorities;
            armed.lease = lease;
        })
        .unwrap();
    }
    fn lease(&self) -> Lease {
        match wipe::read(self.path()).unwrap() {
            Some(Stub::Armed(armed)) => armed.lease,
            other => panic!("{other:?}"),
        }
    }
    fn standing(&self) -> LeaseStanding {
        view(self.path(), &*self.clock).unwrap().standing
    }
    fn by_admin(&self, made: Timestamp, until: Timestamp) -> String {
        let admin = &self.world.admin;
        LeaseExtension::make(
            self.world.roster.anchor().organisation,
            Some(self.me.id),
            until,
            made,
            Extender::Device(admin.id),
            &admin.secrets.signature,
        )
        .unwrap()
        .to_text()
    }
    /// What a thief would take.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        std::fs::read_dir(self.path())
            .unwrap()
            .map(Result::unwrap)
            .filter(|entry| entry.path().is_file())
            .map(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                (name, std::fs::read(entry.path()).unwrap())
            })
            .collect()
    }
}

/// A store that the keyring alone opens.
fn keyring_only() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let key = DatabaseKey::new(Secret::new([3; 32]));
    let store = Store::create(&dir.path().join("home"), &key, StoreOptions::default()).unwrap();
    (dir, store)
}

/// Opened by the keyring, which proves nothing about who sits there.
fn over(dir: &TempDir, store: &Store, clock: &Arc<Hands>) -> Client {
    session(dir, store, clock, false)
}

/// The process that has just made the store.
fn made(dir: &TempDir, store: &Store, clock: &Arc<Hands>) -> Client {
    session(dir, store, clock, true)
}

fn session(dir: &TempDir, store: &Store, clock: &Arc<Hands>, proven: bool) -> Client {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    let brought = Brought::of(&Unlock::Keyring, None);
    let guard = Guard::new(&*clock, brought, proven, false);
    Client::over(
        dir.path().join("home"),
        store.clone(),
        clock,
        Arc::new(SystemRandom),
        Proxy::None,
        true,
        Vec::new(),
        guard,
    )
}
