//! The offline lease and the unlock share, over a real relay: clocks that are turned by years, weeks without a relay, a
//! stolen image of a disk.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that cannot go on fails

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sotto_core::base::{Clock, SystemClock, Timestamp};
use sotto_core::roster::{Extender, LeaseExtension, RootFile};
use sotto_core::{
    Client, ClientBuilder, Error, Exclude, LeaseStanding, OutcomeView, Proof, Proxy, RevokeDevice,
    Unlock,
};
use sotto_tests::{Crash, Device, Organisation, Program};
use zeroize::Zeroizing;

const DAY: Duration = Duration::from_secs(24 * 3600);
const YEARS: Duration = Duration::from_secs(50 * 365 * 24 * 3600);
const ROUND: Duration = Duration::from_secs(60);
/// What the tests' devices are opened with.
const PASSPHRASE: &str = "correct horse battery staple";

/// The machine's clocks, off by so much.
struct Off(SystemClock, Mutex<i64>);

impl Off {
    fn new() -> Arc<Self> {
        Arc::new(Self(SystemClock::default(), Mutex::new(0)))
    }
    fn set(&self, ahead: i64) {
        *self.1.lock().unwrap() = ahead;
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap()
}

impl Clock for Off {
    fn now(&self) -> Timestamp {
        let off = *self.1.lock().unwrap();
        Timestamp::from_millis(self.0.now().millis() + off)
    }
    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }
}

fn builder(home: &Path, clock: &Arc<Off>) -> ClientBuilder {
    Client::builder(home)
        .insecure_fast_kdf()
        .proxy(Proxy::None)
        .clock(Arc::clone(clock) as Arc<dyn Clock>)
}

fn passphrase() -> Zeroizing<String> {
    Zeroizing::new(PASSPHRASE.to_owned())
}

fn open(home: &Path, clock: &Arc<Off>) -> Result<Client, Error> {
    builder(home, clock).open(Unlock::Passphrase(passphrase()))
}

fn code<T>(result: &Result<T, Error>) -> &'static str {
    result.as_ref().err().map_or("", Error::code)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

/// Two physicians whose devices have seen each other's word.
fn ward() -> (Organisation, Device, Device) {
    let organisation = Organisation::found();
    let chen = organisation.physician("Wei Chen");
    let lang = organisation.physician("Zoe Lang");
    organisation.settle(&[&organisation.admin, &chen, &lang]);
    (organisation, chen, lang)
}

fn wiped(device: &Device) -> bool {
    !device.home().join("vault.cbor").is_file() || !device.home().join("sotto.db").is_file()
}

#[test]
fn after_three_weeks_without_a_relay_all_are_locked_none_is_wiped_and_text_or_contact_unlocks() {
    let (organisation, chen, lang) = ward();
    let (ada, world) = (&organisation.admin, &organisation.world);
    world.kill_relay();
    let clock = Off::new();
    clock.set(millis(21 * DAY));
    for device in [ada, &chen, &lang] {
        assert_eq!(code(&open(device.home(), &clock)), "lease.stale");
        assert!(!wiped(device));
    }
    // The offline root key reaches the first one as a text.
    let file = std::fs::read_to_string(world.folder().join("root.key")).unwrap();
    let root = RootFile::parse(&file).unwrap();
    let text = LeaseExtension::make(
        root.anchor.organisation,
        None,
        clock.now().plus(DAY),
        clock.now(),
        Extender::Root,
        &root.open(PASSPHRASE).unwrap(),
    )
    .unwrap()
    .to_text();
    Client::extend_lease_at(chen.home(), &text, &*clock).unwrap();
    open(chen.home(), &clock).unwrap().people().unwrap();
    assert_eq!(code(&open(lang.home(), &clock)), "lease.stale");

    // The relay is back. Whoever comes first hears nobody's fresh word, and leaves their own for the next.
    let offset = millis(21 * DAY).to_string();
    world.start_relay_as(
        Program::CrashingRelay,
        &[("SOTTO_CLOCK_OFFSET_MS", &offset)],
    );
    assert_eq!(code(&open(lang.home(), &clock)), "lease.stale");
    open(ada.home(), &clock).unwrap().people().unwrap();
    let back = open(lang.home(), &clock).unwrap();
    back.people().unwrap();
    runtime().block_on(async { back.sync_once(ROUND).await.unwrap() });
    for device in [ada, &chen, &lang] {
        assert!(!wiped(device));
    }
}

#[test]
fn a_clock_turned_by_fifty_years_locks_until_it_is_right_or_the_relay_says_what_time_it_is() {
    let (organisation, chen, _lang) = ward();
    let world = &organisation.world;
    let clock = Off::new();
    for off in [millis(YEARS), -millis(YEARS)] {
        clock.set(off);
        world.kill_relay();
        let refused = code(&open(chen.home(), &clock));
        assert_eq!(
            refused,
            if off > 0 {
                "lease.stale"
            } else {
                "lease.clock"
            }
        );
        clock.set(0);
        open(chen.home(), &clock).unwrap().people().unwrap();
        clock.set(off);
        world.start_relay();
        open(chen.home(), &clock).unwrap().people().unwrap();
        assert!(!wiped(&chen));
        // What the wrong clock had left behind ends with the next contact.
        clock.set(0);
        open(chen.home(), &clock).unwrap().people().unwrap();
    }
    let standing = Client::lease(chen.home()).unwrap().standing;
    assert_eq!(standing, LeaseStanding::Good);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let there = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &there);
        } else {
            std::fs::copy(entry.path(), there).unwrap();
        }
    }
}

#[test]
fn with_a_share_at_the_relay_an_image_and_the_passphrase_open_nothing_once_the_device_is_wiped() {
    let (organisation, chen, lang) = ward();
    let (admin, world) = (&organisation.admin, &organisation.world);
    let (clock, runtime) = (Off::new(), runtime());
    let ada = open(admin.home(), &clock).unwrap();
    let set = ["unlock-share=1".to_owned()];
    let outcome = runtime.block_on(ada.set_policy(&set, None)).unwrap();
    assert!(matches!(outcome, OutcomeView::Done { .. }), "{outcome:?}");
    chen.sync();

    // Whoever dies between the relay's part and the record's leaves a record that opens without.
    let crash = chen.crash("share.left", &["inbox"]);
    assert!(matches!(crash, Crash::Reached), "{crash:?}");
    let client = open(chen.home(), &clock).unwrap();
    let key = |client: &Client| client.protection().key;
    assert_eq!(key(&client), "passphrase and a share kept by the relay");
    client.verify(Proof::Passphrase(passphrase())).unwrap();
    let wrong = Proof::Passphrase(Zeroizing::new("wrong".to_owned()));
    assert_eq!(code(&client.verify(wrong)), "verify.wrong");
    drop(client);

    let image = world.folder().join("image");
    copy(chen.home(), &image);
    world.kill_relay();
    assert_eq!(code(&open(chen.home(), &clock)), "vault.share_unreachable");
    world.start_relay();
    open(chen.home(), &clock).unwrap().people().unwrap();

    // Policy takes it back, and the record opens without the relay again.
    lang.sync();
    let own = open(lang.home(), &clock).unwrap();
    assert_eq!(key(&own), "passphrase and a share kept by the relay");
    let set = ["unlock-share=0".to_owned()];
    runtime.block_on(ada.set_policy(&set, None)).unwrap();
    runtime.block_on(own.sync_once(ROUND)).unwrap();
    drop(own);
    let own = open(lang.home(), &clock).unwrap();
    assert_eq!(key(&own), "passphrase");

    let request = RevokeDevice {
        device: ada.find_device("Wei Chen").unwrap(),
        mode: Exclude::Wipe,
        suspect_since: None,
        reason: None,
    };
    runtime.block_on(ada.revoke(request)).unwrap();
    let stolen = world.folder().join("stolen");
    copy(&image, &stolen);
    assert_eq!(code(&open(&image, &clock)), "device.wiped");
    // Without the stub that carries the order out there is no way to the share either.
    std::fs::remove_file(stolen.join("stub.cbor")).unwrap();
    let refused = open(&stolen, &clock);
    assert!(refused.is_err(), "{:?}", code(&refused));
}
