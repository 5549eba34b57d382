//! A device that is locked, excluded or just started: it asks for an order to wipe itself, carries it out without
//! opening the store, and says so. While the store is open, what that needs is kept true beside it.

use std::future::{Future, pending};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{Client, Error, ErrorKind, Proxy, Retry};
use crate::base::{Clock, SystemClock, SystemRandom, Timestamp};
use crate::store::{Notice, Topic};
use crate::sync::Engine;
use crate::transport::Backoff;
use crate::wipe::{self, Attend, Attended, Stub, Tools, WipeError, Wiped};

pub use crate::wipe::{Erase, EraseError};

/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(15);
/// How long an excluded device looks for its order before it says that it is excluded.
const EXCLUDED: Duration = Duration::from_secs(40);
/// How long one question waits at the relay.
const WAIT: Duration = Duration::from_secs(55);
/// An answer that came sooner than this was no wait: the next question is not asked at once.
const SOON: Duration = Duration::from_secs(5);
/// How often the stub of a connected device is looked after, besides whenever the roster changes.
const UPKEEP: Duration = Duration::from_secs(60);
/// How long a round may spend on opening the wipe channel.
const OPEN: Duration = Duration::from_secs(10);

redacted!(Standby, WipedView, ProtectionView);

/// What asking for an order came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StandbyOutcome {
    /// There is no order.
    Nothing,
    /// Something was there that this device does not obey. It is kept as evidence; nothing else was changed.
    Refused {
        /// Why.
        reason: String,
    },
    /// The device has destroyed its keys and data.
    Wiped(WipedView),
}

/// A device that has destroyed itself.
#[derive(Clone, PartialEq, Eq)]
pub struct WipedView {
    /// SHA-256 of its certificate, 64 hexadecimal digits.
    pub certificate: String,
    /// When it ended, by this device's clock (RFC 3339).
    pub ended: String,
    /// The relay has the certificate, for the administrators to collect.
    pub reported: bool,
}

impl WipedView {
    fn of(wiped: &Wiped, reported: bool) -> Self {
        Self {
            certificate: wiped.certificate.to_string(),
            ended: wiped.ended.to_rfc3339(),
            reported,
        }
    }
}

/// What stands between a thief and what this device holds.
#[derive(Clone, PartialEq, Eq)]
pub struct ProtectionView {
    /// What protects the key, in words.
    pub key: &'static str,
    /// When the store was last opened, by this device's clock (RFC 3339).
    pub unlocked: Option<String>,
}

/// The stand-by of a folder's device. It needs no passphrase and opens nothing.
#[derive(Clone)]
pub struct Standby {
    attend: Attend,
}

/// This machine's clock, entropy and keyring.
fn system_tools() -> Tools {
    Tools::new(Arc::new(SystemClock::default()), Arc::new(SystemRandom))
}

impl Standby {
    fn of(home: &Path) -> Self {
        Self {
            attend: Attend {
                home: home.to_owned(),
                proxy: Proxy::default().setting(),
                tools: system_tools(),
            },
        }
    }
    /// Which way leads to the relay; the system's by default.
    #[must_use]
    pub fn proxy(mut self, proxy: &Proxy) -> Self {
        self.attend.proxy = proxy.setting();
        self
    }
    /// A clock other than the system's, for tests.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.attend.tools.clock = clock;
        self
    }
    /// A further place that an order erases.
    #[must_use]
    pub fn erase(mut self, place: Arc<dyn Erase>) -> Self {
        self.attend.tools.places.push(place);
        self
    }

    /// Asks the relay once, and waits there for an order as long as `deadline` leaves room. An order that holds is
    /// carried out; a wipe that was cut short is gone on with first, whether or not the relay is reached.
    ///
    /// # Errors
    /// `device.not_enrolled` where no device has joined from this folder; `relay.unreachable` and the relay's refusals;
    /// `wipe.failed` where a step could not be done, which the next call does.
    pub async fn poll(&self, deadline: Duration) -> Result<StandbyOutcome, Error> {
        let wait = deadline.saturating_sub(REQUEST);
        Ok(outcome(self.attend.ask(wait, REQUEST.min(deadline)).await?))
    }

    /// Asks until the device has been wiped and has said so, or `stop` resolves. Where the relay is not reached, it asks
    /// again, later each time.
    ///
    /// # Errors
    /// `device.not_enrolled`, and `wipe.failed` where the stub cannot be read.
    pub async fn watch(
        &self,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<StandbyOutcome, Error> {
        let mut stop = std::pin::pin!(stop);
        let mut backoff = Backoff::default();
        let mut last = StandbyOutcome::Nothing;
        let tools = &self.attend.tools;
        loop {
            let began = tools.clock.monotonic();
            let attended = tokio::select! {
                () = &mut stop => return Ok(last),
                attended = self.attend.ask(WAIT, REQUEST) => attended,
            };
            match attended {
                Ok(attended) => last = outcome(attended),
                Err(error @ (WipeError::NotReady | WipeError::Newer { .. })) => {
                    return Err(error.into());
                }
                // Whatever it is, the next time may do it: an order must not be missed over it.
                Err(_) => {}
            }
            if matches!(&last, StandbyOutcome::Wiped(view) if view.reported) {
                return Ok(last);
            }
            let waited = tools.clock.monotonic().saturating_sub(began) >= SOON;
            if waited && last == StandbyOutcome::Nothing {
                backoff = Backoff::default();
                continue;
            }
            tokio::select! {
                () = &mut stop => return Ok(last),
                () = tokio::time::sleep(backoff.next(&*tools.random)) => {}
            }
        }
    }

    /// What this folder is: wiped, or what protects it. Nothing is asked of the relay.
    ///
    /// # Errors
    /// `wipe.failed` where the stub cannot be read.
    pub fn state(&self) -> Result<StandbyState, Error> {
        Ok(match wipe::read(&self.attend.home) {
            Ok(None) => StandbyState::NotReady,
            Ok(Some(Stub::Armed(armed))) => StandbyState::Ready(ProtectionView {
                key: armed.protection.words(),
                unlocked: armed.unlocked_at.map(Timestamp::to_rfc3339),
            }),
            Ok(Some(Stub::Underway(_))) | Err(WipeError::Newer { begun: true }) => {
                StandbyState::Underway
            }
            Ok(Some(Stub::Certified(certified))) => {
                StandbyState::Wiped(WipedView::of(&certified.wiped, false))
            }
            Ok(Some(Stub::Wiped(wiped))) => StandbyState::Wiped(WipedView::of(&wiped, true)),
            Err(error) => return Err(error.into()),
        })
    }
}

/// What a folder is to its stand-by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StandbyState {
    /// No device that could be told anything.
    NotReady,
    /// It waits.
    Ready(ProtectionView),
    /// An order is being carried out.
    Underway,
    /// The device has destroyed itself.
    Wiped(WipedView),
}

fn outcome(attended: Attended) -> StandbyOutcome {
    match attended {
        Attended::Nothing { .. } => StandbyOutcome::Nothing,
        Attended::Refused(refusal) => StandbyOutcome::Refused {
            reason: refusal.to_string(),
        },
        Attended::Wiped { wiped, reported } => {
            StandbyOutcome::Wiped(WipedView::of(&wiped, reported))
        }
    }
}

impl From<WipeError> for Error {
    fn from(error: WipeError) -> Self {
        let text = error.to_string();
        match error {
            WipeError::Begun => wiped(),
            WipeError::Store(error) => error.into(),
            WipeError::Sync(error) => error.into(),
            WipeError::Transport(error) => error.into(),
            WipeError::Vault(error) => error.into(),
            WipeError::NotReady => Self::new(
                ErrorKind::Refused,
                "device.not_enrolled",
                Retry::NeedsUser,
                text,
            ),
            WipeError::Newer { .. } => {
                Self::new(ErrorKind::Refused, "store.newer", Retry::NeedsUser, text)
            }
            WipeError::Io { .. }
            | WipeError::Damaged
            | WipeError::Roster(_)
            | WipeError::Crypto(_)
            | WipeError::Stopped => {
                Self::new(ErrorKind::Internal, "wipe.failed", Retry::Later(None), text)
            }
        }
    }
}

/// An order is being or was carried out here.
pub(super) fn wiped() -> Error {
    Error::new(
        ErrorKind::Refused,
        "device.wiped",
        Retry::Never,
        "this device was wiped by order of its organisation: its keys and data are destroyed. To belong again, ask an administrator for an invitation and enrol in another folder",
    )
}

fn excluded() -> Error {
    Error::new(
        ErrorKind::Refused,
        "device.excluded",
        Retry::Never,
        "this device no longer belongs to the organisation, and was locked: it sends and receives nothing any more. If that is not meant so, ask an administrator for an invitation and enrol in another folder",
    )
}

/// Refuses to make or open anything where an order has begun, after going on with it, or where the lease of an excluded
/// device has run out for good, which erases it first.
pub(super) fn refuse_wiped(home: &Path, tools: &Tools) -> Result<(), Error> {
    match wipe::lapse(home, tools) {
        Ok(Some(_)) => return Err(wiped()),
        Ok(None) => {}
        // What cannot be read is told apart below, and what cannot be done is tried again next time.
        Err(_) => crate::log_event!(DEBUG, "the lease could not be carried out"),
    }
    refuse(home, || wipe::resume(home, tools).map(drop))
}

/// The same for a caller that does not know the shells' places, and leaves those to who does.
pub(super) fn refuse_wiped_without_places(home: &Path) -> Result<(), Error> {
    refuse(home, || wipe::resume_key(home, &system_tools()))
}

fn refuse(home: &Path, go_on: impl FnOnce() -> Result<(), WipeError>) -> Result<(), Error> {
    if !wipe::begun(home)? {
        return Ok(());
    }
    if go_on().is_err() {
        crate::log_event!(WARN, "a wipe could not be gone on with");
    }
    Err(wiped())
}

/// The store was opened: noted for the day it is asked, and refused where an order began meanwhile.
pub(super) fn note_unlocked(home: &Path, tools: &Tools) -> Result<(), Error> {
    // Where it cannot be noted (a full disk), reading goes on all the same.
    if matches!(
        wipe::note_unlocked(home, tools.clock.now()),
        Err(WipeError::Begun)
    ) {
        return Err(wiped());
    }
    refuse_wiped(home, tools)
}

impl Client {
    /// The stand-by of the device in a folder, for a locked device and a service that never unlocks.
    #[must_use]
    pub fn standby(home: &Path) -> Standby {
        Standby::of(home)
    }

    /// What protects the key here, and when the store was last opened.
    #[must_use]
    pub fn protection(&self) -> ProtectionView {
        let home = &self.inner.home;
        let unlocked = match wipe::read(home) {
            Ok(Some(Stub::Armed(armed))) => armed.unlocked_at,
            _ => None,
        };
        ProtectionView {
            key: wipe::protection(home).words(),
            unlocked: unlocked.map(Timestamp::to_rfc3339),
        }
    }

    pub(super) fn tools(&self) -> Tools {
        Tools {
            places: self.inner.places.clone(),
            ..Tools::new(
                Arc::clone(&self.inner.clock),
                Arc::clone(&self.inner.random),
            )
        }
    }

    /// Brings the stub up to date and, where the relay answers, opens the wipe channel once. Trouble waits for the next
    /// time; where an order is being carried out by another process, this client is locked.
    ///
    /// # Errors
    /// `device.wiped`.
    pub(super) async fn keep_ready(&self, engine: &Arc<Engine>, reach: bool) -> Result<(), Error> {
        let (with, home) = (Arc::clone(engine), self.inner.home.clone());
        let refreshed = tokio::task::spawn_blocking(move || wipe::refresh(&with, &home)).await;
        let trouble = match refreshed {
            Ok(Err(WipeError::Begun)) => {
                let _ = self.lock();
                return Err(wiped());
            }
            Ok(Ok(_)) if reach => {
                if engine.status().live {
                    self.let_in();
                }
                let opened = wipe::open_channel(engine, &self.inner.home, None, OPEN);
                !matches!(tokio::time::timeout(OPEN, opened).await, Ok(Ok(())))
            }
            Ok(Ok(_)) => false,
            Ok(Err(_)) | Err(_) => true,
        };
        if trouble {
            crate::log_event!(DEBUG, "the wipe channel waits");
        }
        Ok(())
    }

    /// The relay has let this device in: a refusal from before is taken back.
    pub(super) fn let_in(&self) {
        if wipe::note_accepted(&self.inner.home).is_err() {
            crate::log_event!(DEBUG, "an acceptance waits to be noted");
        }
    }

    /// The same for as long as the device stays connected. Ends only where an order is being carried out here.
    pub(super) async fn stay_ready(&self, engine: &Arc<Engine>) -> Error {
        let mut changes = engine.store().subscribe();
        loop {
            if let Err(error) = self.keep_ready(engine, true).await {
                return error;
            }
            let next = tokio::time::sleep(UPKEEP);
            let mut next = std::pin::pin!(next);
            loop {
                let notice = tokio::select! {
                    () = &mut next => break,
                    notice = changes.next() => notice,
                };
                match notice {
                    Some(Notice::Changes(changes))
                        if changes.iter().any(|change| change.topic == Topic::Roster) =>
                    {
                        break;
                    }
                    Some(_) => {}
                    // The store is being closed; whoever drives this ends it.
                    None => pending::<()>().await,
                }
            }
        }
    }

    /// The relay has closed the mailbox: this client is locked, its order asked for and carried out.
    pub(super) async fn put_out(&self) -> Error {
        let _ = self.lock();
        let attend = Attend {
            home: self.inner.home.clone(),
            proxy: self.inner.proxy.setting(),
            tools: self.tools(),
        };
        let attended = tokio::time::timeout(EXCLUDED, attend.refused(REQUEST)).await;
        match attended {
            Ok(Ok(Attended::Wiped { .. })) => wiped(),
            // Carried out here, by this process or another, or being carried out; or this refusal was the one that the
            // lease waited for.
            _ => match refuse_wiped(&self.inner.home, &self.tools()) {
                Err(wiped) => wiped,
                Ok(()) => excluded(),
            },
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
