//! A result is answered: displayed, acknowledged with its read-back, or declined. Each answer is a statement signed by
//! this device about one version, and goes home the way the result came.

use sotto_content::card::ResultCard;
use sotto_content::id::{CardId, DeviceId, PersonId, PlaceId};
use sotto_content::mimi::{MessageId as MimiId, MimiContent};
use sotto_content::readback::{Answer, Mode, Policy, Prompt, ReadBack, ReadBackError};
use sotto_content::statement::{
    Act, Body, From, ReadBackRecord, Signed, Speaker, Statement, Subject,
};

use super::ClinicalError;
use super::send::stored_card;
use super::write::write;
use crate::base::{MessageId, Owner, sha256};
use crate::conversation::{ConversationError, Sent, send};
use crate::membership::Context;
use crate::roster::kind::Setting;
use crate::store::WriteTx;
use crate::store::table::card::CardRow;
use crate::store::table::message::{Presence, Priority};
use crate::sync::Engine;
use crate::timeline::{Standing, State, standing};

/// Values read back: which observation (from 0; `None` where only one asks), and what was typed or chosen.
pub type Values = Vec<(Option<usize>, String)>;

/// The questions that a card's read-back asks on this device: the same each time the form is opened.
#[must_use]
pub fn questions(context: &Context<'_>, row: &CardRow, card: &ResultCard) -> ReadBack {
    let seed = sha256(
        &[
            row.digest.as_bytes().as_slice(),
            context.me.device.as_bytes(),
        ]
        .concat(),
    );
    ReadBack::of(card, &policy(context), seed.as_bytes())
}

/// What the organisation asks of its readers, in the unit where this device's owner works. Texts are never typed.
fn policy(context: &Context<'_>) -> Policy {
    let unit = match context.me.owner {
        Owner::Person(id) => context.roster.person(&id).map(|one| &one.details.unit),
        Owner::Place(id) => context.roster.place(&id).map(|one| &one.details.unit),
    };
    let unit = unit.and_then(Option::as_ref);
    let strictest = Policy::default();
    let asked = context
        .roster
        .policy()
        .map_or(0, |rules| rules.for_unit(Setting::ReadBack, unit));
    match asked {
        1 => Policy {
            numbers: Mode::Chosen,
            ..strictest
        },
        2 => Policy {
            numbers: Mode::Confirm,
            texts: Mode::Confirm,
            ..strictest
        },
        // A number that this release does not know asks for no less.
        _ => strictest,
    }
}

/// Says that a card was displayed. Once per device and version.
///
/// # Errors
/// [`ClinicalError`].
pub fn seen(engine: &Engine, message: MessageId) -> Result<(), ClinicalError> {
    write(
        engine,
        "telling that a card was displayed",
        |tx, context| {
            let row = tx.message(message)?.ok_or(ConversationError::NoMessage)?;
            let Some(card) = tx.card(message)? else {
                return Ok(());
            };
            let told = tx.has_message_state(message, context.me.device, State::Seen.code())?;
            // What is gone was not displayed.
            if row.presence != Presence::Here || row.owner == context.me.owner.as_bytes() || told {
                return Ok(());
            }
            state(tx, context, &card, Act::Seen).map(drop)
        },
    )
}

/// Takes responsibility for a result, having read it back. A mismatch is recorded and told to the sender, and nothing
/// is acknowledged.
///
/// # Errors
/// [`ClinicalError::ReadBack`] and the other refusals.
pub fn acknowledge(
    engine: &Engine,
    message: MessageId,
    values: &Values,
    identifiers: &[String],
) -> Result<Sent, ClinicalError> {
    let mut mismatch = None;
    let sent = write(engine, "acknowledging a result", |tx, context| {
        let (row, card) = open(tx, context, message)?;
        if tx.has_message_state(message, context.me.device, State::Acknowledged.code())? {
            return Err(ClinicalError::Already);
        }
        let questions = questions(context, &row, &card);
        let answers = answers(&questions, values)?;
        let named: Vec<&str> = identifiers.iter().map(String::as_str).collect();
        // Without anything to read back, the card itself is what was read.
        let checked = if questions.items.is_empty() && named.is_empty() {
            ReadBack {
                items: Vec::new(),
                identifiers: 0,
            }
            .check(&card, &[], &[])
        } else {
            questions.check(&card, &answers, &named)
        };
        match checked {
            Ok(confirmed) => {
                let record = ReadBackRecord::new(&confirmed, policy(context).numbers);
                state(tx, context, &row, Act::Acknowledged(record))
            }
            Err(error) if error.is_mismatch() => {
                let observations = match error {
                    ReadBackError::Mismatch { observation } => {
                        u16::try_from(observation).into_iter().collect()
                    }
                    _ => Vec::new(),
                };
                mismatch = Some(error);
                state(tx, context, &row, Act::ReadBackMismatch { observations })
            }
            Err(error) => Err(ClinicalError::ReadBack(error)),
        }
    })?;
    mismatch.map_or(Ok(sent), |error| Err(ClinicalError::ReadBack(error)))
}

/// Declines a result, with a reason.
///
/// # Errors
/// [`ClinicalError`].
pub fn decline(engine: &Engine, message: MessageId, reason: &str) -> Result<Sent, ClinicalError> {
    if reason.trim().is_empty() {
        return Err(ClinicalError::Words);
    }
    write(engine, "declining a result", |tx, context| {
        let (row, _) = open(tx, context, message)?;
        state(
            tx,
            context,
            &row,
            Act::Declined {
                reason: reason.trim().to_owned(),
            },
        )
    })
}

/// The card, if it can still be answered by this device's person.
fn open(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    message: MessageId,
) -> Result<(CardRow, ResultCard), ClinicalError> {
    let stored = tx.message(message)?.ok_or(ConversationError::NoMessage)?;
    let row = tx.card(message)?.ok_or(ClinicalError::NotACard)?;
    if stored.presence != Presence::Here {
        return Err(ConversationError::Gone.into());
    }
    if stored.owner == context.me.owner.as_bytes() {
        return Err(ClinicalError::OwnResult);
    }
    match standing(&row, &tx.card_versions(&row.identity, &row.issuer)?) {
        Standing::Superseded => return Err(ClinicalError::Superseded),
        _ if row.blanked => return Err(ClinicalError::Withdrawn),
        Standing::Disputed => return Err(ClinicalError::Disputed),
        Standing::Current => {}
    }
    if context.me.owner.person().is_none() {
        return Err(ClinicalError::NoPerson);
    }
    let card = stored_card(tx, message)?.ok_or(ConversationError::Gone)?;
    Ok((row, card))
}

/// Pairs what was typed with what was asked. A single value without a number answers the single question.
fn answers(questions: &ReadBack, values: &Values) -> Result<Vec<(usize, Answer)>, ClinicalError> {
    let mut out = Vec::new();
    for (observation, text) in values {
        let at = match (observation, questions.items.as_slice()) {
            (Some(at), _) => *at,
            (None, [only]) => only.observation,
            (None, _) => return Err(ClinicalError::WhichObservation),
        };
        let prompt = questions
            .items
            .iter()
            .find(|item| item.observation == at)
            .map(|item| &item.prompt);
        let answer = match prompt {
            Some(Prompt::Choose { .. }) => Answer::Chosen(text.clone()),
            Some(Prompt::Confirm { .. }) => Answer::Confirmed,
            _ => Answer::Typed(text.clone()),
        };
        out.push((at, answer));
    }
    Ok(out)
}

/// Signs and sends one statement about a card.
fn state(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    row: &CardRow,
    act: Act,
) -> Result<Sent, ClinicalError> {
    let conversation = tx
        .conversation(row.conversation)?
        .ok_or(ConversationError::NoConversation)?;
    let from = match context.me.owner {
        Owner::Person(_) => From::Device(DeviceId::from(*context.me.device.as_bytes())),
        Owner::Place(place) => From::Place(PlaceId::from(*place.as_bytes())),
    };
    let statement = Statement {
        subject: Subject {
            card: CardId(row.identity),
            version: row.version,
            digest: *row.digest.as_bytes(),
        },
        speaker: Speaker {
            person: context
                .me
                .owner
                .person()
                .map(|p| PersonId::from(*p.as_bytes())),
            from,
        },
        act,
        at_ms: context.now.millis(),
        roster_seq: context.head().seq,
    };
    let bytes = statement
        .signing_bytes()
        .map_err(|_| ClinicalError::Words)?;
    let signature = *context.me.signing.sign(Statement::LABEL, &bytes).as_bytes();
    let signed = Signed {
        body: statement,
        signature,
    }
    .encode()
    .map_err(|_| ClinicalError::Words)?;
    let (salt, extensions) = send::stamp(context, row.conversation);
    let content = MimiContent::statement(salt, extensions, signed)
        .replying_to(MimiId(*row.message.as_bytes()));
    let message = send::dispatch(tx, context, &conversation, Priority::Urgent, &content)?;
    Ok(Sent {
        message,
        conversation: row.conversation,
    })
}
