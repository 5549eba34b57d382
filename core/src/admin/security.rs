//! What should make an administrator look: what this device refused and keeps as evidence, what does not belong in the
//! organisation's log, conversations that disagree, emergency wipes.

use super::certificate::{self, Stage};
use super::{AdminError, describe, recover, tick};
use crate::audit::{self, Act};
use crate::base::{ConversationId, Timestamp};
use crate::membership::Context;
use crate::roster::kind::RevocationMode;
use crate::roster::record::DeviceState;
use crate::roster::{Anchor, Author, Junk, Roster, Verdict};
use crate::store::table::conversation::ConversationState;
use crate::store::table::held::HeldCause;
use crate::store::{ReadTx, StoreError};
use crate::sync::{Engine, SyncError, keyring};

redacted!(SecurityEvent);

/// Records of the audit that are looked through, the newest.
const RECORDS: u32 = 10_000;

/// What sort of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// A message was refused and is kept.
    Refused,
    /// Somebody asked for something they have no right to on this device, or what came was refused.
    NoRight,
    /// A position of the organisation's log holds what no device takes.
    Junk,
    /// A conversation is stalled, or a message does not fit its epoch: members may have been shown different things.
    Fork,
    /// A device was excluded, suspended, or ordered to wipe itself in an emergency.
    Device,
    /// A certificate of a wipe did not verify.
    Certificate,
    /// The offline root key announced a new administrator, or carried it out.
    Recovery,
    /// The organisation's log was ahead of this device's clock.
    Clock,
}

/// One event.
#[derive(Clone, PartialEq, Eq)]
pub struct SecurityEvent {
    /// What sort.
    pub sort: Sort,
    /// When, where that is known.
    pub at: Option<Timestamp>,
    /// In words, without content.
    pub words: String,
    /// Where, if in a conversation.
    pub conversation: Option<ConversationId>,
    /// How often.
    pub count: u64,
}

/// What this device knows, the newest first; what has no time comes last.
///
/// # Errors
/// [`AdminError`].
pub fn security_events(engine: &Engine) -> Result<Vec<SecurityEvent>, AdminError> {
    let mut events = engine.read(|tx, context| {
        let mut events = held(tx)?;
        events.extend(refusals(tx)?);
        events.extend(stalled(tx)?);
        events.extend(junk(tx, context)?);
        events.extend(devices(context));
        events.extend(recoveries(context));
        events.extend(ahead(tx)?);
        Ok(events)
    })?;
    for wipe in certificate::wipes(engine)? {
        if wipe.refused > 0 {
            let certified = wipe.stage == Stage::Certified;
            events.push(SecurityEvent {
                sort: Sort::Certificate,
                at: wipe.reached.or(wipe.ordered),
                words: format!(
                    "a certificate for {} did not verify{}",
                    wipe.words,
                    if certified { "; another one did" } else { "" }
                ),
                conversation: None,
                count: wipe.refused.into(),
            });
        }
    }
    events.sort_by_key(|event| std::cmp::Reverse(event.at));
    Ok(events)
}

fn held(tx: &ReadTx<'_>) -> Result<Vec<SecurityEvent>, StoreError> {
    let refused = tx.held()?.into_iter().filter(|row| row.refused);
    Ok(refused
        .map(|row| SecurityEvent {
            sort: if row.cause == HeldCause::Undecryptable {
                Sort::Fork
            } else {
                Sort::Refused
            },
            at: Some(row.since),
            words: format!("a message was refused: {}", row.cause.as_str()),
            conversation: row.conversation,
            count: row.repeats.saturating_add(1),
        })
        .collect())
}

fn refusals(tx: &ReadTx<'_>) -> Result<Vec<SecurityEvent>, StoreError> {
    let records = audit::newest(tx, RECORDS)?.into_iter();
    Ok(records
        .filter(|record| record.act == Act::Refused)
        .map(|record| SecurityEvent {
            sort: Sort::NoRight,
            at: Some(record.at),
            words: format!(
                "refused: {}",
                record.reason.as_deref().unwrap_or("no role permits it")
            ),
            conversation: None,
            count: 1,
        })
        .collect())
}

fn stalled(tx: &ReadTx<'_>) -> Result<Vec<SecurityEvent>, StoreError> {
    let rows = tx.conversations_in(ConversationState::Stalled)?.into_iter();
    Ok(rows
        .map(|row| SecurityEvent {
            sort: Sort::Fork,
            at: Some(row.updated),
            words: "a conversation does not go on: its members disagree on its state".to_owned(),
            conversation: Some(row.id),
            count: 1,
        })
        .collect())
}

/// Judges the stored log again for what is not valid in it, and why.
fn junk(tx: &ReadTx<'_>, context: &Context<'_>) -> Result<Vec<SecurityEvent>, SyncError> {
    if context.roster.junk() == 0 {
        return Ok(Vec::new());
    }
    let keys = keyring(tx)?;
    let mut roster = Roster::new(Anchor {
        organisation: context.me.organisation,
        root: context.me.root,
    });
    let mut events = Vec::new();
    for row in tx.roster_entries(0)? {
        let verdict = match roster.ingest(row.position, &row.entry, &keys) {
            Verdict::NeedsKey { .. } => roster.set_aside(row.position, Junk::NoSeals),
            other => other,
        };
        match verdict {
            Verdict::Junk(reason) => events.push(SecurityEvent {
                sort: Sort::Junk,
                at: roster.log_time(),
                words: format!("position {} of the log: {reason}", row.position),
                conversation: None,
                count: 1,
            }),
            Verdict::Valid { .. } | Verdict::Ignored { .. } => {}
            Verdict::Halt { .. } | Verdict::OutOfOrder { .. } | Verdict::NeedsKey { .. } => break,
        }
    }
    Ok(events)
}

fn recoveries(context: &Context<'_>) -> Vec<SecurityEvent> {
    let all = recover::list(context).into_iter();
    all.map(|recovery| SecurityEvent {
        sort: Sort::Recovery,
        at: Some(recovery.announced),
        words: recovery.words(),
        conversation: None,
        count: 1,
    })
    .collect()
}

fn ahead(tx: &ReadTx<'_>) -> Result<Option<SecurityEvent>, StoreError> {
    Ok(tick::ahead(tx)?.map(|ahead| SecurityEvent {
        sort: Sort::Clock,
        at: Some(ahead.seen),
        words: format!(
            "the organisation's log says {}, ahead of this device's clock: somebody's clock is wrong, or somebody hurries \
             what waits for its time; this device does not confirm it",
            ahead.log.to_rfc3339()
        ),
        conversation: None,
        count: 1,
    }))
}

fn devices(context: &Context<'_>) -> Vec<SecurityEvent> {
    let roster = context.roster;
    let time = |seq| roster.at(seq).map(|view| view.time());
    let mut events = Vec::new();
    for (id, record) in roster.devices() {
        let words = describe::device(context, id);
        let mut tell = |at, words| {
            events.push(SecurityEvent {
                sort: Sort::Device,
                at,
                words,
                conversation: None,
                count: 1,
            });
        };
        if record.state.now() == Some(&DeviceState::Suspended) {
            let at = time(record.state.since());
            tell(
                at,
                format!("{words} fell with a suspect device: approve it again, or exclude it"),
            );
        }
        let Some(revocation) = record.revocation else {
            continue;
        };
        let by = match revocation.by {
            Author::Device(by) => describe::device(context, &by),
            Author::Root | Author::Invitation(_) => "the root key".to_owned(),
        };
        if revocation.mode == RevocationMode::EmergencyWipe {
            tell(
                time(revocation.seq),
                format!("emergency wipe of {words}, ordered from {by} alone"),
            );
        } else if let Some(since) = revocation.suspect_since {
            tell(
                time(revocation.seq),
                format!("{words} is suspect from roster entry {since} on, says {by}"),
            );
        }
    }
    events
}
