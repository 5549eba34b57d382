//! The offline lease at the façade: judged when a store is opened and while a client runs. Whoever had no fresh word of
//! the organisation for as long as policy says is locked, and nothing is lost: contact with the relay opens again, and so
//! does an extension by an administrator or the offline root key, by QR code or file. While it is locked the store is
//! opened for one thing only: to hear whether this device still belongs.

use std::convert::Infallible;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::session::LockReason;
use super::{Client, Error, ErrorKind, Retry, relock, root_file, standby};
use crate::audit::{self, Act, Record};
use crate::base::{Clock, DeviceId, SystemClock, Timestamp};
use crate::roster::extension::MAX_EXTENSION;
use crate::roster::{
    Action, Actor, Authorities, Extender, Lease, LeaseExtension, LeaseState, Scope,
};
use crate::sync::{Engine, SyncError};
use crate::wipe::{self, Armed, Known, Stub, WipeError};

/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(10);
/// How long a locked device looks for fresh word before it says that it is locked.
const RENEWAL: Duration = Duration::from_secs(40);
/// How often a running client looks at its lease.
const LOOK: Duration = Duration::from_secs(60);
/// A time that the relay signed counts as now for so long.
const SIGNED: Duration = Duration::from_secs(300);

/// What the lease of a device allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseStanding {
    /// Nothing limits it: a device that belongs nowhere yet, or has no stub yet.
    None,
    /// It goes on.
    Good,
    /// Locked: no fresh word of the organisation.
    Stale,
    /// Locked: the clock went back.
    Clock,
    /// Excluded for longer than policy allows: it erases itself at the next start.
    EraseDue,
}

/// How the lease of a device stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseView {
    /// What it allows.
    pub standing: LeaseStanding,
    /// The end of the lease, where it has one.
    pub until: Option<Timestamp>,
    /// The end of the longest extension that was taken.
    pub extended_until: Option<Timestamp>,
}

impl LeaseView {
    fn of(lease: &Lease, now: Timestamp) -> Self {
        let (standing, until) = match lease.judge(now) {
            LeaseState::Good { until } => (LeaseStanding::Good, Some(until)),
            LeaseState::LockedStale => (LeaseStanding::Stale, None),
            LeaseState::LockedClock => (LeaseStanding::Clock, None),
            LeaseState::EraseDue => (LeaseStanding::EraseDue, None),
        };
        Self {
            standing,
            until: until.filter(|until| until.millis() < i64::MAX),
            extended_until: lease.extended_until,
        }
    }
}

fn stale() -> Error {
    Error::new(
        ErrorKind::Locked,
        "lease.stale",
        Retry::NeedsUser,
        "this device had no fresh word of its organisation for too long, and is locked. Nothing is lost: connect it, so that it reaches the relay, or take a lease extension (a QR code or a file) from an administrator. After a long outage it opens once another device has connected too",
    )
}

fn clock_back() -> Error {
    Error::new(
        ErrorKind::Locked,
        "lease.clock",
        Retry::NeedsUser,
        "this machine's clock is behind a time that it has already seen, and the device is locked. Nothing is lost: set the clock right or connect the device, so that it hears the time from the relay, or take a lease extension from an administrator",
    )
}

fn extension_error(kind: ErrorKind, code: &'static str, text: &str) -> Error {
    Error::new(kind, code, Retry::NeedsUser, text)
}

/// Does what needs the network from where nothing may be awaited, on a thread and a runtime of its own.
pub(super) fn apart<T: Send>(work: impl Future<Output = T> + Send) -> Result<T, Error> {
    let ended = std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .ok()?;
            Some(runtime.block_on(work))
        });
        worker.join()
    });
    match ended {
        Ok(Some(done)) => Ok(done),
        Ok(None) | Err(_) => Err(SyncError::Stopped.into()),
    }
}

fn armed(home: &Path) -> Result<Option<Armed>, Error> {
    Ok(match wipe::read(home)? {
        Some(Stub::Armed(armed)) => Some(*armed),
        _ => None,
    })
}

/// What the lease allows, by this device's clock and, where the relay has just signed one, by that time: a clock that is
/// off keeps nobody out who is connected. Only what both say erases.
fn judged(lease: &Lease, own: Timestamp, signed: Option<Timestamp>) -> LeaseState {
    let by_own = lease.judge(own);
    signed.map_or(by_own, |signed| lease.judge_connected(own, signed))
}

/// The relay's time, where it was heard lately.
fn heard(engine: &Engine) -> Option<Timestamp> {
    let (now, clock) = (engine.clock().now(), engine.status().clock?);
    let lately = clock.measured_at <= now && now.since(clock.measured_at) < SIGNED;
    lately.then(|| clock.relay_time(now))
}

/// Takes an extension into the stub of a folder.
pub(super) fn extend(home: &Path, text: &str, clock: &dyn Clock) -> Result<LeaseView, Error> {
    let now = clock.now();
    let extension = LeaseExtension::parse(text).map_err(|_| {
        extension_error(
            ErrorKind::BadInput,
            "lease.extension",
            "this is not a lease extension",
        )
    })?;
    let known = armed(home)?.ok_or(wipe::WipeError::NotReady)?;
    let device = known.identity.device;
    if extension.verify(&device, &known.authorities).is_err() {
        return Err(extension_error(
            ErrorKind::Refused,
            "lease.extension_refused",
            "this lease extension is not for this device, or not by somebody who may give it",
        ));
    }
    if extension.until <= now {
        return Err(extension_error(
            ErrorKind::Refused,
            "lease.extension_over",
            "this lease extension is over by this machine's clock: ask for a new one, or set the clock right",
        ));
    }
    let take = |lease: &mut Lease| lease.extend(&extension, &device, &known.authorities, now);
    let mut taken = known.lease;
    if take(&mut taken).is_err() {
        return Err(extension_error(
            ErrorKind::Refused,
            "lease.extension_ahead",
            "this lease extension was made at a time that lies ahead of this machine's clock: set the clock right, or ask for a new one",
        ));
    }
    wipe::amend(home, |armed| {
        // Judged a moment ago; another process may have changed the lease since.
        if take(&mut armed.lease).is_err() {
            crate::log_event!(DEBUG, "the lease changed meanwhile");
        }
    })?;
    let lease = armed(home)?.ok_or(wipe::WipeError::NotReady)?.lease;
    if lease.extended_until < taken.extended_until {
        return Err(Error::new(
            ErrorKind::Locked,
            "store.busy",
            Retry::Later(None),
            "another process holds what the extension changes: try again",
        ));
    }
    Ok(LeaseView::of(&lease, now))
}

pub(super) fn view(home: &Path, clock: &dyn Clock) -> Result<LeaseView, Error> {
    Ok(match armed(home)? {
        Some(armed) => LeaseView::of(&armed.lease, clock.now()),
        None => LeaseView {
            standing: LeaseStanding::None,
            until: None,
            extended_until: None,
        },
    })
}

fn made_extension(
    made: Result<LeaseExtension, crate::roster::RosterError>,
) -> Result<String, Error> {
    made.map(|extension| extension.to_text()).map_err(|_| {
        let days = MAX_EXTENSION.as_secs() / 86_400;
        extension_error(
            ErrorKind::Usage,
            "lease.too_long",
            &format!("a lease extension lasts at most {days} days"),
        )
    })
}

impl Client {
    /// How the lease of the device in a folder stands. Nothing is opened and nothing asked of the relay.
    ///
    /// # Errors
    /// `wipe.failed` where the stub cannot be read.
    pub fn lease(home: &Path) -> Result<LeaseView, Error> {
        view(home, &SystemClock::default())
    }

    /// Takes a lease extension, the text of the QR code or file, while the store is locked. It is verified by what the
    /// device last knew of its organisation.
    ///
    /// # Errors
    /// `lease.extension`, `lease.extension_refused`, `lease.extension_over`, `lease.extension_ahead`; `device.not_enrolled`, `device.wiped`.
    pub fn extend_lease(home: &Path, text: &str) -> Result<LeaseView, Error> {
        extend(home, text, &SystemClock::default())
    }

    /// As [`Client::extend_lease`], by a clock other than the system's.
    ///
    /// # Errors
    /// Those of [`Client::extend_lease`].
    pub fn extend_lease_at(home: &Path, text: &str, clock: &dyn Clock) -> Result<LeaseView, Error> {
        extend(home, text, clock)
    }

    /// Lets one device, or every device, go on without word of the organisation for a while. The text is shown as a QR
    /// code or kept in a file; it is no secret. Needs the right to approve or wipe devices, or to manage people, and a
    /// verification.
    ///
    /// # Errors
    /// `verify.needed`, `role.not_allowed`, `lease.too_long`, `device.not_found`, `store.locked`.
    pub fn make_lease_extension(
        &self,
        device: Option<DeviceId>,
        valid: Duration,
    ) -> Result<String, Error> {
        self.verified_for("extend a lease")?;
        let engine = self.engine()?;
        let made = heard(&engine).unwrap_or_else(|| self.inner.clock.now());
        let extension = engine.write("extending a lease", |tx, context| {
            let (me, roster) = (context.me, context.roster);
            let allowed = match device {
                Some(device) if roster.device(&device).is_none() => return Ok(None),
                Some(device) => Authorities::of(roster, device)
                    .list()
                    .iter()
                    .any(|authority| authority.device == me.device && authority.may_extend),
                None => [
                    Action::ApproveDevice,
                    Action::WipeDevice,
                    Action::ManagePeople,
                ]
                .into_iter()
                .any(|action| {
                    let actor = Actor::device(me.device);
                    roster.may(actor, action, &Scope::organisation()).is_ok()
                }),
            };
            if !allowed {
                return Ok(Some(None));
            }
            let by = Extender::Device(me.device);
            let until = made.plus(valid);
            let signed =
                LeaseExtension::make(me.organisation, device, until, made, by, &me.signing);
            if signed.is_ok() {
                let record = Record::of(Act::Administered, context.now)
                    .by(me.owner.person())
                    .for_reason("a lease was extended");
                audit::append(tx, &record)?;
            }
            Ok(Some(Some(signed)))
        })?;
        match extension {
            Some(Some(made)) => made_extension(made),
            Some(None) => Err(Error::new(
                ErrorKind::Refused,
                "role.not_allowed",
                Retry::Never,
                "your role does not permit to extend a lease",
            )),
            None => Err(Error::new(
                ErrorKind::NotFound,
                "device.not_found",
                Retry::Never,
                "there is no such device",
            )),
        }
    }

    /// The same by the offline root key: needs its file and passphrase, and no store, for the day on which every device
    /// is locked.
    ///
    /// # Errors
    /// `file.failed`, `root.file`, `root.passphrase`, `lease.too_long`.
    pub fn root_lease_extension(
        root_file: &Path,
        passphrase: &Zeroizing<String>,
        device: Option<DeviceId>,
        valid: Duration,
    ) -> Result<String, Error> {
        by_root(
            root_file,
            passphrase,
            device,
            valid,
            SystemClock::default().now(),
        )
    }

    /// Judges the lease of a store that was just opened. Where it is locked, the relay is asked first; whoever does not
    /// hear fresh word there stays out.
    ///
    /// # Errors
    /// `lease.stale`, `lease.clock`; `device.excluded`, `device.wiped`.
    pub(super) fn admit(&self) -> Result<(), Error> {
        self.stub_back()?;
        if let Some(LeaseState::Good { .. }) | None = self.judged(None)? {
            return Ok(());
        }
        let renewed = apart(async {
            let engine = self.engine()?;
            self.renew(&engine).await
        });
        // Its connections ended with the runtime that they were made in.
        *relock(&self.inner.engine) = None;
        renewed?.map(drop)
    }

    /// Judges the lease while the client runs, and looks for fresh word before it locks.
    ///
    /// # Errors
    /// As [`Client::admit`]; then the client is locked.
    pub(super) async fn keep_lease(&self, engine: &Arc<Engine>) -> Result<(), Error> {
        if let Some(LeaseState::Good { .. }) | None = self.judged(heard(engine))? {
            return Ok(());
        }
        self.renew(engine).await
    }

    /// Puts the stub back where it was taken away, damaged or replaced by an older one: before anything is shown, the
    /// lease and the wipe stand as they stood.
    fn stub_back(&self) -> Result<(), Error> {
        let (store, home) = (self.store()?, &self.inner.home);
        match wipe::put_back(&store, home, wipe::protection(home)) {
            Err(WipeError::Begun) => Err(standby::wiped()),
            // A disk that cannot be written to keeps nobody from reading: what holds is judged from memory.
            Err(WipeError::Io { .. }) | Ok(_) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// What the lease of the open store's device allows; `None` for a device that none is expected of. One that should
    /// have a lease, and has it neither in the folder nor in the store, is locked until it has heard fresh word.
    fn judged(&self, signed: Option<Timestamp>) -> Result<Option<LeaseState>, Error> {
        let known = wipe::known(&self.store()?, &self.inner.home)?;
        let now = self.inner.clock.now();
        Ok(match known {
            Known::Nothing => None,
            Known::Missing => Some(LeaseState::LockedStale),
            Known::Armed(armed) => Some(judged(&armed.lease, now, signed)),
        })
    }

    /// The same for as long as the client runs; ends only by locking it.
    pub(super) async fn watch_lease(&self, engine: &Arc<Engine>) -> Error {
        let ended: Result<Infallible, Error> = async {
            loop {
                self.keep_lease(engine).await?;
                tokio::time::sleep(LOOK).await;
            }
        }
        .await;
        match ended {
            Err(error) => error,
            Ok(never) => match never {},
        }
    }

    /// Asks the relay for fresh word and the time, and judges anew. Where there is none, the client is locked.
    async fn renew(&self, engine: &Arc<Engine>) -> Result<(), Error> {
        let asked = tokio::time::timeout(RENEWAL, engine.renew(REQUEST)).await;
        if matches!(asked, Ok(Err(SyncError::Excluded))) {
            return Err(self.put_out().await);
        }
        if heard(engine).is_some() {
            // Without contact there is nothing to note: a clock that is off leaves no trace where nothing was opened.
            self.keep_ready(engine, false).await?;
        }
        if matches!(asked, Ok(Ok(()))) {
            self.let_in();
        }
        let (reason, error) = match self.judged(heard(engine))? {
            None | Some(LeaseState::Good { .. }) => return Ok(()),
            Some(LeaseState::LockedStale) => (LockReason::LeaseStale, stale()),
            Some(LeaseState::LockedClock) => (LockReason::LeaseClock, clock_back()),
            Some(LeaseState::EraseDue) => {
                let _ = self.lock();
                standby::refuse_wiped(&self.inner.home, &self.tools())?;
                (LockReason::LeaseStale, stale())
            }
        };
        self.lock_for(reason)?;
        Err(error)
    }
}

pub(super) fn by_root(
    file: &Path,
    passphrase: &Zeroizing<String>,
    device: Option<DeviceId>,
    valid: Duration,
    made: Timestamp,
) -> Result<String, Error> {
    let (anchor, root) = root_file::open(file, passphrase)?;
    made_extension(LeaseExtension::make(
        anchor.organisation,
        device,
        made.plus(valid),
        made,
        Extender::Root,
        &root,
    ))
}
