//! Delivery receipts: a device signs that a committed transaction of its own holds a message; only members of the
//! conversation can read it, and the relay keeps it under a handle the sender chose.

use sotto_content::id::DeviceId;
use sotto_content::mimi::MessageId as MimiId;
use sotto_content::statement::{Body, DeliveryReceipt, From, Signed, Speaker};

use super::InboxError;
use crate::base::{MessageId, Signature, Timestamp};
use crate::membership::{Context, envelope};
use crate::roster::record::DeviceRecord;
use crate::store::table::queue::ReceiptWantedRow;
use crate::store::table::state::StateRow;
use crate::store::{Topic, WriteTx};
use crate::timeline::State;

const LABEL: &str = "sealed delivery receipt";
/// Numbers of receipts that go without an entry: above all numbers the relay gives.
pub const LATE: u64 = 1 << 62;

/// Makes the sealed receipt for a message this transaction stores.
///
/// # Errors
/// [`InboxError`].
pub(super) fn make(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    message: MessageId,
    handle: &[u8; 16],
) -> Result<Vec<u8>, InboxError> {
    let Some(row) = tx.message(message)? else {
        return Ok(Vec::new());
    };
    let body = DeliveryReceipt {
        message: MimiId(*message.as_bytes()),
        speaker: Speaker {
            person: None,
            from: From::Device(DeviceId::from(*context.me.device.as_bytes())),
        },
        at_ms: context.now.millis(),
        roster_seq: context.head().seq,
    };
    let Ok(bytes) = body.signing_bytes() else {
        return Ok(Vec::new());
    };
    let signature = *context
        .me
        .signing
        .sign(DeliveryReceipt::LABEL, &bytes)
        .as_bytes();
    let Ok(bytes) = (Signed { body, signature }).encode() else {
        return Ok(Vec::new());
    };
    let keys = tx.conversation_keys(row.conversation)?;
    let Some((_, key)) = keys.first() else {
        return Ok(Vec::new());
    };
    Ok(envelope::seal_for_members(
        key,
        LABEL,
        handle,
        &bytes,
        context.random,
    )?)
}

/// What a collected receipt is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collected {
    /// The addressed device's signature over this message: stored as proof.
    Proven,
    /// It is not that, and proves nothing.
    Forged,
    /// No key of the conversation opens it yet; a newer one may be on its way.
    Unreadable,
}

/// Checks a collected receipt against what was asked and stores it as proof. A receipt that is not the addressed
/// device's own signature over this message changes nothing.
///
/// # Errors
/// [`InboxError`].
pub fn collected(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    wanted: &ReceiptWantedRow,
    sealed: &[u8],
) -> Result<Collected, InboxError> {
    let keys = tx.conversation_keys(wanted.conversation)?;
    let Some(bytes) = envelope::open_as_member(&keys, LABEL, &wanted.handle, sealed) else {
        return Ok(Collected::Unreadable);
    };
    let proof = Signed::<DeliveryReceipt>::decode(&bytes)
        .ok()
        .filter(|signed| {
            signed.body.message.as_bytes() == wanted.message.as_bytes()
                && signed.body.speaker.from
                    == From::Device(DeviceId::from(*wanted.device.as_bytes()))
                && context
                    .device(&wanted.device)
                    .is_some_and(|device| verifies(device, signed))
        });
    let Some(signed) = proof else {
        return Ok(Collected::Forged);
    };
    tx.add_message_state(&StateRow {
        message: wanted.message,
        device: Some(wanted.device),
        state: State::Delivered.code(),
        at: Timestamp::from_millis(signed.body.at_ms),
        proof: signed.encode().unwrap_or_default(),
    })?;
    tx.emit(Topic::Receipt, wanted.message.as_bytes().to_vec());
    Ok(Collected::Proven)
}

fn verifies(device: &DeviceRecord, signed: &Signed<DeliveryReceipt>) -> bool {
    let Ok(bytes) = signed.body.signing_bytes() else {
        return false;
    };
    let signature = Signature::new(signed.signature);
    device
        .details
        .signature_key
        .verify(DeliveryReceipt::LABEL, &bytes, &signature)
        .is_ok()
}
