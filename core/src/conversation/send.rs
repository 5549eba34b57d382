//! Sending: content is built, applied here at once (the local echo is the message itself), and filed for the others, all
//! in one transaction.

use std::time::Duration;

use sotto_content::mimi::{Expiration, Extensions, MessageId as MimiId, MimiContent};

use super::ConversationError;
use super::members::{allowed, reachable, write};
use crate::base::{ConversationId, MessageId, random};
use crate::membership::{Body, Context, Outgoing};
use crate::outbox;
use crate::roster::Action;
use crate::roster::kind::Setting;
use crate::store::WriteTx;
use crate::store::table::conversation::{ConversationKind, ConversationRow, ConversationState};
use crate::store::table::message::{MessageKind, Presence, Priority};
use crate::sync::Engine;
use crate::timeline::{self, Applied, Incoming, MAX_TEXT};

/// How long the relay keeps what nobody fetches, where the content itself has no end.
const DEFAULT_TTL: Duration = Duration::from_secs(30 * 24 * 3600);
/// Receipts are shown up to this many members.
const RECEIPTS_UP_TO: usize = 20;

/// A message on its way, or the content of one that changed another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Its identifier.
    pub message: MessageId,
    /// Where.
    pub conversation: ConversationId,
}

/// Salt and extensions of a new message from this device.
pub(crate) fn stamp(context: &Context<'_>, conversation: ConversationId) -> ([u8; 16], Extensions) {
    let (sender, room) = timeline::uris(context.me.organisation, conversation, context.me.device);
    let time = u64::try_from(context.now.millis()).unwrap_or(0);
    (
        random::array(context.random),
        Extensions::of_message(&sender, &room, time),
    )
}

/// Applies and files content in one transaction.
pub(crate) fn dispatch(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
    priority: Priority,
    content: &MimiContent,
) -> Result<MessageId, ConversationError> {
    if matches!(
        conversation.state,
        ConversationState::Left | ConversationState::ReadOnly
    ) {
        return Err(ConversationError::Closed);
    }
    let bytes = content.encode().map_err(|_| ConversationError::TooLong)?;
    let id = timeline::message_id(
        context.me.organisation,
        conversation.id,
        context.me.device,
        &bytes,
    )
    .ok_or(ConversationError::TooLong)?;
    let incoming = Incoming {
        sender: context.me.device,
        owner: context.me.owner,
        mine: true,
        priority: priority.code(),
        content: &bytes,
        sent: context.now,
        drifted: false,
        judged_at: context.head().seq,
    };
    let applied = timeline::apply(tx, context, conversation, &incoming)?;
    let stored = match applied {
        Applied::Stored(stored) => Some(stored),
        Applied::Known => None,
        Applied::Refused | Applied::Waits(_) => return Err(ConversationError::NotAllowed),
        Applied::Malformed => return Err(ConversationError::TooLong),
    };
    let card = stored
        .map(|id| tx.message(id))
        .transpose()?
        .flatten()
        .is_some_and(|row| row.kind == MessageKind::Card);
    let receipts = stored.is_some() && (card || few(tx, context, conversation)?);
    let outgoing = Outgoing {
        body: Body::Content(priority.code(), bytes),
        urgent: priority > Priority::Routine,
        ttl_s: ttl(content),
        receipts,
        generation: None,
    };
    // The row may have been changed by what was applied (the patient of a group).
    let conversation = tx
        .conversation(conversation.id)?
        .ok_or(ConversationError::NoConversation)?;
    outbox::file(tx, context, &conversation, stored, &outgoing)?;
    Ok(id)
}

fn few(
    tx: &WriteTx<'_>,
    _: &Context<'_>,
    conversation: &ConversationRow,
) -> Result<bool, ConversationError> {
    if conversation.kind == ConversationKind::Direct {
        return Ok(true);
    }
    let members = match crate::membership::load_group(tx, conversation)? {
        Some(group) => group
            .members()
            .map_err(crate::membership::MembershipError::from)?
            .len(),
        None => 0,
    };
    Ok(members.max(tx.wishes(conversation.id)?.len()) <= RECEIPTS_UP_TO)
}

/// The relay keeps a message twice its life at most: what is not fetched by then would be purged on arrival.
fn ttl(content: &MimiContent) -> u32 {
    let seconds = match content.expires {
        Some(Expiration::AfterReading(seconds)) => seconds.saturating_mul(2).max(60),
        _ => u32::MAX,
    };
    seconds.min(u32::try_from(DEFAULT_TTL.as_secs()).unwrap_or(u32::MAX))
}

/// What a person writes.
#[derive(Clone, Default)]
pub struct Text {
    /// Markdown, shown as text.
    pub text: String,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// Life, counted from receipt.
    pub expires: Option<Duration>,
    /// Asks to be read soon.
    pub urgent: bool,
}

/// Redacted: it is content.
impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Text(..)")
    }
}

impl Text {
    pub(crate) fn finish(&self, context: &Context<'_>, content: MimiContent) -> MimiContent {
        let mut content = content;
        if let Some(id) = self.reply_to {
            content = content.replying_to(MimiId(*id.as_bytes()));
        }
        if let Some(life) = self.expires.or_else(|| policy_life(context)) {
            let seconds = u32::try_from(life.as_secs().max(1)).unwrap_or(u32::MAX);
            content = content.expiring(Expiration::AfterReading(seconds));
        }
        content
    }
    pub(crate) const fn priority(&self) -> Priority {
        if self.urgent {
            Priority::Urgent
        } else {
            Priority::Routine
        }
    }
}

/// How long messages live where nobody said otherwise; zero is for ever.
fn policy_life(context: &Context<'_>) -> Option<Duration> {
    let policy = context.roster.policy().ok()?;
    Some(policy.duration(Setting::MessageLife)).filter(|life| !life.is_zero())
}

/// Sends a text.
///
/// # Errors
/// [`ConversationError`].
pub fn text(engine: &Engine, id: ConversationId, draft: &Text) -> Result<Sent, ConversationError> {
    if draft.text.trim().is_empty() {
        return Err(ConversationError::Empty);
    }
    if draft.text.len() > MAX_TEXT {
        return Err(ConversationError::TooLong);
    }
    write(engine, "sending a text", |tx, context| {
        allowed(context, Action::SendMessage)?;
        let conversation = tx
            .conversation(id)?
            .ok_or(ConversationError::NoConversation)?;
        reachable(context, &conversation)?;
        if let Some(answered) = draft.reply_to {
            tx.message(answered)?
                .filter(|m| m.conversation == id)
                .ok_or(ConversationError::NoMessage)?;
        }
        let (salt, extensions) = stamp(context, id);
        let content = draft.finish(context, MimiContent::text(salt, extensions, &draft.text));
        let message = dispatch(tx, context, &conversation, draft.priority(), &content)?;
        Ok(Sent {
            message,
            conversation: id,
        })
    })
}

/// Reacts to a message.
///
/// # Errors
/// [`ConversationError`].
pub fn react(engine: &Engine, to: MessageId, emoji: &str) -> Result<Sent, ConversationError> {
    if emoji.trim().is_empty() || emoji.len() > 64 || emoji.chars().any(char::is_control) {
        return Err(ConversationError::Reaction);
    }
    change(engine, to, "reacting", &[], |salt, extensions, id| {
        MimiContent::reaction(salt, extensions, id, emoji.trim())
    })
}

/// Replaces one's own text.
///
/// # Errors
/// [`ConversationError::NotYours`] for anything else.
pub fn edit(engine: &Engine, edited: MessageId, text: &str) -> Result<Sent, ConversationError> {
    if text.trim().is_empty() {
        return Err(ConversationError::Empty);
    }
    if text.len() > MAX_TEXT {
        return Err(ConversationError::TooLong);
    }
    change(
        engine,
        edited,
        "editing",
        &[MessageKind::Text],
        |salt, extensions, id| MimiContent::text(salt, extensions, text).replacing(id),
    )
}

/// Takes one's own message back. A result is corrected, never unsaid.
///
/// # Errors
/// [`ConversationError::NotYours`] for anything else.
pub fn retract(engine: &Engine, of: MessageId) -> Result<Sent, ConversationError> {
    change(
        engine,
        of,
        "taking a message back",
        &[MessageKind::Text, MessageKind::Attachment],
        |salt, extensions, id| MimiContent::retraction(salt, extensions, id, false),
    )
}

/// Sends a change of a message: of any, or of one's own where kinds are named.
fn change(
    engine: &Engine,
    of: MessageId,
    label: &'static str,
    own: &[MessageKind],
    build: impl FnOnce([u8; 16], Extensions, MimiId) -> MimiContent,
) -> Result<Sent, ConversationError> {
    write(engine, label, |tx, context| {
        allowed(context, Action::SendMessage)?;
        let row = tx.message(of)?.ok_or(ConversationError::NoMessage)?;
        if row.presence != Presence::Here {
            return Err(ConversationError::Gone);
        }
        let mine = row.owner == context.me.owner.as_bytes() && own.contains(&row.kind);
        if (!own.is_empty() && !mine) || row.kind == MessageKind::System {
            return Err(ConversationError::NotYours);
        }
        let conversation = tx
            .conversation(row.conversation)?
            .ok_or(ConversationError::NoConversation)?;
        let (salt, extensions) = stamp(context, row.conversation);
        let content = build(salt, extensions, MimiId(*of.as_bytes()));
        let message = dispatch(tx, context, &conversation, Priority::Routine, &content)?;
        Ok(Sent {
            message,
            conversation: row.conversation,
        })
    })
}
