//! Result cards in the timeline: which result, which version, whose patient. A card never appears under another patient,
//! and a superseded version is never the current one, in whatever order versions arrive.

use sotto_content::card::{ReportStatus, ResultCard};

use super::apply::{Applied, Event};
use super::{Standing, TimelineError, patient};
use crate::audit;
use crate::base::{Digest, random};
use crate::roster::Action;
use crate::store::Topic;
use crate::store::table::card::CardRow;
use crate::store::table::conversation::ConversationKind;
use crate::store::table::message::{MessageKind, Priority};

pub(super) fn apply(event: &Event<'_, '_>, bytes: &[u8]) -> Result<Applied, TimelineError> {
    let Ok(card) = ResultCard::from_bytes(bytes) else {
        return Ok(Applied::Malformed);
    };
    let Ok(digest) = card.digest() else {
        return Ok(Applied::Malformed);
    };
    let key = patient::key_of(&card.patient);
    if !permitted(event, &card) || !patient::may_stand_in(&event.conversation.patient, &key) {
        return Ok(Applied::Refused);
    }
    let withdrawn = card.status == ReportStatus::EnteredInError;
    let critical = is_critical(&card);
    if critical && card.may_be_critical().is_err() {
        return Ok(Applied::Refused);
    }
    let identity = *card.id().as_bytes();
    let line = Standing::line(
        event.tx,
        event.context,
        event.incoming.owner,
        event.incoming.judged_at,
        &identity,
        card.version,
    )?;
    // Who has no part any more in what colleagues have corrected gives out no next version of it.
    let Some(issuer) = line else {
        return Ok(Applied::Refused);
    };
    let known = event.tx.card_versions(&identity, &issuer)?;
    // What was withdrawn later is withdrawn, also where the withdrawal came first.
    let blanked = withdrawn
        || known
            .iter()
            .any(|other| other.version > card.version && other.blanked);
    let search = if blanked {
        String::new()
    } else {
        searchable(&card)
    };
    let applied = event.store(
        MessageKind::Card,
        priority(event, &card, critical, &known),
        &search,
    )?;
    event.tx.add_card(&CardRow {
        message: event.id,
        conversation: event.conversation.id,
        identity,
        issuer,
        version: card.version,
        digest: Digest::new(digest),
        patient: key.clone(),
        critical,
        blanked,
    })?;
    for other in &known {
        if withdrawn && other.version < card.version {
            event.tx.blank_card(other.message)?;
        }
        // What stands has changed: whoever shows another version looks again.
        event
            .tx
            .emit(Topic::Message, other.message.as_bytes().to_vec());
    }
    bind(event, &card, &key, withdrawn)?;
    let token = token(event, &key)?;
    audit::append(event.tx, &event.passage().of_patient(token.as_ref()))?;
    Ok(applied)
}

/// Whether the card asks for a read-back. One that was withdrawn, or is a TEST, never does, whatever its flags say.
fn is_critical(card: &ResultCard) -> bool {
    card.status != ReportStatus::EnteredInError && !card.critical().is_empty()
}

fn permitted(event: &Event<'_, '_>, card: &ResultCard) -> bool {
    let by_hand = card.observations.iter().any(|o| o.critical_by_sender);
    event.may(Action::SendResult) && (!by_hand || event.may(Action::MarkCritical))
}

/// A critical result is critical whatever its sender's device says, nothing else is, unless it replaces one; and what
/// replaces something is at least urgent.
fn priority(
    event: &Event<'_, '_>,
    card: &ResultCard,
    critical: bool,
    known: &[CardRow],
) -> Priority {
    let said = Priority::from_code(event.incoming.priority);
    let replaces_critical = known
        .iter()
        .any(|other| other.critical && other.version < card.version);
    let most = if replaces_critical {
        Priority::Critical
    } else {
        Priority::Urgent
    };
    match (critical, card.version > 1) {
        (true, _) => Priority::Critical,
        (false, true) => said.clamp(Priority::Urgent, most),
        (false, false) => said.min(most),
    }
}

/// A group that carries a result is about its patient from then on. A TEST, or what was withdrawn, says nothing about
/// whom a group is about.
fn bind(
    event: &Event<'_, '_>,
    card: &ResultCard,
    key: &[u8],
    withdrawn: bool,
) -> Result<(), TimelineError> {
    let conversation = event.conversation;
    let open = conversation.patient.is_empty() && conversation.kind == ConversationKind::Group;
    if open && !key.is_empty() && !card.test && !withdrawn {
        let row = event
            .tx
            .conversation(conversation.id)?
            .unwrap_or_else(|| conversation.clone());
        event
            .tx
            .put_conversation(&crate::store::table::conversation::ConversationRow {
                patient: key.to_vec(),
                ..row
            })?;
        event
            .tx
            .emit(Topic::Conversation, conversation.id.as_bytes().to_vec());
    }
    Ok(())
}

/// The patient's token. The first that a device hears of stands: it is a name for the patient, not a secret. One that
/// stands for somebody else already is not taken over.
fn token(event: &Event<'_, '_>, key: &[u8]) -> Result<Option<[u8; 16]>, TimelineError> {
    if key.is_empty() {
        return Ok(None);
    }
    let token = match (
        event.tx.patient_token(key)?,
        patient::token(&event.content.extensions),
    ) {
        (Some(known), _) => known,
        (None, Some(offered)) if !event.tx.token_in_use(&offered)? => offered,
        _ => random::array(event.context.random),
    };
    event.tx.put_patient_token(key, &token)?;
    Ok(Some(token))
}

/// Names of tests and their values can be found; names of patients cannot.
fn searchable(card: &ResultCard) -> String {
    let mut words = vec![card.code.label().to_owned()];
    for observation in &card.observations {
        words.push(observation.code.label().to_owned());
        words.push(observation.value.text_without_unit());
    }
    words.join(" ")
}
