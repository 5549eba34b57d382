//! Approving: the claim of a waiting device, compared by a short code, goes into the log with the approval, and the
//! roster key goes to the device.

use std::sync::Arc;

use sotto_wire::grant::{Answer, Status};
use sotto_wire::{ErrorCode, GrantId, Sealed, op};

use super::append::append;
use super::control::Outcome;
use super::{AdminError, REQUEST, offers};
use crate::base::{DeviceId, InvitationId, Owner};
use crate::enrol;
use crate::roster::kind::{ApprovalMode, DeviceApproved, DeviceEnrolled};
use crate::roster::record::{DeviceRecord, DeviceState, InvitationRecord, InvitationState};
use crate::roster::{Action, Actor, Author, Scope, ShortCode};
use crate::sync::Engine;

/// A device that waits for approval.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The invitation it claims.
    pub invitation: InvitationId,
    /// Whose it is.
    pub owner: Owner,
    /// Their name.
    pub name: String,
    /// What it is called.
    pub device_label: String,
    /// What both compare.
    pub code: ShortCode,
    /// Whether it stands in the log already, where every administrator can approve it. Otherwise only this device,
    /// which invited it, holds its claim.
    pub enrolled: bool,
}

fn grant_of(invitation: &InvitationId) -> GrantId {
    GrantId::new(*invitation.as_bytes())
}

/// Devices that wait for approval: those in the log, and claims on invitations of this device.
///
/// # Errors
/// [`AdminError`]. A claim that does not verify is left out: only whoever has link and words can make one.
pub async fn pending_approvals(engine: &Arc<Engine>) -> Result<Vec<Waiting>, AdminError> {
    engine.read_roster(REQUEST).await?;
    let (mut waiting, open) = engine.read(|_, context| {
        let roster = context.roster;
        let enrolled = roster
            .devices_in(DeviceState::Pending)
            .filter_map(|record| {
                let id = record.invitation?;
                let code = code_of_record(
                    &context.me.organisation,
                    roster.invitations().get(&id)?,
                    id,
                    record,
                )?;
                Some(Waiting {
                    invitation: id,
                    owner: record.details.owner,
                    name: context.name_of(&record.details.owner),
                    device_label: record.details.label.as_str().to_owned(),
                    code,
                    enrolled: true,
                })
            });
        let mine = roster.open_invitations(context.now).filter(|(_, record)| {
            record.mode == ApprovalMode::Approval && record.by == Author::Device(context.me.device)
        });
        Ok((
            enrolled.collect::<Vec<_>>(),
            mine.map(|(id, _)| *id).collect::<Vec<_>>(),
        ))
    })?;
    for id in open {
        match claim(engine, &id).await {
            Ok(claim) => {
                waiting.push(engine.read(|_, context| Ok(waiting_of(context, id, &claim)))??)
            }
            Err(
                AdminError::NothingToApprove | AdminError::Claim | AdminError::InvitationExpired,
            ) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(waiting)
}

fn code_of_record(
    organisation: &crate::base::OrganisationId,
    invitation: &InvitationRecord,
    id: InvitationId,
    device: &DeviceRecord,
) -> Option<ShortCode> {
    // The code is over what is claimed, not over the proofs, which the log has checked.
    let none = crate::base::Signature::new([0; 64]);
    let claim = DeviceEnrolled {
        invitation: id,
        details: device.details.clone(),
        invitation_proof: none,
        device_proof: none,
    };
    ShortCode::of(organisation, &invitation.key, &claim).ok()
}

fn waiting_of(
    context: &crate::membership::Context<'_>,
    id: InvitationId,
    claim: &DeviceEnrolled,
) -> Result<Waiting, AdminError> {
    let invitation = context
        .roster
        .invitations()
        .get(&id)
        .ok_or(AdminError::NoInvitation)?;
    Ok(Waiting {
        invitation: id,
        owner: invitation.owner,
        name: context.name_of(&invitation.owner),
        device_label: claim.details.label.as_str().to_owned(),
        code: ShortCode::of(&context.me.organisation, &invitation.key, claim)?,
        enrolled: false,
    })
}

/// The claim that was left for this device.
async fn claim(engine: &Arc<Engine>, id: &InvitationId) -> Result<DeviceEnrolled, AdminError> {
    let status = match engine
        .bearer_call::<op::GrantStatus>(
            &Status {
                grant: grant_of(id),
            },
            REQUEST,
        )
        .await
    {
        Ok(status) => status,
        Err(error) => {
            return Err(match AdminError::relay_code(&error) {
                Some(ErrorCode::NotFound | ErrorCode::Expired) => AdminError::InvitationExpired,
                _ => error.into(),
            });
        }
    };
    let request = status.request.ok_or(AdminError::NothingToApprove)?;
    engine.read(|_, context| {
        let record = context.roster.invitations().get(id);
        let open = |record| {
            let (key, organisation) = (context.me.sealing_key(), &context.me.organisation);
            enrol::open_request(&key, organisation, id, record, request.as_bytes())
                .map_err(|_| AdminError::Claim)
        };
        Ok(record.ok_or(AdminError::NoInvitation).and_then(open))
    })?
}

/// What the log says about an invitation.
fn state(engine: &Engine, id: &InvitationId) -> Result<InvitationState, AdminError> {
    let state = engine.read(|_, context| {
        Ok(context
            .roster
            .invitations()
            .get(id)
            .map(|record| record.state))
    })?;
    state.ok_or(AdminError::NoInvitation)
}

/// Whether this device may approve for whom the invitation is: said before anything else is asked.
fn permitted(engine: &Engine, id: &InvitationId) -> Result<(), AdminError> {
    engine.read(|_, context| {
        let roster = context.roster;
        let Some(record) = roster.invitations().get(id) else {
            return Ok(Err(AdminError::NoInvitation));
        };
        let unit = match record.owner {
            Owner::Person(id) => roster
                .person(&id)
                .and_then(|person| person.details.unit.as_ref()),
            Owner::Place(id) => roster
                .place(&id)
                .and_then(|place| place.details.unit.as_ref()),
        };
        let actor = Actor::device(context.me.device);
        let may = roster.may(actor, Action::ApproveDevice, &Scope::unit(unit));
        Ok(may.map_err(AdminError::NotPermitted))
    })?
}

/// Puts claims on invitations of this device into the log, where it may invite and not approve: there, every
/// administrator can. Says how many.
pub(super) async fn forward(engine: &Arc<Engine>) -> Result<usize, AdminError> {
    let mine = engine.read(|_, context| {
        let open = context.roster.open_invitations(context.now);
        Ok(open
            .filter(|(_, record)| {
                record.mode == ApprovalMode::Approval
                    && record.by == Author::Device(context.me.device)
            })
            .map(|(id, _)| *id)
            .collect::<Vec<_>>())
    })?;
    let mut forwarded = 0;
    for id in mine {
        if !matches!(permitted(engine, &id), Err(AdminError::NotPermitted(_))) {
            continue;
        }
        let claim = match claim(engine, &id).await {
            Ok(claim) => claim,
            Err(
                AdminError::NothingToApprove | AdminError::Claim | AdminError::InvitationExpired,
            ) => continue,
            Err(error) => return Err(error),
        };
        engine.read_roster(REQUEST).await?;
        append(engine, |draft| {
            match draft.roster().invitations().get(&id).map(|r| r.state) {
                Some(InvitationState::Open) => draft.add(claim.clone()),
                _ => Ok(()),
            }
        })
        .await?;
        forwarded += 1;
    }
    Ok(forwarded)
}

/// Approves the device that claims an invitation, after its code was compared, and hands it the roster key. Again is
/// no error: what is missing is done.
///
/// # Errors
/// [`AdminError`].
pub async fn approve(
    engine: &Arc<Engine>,
    invitation: InvitationId,
) -> Result<DeviceId, AdminError> {
    engine.read_roster(REQUEST).await?;
    permitted(engine, &invitation)?;
    let claim = match state(engine, &invitation)? {
        InvitationState::Open => Some(claim(engine, &invitation).await?),
        InvitationState::Used(_) => None,
        InvitationState::Void => return Err(AdminError::InvitationVoid),
    };
    let (device, outcome) = append(engine, |draft| {
        let mut state = draft
            .roster()
            .invitations()
            .get(&invitation)
            .map(|record| record.state);
        if let (Some(InvitationState::Open), Some(claim)) = (state, &claim) {
            draft.add(claim.clone())?;
            state = Some(InvitationState::Used(claim.details.device));
        }
        let Some(InvitationState::Used(device)) = state else {
            return Err(AdminError::InvitationVoid);
        };
        if draft
            .roster()
            .device(&device)
            .and_then(|record| record.state.now())
            == Some(&DeviceState::Pending)
        {
            let outcome = draft.act(DeviceApproved { device }, None)?;
            return Ok((device, Some(outcome)));
        }
        Ok((device, None))
    })
    .await?;
    if let Some(Outcome::Proposed { seq }) = outcome {
        return Err(AdminError::Proposed(seq));
    }
    answer(engine, invitation, device, claim.is_some()).await?;
    Ok(device)
}

/// Seals the roster key to the device. One that stands in the log by its own doing has it already, and one that has
/// gone in has dropped the grant.
async fn answer(
    engine: &Arc<Engine>,
    invitation: InvitationId,
    device: DeviceId,
    needed: bool,
) -> Result<(), AdminError> {
    let sealed = engine.read(|tx, context| {
        let Some(record) = context.device(&device) else {
            return Ok(None);
        };
        if !context.is_confirmed(&device) {
            return Ok(None);
        }
        let gift = offers::gift(tx, context, record.details.owner)?;
        Ok(Some(gift.seal(&record.details.sealing_key)?))
    })?;
    let Some(sealed) = sealed else { return Ok(()) };
    let request = Answer {
        grant: grant_of(&invitation),
        answer: Sealed::new(sealed),
    };
    match engine
        .bearer_call::<op::GrantAnswer>(&request, REQUEST)
        .await
    {
        Ok(_) => Ok(()),
        Err(error) => match AdminError::relay_code(&error) {
            // Answered before; sealing draws, so the bytes are others.
            Some(ErrorCode::AlreadyExists) => Ok(()),
            Some(ErrorCode::NotFound | ErrorCode::Expired) if !needed => Ok(()),
            Some(ErrorCode::NotFound | ErrorCode::Expired) => Err(AdminError::InvitationExpired),
            _ => Err(error.into()),
        },
    }
}

/// Hands the roster key to a device that somebody has just approved, where it waits for it.
pub(super) async fn hand_over(engine: &Arc<Engine>, device: DeviceId) -> Result<(), AdminError> {
    let invitation = engine.read(|_, context| {
        let record = context.device(&device);
        Ok(record.and_then(|record| record.invitation))
    })?;
    match invitation {
        Some(invitation) => answer(engine, invitation, device, false).await,
        None => Ok(()),
    }
}
