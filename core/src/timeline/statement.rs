//! Signed statements about cards: what a named device said about a named version. A state is only ever what such a
//! statement proves, and it belongs to that version alone.

use sotto_content::statement::{Act, Body, From, Signed, Statement};

use super::apply::{Applied, Event};
use super::{State, TimelineError};
use crate::audit::{self, Act as Audited, Record};
use crate::base::{Digest, Owner, Signature, Timestamp};
use crate::roster::Action;
use crate::store::Topic;
use crate::store::table::card::CardRow;
use crate::store::table::message::MessageKind;
use crate::store::table::state::StateRow;

pub(super) fn apply(event: &Event<'_, '_>, bytes: &[u8]) -> Result<Applied, TimelineError> {
    let Ok(signed) = Signed::<Statement>::decode(bytes) else { return Ok(Applied::Malformed) };
    if !is_theirs(event, &signed) {
        return Ok(Applied::Refused);
    }
    let subject = &signed.body.subject;
    let digest = Digest::new(subject.digest);
    let conversation = event.conversation.id;
    let card = event.tx.card_of_version(conversation, subject.card.as_bytes(), subject.version, &digest)?;
    let Some(card) = card else { return Ok(Applied::Refused) };
    let (state, audited) = meaning(&signed.body.act);
    if !permitted(event, &card, state) {
        return Ok(Applied::Refused);
    }
    let row = StateRow {
        message: card.message,
        device: Some(event.incoming.sender),
        state: state.code(),
        at: Timestamp::from_millis(signed.body.at_ms),
        proof: bytes.to_vec(),
    };
    let new = event.tx.add_message_state(&row)?;
    event.tx.emit(Topic::Receipt, card.message.as_bytes().to_vec());
    if state == State::Seen {
        return Ok(Applied::Known);
    }
    if new {
        let record = Record::of(audited, event.context.now).about(card.message).by(event.incoming.owner.person());
        audit::append(event.tx, &record)?;
    }
    event.store(MessageKind::Statement, "")
}

/// The statement is signed by the device that sent it, and speaks for that device's own person or place.
fn is_theirs(event: &Event<'_, '_>, signed: &Signed<Statement>) -> bool {
    let incoming = event.incoming;
    let Some(device) = event.context.device(&incoming.sender) else { return false };
    let Ok(bytes) = signed.body.signing_bytes() else { return false };
    let speaker = &signed.body.speaker;
    let from = match (&speaker.from, incoming.owner) {
        (From::Device(device), Owner::Person(_)) => device.as_bytes() == incoming.sender.as_bytes(),
        (From::Place(place), Owner::Place(own)) => place.as_bytes() == own.as_bytes(),
        _ => false,
    };
    let person = match (speaker.person, incoming.owner) {
        (Some(person), Owner::Person(own)) => person.as_bytes() == own.as_bytes(),
        (Some(_), Owner::Place(_)) | (None, _) => true,
    };
    let signature = Signature::new(signed.signature);
    from && person && device.details.signature_key.verify(Statement::LABEL, &bytes, &signature).is_ok()
}

const fn meaning(act: &Act) -> (State, Audited) {
    match act {
        Act::Acknowledged(_) => (State::Acknowledged, Audited::Acknowledged),
        Act::ReadBackMismatch { .. } => (State::Mismatch, Audited::Mismatched),
        Act::Declined { .. } => (State::Declined, Audited::Declined),
        Act::Redirected { .. } => (State::Redirected, Audited::Declined),
        Act::Transferred { .. } => (State::Transferred, Audited::Acknowledged),
        Act::AcknowledgedByTelephone { .. } => (State::AcknowledgedByTelephone, Audited::Acknowledged),
        Act::Seen => (State::Seen, Audited::Seen),
    }
}

/// Taking responsibility needs its own right, and nobody takes it for what they sent themselves.
fn permitted(event: &Event<'_, '_>, card: &CardRow, state: State) -> bool {
    let own = card.issuer == event.incoming.owner.as_bytes();
    match state {
        State::Acknowledged | State::Transferred => {
            let action = if card.critical { Action::AcknowledgeCritical } else { Action::Acknowledge };
            !own && event.may(action)
        }
        State::AcknowledgedByTelephone => own && event.may(Action::SendResult),
        _ => !own,
    }
}
