//! When the roster key is old: after the time that policy names, counted in the log's time, on the device of somebody who
//! may. Each device waits a while of its own, so that mostly one comes first; where two come at once, the relay's
//! compare-and-set lets one through.

use std::time::Duration;

use super::{exclude, leave};
use crate::base::{DeviceId, Timestamp, sha256};
use crate::membership::Context;
use crate::roster::{Action, Actor, Scope};
use crate::store::ReadTx;
use crate::sync::{SyncError, capability};

/// How far the devices of those who may are spread.
const SPREAD: Duration = Duration::from_secs(24 * 3600);
/// The same after an exclusion that did not replace the key.
const SOON: Duration = Duration::from_secs(600);
/// The same where an order to wipe was entered and not laid: a phone is lost now.
const AT_ONCE: Duration = Duration::from_secs(6);

/// Whether this device replaces the key at `now`, the relay's time.
pub(super) fn due_here(
    tx: &ReadTx<'_>,
    context: &Context<'_>,
    now: Timestamp,
) -> Result<bool, SyncError> {
    let roster = context.roster;
    let actor = Actor::device(context.me.device);
    let may = roster.may(actor, Action::RotateKey, &Scope::organisation());
    if may.is_err() || capability(tx)?.is_none() {
        return Ok(false);
    }
    if !leave::rest(tx)?.is_empty() {
        return Ok(true);
    }
    let key = &roster.organisation()?.key;
    if let Some(wait) = order_wait(context, now) {
        return Ok(wait.is_zero());
    }
    let spread = if key.due { SOON } else { SPREAD };
    let wait = own_wait(&context.me.device, key.epoch, spread);
    if key.due {
        // Since the exclusion, or since what the log has heard after it.
        let heard = roster.log_time().unwrap_or(key.time);
        return Ok(now.since(heard) >= wait);
    }
    Ok(now.minus(wait) > key.time && roster.rotation_due(now.minus(wait)))
}

/// How long this device still waits before it lays an order that somebody entered who may not: `None` where none is
/// left to be laid.
fn order_wait(context: &Context<'_>, now: Timestamp) -> Option<Duration> {
    let roster = context.roster;
    let key = &roster.organisation().ok()?.key;
    let entered = exclude::unlaid(roster).ok()?;
    let wait = own_wait(&context.me.device, key.epoch, AT_ONCE);
    Some(wait.saturating_sub(now.since(entered?)))
}

/// The same, for a device that may lay it.
pub(super) fn urgent(
    tx: &ReadTx<'_>,
    context: &Context<'_>,
    now: Timestamp,
) -> Result<Option<Duration>, SyncError> {
    let actor = Actor::device(context.me.device);
    let may = context
        .roster
        .may(actor, Action::RotateKey, &Scope::organisation());
    if may.is_err() || capability(tx)?.is_none() {
        return Ok(None);
    }
    Ok(order_wait(context, now))
}

/// This device's place within the spread: another for each epoch, the same at every look.
pub(super) fn own_wait(device: &DeviceId, epoch: u64, spread: Duration) -> Duration {
    let mut seed = device.as_bytes().to_vec();
    seed.extend_from_slice(&epoch.to_be_bytes());
    let hash = sha256(&seed);
    let [first, second, third, fourth, ..] = *hash.as_bytes();
    let draw = u64::from(u32::from_be_bytes([first, second, third, fourth]));
    Duration::from_secs(draw % spread.as_secs().max(1))
}
