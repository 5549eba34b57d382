//! Download links: a token that opens one blob for ten minutes.

use std::sync::Mutex;
use std::time::Duration;

use sotto_wire::{BlobId, Digest, limits};

use super::expiring::Expiring;
use super::lock;
use crate::store::{BlobKey, TenantKey};

/// Links that are open at most; beyond it the oldest go.
const MAX: usize = 100_000;

/// What a token opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) tenant: TenantKey,
    pub(crate) blob: BlobId,
    pub(crate) key: BlobKey,
    pub(crate) size: u64,
}

/// The open links, by the digest of their token.
#[derive(Debug)]
pub(crate) struct Links(Mutex<Expiring<Digest, Link>>);

impl Default for Links {
    fn default() -> Self {
        Self(Mutex::new(Expiring::new(
            Duration::from_secs(u64::from(limits::BLOB_LINK_S)),
            MAX,
        )))
    }
}

impl Links {
    /// Opens a link. `now` is time in memory.
    pub(crate) fn open(&self, token: Digest, link: Link, now: Duration) {
        lock(&self.0).insert(token, link, now);
    }

    /// What a token opens now.
    pub(crate) fn find(&self, token: &Digest, now: Duration) -> Option<Link> {
        lock(&self.0).get(token, now).copied()
    }

    /// Forgets what is over.
    pub(crate) fn sweep(&self, now: Duration) {
        lock(&self.0).sweep(now);
    }
}
