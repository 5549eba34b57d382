//! Carrying an order out. Each step is durable before the next one begins, and each may be done again: a process that
//! ends in between goes on from the stub, and nothing is opened before it has.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::certificate::{Certificate, Method, Statement};
use super::file::{self, Held, PATIENCE};
use super::places::{self, Erase, Erased, Failure, Outcome, Place};
use super::stub::{Armed, Certified, Step, Stub, Underway, Wiped};
use super::{Protection, WipeError};
use crate::base::{Clock, Random, Timestamp, crash};
use crate::roster::{LeaseState, SealedFor, VerifiedOrder};
use crate::vault::{KeyVault as _, KeyringVault, SlotId, Vault, VaultError};

/// How long the keyring may take to forget; one that asks its owner first does not hold the wipe up.
const KEYRING: Duration = Duration::from_secs(2);

/// Forgets the keyring's part of the key.
pub type Forget = dyn Fn(&SlotId) -> Result<(), VaultError> + Send + Sync;

/// What carrying out needs from outside the folder.
#[derive(Clone)]
pub struct Tools {
    /// Stamps the certificate.
    pub clock: Arc<dyn Clock>,
    /// Seals it.
    pub random: Arc<dyn Random>,
    /// Forgets the keyring's part of the key.
    pub keyring: Arc<Forget>,
    /// Places of shells.
    pub places: Vec<Arc<dyn Erase>>,
}

impl Tools {
    /// With this machine's keyring, and no further places.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self {
            clock,
            random,
            keyring: Arc::new(|slot| KeyringVault::connect()?.forget(slot)),
            places: Vec::new(),
        }
    }
}

impl fmt::Debug for Tools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tools(..)")
    }
}

/// Carries a verified order out until the certificate is signed. One that is underway here is gone on with.
///
/// # Errors
/// [`WipeError`]; the next call, or [`resume`], goes on.
pub fn carry_out(home: &Path, order: &VerifiedOrder, tools: &Tools) -> Result<Stub, WipeError> {
    let _held = Held::take(home, PATIENCE);
    match file::read(home)? {
        None => return Err(WipeError::NotReady),
        Some(Stub::Armed(armed)) => begin(home, &armed, order, tools)?,
        Some(_) => {}
    }
    drive(home, tools)
}

/// Destroys this device where its lease says so: refused for longer than policy allows, by a signed time *and* by its own
/// clock. `None` where the lease says anything else.
///
/// # Errors
/// [`WipeError`]; the next call, or [`resume`], goes on.
pub fn lapse(home: &Path, tools: &Tools) -> Result<Option<Stub>, WipeError> {
    let _held = Held::take(home, PATIENCE);
    match file::read(home)? {
        Some(Stub::Armed(armed)) => {
            let due = armed.lease.judge(tools.clock.now()) == LeaseState::EraseDue;
            let Some(refused) = armed.lease.refused_since.filter(|_| due) else {
                return Ok(None);
            };
            begin_for(home, &armed, Err(refused), tools)?;
        }
        Some(_) => {}
        None => return Ok(None),
    }
    drive(home, tools).map(Some)
}

/// Goes on with a wipe that was cut short; `None` where none has begun. Nothing is said to the relay.
///
/// # Errors
/// [`WipeError`]; the next call goes on.
pub fn resume(home: &Path, tools: &Tools) -> Result<Option<Stub>, WipeError> {
    match file::read(home) {
        Ok(None | Some(Stub::Armed(_))) | Err(WipeError::Damaged) => return Ok(None),
        Ok(Some(_)) => {}
        Err(error) => return Err(error),
    }
    let _held = Held::take(home, PATIENCE);
    drive(home, tools).map(Some)
}

/// As [`resume`], for a caller that does not know the shells' places: where some were registered, only the key is
/// destroyed, and the rest is left to whoever knows them.
///
/// # Errors
/// As [`resume`].
pub fn resume_key(home: &Path, tools: &Tools) -> Result<(), WipeError> {
    match file::read(home) {
        Ok(Some(Stub::Underway(underway))) if !underway.registered.is_empty() => {
            let _held = Held::take(home, PATIENCE);
            match underway.step {
                Step::Ordered => advance(home, *underway, tools),
                Step::KeyDestroyed | Step::DataDestroyed => Ok(()),
            }
        }
        _ => resume(home, tools).map(drop),
    }
}

fn drive(home: &Path, tools: &Tools) -> Result<Stub, WipeError> {
    loop {
        match file::read(home)? {
            Some(Stub::Underway(underway)) => advance(home, *underway, tools)?,
            Some(stub) => return Ok(stub),
            None => return Err(WipeError::NotReady),
        }
    }
}

/// Makes the order durable here.
pub(super) fn begin(
    home: &Path,
    armed: &Armed,
    order: &VerifiedOrder,
    tools: &Tools,
) -> Result<(), WipeError> {
    begin_for(home, armed, Ok(*order), tools)
}

/// Makes durable here that the device destroys itself: by an order, or because nothing has answered the refusal of a
/// signed time.
fn begin_for(
    home: &Path,
    armed: &Armed,
    cause: Result<VerifiedOrder, Timestamp>,
    tools: &Tools,
) -> Result<(), WipeError> {
    let vault = Vault::at(home);
    let present = places::present(home);
    let underway = Underway {
        identity: armed.identity,
        relay: armed.relay.clone(),
        channel: armed.channel.clone(),
        receipt: armed.receipt.clone(),
        order: cause.ok(),
        lapsed: cause.err(),
        began: tools.clock.now(),
        protection: vault.factors().map_or(armed.protection, Protection),
        unlocked_at: armed.unlocked_at,
        slot: vault.kept_slot(),
        registered: tools
            .places
            .iter()
            .map(|place| place.place().to_owned())
            .collect(),
        present: present.clone(),
        step: Step::Ordered,
        erased: Vec::new(),
    };
    let stub = Stub::Underway(Box::new(underway));
    if file::write(home, &stub).is_err() {
        // A full disk is no refuge: the key goes first all the same, then what frees room. Until the order is durable
        // here it still stands at the relay.
        vault.destroy(PATIENCE)?;
        places::sweep(home, &present)?;
        file::write(home, &stub)?;
    }
    crash::point("wipe.ordered");
    Ok(())
}

/// One step.
pub(super) fn advance(home: &Path, mut underway: Underway, tools: &Tools) -> Result<(), WipeError> {
    match underway.step {
        Step::Ordered => {
            Vault::at(home).destroy(PATIENCE)?;
            underway.erased = vec![
                Erased::of(Place::KeyRecord, was_there(&underway, Place::KeyRecord)),
                Erased::of(Place::Keyring, forget(&underway, tools)),
            ];
            underway.step = Step::KeyDestroyed;
            file::write(home, &Stub::Underway(Box::new(underway)))?;
            crash::point("wipe.key_destroyed");
        }
        Step::KeyDestroyed => {
            underway.erased.truncate(2);
            underway
                .erased
                .extend(places::sweep(home, &underway.present)?);
            let elsewhere = places::elsewhere(&underway.registered, &tools.places);
            underway.erased.extend(elsewhere);
            underway.step = Step::DataDestroyed;
            file::write(home, &Stub::Underway(Box::new(underway)))?;
            crash::point("wipe.data_destroyed");
        }
        Step::DataDestroyed => {
            let certified = certify(underway, tools)?;
            file::write(home, &Stub::Certified(Box::new(certified)))?;
            crash::point("wipe.certified");
        }
    }
    Ok(())
}

fn was_there(underway: &Underway, place: Place) -> Outcome {
    if underway.present.contains(&place) {
        Outcome::Erased
    } else {
        Outcome::Absent
    }
}

fn forget(underway: &Underway, tools: &Tools) -> Outcome {
    let Some(slot) = underway.slot else {
        return Outcome::Absent;
    };
    let keyring = Arc::clone(&tools.keyring);
    match places::bounded(KEYRING, move || keyring(&slot)) {
        Some(Ok(())) => Outcome::Erased,
        Some(Err(VaultError::KeyringLocked)) => Outcome::Failed(Failure::Denied),
        Some(Err(_)) => Outcome::Failed(Failure::Failed),
        None => Outcome::Failed(Failure::NoAnswer),
    }
}

/// Signs what was done. The receipt key goes no further.
fn certify(underway: Underway, tools: &Tools) -> Result<Certified, WipeError> {
    let ended = tools.clock.now();
    let identity = underway.identity;
    let statement = Statement {
        organisation: identity.organisation,
        device: identity.device,
        order: underway.order,
        lapsed: underway.lapsed,
        began: underway.began,
        ended,
        erased: underway.erased,
        protection: underway.protection,
        unlocked_at: underway.unlocked_at,
        method: Method::CryptographicErase,
    };
    let certificate = Certificate::sign(statement, &underway.receipt);
    let sealed = underway.channel.details().seal(
        SealedFor::Certificate,
        &identity.organisation,
        &identity.device,
        &certificate.to_bytes(),
        &*tools.random,
    )?;
    Ok(Certified {
        relay: underway.relay,
        channel: underway.channel,
        sealed,
        wiped: Wiped {
            certificate: certificate.digest(),
            ended,
        },
    })
}

/// The certificate is with the relay: what is left says only that there was one.
pub(super) fn reported(home: &Path, certified: &Certified) -> Result<(), WipeError> {
    let _held = Held::take(home, PATIENCE);
    file::write(home, &Stub::Wiped(certified.wiped))?;
    crash::point("wipe.reported");
    Ok(())
}
