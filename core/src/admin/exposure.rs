//! What a lost device may hold, as far as this device can know: for the decision whether a breach must be notified
//! (45 CFR 164.402). It counts upwards where it cannot know, and says what it cannot know.

use std::collections::BTreeSet;

use sotto_content::masking::PatientToken;

use crate::base::{ConversationId, DeviceId, Owner, Timestamp, codec};
use crate::membership::Context;
use crate::mls;
use crate::store::table::attachment::AttachmentState;
use crate::store::table::conversation::{ConversationKind, ConversationRow};
use crate::store::table::message::{MessageKind, MessageRow};
use crate::store::{ReadTx, StoreError};
use crate::sync::{Engine, SyncError};
use crate::timeline::SystemBody;
use crate::wipe::Statement;

use super::certificate;
use super::{AdminError, describe};

redacted!(Exposure);

/// Messages read at once.
const PAGE: u32 = 512;

/// What a device may hold.
#[derive(Clone)]
pub struct Exposure {
    /// Which.
    pub device: DeviceId,
    /// Whose.
    pub owner: Owner,
    /// The device in words.
    pub words: String,
    /// Conversations known here that its owner takes or took part in.
    pub conversations: Vec<ConversationId>,
    /// Messages in them, up to its exclusion.
    pub messages: u64,
    /// Result cards among them.
    pub results: u64,
    /// Patients that these are about.
    pub patients: u64,
    /// Tokens of those patients that have one here.
    pub tokens: Vec<String>,
    /// Attachments in them.
    pub attachments: u64,
    /// Their bytes.
    pub attachment_bytes: u64,
    /// The last sign of life that reached this device.
    pub last_contact: Option<Timestamp>,
    /// When it fetched its order, by the relay's word.
    pub reached: Option<Timestamp>,
    /// When it was excluded, by log time.
    pub excluded: Option<Timestamp>,
    /// What protected its key: from its certificate, else unknown.
    pub protection: Option<String>,
    /// When it was last unlocked, as its certificate says.
    pub last_unlocked: Option<Timestamp>,
    /// When its certificate says that everything was destroyed.
    pub destroyed: Option<Timestamp>,
    /// What this report cannot know, in sentences.
    pub unknown: Vec<&'static str>,
}

/// What is known about a device from conversations.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) conversations: Vec<ConversationId>,
    pub(super) messages: u64,
    pub(super) results: u64,
    pub(super) patients: BTreeSet<Vec<u8>>,
    pub(super) attachments: u64,
    pub(super) bytes: u64,
    pub(super) last: Option<Timestamp>,
}

/// What one device's exclusion is about.
struct Subject<'a> {
    device: DeviceId,
    owner: Owner,
    /// Every device of the owner.
    devices: &'a [DeviceId],
    until: Option<Timestamp>,
}

impl Subject<'_> {
    fn owns(&self, row: &MessageRow) -> bool {
        row.owner_kind == self.owner.kind() && row.owner == self.owner.as_bytes()
    }
}

/// The report about a device.
///
/// # Errors
/// [`AdminError::NoDevice`], and the store's.
pub fn exposure(engine: &Engine, device: DeviceId) -> Result<Exposure, AdminError> {
    engine.read(|tx, context| {
        let Some(record) = context.device(&device) else {
            return Ok(Err(AdminError::NoDevice));
        };
        let found = scan(tx, context, device)?;
        let evidence = certificate::evidence(tx, &device)?.unwrap_or_default();
        let mut tokens = BTreeSet::new();
        for patient in &found.patients {
            let token = tx.patient_token(patient)?;
            tokens.extend(token.map(|token| PatientToken::new(token).to_string()));
        }
        let statement = evidence
            .certificate(context, &device)
            .map(|kept| kept.statement);
        Ok(Ok(Exposure {
            device,
            owner: record.details.owner,
            words: describe::device(context, &device),
            messages: found.messages,
            results: found.results,
            patients: u64::try_from(found.patients.len()).unwrap_or(u64::MAX),
            tokens: tokens.into_iter().collect(),
            attachments: found.attachments,
            attachment_bytes: found.bytes,
            last_contact: found.last,
            reached: evidence.fetched,
            excluded: excluded(context, &device),
            unknown: unknown(statement.as_ref()),
            protection: statement
                .as_ref()
                .map(|statement| statement.protection.words().to_owned()),
            last_unlocked: statement
                .as_ref()
                .and_then(|statement| statement.unlocked_at),
            destroyed: statement.as_ref().map(|statement| statement.ended),
            conversations: found.conversations,
        }))
    })?
}

fn unknown(statement: Option<&Statement>) -> Vec<&'static str> {
    let mut unknown = vec![
        "Conversations that this device does not take part in are not counted: ask an administrator who does.",
        "Whether the device held everything that is counted here: it may have held less, and more if history was moved to it.",
        "What was photographed, copied or exported before.",
    ];
    match statement {
        None => unknown.extend([
            "What protected its key, and when it was last unlocked: the device says that with its certificate only.",
            "Whether its data still exist: there is no certificate of the wipe.",
        ]),
        Some(_) => unknown.push(
            "Whether a copy of the device was made before: the certificate is its own signed word, not proof.",
        ),
    }
    unknown
}

/// Log time of a device's exclusion.
pub(super) fn excluded(context: &Context<'_>, device: &DeviceId) -> Option<Timestamp> {
    let revocation = context.device(device)?.revocation?;
    Some(context.roster.at(revocation.seq)?.time())
}

/// Looks through the conversations of this device for those that another takes or took part in. All devices of an owner
/// take part where one does.
pub(super) fn scan(
    tx: &ReadTx<'_>,
    context: &Context<'_>,
    device: DeviceId,
) -> Result<Scan, SyncError> {
    let mut scan = Scan::default();
    let Some(owner) = context.owner_of(&device) else {
        return Ok(scan);
    };
    let subject = Subject {
        device,
        owner,
        devices: context.roster.devices_of(owner),
        until: excluded(context, &device),
    };
    for row in tx.conversations()? {
        let mut here = Scan::default();
        let mut part = takes_part(tx, context, &row, &subject)?;
        let mut before = None;
        loop {
            let page = tx.messages_before(row.id, before, PAGE)?;
            let Some(oldest) = page.last() else { break };
            before = Some(oldest.seq);
            for message in &page {
                part |= look(tx, message, &subject, &mut here)?;
            }
        }
        scan.last = scan.last.max(here.last);
        if part {
            scan.conversations.push(row.id);
            scan.messages += here.messages;
            scan.results += here.results;
            scan.patients.append(&mut here.patients);
            scan.attachments += here.attachments;
            scan.bytes += here.bytes;
        }
    }
    Ok(scan)
}

/// Whether a leaf of the owner is in the group now, or the conversation is with them.
fn takes_part(
    tx: &ReadTx<'_>,
    context: &Context<'_>,
    row: &ConversationRow,
    subject: &Subject<'_>,
) -> Result<bool, SyncError> {
    if subject.owner == context.me.owner {
        return Ok(true);
    }
    if row.kind == ConversationKind::Direct {
        return Ok(subject.owner.as_bytes().as_slice() == row.peer);
    }
    let Some(id) = mls::GroupId::from_slice(&row.mls_group) else {
        return Ok(false);
    };
    let Some(group) = mls::View::load(tx, id)? else {
        return Ok(false);
    };
    Ok(subject.devices.iter().any(|device| group.contains(*device)))
}

/// Counts one message. Says whether it shows that the owner took part.
fn look(
    tx: &ReadTx<'_>,
    message: &MessageRow,
    subject: &Subject<'_>,
    here: &mut Scan,
) -> Result<bool, StoreError> {
    let mut part = subject.owns(message);
    if message.sender == subject.device {
        here.last = here.last.max(Some(message.received));
    }
    for state in tx.message_states(message.id)? {
        let Some(device) = state.device else { continue };
        part |= subject.devices.contains(&device);
        if device == subject.device {
            here.last = here.last.max(Some(state.at));
        }
    }
    if message.kind == MessageKind::System {
        let body = codec::decode::<SystemBody>(&message.body);
        part |= body.is_ok_and(|body| body.owners.contains(&subject.owner));
        return Ok(part);
    }
    if subject.until.is_some_and(|until| message.sent > until) {
        return Ok(part);
    }
    here.messages += 1;
    if message.kind == MessageKind::Card {
        here.results += 1;
        here.patients
            .extend(tx.card(message.id)?.map(|card| card.patient));
    }
    for attachment in tx.attachments(message.id)? {
        if attachment.state != AttachmentState::Gone {
            here.attachments += 1;
            here.bytes += attachment.size;
        }
    }
    Ok(part)
}
