//! What keeps a device healthy, and what tells whether it is.

use std::time::Duration;

use super::{Client, Error, Finding, HeldView};
use crate::audit;
use crate::store::{FileKind, Protection, Store};
use crate::sync;
use crate::transport::{Probe, probe};

const PROBE: Duration = Duration::from_secs(15);

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
        let (open, refused) = (
            held.iter().filter(|h| !h.refused).count(),
            held.iter().filter(|h| h.refused).count(),
        );
        findings.push(finding(
            "held",
            if open + refused == 0 { "ok" } else { "warning" },
            format!("{open} messages wait for a key or for the roster, {refused} were refused and kept as evidence"),
        ));
        let engine = match self.engine() {
            Ok(engine) => engine,
            Err(error) => {
                findings.push(finding("device", "warning", error.to_string()));
                return Ok(findings);
            }
        };
        let (waiting, fresh, entries) = engine.read(|tx, context| {
            Ok((
                tx.outbox_len()?,
                sync::freshness(tx)?,
                context.head().seq + 1,
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
        if network {
            findings.push(way(&engine.transport().endpoint()).await);
        }
        Ok(findings)
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
