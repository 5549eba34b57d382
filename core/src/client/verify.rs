//! Fresh user verification: before what cannot be taken back, the device asks whether it is still its owner who sits
//! there. A passphrase proves it, a PIN where the keyring alone opens the store, or the platform's own prompt. Judged
//! here, before each such act of the façade, so that no shell can forget to ask.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use zeroize::Zeroizing;

use super::pin::{self, Trial};
use super::session::LockReason;
use super::{Client, Error, ErrorKind, Retry, Unlock};
use crate::audit::{self, Act, Record};
use crate::base::{Clock, Secret, Timestamp, codec};
use crate::roster::kind::Setting;
use crate::roster::{Action, Lease, LeaseState};
use crate::store::{ReadTx, Store, StoreError};
use crate::vault::{Vault, VaultError};
use crate::wipe::{self, Stub};

/// A verification is never good for longer, whatever policy says.
const LONGEST: Duration = Duration::from_secs(300);
/// Clear identifiers of so many patients may be asked for without another verification ...
const PATIENTS: usize = 5;
/// ... within this time.
const WINDOW: Duration = Duration::from_secs(600);
/// Links of the audit chain that are read at once.
const LINKS: u32 = 256;
/// So many of the newest links are looked at whatever time they say.
const ALWAYS: i64 = 512;

/// What the platform's prompt came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// The platform says that its user confirmed.
    Confirmed,
    /// The user declined, or was not recognised.
    Declined,
    /// The platform cannot ask just now.
    Unavailable,
}

/// The platform's own prompt: fingerprint, face, system password. What it proves is the platform's word.
pub trait UserPresence: Send + Sync {
    /// Asks, showing the reason. May block until the user has answered.
    fn confirm(&self, reason: &str) -> Presence;
}

/// What proves that the owner is there.
pub enum Proof<'a> {
    /// The passphrase that opens the store.
    Passphrase(Zeroizing<String>),
    /// The PIN of a store that the keyring alone opens.
    Pin(Zeroizing<String>),
    /// The platform's prompt.
    Presence(&'a dyn UserPresence),
}

impl std::fmt::Debug for Proof<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Proof(..)")
    }
}

/// What was brought to open the store, without the passphrase itself.
#[derive(Clone, Default)]
pub(super) struct Brought {
    pub(super) keyring: bool,
    pub(super) passphrase: bool,
    pub(super) share: Option<Secret<32>>,
}

impl Brought {
    pub(super) fn of(unlock: &Unlock, share: Option<Secret<32>>) -> Self {
        Self {
            keyring: matches!(unlock, Unlock::Keyring | Unlock::KeyringAndPassphrase(_)),
            passphrase: !matches!(unlock, Unlock::Keyring),
            share,
        }
    }
}

/// A moment by both clocks. A machine that slept stands still on the one; somebody may have turned the other: whichever
/// says that more time has passed counts.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    running: Duration,
    wall: Timestamp,
}

impl Moment {
    pub(super) fn now(clock: &dyn Clock) -> Self {
        Self {
            running: clock.monotonic(),
            wall: clock.now(),
        }
    }
    /// Time passed since `earlier`.
    pub(super) fn since(self, earlier: Self) -> Duration {
        let running = self.running.saturating_sub(earlier.running);
        running.max(self.wall.since(earlier.wall))
    }
    /// The same for waits that are to be sat out: the clock that says less counts.
    pub(super) fn at_least_since(self, earlier: Self) -> Duration {
        let running = self.running.saturating_sub(earlier.running);
        running.min(self.wall.since(earlier.wall))
    }
    /// Time passed by the running clock alone, which nobody turns.
    pub(super) fn ran_since(self, earlier: Self) -> Duration {
        self.running.saturating_sub(earlier.running)
    }
    pub(super) const fn wall(self) -> Timestamp {
        self.wall
    }
}

/// What a wait is judged by where an earlier process may have begun it, so that turning the wall clock between two
/// processes gains little: each leap ahead stays in the lease, which ends after a few.
pub(super) struct Times {
    pub(super) now: Moment,
    /// How long this session has lasted, by the running clock.
    pub(super) open: Duration,
    /// The wall clock where the lease is good by it; else the last time that somebody signed.
    pub(super) believed: Timestamp,
    /// The latest time that this device has seen: what happens now happens no earlier.
    pub(super) latest: Timestamp,
}

/// What this process remembers of its user; gone when the store is locked.
pub(super) struct Watch {
    /// When the owner last proved to be there.
    pub(super) verified: Option<Moment>,
    /// When the store was opened.
    pub(super) opened: Moment,
    /// When this session began: then, or when its owner last came back to a covered one.
    pub(super) began: Moment,
    /// When the user last did something.
    pub(super) active: Moment,
    /// What is shown is covered, and why.
    pub(super) hidden: Option<LockReason>,
    /// The last try that was wrong, in this process.
    pub(super) tried: Option<Moment>,
    /// A PIN was set in this process.
    pub(super) pin_set: bool,
    /// When clear identifiers were asked for in this process, and the newest link of the audit chain then.
    pub(super) asked: Vec<(i64, Moment)>,
    pub(super) brought: Brought,
}

/// The watch of one client.
pub(super) struct Guard {
    watch: Mutex<Watch>,
    /// No screen is attached to this process.
    pub(super) unattended: bool,
}

impl Guard {
    /// A session that begins now. Whoever typed the passphrase, or has just made the store, is its owner.
    pub(super) fn new(clock: &dyn Clock, brought: Brought, proven: bool, unattended: bool) -> Self {
        let now = Moment::now(clock);
        Self {
            watch: Mutex::new(Watch {
                verified: proven.then_some(now),
                opened: now,
                began: now,
                active: now,
                hidden: None,
                tried: None,
                pin_set: false,
                asked: Vec::new(),
                brought,
            }),
            unattended,
        }
    }
    pub(super) fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Forgets who was there.
    pub(super) fn forget(&self) {
        let mut watch = self.watch();
        watch.verified = None;
        watch.brought = Brought::default();
    }
}

fn needed(what: &str) -> Error {
    let text = format!("{what}: confirm first that it is you");
    Error::new(ErrorKind::Refused, "verify.needed", Retry::NeedsUser, text)
}

pub(super) fn wrong() -> Error {
    Error::new(
        ErrorKind::Refused,
        "verify.wrong",
        Retry::NeedsUser,
        "that did not prove that it is you",
    )
}

impl Client {
    /// Proves that the owner of this device is there. Good for what policy says, at most five minutes, in this process,
    /// until it is locked. What a lock without closing the store had covered is shown again.
    ///
    /// # Errors
    /// `verify.wrong`; `verify.wait` after several wrong tries, with the time to wait; `verify.no_passphrase`,
    /// `verify.no_pin` where the store has none, `verify.pin_new` where it was set in this session; `verify.declined`, `verify.unavailable` of the platform's prompt;
    /// `store.locked`.
    pub fn verify(&self, proof: Proof<'_>) -> Result<(), Error> {
        self.lock_what_is_due()?;
        let store = self.store()?;
        match proof {
            Proof::Passphrase(text) => self.trial(&store, || self.passphrase_holds(&text))?,
            Proof::Pin(text) => {
                let set = pin::read(&store)?.ok_or_else(pin::none)?;
                if self.inner.guard.watch().pin_set {
                    return Err(pin::fresh());
                }
                self.trial(&store, || set.holds(&text))?;
            }
            Proof::Presence(prompt) => match prompt.confirm("Sotto: confirm that it is you") {
                Presence::Confirmed => {}
                Presence::Declined => {
                    return Err(Error::new(
                        ErrorKind::Refused,
                        "verify.declined",
                        Retry::NeedsUser,
                        "the system's prompt was declined",
                    ));
                }
                Presence::Unavailable => {
                    return Err(Error::new(
                        ErrorKind::Refused,
                        "verify.unavailable",
                        Retry::Later(None),
                        "this system cannot ask for its user just now",
                    ));
                }
            },
        }
        let now = Moment::now(&*self.inner.clock);
        let mut watch = self.inner.guard.watch();
        let began = watch.hidden.take().is_some();
        watch.verified = Some(now);
        watch.active = now;
        if began {
            watch.began = now;
        }
        Ok(())
    }

    /// One counted try. It is counted before it is judged, so that a process that ends in between has not tried free.
    pub(super) fn trial(
        &self,
        store: &Store,
        holds: impl FnOnce() -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let times = self.times();
        let now = times.now;
        let tried = self.inner.guard.watch().tried;
        let trial = Trial::begin(store, &times, tried)?;
        // A clock that was turned ahead for this try cannot be turned back for the next. A device without a lease has
        // nothing to note it in, and one that is being wiped judges nothing any more.
        let _ = wipe::amend(&self.inner.home, |armed| armed.lease.tick(now.wall()));
        match holds() {
            Ok(true) => {
                self.inner.guard.watch().tried = None;
                trial.right(store)
            }
            Ok(false) => {
                self.inner.guard.watch().tried = Some(now);
                store.write::<_, StoreError>("recording a refused verification", |tx| {
                    let person = tx.device_self()?.and_then(|me| me.owner.person());
                    let record = Record::of(Act::Refused, now.wall()).by(person);
                    audit::append(tx, &record.for_reason("a verification of the owner failed"))
                })?;
                Err(wrong())
            }
            Err(error) => {
                // Nothing was judged, so nothing was tried.
                trial.undone(store)?;
                Err(error)
            }
        }
    }

    fn times(&self) -> Times {
        let now = Moment::now(&*self.inner.clock);
        let wall = now.wall();
        let lease = match wipe::read(&self.inner.home) {
            Ok(Some(Stub::Armed(armed))) => Some(armed.lease),
            _ => None,
        };
        let good = |lease: &Lease| matches!(lease.judge(wall), LeaseState::Good { .. });
        Times {
            now,
            open: now.ran_since(self.inner.guard.watch().opened),
            believed: match &lease {
                Some(lease) if !good(lease) => lease.witnessed.min(wall),
                _ => wall,
            },
            latest: lease.map_or(wall, |lease| lease.latest_time_seen.max(wall)),
        }
    }

    fn passphrase_holds(&self, text: &Zeroizing<String>) -> Result<bool, Error> {
        let brought = self.inner.guard.watch().brought.clone();
        if !brought.passphrase {
            return Err(Error::new(
                ErrorKind::Usage,
                "verify.no_passphrase",
                Retry::NeedsUser,
                "this store has no passphrase: its PIN or the system's prompt proves that it is you",
            ));
        }
        let text = Zeroizing::new(text.as_str().to_owned());
        let unlock = if brought.keyring {
            Unlock::KeyringAndPassphrase(text)
        } else {
            Unlock::Passphrase(text)
        };
        let vault = super::builder::vault(&unlock, brought.share, self.cost()?)?;
        match Vault::at(&self.inner.home).open(&*vault) {
            Ok(_) => Ok(true),
            Err(VaultError::WrongPassphrase | VaultError::EmptyPassphrase) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the owner has proven to be there recently enough for an act.
    ///
    /// # Errors
    /// `verify.needed`; `session.locked`, `store.locked`.
    pub(crate) fn verified(&self, action: Action) -> Result<(), Error> {
        self.verified_for(action.name())
    }

    /// The same for an act that is no right of the roster, in words.
    pub(crate) fn verified_for(&self, what: &str) -> Result<(), Error> {
        self.attended()?;
        let age = self.setting(Setting::VerificationAge)?;
        let limit = Duration::from_secs(age).min(LONGEST);
        let now = Moment::now(&*self.inner.clock);
        let fresh = self
            .inner
            .guard
            .watch()
            .verified
            .is_some_and(|at| now.since(at) < limit);
        if fresh { Ok(()) } else { Err(needed(what)) }
    }

    /// A number of the policy in force; its default for a device that belongs nowhere yet.
    pub(super) fn setting(&self, setting: Setting) -> Result<u64, Error> {
        // Whether it is locked is asked first: without a store there is no rule that lets anything through.
        self.store()?;
        Ok(match self.engine() {
            Ok(engine) => engine.read(|_, context| {
                Ok(context
                    .roster
                    .policy()
                    .map_or(setting.default_number(), |policy| policy.number(setting)))
            })?,
            Err(_) => setting.default_number(),
        })
    }

    /// Whether clear identifiers of these patients may be shown: a few at a time, as care needs them. Whoever looks into
    /// many within minutes proves first to be the owner of the device.
    pub(super) fn unmask_allowed(&self, tokens: &[String]) -> Result<(), Error> {
        let times = self.times();
        let (head, unmasked) = self
            .store()?
            .read::<_, StoreError>(|tx| unmasked(tx, times.believed))?;
        let recent: Vec<String> = {
            let mut watch = self.inner.guard.watch();
            watch
                .asked
                .retain(|(_, at)| times.now.ran_since(*at) < WINDOW);
            let recent = unmasked.into_iter().filter(|one| {
                // What this process has shown, it asked for just before: judged by the running clock too.
                let here = watch.asked.iter().any(|(head, _)| *head < one.seq);
                here || times.believed.since(one.at) < WINDOW
            });
            let recent = recent.map(|one| one.token).collect();
            watch.asked.push((head, times.now));
            recent
        };
        let mut patients: Vec<&String> = tokens.iter().chain(&recent).collect();
        patients.sort_unstable();
        patients.dedup();
        let new = tokens.iter().any(|token| !recent.contains(token));
        if new && patients.len() > PATIENTS {
            return self.verified(Action::UnmaskMany);
        }
        Ok(())
    }
}

/// A patient whose clear identifiers were shown.
struct Unmasked {
    seq: i64,
    at: Timestamp,
    token: String,
}

/// Patients that were unmasked lately, by the audit chain: also by other processes of this store. A record is no earlier
/// than any that stands before it, whatever the clock said when it was written. Also says the number of the newest.
fn unmasked(tx: &ReadTx<'_>, now: Timestamp) -> Result<(i64, Vec<Unmasked>), StoreError> {
    let since = now.minus(WINDOW);
    let head = tx.audit_head()?.map_or(0, |head| head.seq);
    let (mut end, mut pages) = (head, Vec::new());
    while end > 0 {
        let from = (end - i64::from(LINKS) + 1).max(1);
        let mut page = Vec::new();
        for row in tx.audit_from(from, LINKS)? {
            if row.seq > end {
                break;
            }
            if let Ok(record) = codec::decode::<Record>(&row.record) {
                page.push((row.seq, record));
            }
        }
        let older = page.iter().any(|(_, record)| record.at < since);
        pages.push(page);
        if older && head - from >= ALWAYS {
            break;
        }
        end = from - 1;
    }
    let (mut found, mut reached) = (Vec::new(), None);
    for (seq, record) in pages.into_iter().rev().flatten() {
        // A time that has not come yet says nothing about what stands after it.
        if record.at <= now {
            reached = reached.max(Some(record.at));
        }
        if let (Act::Unmasked, Some(token)) = (record.act, record.patient) {
            let at = reached.map_or(record.at, |reached| reached.max(record.at));
            found.push(Unmasked { seq, at, token });
        }
    }
    Ok((head, found))
}
