//! Export: what was said and what was proven, as FHIR R4 that a record system takes in.

use sotto_content::card::ResultCard;
use sotto_content::export::{Exported, Party, Payload, Spoken, bundle};
use sotto_content::masking::{Purpose, PurposeCode};
use sotto_content::mimi::{Meaning, MessageId as MimiId, MimiContent};
use sotto_content::state::State as Word;
use sotto_content::statement::{DeliveryReceipt, Signed, Statement};

use super::render::Renderer;
use super::{Client, Error, ExportScope, Unmask};
use crate::audit::{self, Act, Record};
use crate::base::{DeviceId, MessageId, Owner, Timestamp};
use crate::conversation::ConversationError;
use crate::roster::{Action, Actor, Relation, Scope};
use crate::store::table::message::{MessageKind, MessageRow, Presence};
use crate::store::table::state::StateRow;
use crate::timeline::{State, withdrawn};

impl Client {
    /// A conversation, or one message with everything said about it, as a FHIR R4 Bundle (Communication, Task,
    /// Provenance with the signatures). Needs the right to export, a purpose and a reason; recorded before it is made.
    ///
    /// # Errors
    /// `verify.needed`, `role.not_allowed`, `purpose.missing`, `message.not_found`, `conversation.not_found`.
    pub fn export(&self, scope: ExportScope, unmask: &Unmask) -> Result<String, Error> {
        self.verified(Action::Export)?;
        let code = PurposeCode::parse(&unmask.purpose).ok_or(ConversationError::Purpose)?;
        Purpose::new(code, &unmask.reason).map_err(|_| ConversationError::Purpose)?;
        let exported = self.render(|renderer| renderer.exported(scope))?;
        self.engine()?.write("recording an export", |tx, context| {
            for one in &exported {
                let id = MessageId::new(*one.message.as_bytes());
                let token = tx
                    .card(id)?
                    .map(|card| tx.patient_token(&card.patient))
                    .transpose()?
                    .flatten();
                let record = Record::of(Act::Exported, context.now)
                    .about(id)
                    .by(context.me.owner.person());
                audit::append(
                    tx,
                    &record
                        .of_patient(token.as_ref())
                        .because(&unmask.purpose, &unmask.reason),
                )?;
            }
            Ok(())
        })?;
        let json = bundle(&exported, self.inner.clock.now().millis())
            .map_err(|_| ConversationError::Gone)?;
        Ok(json.to_string())
    }
}

impl Renderer<'_> {
    fn exported(&self, scope: ExportScope) -> Result<Vec<Exported>, ConversationError> {
        let mut rows = match scope {
            ExportScope::Message(id) => {
                vec![self.tx.message(id)?.ok_or(ConversationError::NoMessage)?]
            }
            ExportScope::Conversation(id) => {
                self.tx
                    .conversation(id)?
                    .ok_or(ConversationError::NoConversation)?;
                self.tx.messages_before(id, None, u32::MAX)?
            }
        };
        rows.reverse();
        // Statements leave with the card that they are about; what the system tells is no one's words.
        rows.retain(|row| !matches!(row.kind, MessageKind::System | MessageKind::Statement));
        if rows.is_empty() {
            return Err(ConversationError::NothingToExport);
        }
        // What one sent oneself, with the proofs about it, is one's own to keep: a laboratory's loop record.
        let own = rows
            .iter()
            .all(|row| row.owner == self.context.me.owner.as_bytes());
        let actor = Actor::device(self.context.me.device);
        let relation = Scope::organisation().with(Relation::Addressed);
        if !own
            && self
                .context
                .roster
                .may(actor, Action::Export, &relation)
                .is_err()
        {
            return Err(ConversationError::NotAllowed);
        }
        rows.iter().map(|row| self.one(row)).collect()
    }

    fn one(&self, row: &MessageRow) -> Result<Exported, ConversationError> {
        let conversation = self
            .tx
            .conversation(row.conversation)?
            .ok_or(ConversationError::NoConversation)?;
        let sender =
            Owner::from_parts(row.owner_kind, &row.owner).ok_or(ConversationError::NoOwner)?;
        let proven: Vec<StateRow> = self
            .tx
            .message_states(row.id)?
            .into_iter()
            .filter(|s| dated(s.at))
            .collect();
        // Members of now, and whoever has proven something and left since.
        let mut recipients = self.owners(&conversation)?;
        recipients.extend(
            proven
                .iter()
                .filter_map(|s| self.context.owner_of(&s.device?)),
        );
        recipients.sort_unstable();
        recipients.dedup();
        recipients.retain(|owner| *owner != sender);
        let mut states = Vec::new();
        for owner in &recipients {
            // The furthest that is proven; the relay's word where it is all there is; nothing where nothing is.
            let of_owner = proven.iter().filter(|s| {
                s.device
                    .is_none_or(|d| self.context.owner_of(&d) == Some(*owner))
            });
            let furthest = of_owner
                .filter_map(|s| State::from_code(s.state))
                .filter_map(|s| Some((s, word(s)?)))
                .max_by_key(|(s, _)| *s);
            if let Some((_, word)) = furthest {
                states.push((self.party(owner), word));
            }
        }
        let mut receipts = Vec::new();
        let mut statements = Vec::new();
        for state in &proven {
            let Some(device) = state.device else { continue };
            if let Ok(signed) = Signed::<Statement>::decode(&state.proof) {
                statements.push(Spoken {
                    signed,
                    speaker: self.device_party(&device),
                });
            } else if let Ok(signed) = Signed::<DeliveryReceipt>::decode(&state.proof) {
                receipts.push(Spoken {
                    signed,
                    speaker: self.device_party(&device),
                });
            }
        }
        Ok(Exported {
            message: MimiId(*row.id.as_bytes()),
            sender: self.party(&sender),
            recipients: recipients.iter().map(|owner| self.party(owner)).collect(),
            sent_ms: row.sent.millis(),
            payload: payload(row, self.tx.card(row.id)?.is_some_and(|card| card.blanked)),
            in_reply_to: row.reply_to.map(|id| MimiId(*id.as_bytes())),
            states,
            receipts,
            statements,
        })
    }

    fn party(&self, owner: &Owner) -> Party {
        Party {
            id: owner.to_string(),
            name: self.context.name_of(owner),
        }
    }

    fn device_party(&self, device: &DeviceId) -> Party {
        Party {
            id: device.to_string(),
            name: self.device_owner_name(device),
        }
    }
}

fn word(state: State) -> Option<Word> {
    Word::parse(&state.as_str().replace('_', " "))
}

/// A time that cannot be written as a date would keep all else from leaving.
fn dated(at: Timestamp) -> bool {
    !at.to_rfc3339().is_empty()
}

fn payload(row: &MessageRow, blanked: bool) -> Payload {
    let content = MimiContent::decode(&row.body)
        .ok()
        .filter(|_| row.presence == Presence::Here);
    let Some(content) = content else {
        return Payload::Retracted;
    };
    match content.meaning() {
        Meaning::Card(bytes) => match ResultCard::from_bytes(bytes) {
            Ok(card) if blanked => Payload::Card(Box::new(withdrawn(card))),
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
