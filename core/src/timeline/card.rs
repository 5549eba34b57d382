//! Result cards in the timeline: which result, which version, whose patient. A card never appears under another patient,
//! and a superseded version is never the current one.

use sotto_content::card::{ReportStatus, ResultCard};

use super::apply::{Applied, Event};
use super::{TimelineError, patient};
use crate::audit::{self, Act, Record};
use crate::base::Digest;
use crate::roster::Action;
use crate::store::table::card::CardRow;
use crate::store::table::conversation::ConversationKind;
use crate::store::table::message::MessageKind;

pub(super) fn apply(event: &Event<'_, '_>, bytes: &[u8]) -> Result<Applied, TimelineError> {
    let Ok(card) = ResultCard::from_bytes(bytes) else { return Ok(Applied::Malformed) };
    if !event.may(Action::SendResult) {
        return Ok(Applied::Refused);
    }
    let Ok(digest) = card.digest() else { return Ok(Applied::Malformed) };
    let key = patient::key_of(&card.patient);
    let about = &event.conversation.patient;
    if !about.is_empty() && !patient::same(about, &key) {
        return Ok(Applied::Refused);
    }
    let critical = !card.critical().is_empty();
    let by_hand = card.observations.iter().any(|o| o.critical_by_sender);
    if by_hand && !event.may(Action::MarkCritical) {
        return Ok(Applied::Refused);
    }
    if critical && (card.test || card.may_be_critical().is_err()) {
        return Ok(Applied::Refused);
    }
    let blanked = card.status == ReportStatus::EnteredInError;
    // Names of tests can be found; names of patients cannot.
    let applied = event.store(MessageKind::Card, &searchable(&card))?;
    let row = CardRow {
        message: event.id,
        conversation: event.conversation.id,
        identity: *card.id().as_bytes(),
        issuer: event.incoming.owner.as_bytes().to_vec(),
        version: card.version,
        digest: Digest::new(digest),
        patient: key.clone(),
        critical,
        blanked,
    };
    event.tx.add_card(&row)?;
    // The first token a device hears of stands: it is a name for the patient, not a secret.
    if let Some(token) = patient::token(&event.content.extensions) {
        let stands = event.tx.patient_token(&key)?.unwrap_or(token);
        event.tx.put_patient_token(&key, &stands)?;
    }
    if blanked {
        for earlier in event.tx.card_versions(&row.identity, &row.issuer)? {
            event.tx.blank_card(earlier.message)?;
        }
    }
    if about.is_empty() && event.conversation.kind == ConversationKind::Group && !key.is_empty() {
        // A group that carries a result is about its patient from then on.
        let mut conversation = event.conversation.clone();
        conversation.patient = key;
        event.tx.put_conversation(&conversation)?;
    }
    let act = if event.incoming.mine { Act::Sent } else { Act::Received };
    audit::append(event.tx, &Record::of(act, event.context.now).about(event.id))?;
    Ok(applied)
}

fn searchable(card: &ResultCard) -> String {
    let mut words = vec![card.code.label().to_owned()];
    for observation in &card.observations {
        words.push(observation.code.label().to_owned());
        words.push(observation.value.text_without_unit());
    }
    words.join(" ")
}
