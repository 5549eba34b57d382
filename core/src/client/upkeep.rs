//! What keeps a device healthy, and what tells whether it is.

use std::sync::Arc;
use std::time::Duration;

use super::{Client, Error, Finding, HeldView};
use crate::admin;
use crate::admin::recover::{self, Standing};
use crate::audit;
use crate::store::table::conversation::ConversationState;
use crate::store::{FileKind, Notice, Protection, Store, Subscription, Topic};
use crate::sync::{self, Engine};
use crate::transport::{Probe, probe};

const PROBE: Duration = Duration::from_secs(15);
/// How often a connected device looks whether the organisation needs something of it.
const TEND: Duration = Duration::from_secs(300);
/// What waits at least between two looks.
const PAUSE: Duration = Duration::from_millis(500);

impl Client {
    /// What is held: not opened yet, or refused and kept as evidence.
    ///
    /// # Errors
    /// `store.locked`.
    pub fn held(&self) -> Result<Vec<HeldView>, Error> {
        let rows = self
            .store()?
            .read::<_, crate::store::StoreError>(|tx| tx.held())?;
        Ok(rows
            .into_iter()
            .map(|row| HeldView {
                number: row.id,
                conversation: row.conversation.map(|id| id.to_string()),
                cause: row.cause.as_str(),
                refused: row.refused,
                since: row.since.to_rfc3339(),
                repeats: row.repeats,
            })
            .collect())
    }

    /// Purges what has expired: rows, index and files. Says how many messages.
    ///
    /// # Errors
    /// `store.locked`, `device.not_enrolled`.
    pub fn purge_expired(&self) -> Result<usize, Error> {
        Ok(self.engine()?.purge()?)
    }

    /// Looks at everything that can be looked at: store, files, audit chain, held messages, last contact, and with
    /// `network` the way to the relay.
    ///
    /// # Errors
    /// `store.locked`; what the findings are about is in them.
    pub async fn doctor(&self, network: bool) -> Result<Vec<Finding>, Error> {
        let store = self.store()?;
        let mut findings = vec![integrity(&store), chain(&store)];
        findings.extend(inventory(&self.inner.home));
        let held = self.held()?;
        let (open, refused, repeats) = (
            held.iter().filter(|h| !h.refused).count(),
            held.iter().filter(|h| h.refused).count(),
            held.iter().map(|h| h.repeats).sum::<u64>(),
        );
        findings.push(finding(
            "held",
            if open + refused == 0 { "ok" } else { "warning" },
            format!(
                "{open} messages wait for a key, for the roster or for the message they are about, {refused} were refused \
                 and kept as evidence, {repeats} more were refused and counted"
            ),
        ));
        let engine = match self.engine() {
            Ok(engine) => engine,
            Err(error) => {
                findings.push(finding("device", "warning", error.to_string()));
                return Ok(findings);
            }
        };
        let (stalled, waiting, fresh, entries, awaited) = engine.read(|tx, context| {
            Ok((
                tx.conversations_in(ConversationState::Stalled)?.len(),
                tx.outbox_len()?,
                sync::freshness(tx)?,
                context.head().seq + 1,
                sync::awaited_key(tx)?,
            ))
        })?;
        let level = if waiting == 0 { "ok" } else { "warning" };
        findings.push(finding(
            "outbox",
            level,
            format!("{waiting} requests wait for the relay"),
        ));
        findings.push(finding(
            "roster",
            "ok",
            match fresh {
                Some(at) => format!(
                    "{entries} entries; another device confirmed them at {}",
                    at.to_rfc3339()
                ),
                None => format!("{entries} entries; no other device has confirmed them yet"),
            },
        ));
        if stalled > 0 {
            let text = format!(
                "{stalled} conversations stand still until this device has come back to them"
            );
            findings.push(finding("conversations", "warning", text));
        }
        if let Some(epoch) = awaited {
            let text = format!("waiting for the key of roster epoch {epoch}");
            findings.push(finding("roster", "warning", text));
        }
        if let Some(clock) = engine.status().clock.filter(|clock| clock.drifted) {
            let minutes = clock.offset_ms.unsigned_abs().div_ceil(60_000);
            let text = format!(
                "this device's clock is off by {minutes} minutes: set it. Off by a day or more, it adds nobody to a conversation"
            );
            findings.push(finding("clock", "warning", text));
        }
        let recoveries = recover::recoveries(&engine)?;
        let waiting = recoveries
            .iter()
            .filter(|one| matches!(one.standing, Standing::Waits | Standing::Ready));
        findings.extend(waiting.map(|one| finding("recovery", "warning", one.words())));
        if network {
            findings.push(way(&engine.transport().endpoint()).await);
        }
        Ok(findings)
    }
}

/// Looks after the organisation for as long as the device stays connected. Trouble waits for the next time: what was
/// begun is stored, and dropping this loses nothing.
pub(super) async fn tend(engine: &Arc<Engine>) -> std::convert::Infallible {
    let mut notices = engine.store().subscribe();
    loop {
        announce(engine).await;
        occasion(engine, &mut notices).await;
        let Some(now) = engine.relay_now() else {
            continue;
        };
        if let Err(error) = admin::tend(engine, now).await {
            crate::log_event!(
                DEBUG,
                "the organisation's upkeep waits",
                code = error.code()
            );
        }
    }
}

/// Tells the organisation where an order to wipe reaches this device while it is locked, once.
pub(super) async fn announce(engine: &Arc<Engine>) {
    if let Err(error) = admin::announce_channel(engine).await {
        crate::log_event!(
            DEBUG,
            "the wipe channel waits to be announced",
            code = error.code()
        );
    }
}

/// Waits until it is time to look, or until an order to wipe has to be laid for somebody who may not.
async fn occasion(engine: &Arc<Engine>, notices: &mut Subscription) {
    let ordinary = tokio::time::sleep(TEND);
    tokio::pin!(ordinary);
    loop {
        let waits = engine
            .relay_now()
            .and_then(|now| admin::order_waits(engine, now).ok()?);
        let soon = tokio::time::sleep(waits.unwrap_or(TEND).max(PAUSE));
        tokio::select! {
            () = &mut ordinary => return,
            () = soon, if waits.is_some() => return,
            notice = notices.next() => match notice {
                // A closed store ends this with its client.
                None => tokio::time::sleep(TEND).await,
                Some(Notice::Changes(changes))
                    if changes.iter().all(|change| change.topic != Topic::Roster) => {}
                // What is known of the roster changes in bursts.
                Some(_) => tokio::time::sleep(PAUSE).await,
            },
        }
    }
}

fn finding(topic: &'static str, level: &'static str, text: String) -> Finding {
    Finding { topic, level, text }
}

fn integrity(store: &Store) -> Finding {
    match store.integrity_check() {
        Ok(found) if found.is_sound() => finding(
            "store",
            "ok",
            "every page of the store authenticates".to_owned(),
        ),
        Ok(found) => {
            let text = format!(
                "{} damaged pages, {} faults: keep the files as they are",
                found.damaged_pages, found.faults
            );
            finding("store", "problem", text)
        }
        Err(error) => finding("store", "problem", error.to_string()),
    }
}

fn chain(store: &Store) -> Finding {
    match store.read::<_, crate::store::StoreError>(audit::verify) {
        Ok(audit::Finding::Intact(count)) => finding(
            "audit",
            "ok",
            format!("{count} records, each chained to the one before"),
        ),
        Ok(audit::Finding::BrokenAt(seq)) => finding(
            "audit",
            "problem",
            format!("the chain of records breaks at record {seq}"),
        ),
        Err(error) => finding("audit", "problem", error.to_string()),
    }
}

fn inventory(home: &std::path::Path) -> Vec<Finding> {
    let items = match Store::inventory(home) {
        Ok(items) => items,
        Err(error) => return vec![finding("files", "problem", error.to_string())],
    };
    items
        .into_iter()
        .map(|item| {
            let (level, word) = match (item.kind, item.protection) {
                (FileKind::Unknown, _) | (_, Protection::Unknown) => {
                    ("warning", "not a file of this program")
                }
                (_, Protection::Encrypted) => ("ok", "encrypted"),
                (FileKind::Stub, Protection::PlainByDesign) => (
                    "ok",
                    "readable: what a locked device needs to obey its wipe order; no name, no content",
                ),
                (_, Protection::PlainByDesign) => ("ok", "readable, and holds nothing secret"),
            };
            finding(
                "files",
                level,
                format!("{} ({} bytes): {word}", item.name, item.bytes),
            )
        })
        .collect()
}

async fn way(endpoint: &crate::transport::Endpoint) -> Finding {
    match probe(endpoint, PROBE).await {
        Ok(Probe::Relay { post_quantum: true }) => finding(
            "network",
            "ok",
            "the relay answers with its pinned key, over a post-quantum key exchange".to_owned(),
        ),
        Ok(Probe::Relay {
            post_quantum: false,
        }) => finding(
            "network",
            "warning",
            "the relay answers with its pinned key, without post-quantum key exchange".to_owned(),
        ),
        Ok(Probe::Stranger { issuer }) => {
            let who = issuer.unwrap_or_else(|| "somebody who does not say who".to_owned());
            let text =
                format!("the connection is opened on the way by {who}: nothing is sent through it");
            finding("network", "problem", text)
        }
        Err(error) => finding("network", "problem", error.to_string()),
    }
}
