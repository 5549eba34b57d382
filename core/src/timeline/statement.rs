//! Signed statements about cards: what a named device said about a named version. A state is only ever what such a
//! statement proves, and it belongs to that version alone.

use sotto_content::statement::{Act, Body, From, Signed, Statement};

use super::apply::{Applied, Event, is_date};
use super::{State, TimelineError};
use crate::audit::{self, Act as Audited};
use crate::base::{Digest, Owner, Signature, Timestamp};
use crate::roster::Action;
use crate::store::Topic;
use crate::store::table::card::CardRow;
use crate::store::table::message::{MessageKind, Priority};
use crate::store::table::state::StateRow;

pub(super) fn apply(event: &Event<'_, '_>, bytes: &[u8]) -> Result<Applied, TimelineError> {
    let Ok(signed) = Signed::<Statement>::decode(bytes) else {
        return Ok(Applied::Malformed);
    };
    let at = Timestamp::from_millis(signed.body.at_ms);
    if !is_date(at) {
        return Ok(Applied::Malformed);
    }
    let cards = subjects(event, &signed)?;
    let (state, audited) = meaning(&signed.body.act);
    let Some(first) = cards
        .first()
        .filter(|card| is_theirs(event, &signed) && permitted(event, card, state))
    else {
        return Ok(Applied::Refused);
    };
    let mut new = false;
    for card in &cards {
        new |= event.tx.add_message_state(&StateRow {
            message: card.message,
            device: Some(event.incoming.sender),
            state: state.code(),
            at,
            proof: bytes.to_vec(),
        })?;
        event
            .tx
            .emit(Topic::Receipt, card.message.as_bytes().to_vec());
    }
    // Each wrong read-back counts; all else is said once by a device about a version.
    if !new && state != State::Mismatch {
        return Ok(Applied::Known);
    }
    let token = event.tx.patient_token(&first.patient)?;
    audit::append(
        event.tx,
        &event
            .record(audited)
            .about(first.message)
            .of_patient(token.as_ref()),
    )?;
    if state == State::Seen {
        return Ok(Applied::Known);
    }
    event.store(MessageKind::Statement, Priority::Urgent, "")
}

/// The messages of this conversation that carry exactly the version that the statement is about, from one sender. Where
/// several senders sent the same bytes, the one that is answered.
fn subjects(
    event: &Event<'_, '_>,
    signed: &Signed<Statement>,
) -> Result<Vec<CardRow>, TimelineError> {
    let subject = &signed.body.subject;
    let digest = Digest::new(subject.digest);
    let conversation = event.conversation.id;
    let mut cards = event.tx.cards_of_version(
        conversation,
        subject.card.as_bytes(),
        subject.version,
        &digest,
    )?;
    let answered = event.content.in_reply_to.map(|id| *id.as_bytes());
    let several = cards.iter().any(|card| card.issuer != cards[0].issuer);
    let meant = cards
        .iter()
        .find(|card| !several || Some(*card.message.as_bytes()) == answered);
    let Some(issuer) = meant.map(|card| card.issuer.clone()) else {
        return Ok(Vec::new());
    };
    cards.retain(|card| card.issuer == issuer);
    Ok(cards)
}

/// The statement is signed by the device that sent it, and speaks for that device's own person or place. Nobody speaks
/// as a person from a place's device: there is nothing yet that proves who stood there.
fn is_theirs(event: &Event<'_, '_>, signed: &Signed<Statement>) -> bool {
    let incoming = event.incoming;
    let Some(device) = event.context.device(&incoming.sender) else {
        return false;
    };
    let Ok(bytes) = signed.body.signing_bytes() else {
        return false;
    };
    let speaker = &signed.body.speaker;
    let from = match (&speaker.from, incoming.owner) {
        (From::Device(device), Owner::Person(_)) => device.as_bytes() == incoming.sender.as_bytes(),
        (From::Place(place), Owner::Place(own)) => place.as_bytes() == own.as_bytes(),
        _ => false,
    };
    let person = match (speaker.person, incoming.owner) {
        (Some(person), Owner::Person(own)) => person.as_bytes() == own.as_bytes(),
        (Some(_), Owner::Place(_)) => false,
        (None, _) => true,
    };
    let signature = Signature::new(signed.signature);
    from && person
        && device
            .details
            .signature_key
            .verify(Statement::LABEL, &bytes, &signature)
            .is_ok()
}

const fn meaning(act: &Act) -> (State, Audited) {
    match act {
        Act::Acknowledged(_) => (State::Acknowledged, Audited::Acknowledged),
        Act::ReadBackMismatch { .. } => (State::Mismatch, Audited::Mismatched),
        Act::Declined { .. } => (State::Declined, Audited::Declined),
        Act::Redirected { .. } => (State::Redirected, Audited::Declined),
        Act::Transferred { .. } => (State::Transferred, Audited::Acknowledged),
        Act::AcknowledgedByTelephone { .. } => {
            (State::AcknowledgedByTelephone, Audited::Acknowledged)
        }
        Act::Seen => (State::Seen, Audited::Seen),
    }
}

/// Taking responsibility needs its own right, and nobody takes it for what they sent themselves.
fn permitted(event: &Event<'_, '_>, card: &CardRow, state: State) -> bool {
    let own = card.issuer == event.incoming.owner.as_bytes();
    match state {
        State::Acknowledged | State::Transferred => {
            let action = if card.critical {
                Action::AcknowledgeCritical
            } else {
                Action::Acknowledge
            };
            !own && event.may(action)
        }
        State::AcknowledgedByTelephone => own && event.may(Action::SendResult),
        _ => !own,
    }
}
