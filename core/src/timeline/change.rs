//! What changes a message that is here already: edits, retractions, reactions. Only within the message's own
//! conversation, and, but for reactions, only by the person or place that sent it, from whichever of their devices.

use sotto_content::mimi::MimiContent;

use super::apply::{Applied, Event};
use super::{TimelineError, waiting};
use crate::base::MessageId;
use crate::store::Topic;
use crate::store::table::message::{MessageKind, MessageRow, Presence};

/// Longest reaction, in bytes.
pub(super) const MAX_REACTION: usize = 64;
/// Most reactions of one device to one message.
const REACTIONS: usize = 8;

/// What a change is about.
enum Target {
    /// It may be changed.
    Here(Box<MessageRow>),
    /// Gone: there is nothing to change.
    Nothing,
    /// It has not come. It may have been sent before this device was a member.
    Missing,
    /// In another conversation, or somebody else's.
    NotTheirs,
}

fn target(event: &Event<'_, '_>, id: MessageId, own: bool) -> Result<Target, TimelineError> {
    let Some(row) = event.tx.message(id)? else {
        return Ok(Target::Missing);
    };
    let owner = event.incoming.owner;
    let theirs = row.owner_kind == owner.kind() && row.owner == owner.as_bytes();
    Ok(
        if row.conversation != event.conversation.id
            || row.kind == MessageKind::System
            || (own && !theirs)
        {
            Target::NotTheirs
        } else if row.presence == Presence::Here {
            Target::Here(Box::new(row))
        } else {
            Target::Nothing
        },
    )
}

fn missing(event: &Event<'_, '_>, id: MessageId) -> Applied {
    event.waits(waiting::message(id), Applied::Known)
}

fn changed(event: &Event<'_, '_>, id: MessageId) -> Applied {
    event.tx.emit(Topic::Message, id.as_bytes().to_vec());
    Applied::Known
}

/// A new text in place of an old one. Of several edits the one that was written last stands, in whatever order they
/// arrive.
pub(super) fn edit(
    event: &Event<'_, '_>,
    edited: MessageId,
    text: &str,
) -> Result<Applied, TimelineError> {
    let row = match target(event, edited, true)? {
        Target::Here(row) if row.kind == MessageKind::Text => row,
        Target::Nothing => return Ok(Applied::Known),
        Target::Missing => return Ok(missing(event, edited)),
        Target::Here(_) | Target::NotTheirs => return Ok(Applied::Refused),
    };
    let written = |content: &MimiContent| content.extensions.sender_time_ms().unwrap_or_default();
    let before = MimiContent::decode(&row.body)
        .ok()
        .filter(|_| row.edited > 0);
    // Or the same, once more.
    let older = before.is_some_and(|before| {
        (written(event.content), event.incoming.content) <= (written(&before), row.body.as_slice())
    });
    if older {
        return Ok(Applied::Known);
    }
    event
        .tx
        .edit_message(edited, event.incoming.content, text)?;
    Ok(changed(event, edited))
}

/// Takes back a message, or a reaction.
pub(super) fn retract(event: &Event<'_, '_>, of: MessageId) -> Result<Applied, TimelineError> {
    if let Some((message, device)) = event.tx.reaction_of(of)? {
        if event.context.owner_of(&device) != Some(event.incoming.owner) {
            return Ok(Applied::Refused);
        }
        event.tx.drop_reaction(of)?;
        return Ok(changed(event, message));
    }
    match target(event, of, true)? {
        // A result is corrected, never unsaid.
        Target::Here(row) if matches!(row.kind, MessageKind::Text | MessageKind::Attachment) => {
            event.tx.purge_message(of, Presence::Retracted)?;
            Ok(changed(event, of))
        }
        Target::Nothing => Ok(Applied::Known),
        Target::Missing => Ok(missing(event, of)),
        Target::Here(_) | Target::NotTheirs => Ok(Applied::Refused),
    }
}

/// A few characters beside a message.
pub(super) fn react(
    event: &Event<'_, '_>,
    to: MessageId,
    reaction: &str,
) -> Result<Applied, TimelineError> {
    if reaction.trim().is_empty()
        || reaction.len() > MAX_REACTION
        || reaction.chars().any(char::is_control)
    {
        return Ok(Applied::Malformed);
    }
    match target(event, to, false)? {
        Target::Here(_) => {}
        Target::Nothing => return Ok(Applied::Known),
        Target::Missing => return Ok(missing(event, to)),
        Target::NotTheirs => return Ok(Applied::Refused),
    }
    let sender = event.incoming.sender;
    let known = event.tx.reactions(to)?;
    let own = known.iter().filter(|(device, _)| *device == sender);
    if own.clone().count() >= REACTIONS && !own.clone().any(|(_, emoji)| emoji == reaction) {
        return Ok(Applied::Refused);
    }
    event.tx.add_reaction(to, sender, reaction, event.id)?;
    Ok(changed(event, to))
}
