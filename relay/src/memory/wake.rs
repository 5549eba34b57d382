//! Who waits for what. A wake-up says only "look again": it may be lost or come for nothing, the store is the truth.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, Weak};

use sotto_wire::{GrantId, PublicKey};
use tokio::sync::watch;

use super::lock;
use crate::store::{MailboxKey, TenantKey};

/// Somebody who waits. A ring between its making and its waiting is not lost.
#[derive(Debug)]
pub(crate) struct Waiter {
    bell: watch::Receiver<()>,
    _kept: Arc<watch::Sender<()>>,
}

impl Waiter {
    /// Until somebody has rung since the last time, or since the waiter was made.
    pub(crate) async fn rung(&mut self) {
        // It cannot close: the waiter itself keeps the other end.
        let _never_closed = self.bell.changed().await;
    }
}

/// Places to wait at.
#[derive(Debug)]
struct Bells<K>(Mutex<HashMap<K, Weak<watch::Sender<()>>>>);

impl<K> Default for Bells<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash> Bells<K> {
    fn wait_at(&self, key: K) -> Waiter {
        let mut bells = lock(&self.0);
        let known = bells.get(&key).and_then(Weak::upgrade);
        let kept = known.unwrap_or_else(|| {
            let bell = Arc::new(watch::Sender::new(()));
            bells.insert(key, Arc::downgrade(&bell));
            bell
        });
        Waiter {
            bell: kept.subscribe(),
            _kept: kept,
        }
    }

    fn ring(&self, key: &K) {
        let bell = lock(&self.0).get(key).and_then(Weak::upgrade);
        if let Some(bell) = bell {
            bell.send_replace(());
        }
    }

    fn sweep(&self) {
        lock(&self.0).retain(|_, bell| bell.strong_count() > 0);
    }
}

/// The bells of mailboxes, grants and wipe channels.
#[derive(Debug, Default)]
pub(crate) struct Wake {
    mailboxes: Bells<MailboxKey>,
    grants: Bells<(TenantKey, GrantId)>,
    channels: Bells<(TenantKey, PublicKey)>,
}

impl Wake {
    /// Rung when something arrives. Make the waiter before looking into the store.
    pub(crate) fn mailbox(&self, mailbox: MailboxKey) -> Waiter {
        self.mailboxes.wait_at(mailbox)
    }

    /// Rung when the grant is answered or ended.
    pub(crate) fn grant(&self, tenant: TenantKey, grant: GrantId) -> Waiter {
        self.grants.wait_at((tenant, grant))
    }

    /// Rung when an order is laid.
    pub(crate) fn channel(&self, tenant: TenantKey, key: PublicKey) -> Waiter {
        self.channels.wait_at((tenant, key))
    }

    /// Something arrived.
    pub(crate) fn ring_mailbox(&self, mailbox: MailboxKey) {
        self.mailboxes.ring(&mailbox);
    }

    /// Something changed.
    pub(crate) fn ring_grant(&self, tenant: TenantKey, grant: GrantId) {
        self.grants.ring(&(tenant, grant));
    }

    /// An order was laid.
    pub(crate) fn ring_channel(&self, tenant: TenantKey, key: PublicKey) {
        self.channels.ring(&(tenant, key));
    }

    /// Forgets places where nobody waits.
    pub(crate) fn sweep(&self) {
        self.mailboxes.sweep();
        self.grants.sweep();
        self.channels.sweep();
    }
}
