//! How long a session lasts: policy's lock after time without use, and at the latest after a time whatever is done.
//! Judged here; a shell only says that somebody used it ([`Client::touch`]). What a lock does is policy too: it covers
//! what is shown, while sending and receiving go on, or it closes the store and forgets its key.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use super::verify::Moment;
use super::{Client, Error, ErrorKind, Event, Retry};
use crate::base::Owner;
use crate::roster::authorize::pack;
use crate::roster::kind::Setting;
use crate::sync::Engine;

/// The longest wait between two looks: a machine that slept wakes to a look soon.
const LOOK: Duration = Duration::from_secs(15);
/// The shortest.
const BREATH: Duration = Duration::from_millis(50);

/// Why a client locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LockReason {
    /// It was not used for as long as policy says.
    Idle,
    /// The session lasted as long as policy allows.
    SessionLength,
    /// No fresh word of the roster has come for as long as policy says.
    LeaseStale,
    /// The clock went back.
    LeaseClock,
}

impl LockReason {
    /// For people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Idle => "not used for a while",
            Self::SessionLength => "the session has lasted as long as policy allows",
            Self::LeaseStale => "no fresh word of the organisation",
            Self::LeaseClock => "this machine's clock went back",
        }
    }
}

/// How a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionView {
    /// How long until it locks if nothing is done; `None` for a device that policy exempts.
    pub left: Option<Duration>,
    /// Why it will.
    pub reason: Option<LockReason>,
    /// What is shown is covered until [`Client::verify`], and why.
    pub hidden: Option<LockReason>,
    /// A lock closes the store rather than covering it.
    pub closes: bool,
}

impl SessionView {
    /// When it locks if nothing is done, given what time it is.
    #[must_use]
    pub fn locks_at(&self, now: crate::base::Timestamp) -> Option<String> {
        self.left.map(|left| now.plus(left).to_rfc3339())
    }
}

fn hidden(reason: LockReason) -> Error {
    Error::new(
        ErrorKind::Locked,
        "session.locked",
        Retry::NeedsUser,
        format!(
            "locked ({}): confirm that it is you, or open the store again",
            reason.words()
        ),
    )
}

impl Client {
    /// Somebody used the shell: the idle time begins anew. What is due is locked first.
    ///
    /// # Errors
    /// `session.locked`, `store.locked`.
    pub fn touch(&self) -> Result<(), Error> {
        self.attended()?;
        self.inner.guard.watch().active = Moment::now(&*self.inner.clock);
        Ok(())
    }

    /// How the session stands. What is due is locked first.
    ///
    /// # Errors
    /// `store.locked`.
    pub fn session(&self) -> Result<SessionView, Error> {
        let (left, reason) = match self.due()? {
            Some((Duration::ZERO, reason)) => {
                self.expire(reason)?;
                self.store()?;
                (Some(Duration::ZERO), Some(reason))
            }
            Some((left, reason)) => (Some(left), Some(reason)),
            None => (None, None),
        };
        Ok(SessionView {
            left,
            reason,
            hidden: self.inner.guard.watch().hidden,
            closes: self.setting(Setting::LockMode)? == 1,
        })
    }

    /// Asked before anything is shown, said, answered, changed or taken out for whoever sits there: what is due is
    /// locked, and while what is shown is covered nobody acts. Every function of the façade asks it first, by itself, by
    /// [`Client::for_user`] or by [`Client::verified`]; a test reads the source and names each that does not.
    ///
    /// # Errors
    /// `session.locked`, `store.locked`.
    pub(super) fn attended(&self) -> Result<(), Error> {
        self.lock_what_is_due()?;
        self.store()?;
        let covered = self.inner.guard.watch().hidden;
        covered.map_or(Ok(()), |reason| Err(hidden(reason)))
    }

    /// The engine, for whoever sits there.
    ///
    /// # Errors
    /// `session.locked`, `store.locked`, `device.not_enrolled`.
    pub(super) fn for_user(&self) -> Result<Arc<Engine>, Error> {
        self.attended()?;
        self.engine()
    }

    /// Locks, as policy says, where it is time.
    pub(super) fn lock_what_is_due(&self) -> Result<(), Error> {
        if let Some((Duration::ZERO, reason)) = self.due()? {
            self.expire(reason)?;
        }
        Ok(())
    }

    /// What comes first, and in how long; `None` where policy exempts this device.
    fn due(&self) -> Result<Option<(Duration, LockReason)>, Error> {
        if self.exempt()? {
            return Ok(None);
        }
        let idle = Duration::from_secs(self.setting(Setting::IdleLock)?);
        let length = Duration::from_secs(self.setting(Setting::SessionLength)?);
        let now = Moment::now(&*self.inner.clock);
        let watch = self.inner.guard.watch();
        let idle = idle.saturating_sub(now.since(watch.active));
        let length = length.saturating_sub(now.since(watch.began));
        Ok(Some(if length < idle {
            (length, LockReason::SessionLength)
        } else {
            (idle, LockReason::Idle)
        }))
    }

    /// Nobody sits before an agent, nor before a place's process without a screen: there is nothing to cover, and nobody
    /// to uncover it. A device that belongs nowhere yet has no policy.
    fn exempt(&self) -> Result<bool, Error> {
        self.store()?;
        let Ok(engine) = self.engine() else {
            return Ok(true);
        };
        let unattended = self.inner.guard.unattended;
        Ok(engine.read(|_, context| {
            let owner = context.me.owner;
            let place = matches!(owner, Owner::Place(_));
            let agent = || {
                let agents = context.roster.holders_of_role(&pack::AGENT);
                agents.contains(&owner)
            };
            Ok(place && (unattended || agent()))
        })?)
    }

    /// Locks, as policy says.
    fn expire(&self, reason: LockReason) -> Result<(), Error> {
        if self.setting(Setting::LockMode)? == 1 {
            return self.lock_for(reason);
        }
        let mut watch = self.inner.guard.watch();
        let news = watch.hidden.replace(reason).is_none();
        watch.verified = None;
        drop(watch);
        if news {
            self.tell(Event::Locked {
                reason,
                closed: false,
            });
        }
        Ok(())
    }

    /// Closes the store and says why.
    pub(super) fn lock_for(&self, reason: LockReason) -> Result<(), Error> {
        let open = self.store().is_ok();
        self.lock()?;
        if open {
            self.tell(Event::Locked {
                reason,
                closed: true,
            });
        }
        Ok(())
    }

    /// Looks for as long as the client runs. Ends by the lock alone, which ends [`Client::run`].
    pub(super) async fn watch_session(&self) -> Infallible {
        loop {
            let wait = match self.due() {
                Ok(Some((Duration::ZERO, reason))) => {
                    // The next look finds it still due; a failing disk is asked again then.
                    let _ = self.expire(reason);
                    LOOK
                }
                Ok(Some((left, _))) => left.clamp(BREATH, LOOK),
                Ok(None) | Err(_) => LOOK,
            };
            tokio::time::sleep(wait).await;
        }
    }
}
