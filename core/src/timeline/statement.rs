//! Signed statements about cards: what a named device said about a named version. A state is only ever what such a
//! statement proves, and it belongs to that version alone.

use sotto_content::statement::{Act, Body, From, Signed, Statement};

use super::apply::{Applied, Event, is_date};
use super::{State, TimelineError, waiting};
use crate::audit::{self, Act as Audited};
use crate::base::{Digest, MessageId, Owner, Signature, Timestamp};
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
    if !is_theirs(event, &signed) {
        return Ok(Applied::Refused);
    }
    let cards = match subjects(event, &signed)? {
        Subjects::Here(cards) => cards,
        Subjects::Missing(subject) => return Ok(event.waits(subject, Applied::Refused)),
        Subjects::Others => return Ok(Applied::Refused),
    };
    let (state, audited) = meaning(&signed.body.act);
    let Some(first) = cards.first() else {
        return Ok(Applied::Refused);
    };
    if !permitted(event, first, state)? {
        return Ok(Applied::Refused);
    }
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

/// What a statement is about.
enum Subjects {
    /// These cards: the same version from the same sender.
    Here(Vec<CardRow>),
    /// A version, or a sender's copy of it, that has not come.
    Missing(Digest),
    /// Several senders sent the same bytes, and what is answered is none of them.
    Others,
}

/// The messages of this conversation that carry exactly the version that the statement is about, from one sender. Where
/// several senders sent the same bytes, the one that is answered.
fn subjects(event: &Event<'_, '_>, signed: &Signed<Statement>) -> Result<Subjects, TimelineError> {
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
        let known = match event.content.in_reply_to {
            Some(id) if several => event.tx.message(MessageId::new(*id.as_bytes()))?.is_some(),
            _ => several,
        };
        return Ok(if known {
            Subjects::Others
        } else {
            Subjects::Missing(waiting::version(
                conversation,
                subject.card.as_bytes(),
                subject.version,
                &digest,
            ))
        });
    };
    cards.retain(|card| card.issuer == issuer);
    Ok(Subjects::Here(cards))
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
fn permitted(event: &Event<'_, '_>, card: &CardRow, state: State) -> Result<bool, TimelineError> {
    // Who sent this version: a line of versions may have several senders of one laboratory.
    let sender = event.tx.message(card.message)?;
    let own = sender.is_some_and(|m| m.owner == event.incoming.owner.as_bytes());
    Ok(permits(event, card, state, own))
}

fn permits(event: &Event<'_, '_>, card: &CardRow, state: State, own: bool) -> bool {
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
