//! A device that asks for its order: locked, excluded or just started. Nothing here opens the store.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::evidence::{self, Refusal};
use super::line::{Heard, Line};
use super::stub::{Armed, Certified, Stub, Wiped};
use super::{Tools, WipeError, file, refresh, steps};
use crate::base::{Clock, Timestamp};
use crate::roster::{OrderProof, SealedFor, VerifiedOrder};
use crate::transport::ProxySetting;

/// A certificate that nobody takes is offered for this long: whoever asked for it may have ended the order, or the relay
/// may have been restored from before it.
const OFFERED: Duration = Duration::from_secs(30 * 24 * 3600);

/// What became of asking.
#[derive(Clone, PartialEq, Eq)]
pub enum Attended {
    /// There is no order.
    Nothing {
        /// The sealed unlock share, where the relay keeps one.
        share: Option<Vec<u8>>,
    },
    /// Something was there that is not to be obeyed. It is kept as evidence, and nothing else was changed.
    Refused(Refusal),
    /// The device has destroyed itself.
    Wiped {
        /// The digest of its certificate, and when it ended.
        wiped: Wiped,
        /// The relay has the certificate.
        reported: bool,
    },
}

impl std::fmt::Debug for Attended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Nothing { .. } => "Nothing",
            Self::Refused(_) => "Refused",
            Self::Wiped { .. } => "Wiped",
        })
    }
}

/// How a device asks.
#[derive(Clone)]
pub struct Attend {
    /// The store's folder.
    pub home: PathBuf,
    /// The way to the relay.
    pub proxy: ProxySetting,
    /// What carrying out needs.
    pub tools: Tools,
}

impl std::fmt::Debug for Attend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Attend(..)")
    }
}

impl Attend {
    /// Asks the relay for the order and waits for it, at most about as long as `wait`; carries it out; reports. A wipe
    /// that was cut short is gone on with first, whether or not the relay is reached. `deadline` holds for each request
    /// besides.
    ///
    /// # Errors
    /// [`WipeError::NotReady`] without a stub, [`WipeError::Transport`] where the relay is not reached; others where a
    /// step could not be done, which the next call does.
    pub async fn ask(&self, wait: Duration, deadline: Duration) -> Result<Attended, WipeError> {
        match self.stub().await? {
            Stub::Armed(armed) => {
                let line = Line::new(&armed.relay, &armed.channel, self.proxy.clone())?;
                let heard = line.poll(&*self.tools.clock, wait, deadline).await?;
                self.hear(*armed, heard, deadline).await
            }
            ended => self.report(ended, deadline).await,
        }
    }

    /// The relay has closed this device's mailbox: its order is asked for at once. Where there is none, or none to obey,
    /// the lease remembers the refusal.
    ///
    /// # Errors
    /// As [`Attend::ask`].
    pub async fn refused(&self, deadline: Duration) -> Result<Attended, WipeError> {
        let attended = self.ask(Duration::ZERO, deadline).await;
        if matches!(attended, Ok(Attended::Wiped { .. })) {
            return attended;
        }
        if let Ok(Some(Stub::Armed(armed))) = file::read(&self.home)
            && let Ok(line) = Line::new(&armed.relay, &armed.channel, self.proxy.clone())
            && let Ok(signed) = line.time(deadline).await
        {
            refresh::note_refused(&self.home, signed, self.tools.clock.now())?;
        }
        attended
    }

    /// The stub, with what was cut short gone on with.
    async fn stub(&self) -> Result<Stub, WipeError> {
        let (home, tools) = (self.home.clone(), self.tools.clone());
        apart(move || match steps::resume(&home, &tools)? {
            Some(stub) => Ok(stub),
            None => file::read(&home)?.ok_or(WipeError::NotReady),
        })
        .await
    }

    pub(super) async fn hear(
        &self,
        armed: Armed,
        heard: Heard,
        deadline: Duration,
    ) -> Result<Attended, WipeError> {
        let Some(sealed) = heard.order else {
            if let Some(signed) = heard.time {
                refresh::note_time(&self.home, signed, self.tools.clock.now())?;
            }
            return Ok(Attended::Nothing { share: heard.share });
        };
        let order = match judge(&armed, &sealed) {
            Ok(order) => order,
            Err(refusal) => {
                crate::log_event!(WARN, "an order to wipe this device was refused");
                evidence::keep(&self.home, &sealed, &refusal, self.tools.clock.now())?;
                return Ok(Attended::Refused(refusal));
            }
        };
        let (home, tools) = (self.home.clone(), self.tools.clone());
        let stub = apart(move || steps::carry_out(&home, &order, &tools)).await?;
        self.report(stub, deadline).await
    }

    /// Tells the relay what was done, if it has not been told. Where it is not reached, the next call does.
    async fn report(&self, stub: Stub, deadline: Duration) -> Result<Attended, WipeError> {
        let certified = match stub {
            Stub::Wiped(wiped) => {
                return Ok(Attended::Wiped {
                    wiped,
                    reported: true,
                });
            }
            Stub::Certified(certified) => *certified,
            // Both are done with before anything is reported.
            Stub::Armed(_) | Stub::Underway(_) => return Err(WipeError::NotReady),
        };
        let reported = match self.offer(&certified, deadline).await {
            Ok(()) => true,
            Err(_) => overdue(self.tools.clock.now(), certified.wiped.ended),
        };
        if reported {
            steps::reported(&self.home, &certified)?;
        } else {
            crate::log_event!(INFO, "the certificate waits for the relay");
        }
        Ok(Attended::Wiped {
            wiped: certified.wiped,
            reported,
        })
    }

    async fn offer(&self, certified: &Certified, deadline: Duration) -> Result<(), WipeError> {
        let line = Line::new(&certified.relay, &certified.channel, self.proxy.clone())?;
        Ok(line.certify(certified.sealed.clone(), deadline).await?)
    }

    /// Which clock the device has, for whoever waits between two calls.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.tools.clock
    }
}

fn overdue(now: Timestamp, ended: Timestamp) -> bool {
    now.since(ended) > OFFERED
}

/// Whether this device is to obey what lay in its channel, by its stub alone.
///
/// # Errors
/// [`Refusal`].
pub fn judge(armed: &Armed, sealed: &[u8]) -> Result<VerifiedOrder, Refusal> {
    let identity = &armed.identity;
    let proof = armed
        .channel
        .details()
        .open(
            SealedFor::Order,
            &identity.organisation,
            &identity.device,
            sealed,
        )
        .map_err(|_| Refusal::Seal)?;
    Ok(OrderProof::from_bytes(&proof)?.verify(
        &identity.organisation,
        &identity.root,
        &identity.device,
        &armed.authorities,
    )?)
}

/// The stub of a folder; `None` where there is none, or where it is damaged: the store puts it back when it is opened.
///
/// # Errors
/// [`WipeError::Newer`], [`WipeError::Io`].
pub fn read(home: &Path) -> Result<Option<Stub>, WipeError> {
    match file::read(home) {
        Err(WipeError::Damaged) => Ok(None),
        other => other,
    }
}

/// Whether an order is being or was carried out in a folder: then nothing there is opened or made.
///
/// # Errors
/// [`WipeError::Io`].
pub fn begun(home: &Path) -> Result<bool, WipeError> {
    match read(home) {
        Ok(stub) => Ok(stub.is_some_and(|stub| stub.begun())),
        Err(WipeError::Newer { begun }) => Ok(begun),
        Err(error) => Err(error),
    }
}

async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, WipeError> + Send + 'static,
) -> Result<T, WipeError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| WipeError::Stopped)?
}
