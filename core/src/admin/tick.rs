//! Moving log time on where something waits for it. Expiry and delays are judged by the log's time, so in a quiet
//! organisation nothing would ever be over. Whoever may vouch for time appends a tick, each device after a wait of its
//! own, so that mostly one does it. A recovery has to be seen to come due by several clocks: there each speaks for itself.
//!
//! The clock of this device decides together with the relay's, whichever says less: neither a relay that lies nor a device
//! whose clock runs ahead makes time pass. And nobody confirms a log that is far ahead of their own clock.

use std::sync::Arc;
use std::time::Duration;

use minicbor::{Decode, Encode};

use super::AdminError;
use super::append::append;
use super::rotation::own_wait;
use crate::base::Timestamp;
use crate::membership::Context;
use crate::roster::kind::Tick;
use crate::roster::{Action, Actor, Roster, Scope};
use crate::store::table::device::DeviceSelf;
use crate::store::{ReadTx, StoreError, WriteTx};
use crate::sync::Engine;

const AHEAD: &str = "log time ahead";
/// How far the devices are spread.
const SPREAD: Duration = Duration::from_secs(600);
/// A log further ahead of the own clock is not confirmed.
const TOLERANCE: Duration = Duration::from_secs(600);

/// What a device makes of the log's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// Nothing is due, somebody has seen to it, or it is not this device's turn.
    Nothing,
    /// A tick at this time.
    Tick(Timestamp),
    /// The log is at this time, too far ahead.
    Ahead(Timestamp),
}

/// That the log was ahead, for the security events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct Ahead {
    /// Its time.
    #[n(0)]
    pub(super) log: Timestamp,
    /// When this device saw it, by its own clock.
    #[n(1)]
    pub(super) seen: Timestamp,
}

/// The newest time at which the log was found ahead of this device's clock.
pub(super) fn ahead(tx: &ReadTx<'_>) -> Result<Option<Ahead>, StoreError> {
    tx.meta(AHEAD)
}

/// What is to be done at `now`.
pub(super) fn decide(roster: &Roster, me: &DeviceSelf, now: Timestamp) -> Decision {
    let actor = Actor::device(me.device);
    let may = roster.may(actor, Action::Attest, &Scope::organisation());
    let (Ok(()), Some(log)) = (may, roster.log_time()) else {
        return Decision::Nothing;
    };
    if now.plus(TOLERANCE) < log {
        return Decision::Ahead(log);
    }
    let due = [roster.due(me.owner, now), roster.witness_due(me.owner, now)];
    let Some(due) = due.into_iter().flatten().min() else {
        return Decision::Nothing;
    };
    let place = u64::try_from(due.millis()).unwrap_or_default();
    let wait = own_wait(&me.device, place, SPREAD);
    // An entry that only repeats log time vouches for nothing.
    if log < now && due.plus(wait) <= now {
        Decision::Tick(now)
    } else {
        Decision::Nothing
    }
}

/// Keeps that the log is ahead, once for each time of the log.
pub(super) fn remember(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    log: Timestamp,
) -> Result<(), StoreError> {
    if ahead(tx)?.is_some_and(|known| log <= known.log) {
        return Ok(());
    }
    let seen = context.now;
    tx.put_meta(AHEAD, &Ahead { log, seen })
}

/// Of this device's clock and the relay's, the one that says less.
pub(super) fn believed(own: Timestamp, relay: Timestamp) -> Timestamp {
    own.min(relay)
}

/// Moves log time on where something is due at `now`, the relay's time, and it is this device's turn. Says whether it
/// did.
///
/// # Errors
/// [`AdminError`].
pub async fn tick(engine: &Arc<Engine>, now: Timestamp) -> Result<bool, AdminError> {
    let decided = engine.read(|_, context| {
        let now = believed(context.now, now);
        Ok(decide(context.roster, context.me, now))
    })?;
    match decided {
        Decision::Nothing => Ok(false),
        Decision::Ahead(log) => {
            engine.write("the log is ahead of the clock", |tx, context| {
                Ok(remember(tx, context, log)?)
            })?;
            Ok(false)
        }
        // Judged again on the newest log: somebody else may have been first.
        Decision::Tick(_) => {
            append(engine, |draft| {
                match decide(draft.roster(), draft.me, believed(draft.now, now)) {
                    Decision::Tick(at) => {
                        draft.now = at;
                        draft.add(Tick {}).map(|()| true)
                    }
                    Decision::Nothing | Decision::Ahead(_) => Ok(false),
                }
            })
            .await
        }
    }
}
