//! One running relay: the store, what is known in memory, the keys, the limits. Every request works on this.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sotto_wire::{
    Bearer, Digest, ErrorCode, LimitKind, MailboxId, PublicKey, RelayTime, TenantId, WireError,
    limits,
};
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::blobs::Blobs;
use crate::clock::{Clock, Random};
use crate::config::Config;
use crate::crypto::{RelayKey, sha256};
use crate::disk::Disk;
use crate::logging::{Cause, log_event};
use crate::memory::links::Links;
use crate::memory::nonces::Nonces;
use crate::memory::polls::Polls;
use crate::memory::rates::{Key, Kind, Rates};
use crate::memory::sessions::{Session, Sessions};
use crate::memory::wake::Wake;
use crate::metrics::Metrics;
use crate::store::{Event, Listener, Store, StoreError, Submitter, TenantKey};

/// How long a bearer that was right is taken to be right for counting. The store asks again inside each transaction.
const REMEMBERED: Duration = Duration::from_secs(10);

/// What is known in memory and told after commits.
#[derive(Debug)]
pub(crate) struct Hub {
    pub(crate) sessions: Sessions,
    pub(crate) wake: Wake,
    pub(crate) metrics: Metrics,
    known: Mutex<HashMap<Submitter, (TenantKey, Duration)>>,
}

impl Hub {
    /// Nothing is known yet.
    pub(crate) fn new() -> Self {
        Self {
            sessions: Sessions::default(),
            wake: Wake::default(),
            metrics: Metrics::new(),
            known: Mutex::default(),
        }
    }

    fn forget_bearers(&self, tenant: &TenantId) {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|who, _| who.tenant != *tenant);
    }
}

impl Listener for Hub {
    fn after_commit(&self, events: &[Event]) {
        for event in events {
            match event {
                Event::Arrived(mailbox) => self.wake.ring_mailbox(*mailbox),
                Event::Closed(mailbox) => self.sessions.end(*mailbox, ErrorCode::MailboxClosed),
                Event::GrantChanged(tenant, grant) => self.wake.ring_grant(*tenant, *grant),
                Event::Ordered(tenant, key) => self.wake.ring_channel(*tenant, *key),
                Event::BearerReplaced(tenant) => self.forget_bearers(tenant),
                Event::Count(milestone, n) => self.metrics.reached(*milestone, *n),
            }
        }
    }

    fn committed(&self, operations: usize) {
        self.metrics.committed(operations);
    }
}

/// Learns that the relay stops.
#[derive(Debug, Clone)]
pub(crate) struct Stop(pub(crate) watch::Receiver<bool>);

impl Stop {
    /// Waits until it does.
    pub(crate) async fn asked(&mut self) {
        // If the other end is gone, so is the relay.
        let _or_gone = self.0.wait_for(|stop| *stop).await;
    }

    /// Whether it does.
    pub(crate) fn is_asked(&self) -> bool {
        *self.0.borrow()
    }
}

/// Where a request comes from, for counting in memory only: an address, of IPv6 its network.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Peer([u8; 8]);

impl Peer {
    /// From an address.
    pub(crate) fn of(address: IpAddr) -> Self {
        let mut peer = [0; 8];
        match address.to_canonical() {
            IpAddr::V4(address) => peer[..4].copy_from_slice(&address.octets()),
            IpAddr::V6(address) => peer.copy_from_slice(&address.octets()[..8]),
        }
        Self(peer)
    }
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Peer(..)")
    }
}

/// One of the connections that may be open at once, held by whatever lives on it.
#[derive(Debug, Clone)]
pub(crate) struct Place(#[allow(dead_code, reason = "held, never read")] Arc<PlaceInner>);

#[derive(Debug)]
struct PlaceInner {
    hub: Arc<Hub>,
    _permit: OwnedSemaphorePermit,
}

impl Place {
    /// Takes a place.
    pub(crate) fn take(hub: &Arc<Hub>, permit: OwnedSemaphorePermit) -> Self {
        hub.metrics.connections.inc();
        Self(Arc::new(PlaceInner {
            hub: Arc::clone(hub),
            _permit: permit,
        }))
    }
}

impl Drop for PlaceInner {
    fn drop(&mut self) {
        self.hub.metrics.connections.dec();
    }
}

/// One running relay.
pub(crate) struct Relay {
    pub(crate) config: Config,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) blobs: Blobs,
    pub(crate) key: RelayKey,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) nonces: Nonces<MailboxId>,
    pub(crate) channel_nonces: Nonces<PublicKey>,
    pub(crate) polls: Polls,
    pub(crate) links: Links,
    pub(crate) rates: Rates,
    pub(crate) disk: Disk,
    pub(crate) stop: Stop,
}

impl Relay {
    /// The wall clock.
    pub(crate) fn now(&self) -> RelayTime {
        self.clock.now()
    }

    /// Fresh secret bytes.
    pub(crate) fn random(&self) -> Result<[u8; 32], WireError> {
        self.random.bytes().map_err(|_| {
            log_event!(ERROR, "no randomness");
            WireError::retry_after(ErrorCode::Unavailable, 5_000)
        })
    }

    /// A fresh bearer and the digest it is known by.
    pub(crate) fn fresh_bearer(&self) -> Result<(Bearer, Digest), WireError> {
        let bytes = self.random()?;
        Ok((Bearer::new(bytes), sha256(&bytes)))
    }

    /// Takes from a rate.
    pub(crate) fn rate(&self, key: Key, n: u32) -> Result<(), WireError> {
        self.rates
            .take(key, self.config.rate(key.0), n, self.clock.elapsed())
    }

    /// Takes from a stranger's rate. Whoever has no right yet is counted where they come from, so that wrong bearers cost
    /// the organisation they name nothing.
    pub(crate) fn rate_stranger(&self, peer: Peer) -> Result<(), WireError> {
        self.rate(Key::of(Kind::Stranger, &peer.0), 1)
    }

    /// Takes from a stranger's rate of registrations.
    pub(crate) fn rate_register(&self, peer: Peer) -> Result<(), WireError> {
        self.rate(Key::of(Kind::Register, &peer.0), 1)
    }

    /// The organisation whose current bearer this is.
    pub(crate) async fn authenticate(
        &self,
        who: Submitter,
        peer: Peer,
    ) -> Result<TenantKey, WireError> {
        let now = self.clock.elapsed();
        let known = self
            .hub
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&who)
            .copied();
        if let Some((tenant, until)) = known
            && until > now
        {
            return Ok(tenant);
        }
        self.rate_stranger(peer)?;
        let tenant = self
            .store
            .authenticate(who)
            .await
            .map_err(|error| self.refusal(error))?;
        let mut known = self
            .hub
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (_, until)| *until > now);
        known.insert(who, (tenant, now + REMEMBERED));
        Ok(tenant)
    }

    /// Takes from an organisation's rate.
    pub(crate) fn rate_tenant(
        &self,
        kind: Kind,
        tenant: TenantKey,
        n: u32,
    ) -> Result<(), WireError> {
        self.rate(Key::of(kind, &tenant.0.to_be_bytes()), n)
    }

    /// The running session of a token, for this organisation.
    pub(crate) fn find_session(
        &self,
        tenant: &TenantId,
        token: &Digest,
    ) -> Result<Arc<Session>, WireError> {
        let session = self.hub.sessions.find(token, self.clock.elapsed());
        session
            .filter(|session| session.organisation == *tenant)
            .ok_or_else(|| ErrorCode::SessionExpired.into())
    }

    /// The same, at its rate.
    pub(crate) fn session(
        &self,
        tenant: &TenantId,
        token: &Digest,
    ) -> Result<Arc<Session>, WireError> {
        let session = self.find_session(tenant, token)?;
        self.rate(
            Key::of(Kind::Mailbox, &session.owner.mailbox.0.to_be_bytes()),
            1,
        )?;
        Ok(session)
    }

    /// What a caller is told when the store did not do it.
    pub(crate) fn refusal(&self, error: StoreError) -> WireError {
        match error {
            StoreError::Refused(refusal) => refusal,
            StoreError::Full => self.disk.hit(),
            StoreError::Closing => WireError::retry_after(ErrorCode::Unavailable, 1_000),
            StoreError::Failed { doing, source } => {
                log_event!(
                    ERROR,
                    "the store failed",
                    doing = doing,
                    cause = Cause::of(&*source)
                );
                WireError::retry_after(ErrorCode::Unavailable, 5_000)
            }
        }
    }

    /// Refuses a time too far from the relay's own.
    pub(crate) fn check_at(&self, at: RelayTime) -> Result<(), WireError> {
        let off = at.0.abs_diff(self.now().0);
        if off <= limits::SIGNED_AT_WINDOW_MS.unsigned_abs() {
            Ok(())
        } else {
            Err(ErrorCode::Unauthorized.into())
        }
    }

    /// Refuses a life that is too short or too long.
    pub(crate) fn check_ttl(&self, ttl_s: u32) -> Result<(), WireError> {
        if ttl_s < limits::TTL_MIN_S {
            return Err(ErrorCode::BadRequest.into());
        }
        at_most(
            LimitKind::Ttl,
            u64::from(ttl_s),
            u64::from(self.config.limit_ttl_s),
        )
    }
}

/// Refuses what is above a limit.
pub(crate) fn at_most(kind: LimitKind, n: u64, max: u64) -> Result<(), WireError> {
    if n <= max {
        Ok(())
    } else {
        Err(WireError::too_large(kind, max))
    }
}

/// Refuses a list that is empty or too long.
pub(crate) fn some_of<T>(kind: LimitKind, list: &[T], max: usize) -> Result<(), WireError> {
    if list.is_empty() {
        return Err(ErrorCode::BadRequest.into());
    }
    at_most(kind, list.len() as u64, max as u64)
}

/// Refuses a list that names something twice.
pub(crate) fn distinct<T: Eq + std::hash::Hash>(
    items: impl Iterator<Item = T>,
) -> Result<(), WireError> {
    let mut seen = std::collections::HashSet::new();
    for item in items {
        if !seen.insert(item) {
            return Err(ErrorCode::BadRequest.into());
        }
    }
    Ok(())
}
