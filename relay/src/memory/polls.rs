//! How many may wait: polls of wipe channels hold a connection each, and are bounded for one channel and together.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use sotto_wire::{LimitKind, PublicKey, WireError};

use super::lock;
use crate::store::TenantKey;

/// Polls of one channel that may wait: the newest, and those whose connections broke unnoticed.
pub(crate) const PER_CHANNEL: u32 = 4;
/// When a place may be free again.
const RETRY_MS: u32 = 5_000;

/// Which channel.
type Channel = (TenantKey, PublicKey);

#[derive(Debug, Default)]
struct Counts {
    all: u32,
    each: HashMap<Channel, u32>,
}

/// The places to wait in.
#[derive(Debug)]
pub(crate) struct Polls {
    max: u32,
    counts: Arc<Mutex<Counts>>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Polling {
    channel: Channel,
    counts: Arc<Mutex<Counts>>,
}

impl Polls {
    /// At most so many together.
    pub(crate) fn new(max: u32) -> Self {
        Self {
            max,
            counts: Arc::default(),
        }
    }

    /// Takes a place.
    pub(crate) fn wait(&self, channel: Channel) -> Result<Polling, WireError> {
        let full = |max: u32| Err(WireError::quota(LimitKind::Polls, max.into(), RETRY_MS));
        let mut counts = lock(&self.counts);
        if counts.all >= self.max {
            return full(self.max);
        }
        let here = counts.each.get(&channel).copied().unwrap_or(0);
        if here >= PER_CHANNEL {
            return full(PER_CHANNEL);
        }
        counts.each.insert(channel, here + 1);
        counts.all += 1;
        drop(counts);
        Ok(Polling {
            channel,
            counts: Arc::clone(&self.counts),
        })
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        let mut counts = lock(&self.counts);
        counts.all = counts.all.saturating_sub(1);
        if let Some(here) = counts.each.get_mut(&self.channel) {
            *here -= 1;
            if *here == 0 {
                counts.each.remove(&self.channel);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(n: u8) -> Channel {
        (TenantKey(1), PublicKey::new([n; 32]))
    }

    #[test]
    fn one_channel_and_all_together_have_so_many_places_and_get_them_back() {
        let polls = Polls::new(PER_CHANNEL + 1);
        let mut held: Vec<_> = (0..PER_CHANNEL)
            .map(|_| polls.wait(channel(1)).unwrap())
            .collect();
        let refused = polls.wait(channel(1)).unwrap_err();
        assert_eq!(
            refused,
            WireError::quota(LimitKind::Polls, PER_CHANNEL.into(), RETRY_MS)
        );
        held.push(polls.wait(channel(2)).unwrap());
        let refused = polls.wait(channel(3)).unwrap_err();
        assert_eq!(
            refused,
            WireError::quota(LimitKind::Polls, (PER_CHANNEL + 1).into(), RETRY_MS)
        );
        held.remove(0);
        held.push(polls.wait(channel(1)).unwrap());
        drop(held);
        assert_eq!(lock(&polls.counts).all, 0);
        assert!(lock(&polls.counts).each.is_empty());
    }
}
