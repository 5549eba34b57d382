//! What of a colleague's handover is taken. The MLS signatures that proved each message are long gone, so the colleague
//! could have written anything into it. Therefore: texts, cards and attachments' names only, in conversations that both are
//! in, under identifiers of their own, so that nothing genuine is hidden, replaced, superseded or answered by
//! them; no states, no reactions, no statements, no system events. Each is marked as handed over.

use crate::base::digest::sha256_parts;
use crate::base::{ConversationId, DeviceId, MessageId, Owner};
use crate::store::table::history::{Cell, Cells, Table};
use crate::store::{ReadTx, StoreError, WriteTx};

/// Whether whoever hands over is a member of a conversation, as this device sees it.
pub type Shared<'a> = dyn Fn(&ReadTx<'_>, ConversationId, &Owner) -> bool + 'a;

/// Whose word it is.
#[derive(Clone, Copy)]
pub(super) struct Giver<'a> {
    pub(super) device: DeviceId,
    pub(super) owner: Owner,
    pub(super) shared: &'a Shared<'a>,
}

/// Kinds of messages that may be taken over: text, card, attachment (see the message table).
const KINDS: [i64; 3] = [1, 2, 3];
const ID: usize = 1;
const CONVERSATION: usize = 2;
const KIND: usize = 6;
const PRIORITY: usize = 7;
const REPLY_TO: usize = 10;
/// In the table of cards.
const ISSUER: usize = 3;
const CRITICAL: usize = 7;

/// Whether a row is taken, and in which form.
pub(super) fn admit(
    tx: &WriteTx<'_>,
    table: Table,
    row: &mut Cells,
    giver: &Giver<'_>,
) -> Result<bool, StoreError> {
    match table {
        Table::Message => message(tx, row, giver),
        Table::Card | Table::Attachment => {
            let Some(Cell::Bytes(id)) = row.first_mut() else {
                return Ok(false);
            };
            *id = of_its_own(&giver.device, id);
            // Only beside a message that was taken.
            let known = MessageId::from_slice(id)
                .map(|id| tx.handed(id))
                .transpose()?;
            if table == Table::Card {
                // A line of versions of its own: it supersedes nothing, and nothing supersedes it.
                let line = [b"handed".as_slice(), giver.device.as_bytes()].concat();
                row[ISSUER] = Cell::Bytes(line);
                // It alarms nobody.
                row[CRITICAL] = Cell::Number(0);
            }
            Ok(known.flatten().is_some())
        }
        Table::Conversation | Table::State | Table::Reaction | Table::Token => Ok(false),
    }
}

fn message(tx: &WriteTx<'_>, row: &mut Cells, giver: &Giver<'_>) -> Result<bool, StoreError> {
    if !row
        .get(KIND)
        .and_then(Cell::number)
        .is_some_and(|kind| KINDS.contains(&kind))
    {
        return Ok(false);
    }
    let conversation = row.get(CONVERSATION).and_then(Cell::bytes);
    let Some(conversation) = conversation.and_then(ConversationId::from_slice) else {
        return Ok(false);
    };
    let Some(genuine) = row
        .get(ID)
        .and_then(Cell::bytes)
        .and_then(MessageId::from_slice)
    else {
        return Ok(false);
    };
    if !(giver.shared)(tx, conversation, &giver.owner) || tx.message(genuine)?.is_some() {
        return Ok(false);
    }
    let id = of_its_own(&giver.device, genuine.as_bytes());
    if let Ok(key) = <[u8; 32]>::try_from(id.as_slice()) {
        tx.put_handed(&key, &giver.device)?;
    }
    row[ID] = Cell::Bytes(id);
    row[PRIORITY] = Cell::Number(1);
    if let Some(Cell::Bytes(answered)) = row.get_mut(REPLY_TO)
        && !answered.is_empty()
    {
        *answered = of_its_own(&giver.device, answered);
    }
    Ok(true)
}

/// An identifier that no genuine message can have.
fn of_its_own(device: &DeviceId, id: &[u8]) -> Vec<u8> {
    sha256_parts(&[b"handed over".as_slice(), device.as_bytes().as_slice(), id])
        .as_bytes()
        .to_vec()
}
