//! A result leaves: parsed, checked, versioned, and sent to whom it is for, and where it corrects an earlier version, to
//! everybody who ever had one.

use std::collections::BTreeSet;
use std::time::Duration;

use sotto_content::card::{NotCritical, ResultCard};
use sotto_content::mimi::{Expiration, Meaning, MimiContent};
use sotto_content::{fhir, hl7};

use super::write::write;
use super::{ClinicalError, routing};
use crate::base::{ConversationId, Digest, MessageId, Owner, random};
use crate::conversation::members::{allowed, direct_in};
use crate::conversation::{ConversationError, send};
use crate::membership::Context;
use crate::roster::Action;
use crate::store::WriteTx;
use crate::store::table::card::CardRow;
use crate::store::table::message::Priority;
use crate::sync::Engine;
use crate::timeline::patient;

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
#[derive(Debug, Clone)]
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
            if !card.critical().is_empty() {
                card.may_be_critical()?;
            }
            sent.extend(send_card(tx, context, to, card, expires)?);
        }
        Ok(sent)
    })
}

/// Marks what the laboratory's flags do not mark already.
fn mark(context: &Context<'_>, card: &mut ResultCard) -> Result<(), ClinicalError> {
    allowed(context, Action::MarkCritical)?;
    card.may_be_critical()?;
    let all: Vec<usize> = (0..card.observations.len()).filter(|at| card.observations[*at].value.is_present()).collect();
    if all.is_empty() {
        return Err(NotCritical::NoValue.into());
    }
    for at in all {
        card.mark_critical(at)?;
    }
    Ok(())
}

fn send_card(
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
    let conversation = tx.conversation(target)?.ok_or(ConversationError::NoConversation)?;
    let key = patient::key_of(&card.patient);
    if !conversation.patient.is_empty() && !patient::same(&conversation.patient, &key) {
        return Err(ClinicalError::OtherPatient);
    }
    let identity = *card.id().as_bytes();
    let known = tx.card_versions(&identity, context.me.owner.as_bytes())?;
    let fresh = version(tx, &known, &mut card)?;
    let mut targets: BTreeSet<ConversationId> = BTreeSet::from([target]);
    if fresh {
        // Everybody who had any version gets the new one.
        targets.extend(known.iter().map(|row| row.conversation));
    }
    let digest = Digest::new(card.digest().map_err(|_| ClinicalError::TooLarge)?);
    let mut sent = Vec::new();
    for id in targets {
        let had = known.iter().find(|row| row.conversation == id && row.digest == digest && row.version == card.version);
        let critical = !card.critical().is_empty();
        let (message, duplicate) = match had {
            Some(row) => (row.message, true),
            None => (post(tx, context, id, &card, expires)?, false),
        };
        sent.push(SentCard {
            message,
            conversation: id,
            title: card.code.label().to_owned(),
            version: card.version,
            duplicate,
            critical,
        });
    }
    // The conversation that was asked for comes first.
    sent.sort_by_key(|card| card.conversation != target);
    Ok(sent)
}

/// Gives the card its version against what was sent before; `false` where the same content was.
fn version(tx: &WriteTx<'_>, known: &[CardRow], card: &mut ResultCard) -> Result<bool, ClinicalError> {
    let Some(newest) = known.iter().max_by_key(|row| row.version) else {
        card.version = 1;
        return Ok(true);
    };
    card.version = newest.version;
    let old = stored_card(tx, newest.message)?;
    let same = match old {
        Some(old) => match card.clone().following(&old) {
            None => {
                *card = old;
                true
            }
            Some(_) => false,
        },
        // Its content has expired: the digest still tells.
        None => card.digest().map(Digest::new).is_ok_and(|digest| digest == newest.digest),
    };
    if !same {
        card.version = newest.version.saturating_add(1);
    }
    Ok(!same)
}

/// The card that a message carries, if its content is still here.
pub(crate) fn stored_card(
    tx: &crate::store::ReadTx<'_>,
    message: MessageId,
) -> Result<Option<ResultCard>, ClinicalError> {
    let Some(row) = tx.message(message)? else { return Ok(None) };
    let Ok(content) = MimiContent::decode(&row.body) else { return Ok(None) };
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
    let conversation = tx.conversation(id)?.ok_or(ConversationError::NoConversation)?;
    let bytes = card.to_bytes().map_err(|_| ClinicalError::TooLarge)?;
    let (salt, mut extensions) = send::stamp(context, id);
    let key = patient::key_of(&card.patient);
    if !key.is_empty() {
        let token = tx.patient_token(&key)?.unwrap_or_else(|| random::array(context.random));
        tx.put_patient_token(&key, &token)?;
        patient::set_token(&mut extensions, &token);
    }
    let mut content = MimiContent::card(salt, extensions, bytes);
    if let Some(life) = expires {
        let seconds = u32::try_from(life.as_secs().max(1)).unwrap_or(u32::MAX);
        content = content.expiring(Expiration::AfterReading(seconds));
    }
    Ok(send::dispatch(tx, context, &conversation, urgency(tx, context, card)?, &content)?)
}

/// A correction is at least as urgent as anything it corrects.
fn urgency(tx: &WriteTx<'_>, context: &Context<'_>, card: &ResultCard) -> Result<Priority, ClinicalError> {
    let mut urgency = if card.critical().is_empty() { Priority::Routine } else { Priority::Critical };
    if card.version > 1 {
        urgency = urgency.max(Priority::Urgent);
    }
    for earlier in tx.card_versions(card.id().as_bytes(), context.me.owner.as_bytes())? {
        let before = tx.message(earlier.message)?.map_or(Priority::Routine, |row| row.priority);
        urgency = urgency.max(before);
    }
    Ok(urgency)
}
