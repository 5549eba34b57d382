use std::cell::Cell;

use crate::base::{Clock, DeviceId, Secret, SigningKey, SystemClock, SystemRandom, Timestamp};
use crate::mls::{
    Change, Group, GroupId, Identity, ProcessError, Processed, Staged, StagedJoin, StagedRemote,
    Suite, key_package,
};
use crate::store::{Store, StoreError, StoreOptions, WriteTx};
use crate::vault::DatabaseKey;

/// The engine asks the system clock whether a lifetime is valid, so tests live in the present.
pub(super) fn now() -> Timestamp {
    SystemClock::default().now()
}

/// One device with a store of its own.
pub(super) struct Device {
    pub(super) id: DeviceId,
    pub(super) key: SigningKey,
    store: Store,
    dir: tempfile::TempDir,
}

/// What a work that is rolled back ends with.
#[derive(Debug)]
pub(super) struct Undone;
impl From<StoreError> for Undone {
    fn from(_: StoreError) -> Self {
        Self
    }
}

impl Device {
    pub(super) fn new(number: u8) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::create(
            dir.path(),
            &DatabaseKey::new(Secret::new([number; 32])),
            StoreOptions::default(),
        )
        .unwrap();
        let key = SigningKey::from_seed(Secret::new([number; 32]));
        Self {
            id: DeviceId::new([number; 16]),
            key,
            store,
            dir,
        }
    }
    /// Forgets everything in memory, as a process that ended and began again.
    pub(super) fn restart(&mut self) {
        let key = DatabaseKey::new(Secret::new([self.id.as_bytes()[0]; 32]));
        self.store = Store::open(self.dir.path(), &key, StoreOptions::default()).unwrap();
    }
    pub(super) fn identity(&self) -> Identity<'_> {
        Identity {
            device: self.id,
            key: &self.key,
        }
    }
    /// Commits.
    pub(super) fn write<R>(&self, work: impl FnOnce(&WriteTx<'_>) -> R) -> R {
        self.store
            .write("a test", |tx| Ok::<_, StoreError>(work(tx)))
            .unwrap()
    }
    /// Rolls back, as a crash before the commit would.
    pub(super) fn lose<R>(&self, work: impl FnOnce(&WriteTx<'_>) -> R) -> R {
        let result = Cell::new(None);
        let outcome = self.store.write("a test", |tx| {
            result.set(Some(work(tx)));
            Err::<(), Undone>(Undone)
        });
        assert!(outcome.is_err());
        result.take().unwrap()
    }
    /// One transaction on one group, loaded from the store.
    pub(super) fn on<R>(&self, id: GroupId, work: impl FnOnce(&mut Group<'_>) -> R) -> R {
        self.write(|tx| work(&mut Group::load(tx, id).unwrap().unwrap()))
    }
    pub(super) fn send(&self, id: GroupId, text: &[u8]) -> Vec<u8> {
        self.on(id, |g| g.encrypt(&self.identity(), text).unwrap())
    }
    pub(super) fn process(&self, id: GroupId, bytes: &[u8]) -> Result<Processed, ProcessError> {
        self.on(id, |g| g.process(bytes))
    }
    pub(super) fn read(&self, id: GroupId, bytes: &[u8]) -> (DeviceId, Vec<u8>) {
        match self.process(id, bytes).unwrap() {
            Processed::Application {
                sender, plaintext, ..
            } => (sender, plaintext.to_vec()),
            other => panic!("not an application message: {other:?}"),
        }
    }
    pub(super) fn stage(&self, id: GroupId, change: Change<'_>) -> Staged {
        self.on(id, |g| {
            g.stage_commit(&self.identity(), change, b"head").unwrap()
        })
    }
    pub(super) fn merge_pending(&self, id: GroupId) {
        self.on(id, |g| g.merge_pending().unwrap());
    }
    /// Processes a commit, lets `check` look at it, merges it.
    pub(super) fn follow(&self, id: GroupId, commit: &[u8], check: impl FnOnce(&StagedRemote)) {
        self.on(id, |g| {
            let staged = staged(g.process(commit).unwrap());
            check(&staged);
            g.merge_remote(staged).unwrap();
        });
    }
    pub(super) fn key_package(&self, suite: Suite) -> Vec<u8> {
        self.write(|tx| {
            key_package::generate(tx, &self.identity(), suite, 1, false, now())
                .unwrap()
                .remove(0)
        })
    }
    pub(super) fn join(&self, welcome: &[u8]) -> GroupId {
        self.write(|tx| {
            StagedJoin::open(tx, welcome)
                .unwrap()
                .accept()
                .unwrap()
                .id()
        })
    }
}

pub(super) fn staged(processed: Processed) -> StagedRemote {
    match processed {
        Processed::Commit(staged) => *staged,
        other => panic!("not a commit: {other:?}"),
    }
}

/// A group and its devices; the first created it and added the others in one commit.
pub(super) struct Room {
    pub(super) id: GroupId,
    pub(super) devices: Vec<Device>,
}

impl Room {
    pub(super) fn of(count: u8) -> Self {
        Self::with_suite(count, Suite::default())
    }
    pub(super) fn with_suite(count: u8, suite: Suite) -> Self {
        let devices: Vec<Device> = (1..=count).map(Device::new).collect();
        let id = GroupId::random(&SystemRandom);
        let founder = &devices[0];
        founder.write(|tx| {
            Group::create(tx, &founder.identity(), id, suite, now())
                .map(drop)
                .unwrap()
        });
        if count > 1 {
            let add: Vec<Vec<u8>> = devices[1..].iter().map(|d| d.key_package(suite)).collect();
            let staged = founder.stage(
                id,
                Change {
                    add: &add,
                    ..Change::default()
                },
            );
            founder.merge_pending(id);
            for device in &devices[1..] {
                assert_eq!(device.join(staged.welcome.as_ref().unwrap()), id);
            }
        }
        Self { id, devices }
    }
    /// `committer` commits `change`, everyone else who stays follows.
    pub(super) fn commit(&self, committer: usize, change: Change<'_>) -> Staged {
        let made = self.devices[committer].stage(self.id, change);
        self.devices[committer].merge_pending(self.id);
        for (at, device) in self.devices.iter().enumerate() {
            if at != committer && !change.remove.contains(&device.id) {
                device.follow(self.id, &made.commit, |_| {});
            }
        }
        made
    }
    pub(super) fn update(&self, committer: usize) -> Staged {
        self.commit(
            committer,
            Change {
                update: true,
                ..Change::default()
            },
        )
    }
    /// Everyone sends, everyone else reads, and all agree on the epoch.
    pub(super) fn exchange(&self) {
        for (at, sender) in self.devices.iter().enumerate() {
            let text = format!("from {at}").into_bytes();
            let message = sender.send(self.id, &text);
            for (other, receiver) in self.devices.iter().enumerate() {
                if other != at {
                    assert_eq!(receiver.read(self.id, &message), (sender.id, text.clone()));
                }
            }
        }
        let authenticators: Vec<Vec<u8>> = self
            .devices
            .iter()
            .map(|d| d.on(self.id, |g| g.epoch_authenticator()))
            .collect();
        assert!(authenticators.windows(2).all(|pair| pair[0] == pair[1]));
    }
}
