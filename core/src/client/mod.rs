//! The façade: what shells and integrators see of a Sotto device.
//!
//! A [`Client`] is one device over one store. It is `Locked` until opened with what protects its key, and again after
//! [`Client::lock`]. Reading and writing are local and immediate; [`Client::sync_once`] and [`Client::run`] exchange with
//! the relay. Everything that changes fires an [`Event`], after it has been committed.

#[macro_use]
mod redact;
mod admin;
mod builder;
mod conversations;
mod error;
mod event;
mod export;
mod history;
mod lease;
mod network;
mod organisation;
mod pin;
mod render;
mod request;
mod results;
mod root_file;
mod session;
mod share;
mod standby;
mod status;
mod timeline;
mod upkeep;
mod verify;
mod view;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tokio::sync::{broadcast, watch};

pub use admin::{
    AnnounceRecovery, CertificateView, DefineRole, DryRunView, ElevationView, ErasedView,
    ExceptionView, Exclude, ExcludedView, ExclusionView, ExposureView, GrantRole, HolderView,
    ImportPeople, ImportView, OutcomeView, PeopleView, PersonDifference, PolicyView, ProposalView,
    RecoverAs, RecoveredView, RecoveryView, RekeyView, ReviewView, ReviewedView, RevokeDevice,
    RoleView, RootConsentView, RootFileAccess, RootRotationView, RotateRoot, RuleView,
    SecurityEventView, Timestamp, WipeStatusView, parse_moment,
};
pub use builder::{ClientBuilder, NeedsUnlock, Proxy};
pub use conversations::SendHandle;
pub use error::{Error, ErrorKind, Retry};
pub use event::Event;
pub use history::{ArchiveKey, ArchiveView};
pub use lease::{LeaseStanding, LeaseView};
pub use request::{
    Acknowledge, Draft, ExportScope, FoundOrganisation, Invite, Invitee, Leave, ReadBack,
    Recipient, RelayAddress, SendResult, Unlock, Unmask,
};
pub use session::{LockReason, SessionView};
pub use standby::{
    Erase, EraseError, ProtectionView, Standby, StandbyOutcome, StandbyState, WipedView,
};
pub use timeline::{Diff, Timeline};
pub use verify::{Presence, Proof, UserPresence};
pub use view::{
    AttachmentView, CardView, ConversationView, DeviceView, Finding, HeldView, InvitationView,
    JoinView, MessageStatusView, MessageView, ObservationView, PendingApprovalView, PersonView,
    SentResultView, StateTime, StatusView, SyncReport,
};

use crate::base::{Clock, Random};
use crate::enrol;
use crate::store::Store;
use crate::sync::Engine;
use crate::transport::Transport;

/// One device. Clones are handles to the same one.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    home: PathBuf,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    proxy: Proxy,
    /// Key derivation that protects nothing, for tests.
    fast_kdf: bool,
    /// What an order to wipe erases beside the store.
    places: Vec<Arc<dyn Erase>>,
    /// Who sits there, as far as this process knows.
    guard: verify::Guard,
    /// `None` once locked.
    store: RwLock<Option<Store>>,
    engine: Mutex<Option<Arc<Engine>>>,
    events: broadcast::Sender<Event>,
    /// Carries the store's notices to `events`.
    carrier: Mutex<Option<tokio::task::JoinHandle<()>>>,
    /// `true` once locked: what runs, ends.
    locked: watch::Sender<bool>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client(..)")
    }
}

fn relock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Client {
    /// Begins to make or open the client whose store is in this folder.
    #[must_use]
    pub fn builder(home: &Path) -> ClientBuilder {
        ClientBuilder::new(home)
    }

    /// What the store in a folder asks for to be opened; `None` where there is no store.
    ///
    /// # Errors
    /// `device.wiped` where an order to wipe is being or was carried out, which is gone on with first; the disk's.
    pub fn needs_unlock(home: &Path) -> Result<Option<NeedsUnlock>, Error> {
        builder::needs_unlock(home)
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "called by the builder alone, which names each"
    )]
    fn over(
        home: PathBuf,
        store: Store,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        proxy: Proxy,
        fast_kdf: bool,
        places: Vec<Arc<dyn Erase>>,
        guard: verify::Guard,
    ) -> Self {
        let (events, _) = broadcast::channel(1024);
        Self {
            inner: Arc::new(Inner {
                home,
                clock,
                random,
                proxy,
                fast_kdf,
                places,
                guard,
                store: RwLock::new(Some(store)),
                engine: Mutex::new(None),
                events,
                carrier: Mutex::new(None),
                locked: watch::Sender::new(false),
            }),
        }
    }

    /// The open store.
    fn store(&self) -> Result<Store, Error> {
        self.inner
            .store
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .ok_or_else(Error::locked)
    }

    /// The sync engine of an enrolled device.
    fn engine(&self) -> Result<Arc<Engine>, Error> {
        let mut engine = relock(&self.inner.engine);
        // Asked under the lock, so that a client that is being locked keeps no engine.
        let store = self.store()?;
        if let Some(engine) = engine.as_ref() {
            return Ok(Arc::clone(engine));
        }
        let member = enrol::member(&store)?.ok_or(crate::sync::SyncError::NotEnrolled)?;
        let endpoint = crate::sync::endpoint(&member.relay, self.inner.proxy.setting())?;
        let transport = Transport::new(endpoint).map_err(crate::transport::TransportError::from)?;
        let made = Arc::new(Engine::new(
            store,
            transport,
            Arc::clone(&self.inner.clock),
            Arc::clone(&self.inner.random),
        ));
        *engine = Some(Arc::clone(&made));
        Ok(made)
    }

    /// Drops the keys from memory and closes the store. Calls in flight end with their transaction, [`Client::run`] ends,
    /// and every later call fails as locked.
    ///
    /// # Errors
    /// None today; the signature leaves room for vaults that can refuse.
    pub fn lock(&self) -> Result<(), Error> {
        let mut engine = relock(&self.inner.engine);
        *engine = None;
        *self
            .inner
            .store
            .write()
            .unwrap_or_else(PoisonError::into_inner) = None;
        drop(engine);
        self.inner.guard.forget();
        self.inner.locked.send_replace(true);
        // Whoever watches looks again, and finds it locked.
        self.tell(Event::Reset);
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod owner_tests;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
