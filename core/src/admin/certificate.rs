//! How the order to wipe a device stands: ordered, reached, certified. The certificates that the device leaves at the
//! relay are fetched by the devices of administrators, verified against the receipt key that the roster shows, and kept
//! as evidence that can be read and verified again without the relay.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use sotto_wire::channel::{ChannelState, Collect, Done, OrderState};
use sotto_wire::{Bearer, ErrorCode, PublicKey, limits, op};

use super::{AdminError, REQUEST, describe};
use crate::base::{DeviceId, Digest, Secret, Timestamp};
use crate::membership::Context;
use crate::roster::kind::RevocationMode;
use crate::roster::record::{DeviceRecord, Revocation};
use crate::roster::{Author, Roster, SealedFor};
use crate::store::{ReadTx, StoreError, WriteTx};
use crate::sync::{Engine, capability};
use crate::wipe::{Certificate, Statement};

redacted!(WipeStatus);

const EVIDENCE: &str = "wipe evidence";
/// How long a certificate stays at the relay after this device has it, so that other administrators get it too.
const KEEP: Duration = Duration::from_secs(24 * 3600);

/// What is kept about one wipe.
#[derive(Clone, Default, Encode, Decode)]
#[cbor(map)]
pub(super) struct Evidence {
    /// When the order was laid, by the relay's word.
    #[n(0)]
    pub(super) laid: Option<Timestamp>,
    /// When the device first fetched it, by the relay's word.
    #[n(1)]
    pub(super) fetched: Option<Timestamp>,
    /// Certificates that verified when they came, in that order.
    #[n(2)]
    certificates: Vec<ByteVec>,
    /// When the first of them came here.
    #[n(3)]
    came: Option<Timestamp>,
    /// Certificates that did not verify.
    #[n(4)]
    refused: u32,
    /// The relay was told that it may forget them.
    #[n(5)]
    ended: bool,
    /// Why the order does not lie at the relay, as far as is known here; `None` where it does.
    #[n(6)]
    fate: Option<Fate>,
}

/// Why an order is not at the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(super) enum Fate {
    /// The relay has none: it was never laid, its time is over, or the relay lost it.
    #[n(0)]
    Missing,
    /// What gave its author the right does not fit into a proof.
    #[n(1)]
    Unproven,
}

impl Evidence {
    /// The first certificate that verifies, again.
    pub(super) fn certificate(&self, context: &Context<'_>, device: &DeviceId) -> Option<Kept> {
        self.certificates.iter().find_map(|bytes| {
            let certificate = Certificate::from_bytes(bytes).ok()?;
            let statement = verified(context.roster, &certificate, device)?;
            Some(Kept {
                statement,
                digest: certificate.digest(),
                bytes: bytes.to_vec(),
            })
        })
    }
}

/// A certificate that verified.
#[derive(Debug, Clone)]
pub struct Kept {
    /// What the device says.
    pub statement: Statement,
    /// SHA-256 of the encoded certificate.
    pub digest: Digest,
    /// The encoded certificate.
    pub bytes: Vec<u8>,
}

fn all(tx: &ReadTx<'_>) -> Result<BTreeMap<DeviceId, Evidence>, StoreError> {
    Ok(tx.meta(EVIDENCE)?.unwrap_or_default())
}

impl Fate {
    const fn words(self) -> &'static str {
        match self {
            Self::Missing => {
                "NO ORDER lies at the relay: order the wipe again, and it is laid again."
            }
            Self::Unproven => {
                "NO ORDER could be laid: what gave its author the right does not fit into a proof, so the device would not obey. It is excluded. Whoever has administered for long can order the wipe."
            }
        }
    }
}

/// What is kept about the wipe of a device.
pub(super) fn evidence(tx: &ReadTx<'_>, device: &DeviceId) -> Result<Option<Evidence>, StoreError> {
    Ok(all(tx)?.remove(device))
}

/// Why the order of a device does not lie at the relay.
pub(super) fn fate(tx: &ReadTx<'_>, device: &DeviceId) -> Result<Option<Fate>, StoreError> {
    Ok(evidence(tx, device)?.and_then(|kept| kept.fate))
}

/// Devices that are to wipe themselves and have neither certified nor an order at the relay, as it last said.
pub(super) fn lost(tx: &ReadTx<'_>, roster: &Roster) -> Result<Vec<DeviceId>, StoreError> {
    let missing = |evidence: &Evidence| {
        evidence.fate == Some(Fate::Missing) && evidence.certificates.is_empty()
    };
    let ordered = |id: &DeviceId| roster.device(id).and_then(wipe_of).is_some();
    let kept = all(tx)?.into_iter();
    Ok(kept
        .filter(|(id, evidence)| missing(evidence) && ordered(id))
        .map(|(id, _)| id)
        .collect())
}

/// A rotation laid the orders of some and could not prove those of others.
pub(super) fn served(
    tx: &WriteTx<'_>,
    laid: &[DeviceId],
    unproven: &[DeviceId],
) -> Result<(), StoreError> {
    if laid.is_empty() && unproven.is_empty() {
        return Ok(());
    }
    let mut kept = all(tx)?;
    for device in laid {
        if let Some(evidence) = kept.get_mut(device) {
            (evidence.fate, evidence.ended) = (None, false);
        }
    }
    for device in unproven {
        kept.entry(*device).or_default().fate = Some(Fate::Unproven);
    }
    tx.put_meta(EVIDENCE, &kept)
}

/// The statement, if the device's receipt key signed it about this device, this organisation and the order in the log. A
/// device that was excluded and whose lease ended first erases itself without the order; its certificate counts too.
fn verified(roster: &Roster, certificate: &Certificate, device: &DeviceId) -> Option<Statement> {
    let record = roster.device(device)?;
    let order = wipe_of(record)?;
    let statement = certificate.verify(&record.details.receipt_key).ok()?;
    let obeyed = match statement.order {
        Some(obeyed) => {
            obeyed.seq == order.seq && roster.hash_at(order.seq) == Some(obeyed.entry_digest)
        }
        None => statement.lapsed.is_some(),
    };
    let fits = statement.organisation == roster.anchor().organisation
        && statement.device == *device
        && obeyed;
    fits.then(|| statement.clone())
}

/// The order to wipe, where there is one.
fn wipe_of(record: &DeviceRecord) -> Option<Revocation> {
    record
        .revocation
        .filter(|revocation| revocation.mode != RevocationMode::Revoke)
}

/// How far a wipe has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// No order stands in the log.
    NotOrdered,
    /// Ordered; as far as is known here the device has not fetched the order.
    Ordered,
    /// The device has fetched the order.
    Reached,
    /// The device has certified that it carried the order out.
    Certified,
}

/// How the wipe of a device stands, as far as this device knows.
#[derive(Clone)]
pub struct WipeStatus {
    /// Which.
    pub device: DeviceId,
    /// The device in words.
    pub words: String,
    /// How far it has come.
    pub stage: Stage,
    /// The order: its entry, the entry's hash, and what the device is to do.
    pub order: Option<(u64, Option<Digest>, RevocationMode)>,
    /// Who ordered it, in words.
    pub by: Option<String>,
    /// Log time of the order.
    pub ordered: Option<Timestamp>,
    /// When the relay got it.
    pub laid: Option<Timestamp>,
    /// When the device fetched it, by the relay's word.
    pub reached: Option<Timestamp>,
    /// Whether the device can be reached while it is locked.
    pub channel: bool,
    /// What it certified.
    pub certificate: Option<Kept>,
    /// Certificates that did not verify: evidence that somebody tried.
    pub refused: u32,
    /// Why no order lies at the relay, in words, as far as is known here.
    pub not_laid: Option<&'static str>,
    /// All of this for print.
    pub text: String,
}

/// How the wipe of a device stands, from what this device holds. [`collect`] asks the relay for more.
///
/// # Errors
/// [`AdminError::NoDevice`], and the store's.
pub fn wipe_status(engine: &Engine, device: DeviceId) -> Result<WipeStatus, AdminError> {
    engine.read(|tx, context| {
        let kept = evidence(tx, &device)?.unwrap_or_default();
        Ok(status(context, device, &kept))
    })?
}

/// Every wipe that was ordered, the newest order first.
///
/// # Errors
/// [`AdminError`].
pub fn wipes(engine: &Engine) -> Result<Vec<WipeStatus>, AdminError> {
    engine.read(|tx, context| {
        let kept = all(tx)?;
        let ordered = context.roster.devices().iter();
        let ordered = ordered.filter(|(_, record)| wipe_of(record).is_some());
        let statuses = ordered.map(|(id, _)| {
            let evidence = kept.get(id).cloned().unwrap_or_default();
            status(context, *id, &evidence)
        });
        Ok(statuses.collect::<Result<Vec<_>, _>>().map(|mut all| {
            all.sort_by_key(|status| std::cmp::Reverse(status.order.map(|(seq, ..)| seq)));
            all
        }))
    })?
}

pub(super) fn status(
    context: &Context<'_>,
    device: DeviceId,
    kept: &Evidence,
) -> Result<WipeStatus, AdminError> {
    let record = context.device(&device).ok_or(AdminError::NoDevice)?;
    let order = wipe_of(record);
    let certificate = kept.certificate(context, &device);
    let stage = match (order, &certificate, kept.fetched) {
        (None, ..) => Stage::NotOrdered,
        (Some(_), Some(_), _) => Stage::Certified,
        (Some(_), None, Some(_)) => Stage::Reached,
        (Some(_), None, None) => Stage::Ordered,
    };
    let by = order.map(|order| match order.by {
        Author::Device(device) => describe::device(context, &device),
        Author::Root | Author::Invitation(_) => "the organisation's root key".to_owned(),
    });
    let mut status = WipeStatus {
        device,
        words: describe::device(context, &device),
        stage,
        order: order.map(|order| (order.seq, context.roster.hash_at(order.seq), order.mode)),
        by,
        ordered: order.and_then(|order| Some(context.roster.at(order.seq)?.time())),
        laid: kept.laid,
        reached: kept.fetched,
        channel: record.details.channel.is_some(),
        certificate,
        refused: kept.refused,
        not_laid: match (stage, kept.fate) {
            (Stage::Ordered | Stage::Reached, Some(fate)) => Some(fate.words()),
            _ => None,
        },
        text: String::new(),
    };
    status.text = text(context, &status);
    Ok(status)
}

fn text(context: &Context<'_>, status: &WipeStatus) -> String {
    let organisation = context
        .roster
        .organisation()
        .map_or_else(|_| String::new(), |own| own.name.as_str().to_owned());
    let at =
        |time: Option<Timestamp>| time.map_or_else(|| "not yet".to_owned(), Timestamp::to_rfc3339);
    let stage = match status.stage {
        Stage::NotOrdered => "no wipe was ordered",
        Stage::Ordered => "ordered; not yet reached, as far as is known here",
        Stage::Reached => "reached: the device has fetched its order and has not certified yet",
        Stage::Certified => "certified by the device",
    };
    let mut lines = vec![
        format!("REMOTE WIPE, {organisation}"),
        format!("device: {}", status.words),
        format!("state: {stage}"),
    ];
    if let Some((seq, hash, _)) = status.order {
        let hash = hash.map(|hash| format!(" ({hash})")).unwrap_or_default();
        lines.push(format!("order: roster entry {seq}{hash}"));
        lines.push(format!(
            "ordered by: {}",
            status.by.as_deref().unwrap_or_default()
        ));
        lines.push(format!("ordered (log time): {}", at(status.ordered)));
        // Who asks only after the device has fetched it does not learn when it came.
        if status.laid.is_some() || status.reached.is_none() {
            lines.push(format!("at the relay (relay's time): {}", at(status.laid)));
        }
        lines.push(format!("fetched (relay's time): {}", at(status.reached)));
        if let Some(words) = status.not_laid {
            lines.push(words.to_owned());
        }
        if !status.channel {
            lines.push("This device has no wipe channel: it wipes itself only if it reads the roster before its mailbox is closed to it.".to_owned());
        }
    }
    match &status.certificate {
        Some(kept) => {
            lines.push(String::new());
            lines.push(kept.statement.to_text());
            lines.push(format!("SHA-256 of the certificate: {}", kept.digest));
            lines.push("The signature was verified with the receipt key that the organisation's roster shows for this device.".to_owned());
            if !kept.statement.is_complete() {
                lines.push("NOT COMPLETE: at least one place could not be erased. The key was destroyed first, so what is left there cannot be read.".to_owned());
            }
        }
        None if status.order.is_some() => {
            lines.push("There is no certificate. Treat the data as exposed until there is one (NIST SP 800-88 Rev. 1 asks for verification).".to_owned());
        }
        None => {}
    }
    lines.join("\n")
}

/// Asks the relay how the orders stand that are not certified yet, and keeps what it has. Says how many certificates came.
/// A device that is no administrator's asks for nothing.
///
/// # Errors
/// [`AdminError`].
pub async fn collect(engine: &Arc<Engine>) -> Result<usize, AdminError> {
    let wanted: Vec<(DeviceId, PublicKey)> = engine.read(|tx, context| {
        let (kept, administers) = (all(tx)?, capability(tx)?.is_some());
        let open = |record: &&DeviceRecord| {
            let known = kept.get(&record.details.device);
            let mine = wipe_of(record)
                .is_some_and(|order| order.by == Author::Device(context.me.device) || administers);
            mine && known.is_none_or(|known| known.certificates.is_empty())
        };
        let devices = context.roster.devices().values().filter(open);
        Ok(devices
            .filter_map(|record| Some((record.details.device, record.details.channel?)))
            .map(|(device, channel)| (device, PublicKey::new(*channel.key.as_bytes())))
            .collect())
    })?;
    let mut came = 0;
    let mut rest = wanted.as_slice();
    while !rest.is_empty() {
        let now = &rest[..rest.len().min(limits::CHANNELS_PER_CALL)];
        let request = Collect {
            keys: now.iter().map(|(_, key)| *key).collect(),
        };
        let answer = engine
            .bearer_call::<op::ChannelCollect>(&request, REQUEST)
            .await?;
        let answered = answer.channels.len().min(now.len());
        if answered == 0 {
            break;
        }
        came += engine.write("keeping the evidence of a wipe", |tx, context| {
            let pairs = now.iter().zip(&answer.channels);
            Ok(keep(tx, context, pairs)?)
        })?;
        rest = &rest[answered..];
    }
    end(engine).await?;
    Ok(came)
}

/// Keeps what the relay says. Its states are its word; certificates count only if they verify.
pub(super) fn keep<'a>(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    answers: impl Iterator<Item = (&'a (DeviceId, PublicKey), &'a ChannelState)>,
) -> Result<usize, StoreError> {
    let mut kept = all(tx)?;
    let mut came = 0;
    let time = |time: sotto_wire::RelayTime| Timestamp::from_millis(time.0);
    for ((device, key), answer) in answers {
        if answer.key != *key {
            continue;
        }
        let evidence = kept.entry(*device).or_default();
        match answer.state {
            OrderState::Ordered(at) => {
                evidence.laid.get_or_insert(time(at));
                evidence.fate = None;
            }
            OrderState::Fetched(at) => {
                evidence.fetched.get_or_insert(time(at));
                evidence.fate = None;
            }
            _ => {
                evidence.fate.get_or_insert(Fate::Missing);
            }
        }
        let mut refused = 0;
        for sealed in &answer.certificates {
            match open(context, device, sealed.as_bytes()) {
                Some(bytes) if evidence.certificates.iter().all(|known| **known != bytes) => {
                    evidence.certificates.push(bytes.into());
                    evidence.came.get_or_insert(context.now);
                    came += 1;
                }
                Some(_) => {}
                None => refused += 1,
            }
        }
        evidence.refused = evidence.refused.max(refused);
    }
    tx.put_meta(EVIDENCE, &kept)?;
    Ok(came)
}

/// The encoded certificate, if it verifies.
fn open(context: &Context<'_>, device: &DeviceId, sealed: &[u8]) -> Option<Vec<u8>> {
    let channel = context.device(device)?.details.channel?;
    let organisation = &context.me.organisation;
    let bytes = channel
        .open(SealedFor::Certificate, organisation, device, sealed)
        .ok()?;
    let certificate = Certificate::from_bytes(&bytes).ok()?;
    verified(context.roster, &certificate, device).map(|_| bytes)
}

/// Lets the relay forget what every administrator had time to fetch.
async fn end(engine: &Arc<Engine>) -> Result<(), AdminError> {
    let (capability, over) = engine.read(|tx, context| {
        let old = |evidence: &Evidence| {
            let came = evidence.came;
            !evidence.ended && came.is_some_and(|came| context.now.since(came) >= KEEP)
        };
        let kept = all(tx)?;
        let over: Vec<DeviceId> = kept
            .iter()
            .filter(|(_, evidence)| old(evidence))
            .map(|(device, _)| *device)
            .take(limits::CHANNELS_PER_CALL)
            .collect();
        Ok((capability(tx)?, over))
    })?;
    let Some(capability) = capability.filter(|_| !over.is_empty()) else {
        return Ok(());
    };
    let keys: Vec<PublicKey> = engine.read(|_, context| {
        let channels = over
            .iter()
            .filter_map(|device| context.device(device)?.details.channel);
        Ok(channels
            .map(|channel| PublicKey::new(*channel.key.as_bytes()))
            .collect())
    })?;
    if !done(engine, &capability, keys.clone()).await? {
        // A relay that was restored may lack a certificate; its order ends by time, and the others now.
        for key in keys {
            done(engine, &capability, vec![key]).await?;
        }
    }
    engine.write("the relay forgets a certificate", |tx, _| {
        let mut kept = all(tx)?;
        for device in &over {
            if let Some(evidence) = kept.get_mut(device) {
                evidence.ended = true;
            }
        }
        Ok(tx.put_meta(EVIDENCE, &kept)?)
    })?;
    Ok(())
}

/// Says whether the relay ended the orders; it ends none that it has no certificate for.
async fn done(
    engine: &Arc<Engine>,
    capability: &Secret<32>,
    keys: Vec<PublicKey>,
) -> Result<bool, AdminError> {
    let request = Done {
        admin_capability: Bearer::new(*capability.expose()),
        keys,
    };
    let ended = engine.bearer_call::<op::ChannelDone>(&request, REQUEST);
    match ended.await {
        Ok(_) => Ok(true),
        Err(error) if AdminError::relay_code(&error) == Some(ErrorCode::BadRequest) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
