//! What a wipe would do to whom, before anything leaves.

use std::sync::Arc;

use super::append::Draft;
use super::control::Outcome;
use super::exclude::{self, Excluding, Revoke};
use super::{AdminError, control, describe, exposure};
use crate::base::{ConversationId, DeviceId, MessageId, Owner, Timestamp};
use crate::membership::Context;
use crate::roster::kind::{DeviceRevoked, RevocationMode};
use crate::roster::record::{DeviceState, GrantState, InvitationState};
use crate::roster::{Author, Roster};
use crate::store::ReadTx;
use crate::sync::{Engine, SyncError};

redacted!(Falls, DryRun);

/// An open critical result that the owner of a lost device was to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenItem {
    /// Where.
    pub conversation: ConversationId,
    /// The card.
    pub message: MessageId,
}

/// What falls with a device that is suspect since an entry.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Falls {
    /// Devices that are suspended, in words.
    pub devices: Vec<String>,
    /// Invitations that become void.
    pub invitations: usize,
    /// Roles that are suspended, in words.
    pub roles: Vec<String>,
}

/// What would happen.
pub struct DryRun {
    /// The device.
    pub device: DeviceId,
    /// The device in words.
    pub words: String,
    /// Whose.
    pub owner: Owner,
    /// What it would be told to do.
    pub mode: RevocationMode,
    /// Whether it would happen at once, wait for a second administrator, or be refused.
    pub outcome: Result<Outcome, AdminError>,
    /// A proposal about this device that waits already.
    pub pending: Vec<u64>,
    /// Whether an order can reach it while it is locked.
    pub channel: bool,
    /// The last sign of life that reached this device.
    pub last_contact: Option<Timestamp>,
    /// Devices of the same owner that stay.
    pub others: usize,
    /// Conversations known here that would drop it.
    pub conversations: Vec<ConversationId>,
    /// Critical results known here that wait for its owner. Where no other device of theirs stays, they move to their
    /// next step.
    pub open: Vec<OpenItem>,
    /// What falls with it; absent where that cannot be said before a second administrator agrees.
    pub falls: Option<Falls>,
}

/// What [`revoke`](exclude::revoke) would do. Reads the newest roster first; nothing leaves.
///
/// # Errors
/// [`AdminError::NoDevice`]; a refusal of the act itself is in the answer.
pub async fn wipe_dry_run(engine: &Arc<Engine>, wish: Revoke) -> Result<DryRun, AdminError> {
    exclude::refresh(engine).await?;
    let body = DeviceRevoked {
        device: wish.device,
        mode: wish.mode,
        suspect_since: wish.suspect_since,
        reason: control::reason(wish.reason.as_deref())?,
    };
    let outcome = exclude::rehearsed(engine, &Excluding::Device(body.clone()));
    engine.read(|tx, context| {
        let Some(record) = context.device(&wish.device) else {
            return Ok(Err(AdminError::NoDevice));
        };
        let owner = record.details.owner;
        let scan = exposure::scan(tx, context, wish.device)?;
        let others = context.roster.active_devices_of(owner);
        Ok(Ok(DryRun {
            device: wish.device,
            words: describe::device(context, &wish.device),
            owner,
            mode: wish.mode,
            pending: pending(context, &wish.device),
            outcome,
            channel: record.details.channel.is_some(),
            last_contact: scan.last,
            others: others
                .filter(|other| other.details.device != wish.device)
                .count(),
            open: open_items(tx, owner, &scan.conversations)?,
            conversations: scan.conversations,
            falls: falls(context, &body),
        }))
    })?
}

/// Open proposals about a device.
fn pending(context: &Context<'_>, device: &DeviceId) -> Vec<u64> {
    let about = |seq: u64| {
        let body = control::inner(context.roster, seq).ok();
        matches!(body, Some(crate::roster::Body::DeviceRevoked(body)) if body.device == *device)
    };
    let proposals = control::list(context).unwrap_or_default();
    proposals
        .into_iter()
        .filter(|proposed| proposed.standing == control::Standing::Open && about(proposed.seq))
        .map(|proposed| proposed.seq)
        .collect()
}

fn open_items(
    tx: &ReadTx<'_>,
    owner: Owner,
    conversations: &[ConversationId],
) -> Result<Vec<OpenItem>, SyncError> {
    let mut open = Vec::new();
    for conversation in conversations {
        for message in tx.open_cards(*conversation, owner.as_bytes())? {
            let card = tx.card(message)?;
            if card.is_some_and(|card| card.critical) {
                open.push(OpenItem {
                    conversation: *conversation,
                    message,
                });
            }
        }
    }
    Ok(open)
}

/// What falls with the device. Where the act itself needs two, a weaker one tells the same.
fn falls(context: &Context<'_>, body: &DeviceRevoked) -> Option<Falls> {
    let modes = [
        body.mode,
        RevocationMode::EmergencyWipe,
        RevocationMode::Revoke,
    ];
    modes.into_iter().find_map(|mode| {
        let mut draft = Draft::new(context).ok()?;
        let act = Excluding::Device(DeviceRevoked {
            mode,
            ..body.clone()
        });
        act.draft(&mut draft).ok()?;
        Some(difference(context, draft.roster(), &body.device))
    })
}

fn difference(context: &Context<'_>, after: &Roster, device: &DeviceId) -> Falls {
    let before = context.roster;
    let mut falls = Falls::default();
    for (id, record) in after.devices() {
        let state = |roster: &Roster| roster.device(id).and_then(|d| d.state.now().copied());
        if id != device
            && record.state.now() == Some(&DeviceState::Suspended)
            && state(before) != Some(DeviceState::Suspended)
        {
            falls.devices.push(describe::device(context, id));
        }
    }
    falls.invitations = after
        .invitations()
        .iter()
        .filter(|(id, record)| {
            record.state == InvitationState::Void
                && before
                    .invitations()
                    .get(id)
                    .is_some_and(|earlier| earlier.state != InvitationState::Void)
        })
        .count();
    let persons = after.persons().keys().copied().map(Owner::Person);
    let places = after.places().keys().copied().map(Owner::Place);
    for owner in persons.chain(places) {
        for (earlier, grant) in before.grants_of(owner).iter().zip(after.grants_of(owner)) {
            if grant.state.now() == Some(&GrantState::Suspended)
                && earlier.state.now() == Some(&GrantState::Live)
                && matches!(grant.by, Author::Device(_))
            {
                falls.roles.push(format!(
                    "{} of {}",
                    describe::terms(context, &grant.terms),
                    context.name_of(&owner)
                ));
            }
        }
    }
    falls
}
