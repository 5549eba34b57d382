//! A result leaves: parsed, checked, versioned, and sent to whom it is for, and where it corrects an earlier version, to
//! everybody who ever had one.

use std::collections::BTreeSet;
use std::time::Duration;

use sotto_content::card::{NotCritical, ReportStatus, ResultCard};
use sotto_content::mimi::{Expiration, Meaning, MimiContent};
use sotto_content::{fhir, hl7};

use super::write::write;
use super::{ClinicalError, recipients, routing, spread};
use crate::audit::{self, Act, Record};
use crate::base::{ConversationId, Digest, MessageId, Owner, random};
use crate::conversation::members::{allowed, direct_in};
use crate::conversation::{ConversationError, send};
use crate::membership::Context;
use crate::roster::Action;
use crate::roster::kind::Setting;
use crate::store::WriteTx;
use crate::store::table::card::CardRow;
use crate::store::table::message::Priority;
use crate::sync::Engine;
use crate::timeline::{Standing, patient, withdrawn};

/// To whom a result goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// A person or place.
    Owner(Owner),
    /// A conversation.
    Conversation(ConversationId),
    /// Whoever the report names.
    Ordering,
}

/// One result that was sent, once per conversation.
#[derive(Clone)]
pub struct SentCard {
    /// The message.
    pub message: MessageId,
    /// Where.
    pub conversation: ConversationId,
    /// What was examined.
    pub title: String,
    /// Version.
    pub version: u32,
    /// The same content was there already: nothing was sent.
    pub duplicate: bool,
    /// Asks for a read-back.
    pub critical: bool,
}

/// Redacted: the title is content.
impl std::fmt::Debug for SentCard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SentCard")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// Reads the cards of a file.
///
/// # Errors
/// [`ClinicalError::Refused`]: the first refusal; nothing of such a file is sent.
pub fn parse(source: &[u8]) -> Result<Vec<ResultCard>, ClinicalError> {
    if !hl7::looks_like_hl7(source) {
        return Ok(fhir::import(source)?.cards);
    }
    let mut cards = Vec::new();
    for message in hl7::import(source)?.messages {
        cards.extend(message.outcome?.cards);
    }
    Ok(cards)
}

/// Sends every result of a file, or none.
///
/// # Errors
/// [`ClinicalError`].
pub fn results(
    engine: &Engine,
    to: To,
    source: &[u8],
    critical: Option<&str>,
    expires: Option<Duration>,
) -> Result<Vec<SentCard>, ClinicalError> {
    let cards = parse(source)?;
    if critical.is_some_and(|reason| reason.trim().is_empty()) {
        return Err(ClinicalError::NoReason);
    }
    write(engine, "sending results", |tx, context| {
        allowed(context, Action::SendResult)?;
        let mut sent = Vec::new();
        for mut card in cards {
            if critical.is_some() {
                mark(context, &mut card)?;
            }
            if is_critical(&card) {
                card.may_be_critical()?;
            }
            let of_card = send_card(tx, context, to, card, expires)?;
            if let (Some(reason), Some(first)) =
                (critical, of_card.first().filter(|first| !first.duplicate))
            {
                let record = Record::of(Act::Sent, context.now)
                    .about(first.message)
                    .by(context.me.owner.person());
                audit::append(
                    tx,
                    &Record {
                        reason: Some(reason.trim().to_owned()),
                        ..record
                    },
                )?;
            }
            sent.extend(of_card);
        }
        Ok(sent)
    })
}

/// Marks what the laboratory's flags do not mark already.
fn mark(context: &Context<'_>, card: &mut ResultCard) -> Result<(), ClinicalError> {
    allowed(context, Action::MarkCritical)?;
    card.may_be_critical()?;
    let all: Vec<usize> = (0..card.observations.len())
        .filter(|at| card.observations[*at].value.is_present())
        .collect();
    if all.is_empty() {
        return Err(NotCritical::NoValue.into());
    }
    for at in all {
        card.mark_critical(at)?;
    }
    Ok(())
}

pub(super) fn send_card(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    to: To,
    mut card: ResultCard,
    expires: Option<Duration>,
) -> Result<Vec<SentCard>, ClinicalError> {
    let target = match to {
        To::Conversation(id) => id,
        To::Owner(owner) => direct_in(tx, context, owner)?,
        To::Ordering => direct_in(tx, context, routing::ordering(context, &card)?)?,
    };
    let conversation = tx
        .conversation(target)?
        .ok_or(ConversationError::NoConversation)?;
    let key = patient::key_of(&card.patient);
    if !patient::may_stand_in(&conversation.patient, &key) {
        return Err(ClinicalError::OtherPatient);
    }
    let known = line(tx, context, &card)?;
    let newest = known.iter().max_by_key(|row| row.version);
    let mut sent = Vec::new();
    let mut targets: BTreeSet<ConversationId> = BTreeSet::from([target]);
    if let Some(before) = version(tx, &known, &mut card)? {
        // The same content was sent before. Where a newer version stands, sending it again would make it current.
        if newest.is_some_and(|newest| newest.version > before) {
            return Err(ClinicalError::Outdated);
        }
        let here = known
            .iter()
            .find(|row| row.version == before && row.conversation == target);
        if let Some(row) = here {
            return Ok(vec![told(&card, row.conversation, row.message, true)]);
        }
        recipients::may_view(tx, context, &conversation)?;
    } else if let Some(newest) = newest {
        // Everybody who had any version gets the new one.
        let everybody = spread::holders(tx, context, &known)?;
        // Who had a version gets its correction, whatever they may view by now: their own device masks it.
        if !everybody.contains(&target) {
            recipients::may_view(tx, context, &conversation)?;
        }
        if !newest.patient.is_empty() && !patient::same(&newest.patient, &key) {
            // It was another patient's: what was said of them is taken back before the rest is said of this one.
            if let Some(old) = stored_card(tx, newest.message)? {
                let taken_back = ResultCard {
                    version: card.version,
                    ..withdrawn(old)
                };
                card.version = card.version.saturating_add(1);
                for id in &everybody {
                    sent.push(told(
                        &taken_back,
                        *id,
                        post(tx, context, *id, &taken_back, expires)?,
                        false,
                    ));
                }
            }
        }
        for id in everybody {
            let about = tx
                .conversation(id)?
                .map(|row| row.patient)
                .unwrap_or_default();
            if patient::may_stand_in(&about, &key) {
                targets.insert(id);
            }
        }
    } else {
        recipients::may_view(tx, context, &conversation)?;
    }
    for id in targets {
        sent.push(told(
            &card,
            id,
            post(tx, context, id, &card, expires)?,
            false,
        ));
    }
    // The new version in the conversation that was asked for comes first.
    sent.sort_by_key(|one| (one.version != card.version, one.conversation != target));
    Ok(sent)
}

/// The versions that this device's owner can follow with another one.
fn line(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    card: &ResultCard,
) -> Result<Vec<CardRow>, ClinicalError> {
    let (card, owner) = (card.id(), context.me.owner);
    // Whatever there is, the next version is newer.
    let line = Standing::line(
        tx,
        context,
        owner,
        context.head().seq,
        card.as_bytes(),
        u32::MAX,
    )?;
    let line = line.ok_or(ConversationError::NotAllowed)?;
    Ok(tx.card_versions(card.as_bytes(), &line)?)
}

fn told(
    card: &ResultCard,
    conversation: ConversationId,
    message: MessageId,
    duplicate: bool,
) -> SentCard {
    SentCard {
        message,
        conversation,
        title: card.code.label().to_owned(),
        version: card.version,
        duplicate,
        critical: is_critical(card),
    }
}

fn is_critical(card: &ResultCard) -> bool {
    card.status != ReportStatus::EnteredInError && !card.critical().is_empty()
}

/// Gives the card its version against what was sent before. Where the same content was sent, that version's number is
/// returned: a file that is posted again never becomes a correction of what has replaced it.
fn version(
    tx: &WriteTx<'_>,
    known: &[CardRow],
    card: &mut ResultCard,
) -> Result<Option<u32>, ClinicalError> {
    let mut seen = BTreeSet::new();
    for row in known
        .iter()
        .rev()
        .filter(|row| seen.insert((row.version, row.digest)))
    {
        card.version = row.version;
        let same = match stored_card(tx, row.message)? {
            Some(old) if card.clone().following(&old).is_none() => {
                *card = old;
                true
            }
            Some(_) => false,
            // Its content has expired: the digest still tells.
            None => card
                .digest()
                .map(Digest::new)
                .is_ok_and(|digest| digest == row.digest),
        };
        if same {
            return Ok(Some(row.version));
        }
    }
    card.version = known
        .iter()
        .map(|row| row.version)
        .max()
        .unwrap_or(0)
        .saturating_add(1);
    Ok(None)
}

/// The card that a message carries, if its content is still here.
pub(crate) fn stored_card(
    tx: &crate::store::ReadTx<'_>,
    message: MessageId,
) -> Result<Option<ResultCard>, ClinicalError> {
    let Some(row) = tx.message(message)? else {
        return Ok(None);
    };
    let Ok(content) = MimiContent::decode(&row.body) else {
        return Ok(None);
    };
    Ok(match content.meaning() {
        Meaning::Card(bytes) => ResultCard::from_bytes(bytes).ok(),
        _ => None,
    })
}

fn post(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    id: ConversationId,
    card: &ResultCard,
    expires: Option<Duration>,
) -> Result<MessageId, ClinicalError> {
    let conversation = tx
        .conversation(id)?
        .ok_or(ConversationError::NoConversation)?;
    let bytes = card.to_bytes().map_err(|_| ClinicalError::TooLarge)?;
    let (salt, mut extensions) = send::stamp(context, id);
    let key = patient::key_of(&card.patient);
    if !key.is_empty() {
        let token = tx
            .patient_token(&key)?
            .unwrap_or_else(|| random::array(context.random));
        tx.put_patient_token(&key, &token)?;
        patient::set_token(&mut extensions, &token);
    }
    let mut content = MimiContent::card(salt, extensions, bytes);
    if let Some(life) = expires.or_else(|| policy_life(context)) {
        let seconds = u32::try_from(life.as_secs().max(1)).unwrap_or(u32::MAX);
        content = content.expiring(Expiration::AfterReading(seconds));
    }
    Ok(send::dispatch(
        tx,
        context,
        &conversation,
        urgency(tx, context, card)?,
        &content,
    )?)
}

/// How long results live where nobody said otherwise; zero is for ever.
fn policy_life(context: &Context<'_>) -> Option<Duration> {
    let policy = context.roster.policy().ok()?;
    Some(policy.duration(Setting::ResultLife)).filter(|life| !life.is_zero())
}

/// A correction is at least as urgent as anything it corrects.
fn urgency(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    card: &ResultCard,
) -> Result<Priority, ClinicalError> {
    let mut urgency = if is_critical(card) {
        Priority::Critical
    } else {
        Priority::Routine
    };
    if card.version > 1 {
        urgency = urgency.max(Priority::Urgent);
    }
    for earlier in line(tx, context, card)? {
        let before = tx
            .message(earlier.message)?
            .map_or(Priority::Routine, |row| row.priority);
        urgency = urgency.max(before);
    }
    Ok(urgency)
}
