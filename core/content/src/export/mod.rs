//! A conversation or a loop as FHIR R4: Communication for what was said, Task for what was asked, Provenance for who
//! signed what.

use crate::card::ResultCard;
use crate::id::{CardId, hex};
use crate::mimi::MessageId;
use crate::state::State;
use crate::statement::{Act, Body, DeliveryReceipt, Recipient, Signed, Statement, StatementError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

const LABEL_SYSTEM: &str = "urn:sotto:message";

/// Why something could not be exported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// A statement that cannot be encoded.
    #[error("while exporting a statement: {0}")]
    Statement(#[from] StatementError),
    /// A card that cannot be encoded.
    #[error("while exporting a card: {0}")]
    Card(#[from] crate::card::CardError),
    /// A time outside of the years 1 to 9999.
    #[error("a time cannot be written as a date")]
    Time,
}

/// A person, device or place as the export names it.
#[derive(Clone, PartialEq, Eq)]
pub struct Party {
    /// The id in the roster, 32 hexadecimal digits.
    pub id: String,
    /// What the roster calls it.
    pub name: String,
}

/// What a message carried.
#[derive(Clone, PartialEq, Eq)]
pub enum Payload {
    /// A text.
    Text(String),
    /// A result card.
    Card(Box<ResultCard>),
    /// An attachment: media type, file name and bytes.
    Attachment {
        /// IANA media type.
        content_type: String,
        /// The real file name.
        filename: String,
        /// How long it is.
        bytes: u64,
    },
    /// Retracted by its author: a placeholder is left.
    Retracted,
}

/// One signed statement with who spoke.
#[derive(Clone, PartialEq, Eq)]
pub struct Spoken<T> {
    /// The statement and its signature.
    pub signed: Signed<T>,
    /// Who spoke.
    pub speaker: Party,
}

/// One message with everything that was said about it.
#[derive(Clone, PartialEq, Eq)]
pub struct Exported {
    /// Its id.
    pub message: MessageId,
    /// Who sent it.
    pub sender: Party,
    /// To whom.
    pub recipients: Vec<Party>,
    /// When, in milliseconds since the UNIX epoch.
    pub sent_ms: i64,
    /// What it carried.
    pub payload: Payload,
    /// The message it answers.
    pub in_reply_to: Option<MessageId>,
    /// The state of each recipient.
    pub states: Vec<(Party, State)>,
    /// Delivery receipts.
    pub receipts: Vec<Spoken<DeliveryReceipt>>,
    /// Statements about the card.
    pub statements: Vec<Spoken<Statement>>,
}

/// The messages as one FHIR R4 Bundle of type collection. `at_ms` is the time of the export, handed in.
///
/// # Errors
/// See [`ExportError`].
pub fn bundle(messages: &[Exported], at_ms: i64) -> Result<Json, ExportError> {
    let mut entries = Vec::new();
    for message in messages {
        let communication = format!("communication-{}", short(&message.message));
        entries.push(entry(
            &communication,
            communication_of(message, &communication)?,
        ));
        if let Payload::Card(card) = &message.payload {
            let report = serde_json::from_slice(&card.to_bytes()?)
                .map_err(|_| crate::card::CardError::NotCanonical);
            entries.push(entry(&card_entry(message), report?));
            for (index, (who, state)) in message.states.iter().enumerate() {
                let id = format!("task-{}-{}", short(&message.message), index + 1);
                entries.push(entry(&id, task_of(message, card, who, *state, &id)?));
            }
        }
        let mut number = 0;
        for receipt in &message.receipts {
            number += 1;
            let activity = "delivered";
            entries.push(provenance(
                message,
                receipt,
                receipt.signed.body.at_ms,
                activity,
                number,
            )?);
        }
        for spoken in &message.statements {
            number += 1;
            let statement = &spoken.signed.body;
            entries.push(provenance(
                message,
                spoken,
                statement.at_ms,
                statement.act.name(),
                number,
            )?);
        }
    }
    Ok(json!({
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": instant(at_ms)?,
        "entry": entries,
    }))
}

fn entry(id: &str, resource: Json) -> Json {
    json!({ "fullUrl": format!("urn:sotto:{id}"), "resource": resource })
}

/// FHIR ids have at most 64 characters, so a message goes by the first 16 bytes after the hash number.
fn short(id: &MessageId) -> String {
    hex(&id.0[1..17])
}

fn card_entry(message: &Exported) -> String {
    format!("report-{}", short(&message.message))
}

fn reference(target: &str) -> Json {
    json!({ "reference": format!("urn:sotto:{target}") })
}

fn party(party: &Party) -> Json {
    json!({ "identifier": { "system": "urn:sotto:roster", "value": party.id }, "display": party.name })
}

fn instant(ms: i64) -> Result<String, ExportError> {
    Timestamp::from_millisecond(ms)
        .map(|time| time.to_string())
        .map_err(|_| ExportError::Time)
}

fn communication_of(message: &Exported, id: &str) -> Result<Json, ExportError> {
    let payload = match &message.payload {
        Payload::Text(text) => vec![json!({ "contentString": text })],
        Payload::Card(_) => vec![json!({ "contentReference": reference(&card_entry(message)) })],
        Payload::Attachment {
            content_type,
            filename,
            bytes,
        } => vec![json!({
            "contentAttachment": { "contentType": content_type, "title": filename, "size": bytes },
        })],
        Payload::Retracted => Vec::new(),
    };
    let mut it = json!({
        "resourceType": "Communication",
        "id": id,
        "identifier": [{ "system": LABEL_SYSTEM, "value": message.message.to_string() }],
        "status": if payload.is_empty() { "entered-in-error" } else { "completed" },
        "sent": instant(message.sent_ms)?,
        "recipient": message.recipients.iter().map(party).collect::<Vec<_>>(),
        "sender": party(&message.sender),
    });
    if !payload.is_empty() {
        it["payload"] = Json::Array(payload);
    }
    if let Some(answered) = &message.in_reply_to {
        it["inResponseTo"] = json!([{
            "identifier": { "system": LABEL_SYSTEM, "value": answered.to_string() },
        }]);
    }
    if let Payload::Card(card) = &message.payload {
        if card.test {
            it["meta"] = json!({ "security": [{
                "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST",
            }] });
        }
        it["priority"] = json!(if card.critical().is_empty() {
            "routine"
        } else {
            "stat"
        });
    }
    Ok(it)
}

/// The request that lies in a result: somebody is to take it.
fn task_of(
    message: &Exported,
    card: &ResultCard,
    who: &Party,
    state: State,
    id: &str,
) -> Result<Json, ExportError> {
    let mut it = json!({
        "resourceType": "Task",
        "id": id,
        "identifier": [card_identifier(&card.id(), card.version)],
        "status": state.task_status(),
        "businessStatus": { "text": state.as_str() },
        "intent": "order",
        "priority": if card.critical().is_empty() { "routine" } else { "stat" },
        "description": "Take responsibility for a result",
        "focus": reference(&card_entry(message)),
        "authoredOn": instant(message.sent_ms)?,
        "requester": party(&message.sender),
        "owner": party(who),
    });
    let of_owner = message
        .statements
        .iter()
        .filter(|spoken| spoken.speaker.id == who.id);
    let output: Vec<Json> = of_owner
        .filter_map(|spoken| said(&spoken.signed.body))
        .collect();
    if !output.is_empty() {
        it["output"] = Json::Array(output);
    }
    Ok(it)
}

fn card_identifier(card: &CardId, version: u32) -> Json {
    json!({ "system": "urn:sotto:card", "value": format!("{card}/{version}") })
}

/// What a statement adds to its Task.
fn said(statement: &Statement) -> Option<Json> {
    let words = match &statement.act {
        Act::Acknowledged(record) | Act::AcknowledgedByTelephone { record, .. } => {
            let observations: Vec<String> = record
                .observations()
                .iter()
                .map(|at| (at + 1).to_string())
                .collect();
            format!(
                "version {}, observations read back: {}, identifiers confirmed: {}",
                statement.subject.version,
                if observations.is_empty() {
                    "none".to_owned()
                } else {
                    observations.join(", ")
                },
                record.identifiers().len(),
            )
        }
        Act::ReadBackMismatch { .. } => format!("version {}", statement.subject.version),
        Act::Declined { reason } => reason.clone(),
        Act::Redirected { to, reason } | Act::Transferred { to, reason } => {
            let to = match to {
                Recipient::Person(person) => format!("person {person}"),
                Recipient::Duty(duty) => format!("duty {duty}"),
            };
            format!("to {to}: {reason}")
        }
        Act::Seen => return None,
    };
    Some(json!({ "type": { "text": statement.act.name() }, "valueString": words }))
}

/// Who signed what, with the bytes that were signed and the signature, so that a third party can verify it.
fn provenance<T: Body>(
    message: &Exported,
    spoken: &Spoken<T>,
    at_ms: i64,
    activity: &str,
    number: usize,
) -> Result<Json, ExportError> {
    let id = format!("provenance-{}-{number}", short(&message.message));
    let target = match &message.payload {
        Payload::Card(_) => card_entry(message),
        _ => format!("communication-{}", short(&message.message)),
    };
    let time = instant(at_ms)?;
    let resource = json!({
        "resourceType": "Provenance",
        "id": id,
        "target": [reference(&target)],
        "occurredDateTime": time,
        "recorded": time,
        "activity": { "text": activity },
        "agent": [{ "who": party(&spoken.speaker) }],
        "signature": [{
            "type": [{ "system": "urn:iso-astm:E1762-95:2013", "code": "1.2.840.10065.1.12.1.5" }],
            "when": time,
            "who": party(&spoken.speaker),
            "targetFormat": "application/vnd.sotto.statement+cbor",
            "sigFormat": format!("application/vnd.sotto.signed+cbor;label=\"{}\"", T::LABEL),
            "data": STANDARD.encode(spoken.signed.encode()?),
        }],
    });
    Ok(entry(&id, resource))
}

#[cfg(test)]
mod tests;
