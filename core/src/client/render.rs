//! From rows to what is shown: names from the roster, identifiers masked unless a purpose was given.

mod card;

use sotto_content::mimi::{Meaning, MimiContent};

use super::{AttachmentView, Client, ConversationView, Error, MessageView, Unmask};
use crate::audit::{self, Act, Record};
use crate::base::{ConversationId, DeviceId, MessageId, Owner, codec};
use crate::conversation::ConversationError;
use crate::conversation::members::refused;
use crate::membership::Context;
use crate::mls;
use crate::store::ReadTx;
use crate::store::table::attachment::AttachmentState;
use crate::store::table::conversation::{ConversationKind, ConversationRow, ConversationState};
use crate::store::table::message::{Beside, MessageKind, MessageRow, Presence, Priority};
use crate::sync::SyncError;
use crate::timeline::{State, SystemBody, SystemEvent};

/// Reads rows and builds views, within one read transaction.
pub(super) struct Renderer<'a> {
    pub(super) tx: &'a ReadTx<'a>,
    pub(super) context: &'a Context<'a>,
}

impl Client {
    /// Runs a read whose refusals are this floor's.
    pub(super) fn render<T>(
        &self,
        work: impl FnOnce(&Renderer<'_>) -> Result<T, ConversationError>,
    ) -> Result<T, Error> {
        let mut refusal = None;
        self.attended()?;
        let result = self.engine()?.read(|tx, context| {
            work(&Renderer::new(tx, context)).map_err(|error| match error {
                ConversationError::Sync(error) => error,
                other => {
                    refusal = Some(other);
                    SyncError::Stopped
                }
            })
        });
        match (result, refusal) {
            (Ok(value), _) => Ok(value),
            (Err(_), Some(refusal)) => {
                if matches!(refusal, ConversationError::NotAllowed) {
                    refused(&*self.engine()?)?;
                }
                Err(refusal.into())
            }
            (Err(error), None) => Err(error.into()),
        }
    }

    /// Records that identifiers are about to be shown, before they are.
    pub(super) fn record_unmask(
        &self,
        views: &[MessageView],
        unmask: Option<&Unmask>,
    ) -> Result<(), Error> {
        let Some(unmask) = unmask else { return Ok(()) };
        let shown: Vec<(MessageId, String)> = views
            .iter()
            .filter_map(|view| {
                let card = view.card.as_ref().filter(|card| card.unmasked)?;
                Some((view.id.parse().ok()?, card.token.clone()))
            })
            .collect();
        if shown.is_empty() {
            return Ok(());
        }
        let tokens: Vec<String> = shown.iter().map(|(_, token)| token.clone()).collect();
        self.unmask_allowed(&tokens)?;
        self.engine()?
            .write("recording what was unmasked", |tx, context| {
                for (message, token) in &shown {
                    let mut record = Record::of(Act::Unmasked, context.now)
                        .about(*message)
                        .by(context.me.owner.person());
                    record.patient = Some(token.clone());
                    let record = record.because(&unmask.purpose, &unmask.reason);
                    audit::append(tx, &record)?;
                }
                Ok(())
            })?;
        Ok(())
    }
}

const fn state_word(state: ConversationState) -> &'static str {
    match state {
        ConversationState::Creating => "creating",
        ConversationState::Active => "active",
        ConversationState::Left => "left",
        ConversationState::Stalled => "stalled",
        ConversationState::ReadOnly => "read_only",
    }
}

const fn kind_word(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Text => "text",
        MessageKind::Card => "card",
        MessageKind::Attachment => "attachment",
        MessageKind::Statement => "statement",
        MessageKind::System => "system",
    }
}

const fn priority_word(priority: Priority) -> &'static str {
    match priority {
        Priority::Routine => "routine",
        Priority::Urgent => "urgent",
        Priority::Critical => "critical",
    }
}

impl<'a> Renderer<'a> {
    pub(super) const fn new(tx: &'a ReadTx<'a>, context: &'a Context<'a>) -> Self {
        Self { tx, context }
    }

    /// Owners of the devices in a conversation's group, or wished for while it is being made.
    pub(super) fn owners(&self, row: &ConversationRow) -> Result<Vec<Owner>, SyncError> {
        let mut owners: Vec<Owner> = Vec::new();
        let group = match mls::GroupId::from_slice(&row.mls_group) {
            Some(id) => mls::View::load(self.tx, id)?,
            None => None,
        };
        if let Some(group) = group {
            owners.extend(
                group
                    .members()?
                    .iter()
                    .filter_map(|m| self.context.owner_of(&m.device)),
            );
        }
        if row.state == ConversationState::Creating {
            let wished = self.tx.wishes(row.id)?;
            owners.extend(
                wished
                    .iter()
                    .filter_map(|wish| Owner::from_parts(wish.owner_kind, &wish.owner)),
            );
        }
        owners.sort_unstable();
        owners.dedup();
        Ok(owners)
    }

    /// A conversation's title, or the other's name.
    pub(super) fn title_of(&self, id: ConversationId) -> Result<String, SyncError> {
        let Some(row) = self.tx.conversation(id)? else {
            return Ok(String::new());
        };
        self.title(&row, &self.owners(&row)?)
    }

    #[allow(clippy::unnecessary_wraps, reason = "the same shape as its neighbours")]
    fn title(&self, row: &ConversationRow, owners: &[Owner]) -> Result<String, SyncError> {
        if row.kind == ConversationKind::Group && !row.title.is_empty() {
            return Ok(row.title.clone());
        }
        let others: Vec<String> = owners
            .iter()
            .filter(|o| **o != self.context.me.owner)
            .map(|o| self.context.name_of(o))
            .collect();
        if others.is_empty() {
            let peer = [1, 2].iter().find_map(|kind| {
                let owner = Owner::from_parts(*kind, &row.peer)?;
                Some(self.context.name_of(&owner)).filter(|name| name != "—")
            });
            return Ok(peer.unwrap_or_else(|| "—".to_owned()));
        }
        Ok(others.join(", "))
    }

    /// All conversations.
    pub(super) fn conversations(&self) -> Result<Vec<ConversationView>, SyncError> {
        let rows = self.tx.conversations()?;
        rows.iter()
            .map(|row| {
                let owners = self.owners(row)?;
                Ok(ConversationView {
                    id: row.id.to_string(),
                    kind: if row.kind == ConversationKind::Direct {
                        "direct"
                    } else {
                        "group"
                    },
                    title: self.title(row, &owners)?,
                    state: state_word(row.state),
                    members: owners
                        .iter()
                        .map(|owner| self.context.name_of(owner))
                        .collect(),
                    updated: row.updated.to_rfc3339(),
                    unacknowledged: self.open_cards(row)?.len(),
                })
            })
            .collect()
    }

    /// Cards addressed to me, current, not withdrawn, taken by nobody and not declined by me.
    pub(super) fn open_cards(&self, row: &ConversationRow) -> Result<Vec<MessageId>, SyncError> {
        let me = self.context.me.owner;
        let mut open = Vec::new();
        for message in self.tx.open_cards(row.id, me.as_bytes())? {
            // That somebody else declined takes it off nobody's list but their own.
            let declined = self.tx.message_states(message)?.iter().any(|state| {
                let left = matches!(
                    State::from_code(state.state),
                    Some(State::Declined | State::Redirected)
                );
                left && state
                    .device
                    .is_some_and(|device| self.context.owner_of(&device) == Some(me))
            });
            if !declined {
                open.push(message);
            }
        }
        Ok(open)
    }

    /// Views of messages, in the order given.
    pub(super) fn messages(
        &self,
        rows: &[MessageRow],
        unmask: Option<&Unmask>,
    ) -> Result<Vec<MessageView>, ConversationError> {
        let mut views = Vec::with_capacity(rows.len());
        let ids: Vec<MessageId> = rows.iter().map(|row| row.id).collect();
        let beside = self.tx.beside(&ids)?;
        for row in rows {
            views.push(self.message(row, &beside, unmask)?);
        }
        self.tell_apart(rows, &mut views)?;
        Ok(views)
    }

    fn message(
        &self,
        row: &MessageRow,
        beside: &Beside,
        unmask: Option<&Unmask>,
    ) -> Result<MessageView, ConversationError> {
        let owner = Owner::from_parts(row.owner_kind, &row.owner);
        let content = MimiContent::decode(&row.body).ok();
        let text = match (row.kind, row.presence) {
            (MessageKind::System, _) => self.system_text(&row.body),
            (_, Presence::Retracted | Presence::Expired) => String::new(),
            (MessageKind::Statement, _) => self.statement_text(content.as_ref()),
            _ => content
                .as_ref()
                .map(|c| text_of(&c.meaning()))
                .unwrap_or_default(),
        };
        let mut marks = Vec::new();
        // Restored messages stand before everything else.
        let handed = if row.seq <= 0 {
            self.tx.handed(row.id)?
        } else {
            None
        };
        if handed.is_some() {
            marks.push("handed over");
        }
        if row.edited > 0 {
            marks.push("edited");
        }
        match row.presence {
            Presence::Here => {}
            Presence::Retracted => marks.push("retracted"),
            Presence::Expired => marks.push("expired"),
        }
        Ok(MessageView {
            id: row.id.to_string(),
            conversation: row.conversation.to_string(),
            kind: kind_word(row.kind),
            sender: match handed.and_then(|device| self.context.owner_of(&device)) {
                // Nobody but whoever handed it over vouches for the name below it.
                Some(giver) => format!(
                    "{}, who names {}",
                    self.context.name_of(&giver),
                    owner.map_or_else(|| "—".to_owned(), |owner| self.context.name_of(&owner))
                ),
                None => owner.map_or_else(|| "—".to_owned(), |owner| self.context.name_of(&owner)),
            },
            sender_id: codec::hex(&row.owner),
            mine: row.mine,
            priority: priority_word(row.priority),
            sent: row.sent.to_rfc3339(),
            received: row.received.to_rfc3339(),
            drifted: row.drifted,
            text,
            reply_to: row.reply_to.map(|id| id.to_string()),
            marks,
            reactions: if beside.reacted.contains(&row.id) {
                self.reactions(row.id)?
            } else {
                Vec::new()
            },
            card: if row.kind == MessageKind::Card {
                self.card(row, unmask)?
            } else {
                None
            },
            attachments: if beside.attached.contains(&row.id) {
                self.attachments(row.id)?
            } else {
                Vec::new()
            },
            expires: row.expires.map(crate::base::Timestamp::to_rfc3339),
        })
    }

    fn reactions(&self, message: MessageId) -> Result<Vec<(String, String)>, ConversationError> {
        let reactions = self.tx.reactions(message)?;
        Ok(reactions
            .into_iter()
            .map(|(device, emoji)| (self.device_owner_name(&device), emoji))
            .collect())
    }

    pub(super) fn device_owner_name(&self, device: &DeviceId) -> String {
        self.context
            .owner_of(device)
            .map_or_else(|| "—".to_owned(), |owner| self.context.name_of(&owner))
    }

    fn attachments(&self, message: MessageId) -> Result<Vec<AttachmentView>, ConversationError> {
        let rows = self.tx.attachments(message)?;
        Ok(rows
            .into_iter()
            .map(|row| AttachmentView {
                part: row.part,
                name: row.name,
                media: row.media,
                size: row.size,
                state: match row.state {
                    AttachmentState::Wanted => "wanted",
                    AttachmentState::Uploading => "uploading",
                    AttachmentState::Here => "here",
                    AttachmentState::Gone => "gone",
                },
            })
            .collect())
    }

    fn system_text(&self, body: &[u8]) -> String {
        let Ok(SystemBody { event, owners }) = codec::decode(body) else {
            return String::new();
        };
        let names: Vec<String> = owners
            .iter()
            .map(|owner| self.context.name_of(owner))
            .collect();
        let what = match event {
            SystemEvent::Joined => "joined",
            SystemEvent::Removed => "removed",
            SystemEvent::Healed => "reconnected",
        };
        format!("{what}: {}", names.join(", "))
    }
}

pub(super) fn text_of(meaning: &Meaning<'_>) -> String {
    match meaning {
        Meaning::Text { text, .. } => (*text).to_owned(),
        Meaning::Several(parts) => parts
            .iter()
            .map(text_of)
            .filter(|t| !t.is_empty())
            .collect::<Vec<_>>()
            .join("\n"),
        _ => String::new(),
    }
}
