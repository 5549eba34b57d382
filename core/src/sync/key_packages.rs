//! The supply of key packages: one-time ones so that others can add this device while it sleeps, and one of last
//! resort for when they run out. The relay keeps them sealed under the roster key.

use std::sync::Arc;
use std::time::Duration;

use sotto_wire::key_package::{Claim, Publish};
use sotto_wire::{Alias, Sealed, limits, op};

use super::{Engine, SyncError};
use crate::base::{DeviceId, Timestamp, aead};
use crate::mls::{Suite, key_package};
use crate::store::{StoreError, WriteTx};

/// First byte of a sealed key package.
const VERSION: u8 = 4;
const LABEL: &str = "key package";
const ONE_TIME: u32 = 50;
const REFILL_BELOW: u32 = 25;
/// How long a Welcome may wait at the relay.
const WELCOMES: Duration = Duration::from_secs(60 * 24 * 3600);
/// A package that ends sooner is not used: a member who is away longer could not follow the commit.
const LEFT: Duration = Duration::from_secs(7 * 24 * 3600);
const PUBLISHED: &str = "key packages published";
/// How often the relay is asked how many are left.
const COUNT_EVERY: Duration = Duration::from_secs(600);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// As long as a key package lives: with a clock that is further off, none is valid.
const LIFE: Duration = Duration::from_secs(28 * 24 * 3600);
const HALF_LIFE: Duration = Duration::from_secs(14 * 24 * 3600);

impl Engine {
    /// Publishes a fresh supply where the old one runs low or is half through its life.
    pub(super) async fn refill(self: &Arc<Self>, deadline: Duration) -> Result<(), SyncError> {
        let now = self.clock.now();
        if self
            .asked(|asked| asked.counted)
            .is_some_and(|at| at <= now && now.since(at) < COUNT_EVERY)
        {
            return Ok(());
        }
        let last: Option<Timestamp> = self.store.read::<_, StoreError>(|tx| tx.meta(PUBLISHED))?;
        let fresh = last.is_some_and(|at| now.since(at) < HALF_LIFE);
        let (alias, keys) =
            self.read(|tx, context| Ok((context.me.contact_alias, super::roster::keyring(tx)?)))?;
        let alias = Alias::new(alias);
        let ask = Publish {
            alias,
            one_time: Vec::new(),
            last_resort: None,
            replace: false,
        };
        let remaining = self
            .mailbox_call::<op::KeyPackagePublish>(&ask, deadline)
            .await?
            .remaining;
        if fresh && remaining >= REFILL_BELOW {
            self.asked(|asked| asked.counted = Some(now));
            return Ok(());
        }
        let key = keys
            .newest()
            .ok_or(SyncError::NoRosterKey)?
            .key_package_key();
        let wanted = if fresh {
            ONE_TIME.saturating_sub(remaining)
        } else {
            ONE_TIME
        };
        let publish = self
            .write_blocking("making key packages", move |tx, context| {
                let make = |count: usize, last_resort: bool| -> Result<Vec<Sealed>, SyncError> {
                    key_package::generate(
                        tx,
                        &context.identity(),
                        Suite::default(),
                        count,
                        last_resort,
                        context.now,
                    )?
                    .iter()
                    .map(|bytes| {
                        Ok(Sealed::new(aead::seal(
                            &key,
                            VERSION,
                            LABEL,
                            &[],
                            bytes,
                            context.random,
                        )?))
                    })
                    .collect()
                };
                // Welcomes made with the old ones may still be on their way.
                key_package::delete_expired(tx, context.now.minus(WELCOMES))?;
                let count = usize::try_from(wanted)
                    .unwrap_or(50)
                    .min(limits::KEY_PACKAGES_PER_CALL);
                let one_time = make(count, false)?;
                let last_resort = if fresh { None } else { make(1, true)?.pop() };
                Ok(Publish {
                    alias,
                    one_time,
                    last_resort,
                    replace: !fresh,
                })
            })
            .await?;
        self.mailbox_call::<op::KeyPackagePublish>(&publish, deadline)
            .await?;
        let stamp = if fresh { last } else { Some(now) };
        self.store
            .write::<_, StoreError>("key packages published", |tx| published(tx, stamp))?;
        self.asked(|asked| asked.counted = Some(now));
        Ok(())
    }

    /// This device's clock, where the relay's signed time says that it is off by at least `least`.
    fn clock_wrong_by(&self, least: Duration) -> Option<SyncError> {
        let off = Duration::from_millis(self.status().clock?.offset_ms.unsigned_abs());
        (off >= least).then(|| SyncError::ClockWrong {
            days: off.saturating_add(DAY / 2).as_secs() / DAY.as_secs(),
        })
    }

    /// Claims one key package of each device; those that have none, or none that is theirs, are left out.
    pub(super) async fn claim(
        self: &Arc<Self>,
        devices: &[DeviceId],
        deadline: Duration,
    ) -> Result<Vec<(DeviceId, Vec<u8>)>, SyncError> {
        let (aliases, keys) = self.read(|tx, context| {
            let aliases: Vec<_> = devices
                .iter()
                .filter_map(|device| {
                    context
                        .contact_alias(device)
                        .map(|alias| (*device, Alias::new(alias)))
                })
                .collect();
            Ok((aliases, super::roster::keyring(tx)?))
        })?;
        // None would count as valid here, and each can be claimed once.
        if let Some(wrong) = self.clock_wrong_by(LIFE) {
            return Err(wrong);
        }
        let mut out = Vec::new();
        let mut unfit = false;
        for batch in aliases.chunks(limits::CLAIMS_PER_CALL) {
            let request = Claim {
                aliases: batch.iter().map(|(_, alias)| *alias).collect(),
            };
            let answer = self
                .bearer_call::<op::KeyPackageClaim>(&request, deadline)
                .await?;
            for (package, (device, _)) in answer.packages.into_iter().zip(batch) {
                let Some(sealed) = package.key_package else {
                    continue;
                };
                let opened = keys.newest_first().find_map(|key| {
                    aead::open(
                        &key.key_package_key(),
                        VERSION,
                        LABEL,
                        &[],
                        sealed.as_bytes(),
                    )
                    .ok()
                });
                let Some(bytes) = opened else { continue };
                let known = key_package::inspect(&bytes, self.clock.now())
                    .ok()
                    .filter(|i| i.device == *device && i.expires > self.clock.now().plus(LEFT));
                let ours = self.read(|_, context| {
                    Ok(known.is_some_and(|info| {
                        context
                            .device(device)
                            .is_some_and(|d| d.details.signature_key == info.key)
                    }))
                })?;
                if ours {
                    out.push((*device, bytes));
                } else {
                    unfit = true;
                }
            }
        }
        match self.clock_wrong_by(DAY) {
            Some(wrong) if unfit && out.is_empty() => Err(wrong),
            _ => Ok(out),
        }
    }
}

fn published(tx: &WriteTx<'_>, at: Option<Timestamp>) -> Result<(), StoreError> {
    match at {
        Some(at) => tx.put_meta(PUBLISHED, &at),
        None => Ok(()),
    }
}
