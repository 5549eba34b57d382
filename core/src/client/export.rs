//! Export: what was said and what was proven, as FHIR R4 that a record system takes in.

use sotto_content::card::ResultCard;
use sotto_content::export::{Exported, Party, Payload, Spoken, bundle};
use sotto_content::masking::{Purpose, PurposeCode};
use sotto_content::mimi::{MessageId as MimiId, MimiContent, Meaning};
use sotto_content::state::State as Word;
use sotto_content::statement::{DeliveryReceipt, Signed, Statement};

use super::render::Renderer;
use super::{Client, Error, ExportScope, Unmask};
use crate::audit::{self, Act, Record};
use crate::base::{DeviceId, Owner};
use crate::conversation::ConversationError;
use crate::roster::{Action, Actor, Relation, Scope};
use crate::store::table::message::{MessageKind, MessageRow, Presence};
use crate::timeline::State;

impl Client {
    /// A conversation, or one message with everything said about it, as a FHIR R4 Bundle (Communication, Task,
    /// Provenance with the signatures). Needs the right to export, a purpose and a reason; recorded before it is made.
    ///
    /// # Errors
    /// `role.not_allowed`, `purpose.missing`, `message.not_found`, `conversation.not_found`.
    pub fn export(&self, scope: ExportScope, unmask: &Unmask) -> Result<String, Error> {
        let code = PurposeCode::parse(&unmask.purpose).ok_or(ConversationError::Purpose)?;
        Purpose::new(code, &unmask.reason).map_err(|_| ConversationError::Purpose)?;
        let exported = self.render(|renderer| renderer.exported(scope))?;
        self.engine()?.write("recording an export", |tx, context| {
            let mut record = Record::of(Act::Exported, context.now).by(context.me.owner.person());
            record.purpose = Some(unmask.purpose.clone());
            record.reason = Some(unmask.reason.clone());
            if let ExportScope::Message(id) = scope {
                record = record.about(id);
            }
            Ok(audit::append(tx, &record)?)
        })?;
        let json = bundle(&exported, self.inner.clock.now().millis()).map_err(|_| ConversationError::Gone)?;
        Ok(json.to_string())
    }
}

impl Renderer<'_> {
    fn exported(&self, scope: ExportScope) -> Result<Vec<Exported>, ConversationError> {
        let mut rows = match scope {
            ExportScope::Message(id) => vec![self.tx.message(id)?.ok_or(ConversationError::NoMessage)?],
            ExportScope::Conversation(id) => {
                self.tx.conversation(id)?.ok_or(ConversationError::NoConversation)?;
                self.tx.messages_before(id, None, u32::MAX)?
            }
        };
        rows.reverse();
        let own = rows.iter().all(|row| row.owner == self.context.me.owner.as_bytes());
        let actor = Actor::device(self.context.me.device);
        let relation = Scope::organisation().with(Relation::Addressed);
        if !own && self.context.roster.may(actor, Action::Export, &relation).is_err() {
            return Err(ConversationError::NotAllowed);
        }
        rows.iter()
            .filter(|row| !matches!(row.kind, MessageKind::System | MessageKind::Statement))
            .map(|row| self.one(row))
            .collect()
    }

    fn one(&self, row: &MessageRow) -> Result<Exported, ConversationError> {
        let conversation = self.tx.conversation(row.conversation)?.ok_or(ConversationError::NoConversation)?;
        let sender = Owner::from_parts(row.owner_kind, &row.owner).ok_or(ConversationError::NoOwner)?;
        let recipients: Vec<Owner> = self.owners(&conversation)?.into_iter().filter(|o| *o != sender).collect();
        let proven = self.tx.message_states(row.id)?;
        let mut states = Vec::new();
        for owner in &recipients {
            let of_owner = proven.iter().filter(|s| s.device.is_some_and(|d| self.context.owner_of(&d) == Some(*owner)));
            let furthest = of_owner.filter_map(|s| State::from_code(s.state)).max();
            let word = furthest.map_or("queued", State::as_str).replace('_', " ");
            states.push((self.party(owner), Word::parse(&word).unwrap_or(Word::Queued)));
        }
        let mut receipts = Vec::new();
        let mut statements = Vec::new();
        for state in &proven {
            let Some(device) = state.device else { continue };
            if let Ok(signed) = Signed::<Statement>::decode(&state.proof) {
                statements.push(Spoken { signed, speaker: self.device_party(&device) });
            } else if let Ok(signed) = Signed::<DeliveryReceipt>::decode(&state.proof) {
                receipts.push(Spoken { signed, speaker: self.device_party(&device) });
            }
        }
        Ok(Exported {
            message: MimiId(*row.id.as_bytes()),
            sender: self.party(&sender),
            recipients: recipients.iter().map(|owner| self.party(owner)).collect(),
            sent_ms: row.sent.millis(),
            payload: payload(row),
            in_reply_to: row.reply_to.map(|id| MimiId(*id.as_bytes())),
            states,
            receipts,
            statements,
        })
    }

    fn party(&self, owner: &Owner) -> Party {
        Party { id: owner.to_string(), name: self.context.name_of(owner) }
    }

    fn device_party(&self, device: &DeviceId) -> Party {
        Party { id: device.to_string(), name: self.device_owner_name(device) }
    }
}

fn payload(row: &MessageRow) -> Payload {
    let content = MimiContent::decode(&row.body).ok().filter(|_| row.presence == Presence::Here);
    let Some(content) = content else { return Payload::Retracted };
    match content.meaning() {
        Meaning::Card(bytes) => match ResultCard::from_bytes(bytes) {
            Ok(card) => Payload::Card(Box::new(card)),
            Err(_) => Payload::Retracted,
        },
        Meaning::Attachment(file) => Payload::Attachment {
            content_type: file.content_type.clone(),
            filename: file.filename.clone(),
            bytes: file.size,
        },
        meaning => Payload::Text(super::render::text_of(&meaning)),
    }
}
