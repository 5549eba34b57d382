//! The organisation: founded, joined, its people and devices, who comes and who goes.

use std::time::Duration;

use zeroize::Zeroizing;

use super::{
    Client, DeviceView, Error, ErrorKind, FoundOrganisation, InvitationView, Invite, Invitee,
    JoinView, PendingApprovalView, PersonView, Retry,
};
use crate::admin;
use crate::base::{InvitationId, Owner, PersonId, Secret};
use crate::conversation::ConversationError;
use crate::enrol::{self, Join};
use crate::roster::record::{DeviceState, PersonState};
use crate::roster::rootfile::Cost;
use crate::roster::{Action, Roster, View};

const INTRODUCTION: Duration = Duration::from_secs(20);

impl Client {
    /// Founds an organisation with this device as its first. Called again after a failure, it goes on.
    ///
    /// # Errors
    /// `enrol.registration_token`, `enrol.root_file_exists`, `relay.pin_mismatch`, `relay.unreachable` and others.
    pub async fn found(&self, request: FoundOrganisation) -> Result<(), Error> {
        self.attended()?;
        let organisation = enrol::NewOrganisation {
            name: request.name,
            relay: enrol::RelayAddress {
                host: request.relay.host,
                port: request.relay.port,
                pins: request.relay.pins,
            },
            registration_token: Secret::new(request.registration_token),
            admin: request.admin_name,
            device_label: request.device_label,
            root_file: request.root_file,
            root_passphrase: Zeroizing::new(request.root_passphrase.as_str().to_owned()),
            root_cost: fast_or_standard(self.inner.fast_kdf),
        };
        let proxy = self.inner.proxy.setting();
        enrol::found(
            &self.store()?,
            &self.inner.clock,
            &self.inner.random,
            organisation,
            &proxy,
        )
        .await?;
        let _first_round_does_it = self.sync_once(INTRODUCTION).await;
        Ok(())
    }

    /// Joins by an invitation link and, where it travelled without them, its six words. Called again after a failure,
    /// it goes on.
    ///
    /// # Errors
    /// `enrol.words_wrong`, `enrol.invitation_taken`, `enrol.invitation_expired`, `relay.unreachable` and others.
    pub async fn join(
        &self,
        link: &str,
        words: Option<&str>,
        device_label: &str,
    ) -> Result<JoinView, Error> {
        self.attended()?;
        let proxy = self.inner.proxy.setting();
        let (clock, random) = (&self.inner.clock, &self.inner.random);
        let joined = enrol::join(
            &self.store()?,
            clock,
            random,
            link,
            words,
            device_label,
            &proxy,
        )
        .await?;
        self.introduce(&joined).await;
        Ok(join_view(&joined))
    }

    /// Waits for the approval of an earlier [`Client::join`], for at most `deadline`.
    ///
    /// # Errors
    /// `enrol.not_joining`, `enrol.invitation_void`, `relay.unreachable` and others.
    pub async fn await_approval(&self, deadline: Duration) -> Result<JoinView, Error> {
        self.attended()?;
        let proxy = self.inner.proxy.setting();
        let (clock, random) = (&self.inner.clock, &self.inner.random);
        let joined = enrol::await_approval(&self.store()?, clock, random, deadline, &proxy).await?;
        self.introduce(&joined).await;
        Ok(join_view(&joined))
    }

    /// A new device publishes its key packages at once, so that others can add it before it first runs. Where the relay
    /// is not reached now, the first round does it.
    async fn introduce(&self, joined: &Join) {
        if matches!(joined, Join::Member(_)) {
            let _first_round_does_it = self.sync_once(INTRODUCTION).await;
        }
    }

    /// Invites somebody, or another device. The link and the words are secrets until they are used.
    ///
    /// # Errors
    /// `admin.not_permitted`, `admin.unknown_role`, `admin.external_id_taken` and others.
    pub async fn invite(&self, request: Invite) -> Result<InvitationView, Error> {
        self.verified(Action::Invite)?;
        let approval = request.approval;
        let invitation = admin::invite(&self.engine()?, self.to_admin(request)?).await?;
        Ok(invitation_view(invitation, approval))
    }

    /// Invites many at once: all of them, or none.
    ///
    /// # Errors
    /// As [`Client::invite`]; the message names which.
    pub async fn invite_many(&self, requests: Vec<Invite>) -> Result<Vec<InvitationView>, Error> {
        self.verified(Action::Invite)?;
        let approvals: Vec<bool> = requests.iter().map(|request| request.approval).collect();
        let wanted: Result<Vec<_>, Error> = requests
            .into_iter()
            .map(|request| self.to_admin(request))
            .collect();
        let made = admin::invite_many(&self.engine()?, &wanted?).await?;
        Ok(made
            .into_iter()
            .zip(approvals)
            .map(|(invitation, approval)| invitation_view(invitation, approval))
            .collect())
    }

    #[allow(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "room for requests that need the roster"
    )]
    fn to_admin(&self, request: Invite) -> Result<admin::Invite, Error> {
        let invitee = match request.invitee {
            Invitee::Person {
                name,
                unit,
                roles,
                external_ids,
            } => admin::Invitee::Person {
                name,
                unit,
                roles,
                external_ids,
            },
            Invitee::Place { name, unit, roles } => admin::Invitee::Place { name, unit, roles },
            Invitee::NextDevice(owner) => admin::Invitee::NextDevice(owner),
        };
        Ok(admin::Invite {
            invitee,
            approval: request.approval,
            valid: request.valid,
            in_person: request.in_person,
        })
    }

    /// Devices that wait for this person's approval.
    ///
    /// # Errors
    /// `relay.unreachable`.
    pub async fn pending_approvals(&self) -> Result<Vec<PendingApprovalView>, Error> {
        let engine = self.for_user()?;
        let waiting = admin::pending_approvals(&engine).await?;
        Ok(waiting
            .into_iter()
            .map(|waiting| PendingApprovalView {
                invitation: waiting.invitation.to_string(),
                name: waiting.name,
                device_label: waiting.device_label,
                code: waiting.code.words(),
            })
            .collect())
    }

    /// Approves a device after both have compared the code.
    ///
    /// # Errors
    /// `admin.nothing_to_approve`, `admin.not_permitted` and others.
    pub async fn approve(&self, invitation: InvitationId) -> Result<(), Error> {
        self.verified(Action::ApproveDevice)?;
        admin::approve(&self.engine()?, invitation).await?;
        Ok(())
    }

    /// A person leaves: all their devices at once, and the organisation's key turns.
    ///
    /// # Errors
    /// `admin.not_permitted`, `admin.last_administrator`, `admin.own_departure` and others.
    pub async fn leave(&self, person: PersonId) -> Result<(), Error> {
        self.verified(Action::ManagePeople)?;
        admin::leave(&self.engine()?, Owner::Person(person)).await?;
        Ok(())
    }

    /// The open invitations, those that end first at the beginning. Link and words are there where this device made the
    /// invitation, until it is used, taken back or over; otherwise they are empty.
    ///
    /// # Errors
    /// `store.locked`, `device.not_enrolled`.
    pub fn invitations(&self) -> Result<Vec<InvitationView>, Error> {
        let open = admin::invitations(&*self.for_user()?)?;
        Ok(open
            .into_iter()
            .map(|invitation| match invitation.mine {
                Some(mine) => invitation_view(mine, false),
                None => InvitationView {
                    id: invitation.id.to_string(),
                    name: invitation.name,
                    link: String::new(),
                    words: String::new(),
                    expires: invitation.expires.to_rfc3339(),
                    approval: invitation.approval,
                },
            })
            .collect())
    }

    /// Finishes what a crash left half done: an invitation's offer, a rotation. Links of invitations that are finished
    /// here are in [`Client::invitations`].
    ///
    /// # Errors
    /// `relay.unreachable` and the refusals of what is finished.
    pub async fn resume(&self) -> Result<(), Error> {
        admin::resume(&self.for_user()?).await?;
        Ok(())
    }

    /// Everybody and every place, by name.
    ///
    /// # Errors
    /// `store.locked`, `device.not_enrolled`.
    pub fn people(&self) -> Result<Vec<PersonView>, Error> {
        self.render(|renderer| {
            let roster = renderer.context.roster;
            let me = renderer.context.me.owner;
            let view = roster.view().map_err(crate::sync::SyncError::from)?;
            let mut people: Vec<PersonView> = Vec::new();
            for (id, person) in roster.persons() {
                let owner = Owner::Person(*id);
                people.push(PersonView {
                    id: id.to_string(),
                    name: person.details.name.as_str().to_owned(),
                    unit: person
                        .details
                        .unit
                        .as_ref()
                        .map(|unit| unit.as_str().to_owned())
                        .unwrap_or_default(),
                    state: state_of(
                        person.state.now(),
                        roster.active_devices_of(owner).count(),
                        &person.devices,
                    ),
                    roles: roles_of(roster, &view, owner),
                    external_ids: person
                        .details
                        .external
                        .iter()
                        .map(|id| (id.system.as_str().to_owned(), id.value.as_str().to_owned()))
                        .collect(),
                    devices: roster.active_devices_of(owner).count(),
                    kind: "person",
                    me: owner == me,
                });
            }
            for (id, place) in roster.places() {
                let owner = Owner::Place(*id);
                people.push(PersonView {
                    id: id.to_string(),
                    name: place.details.name.as_str().to_owned(),
                    unit: place
                        .details
                        .unit
                        .as_ref()
                        .map(|unit| unit.as_str().to_owned())
                        .unwrap_or_default(),
                    state: state_of(
                        place.state.now(),
                        roster.active_devices_of(owner).count(),
                        &place.devices,
                    ),
                    roles: roles_of(roster, &view, owner),
                    external_ids: Vec::new(),
                    devices: roster.active_devices_of(owner).count(),
                    kind: "place",
                    me: owner == me,
                });
            }
            people.sort_by_key(|person| person.name.to_lowercase());
            Ok(people)
        })
    }

    /// Every device there ever was, by owner.
    ///
    /// # Errors
    /// `store.locked`, `device.not_enrolled`.
    pub fn devices(&self) -> Result<Vec<DeviceView>, Error> {
        self.render(|renderer| {
            let context = renderer.context;
            let mut devices: Vec<DeviceView> = context
                .roster
                .devices()
                .values()
                .map(|record| {
                    let id = record.details.device;
                    let state = match record.state.now() {
                        _ if context.is_confirmed(&id) => "confirmed",
                        Some(DeviceState::Pending) => "pending",
                        Some(DeviceState::Revoked) => "revoked",
                        Some(DeviceState::Suspended) => "suspended",
                        // Its owner has left or is suspended.
                        _ => "excluded",
                    };
                    let code = context
                        .roster
                        .device_safety_code(&id)
                        .map(|code| code.digits());
                    DeviceView {
                        id: id.to_string(),
                        label: record.details.label.as_str().to_owned(),
                        owner: record.details.owner.to_string(),
                        owner_name: context.name_of(&record.details.owner),
                        state: state.to_owned(),
                        safety_code: code.unwrap_or_default(),
                        this: id == context.me.device,
                    }
                })
                .collect();
            devices.sort_by_key(|device| {
                (
                    device.owner_name.to_lowercase(),
                    device.label.to_lowercase(),
                )
            });
            Ok(devices)
        })
    }

    /// A person or place by identifier (whole, or its beginning), by name, by part of a name, or by an external id.
    ///
    /// # Errors
    /// `person.not_found`; `ambiguous` where several match.
    pub fn find_owner(&self, text: &str) -> Result<Owner, Error> {
        let wanted = text.trim().to_lowercase();
        let people: Vec<PersonView> = self
            .people()?
            .into_iter()
            .filter(|person| person.state != "left")
            .collect();
        let tests: [&dyn Fn(&PersonView) -> bool; 4] = [
            &|person| wanted.len() >= 6 && person.id.starts_with(&wanted),
            &|person| person.name.to_lowercase() == wanted,
            &|person| {
                person
                    .external_ids
                    .iter()
                    .any(|(_, value)| value.to_lowercase() == wanted)
            },
            &|person| wanted.len() >= 3 && person.name.to_lowercase().contains(&wanted),
        ];
        for test in tests {
            let found: Vec<&PersonView> = people.iter().filter(|person| test(person)).collect();
            match found.as_slice() {
                [] => {}
                [one] => {
                    let bytes = crate::base::codec::unhex(&one.id).unwrap_or_default();
                    let kind = if one.kind == "person" { 1 } else { 2 };
                    return Owner::from_parts(kind, &bytes)
                        .ok_or_else(|| ConversationError::NoOwner.into());
                }
                _ => {
                    let text = "several people or places match: say more of the name, or give the identifier";
                    return Err(Error::new(
                        ErrorKind::Usage,
                        "ambiguous",
                        Retry::NeedsUser,
                        text,
                    ));
                }
            }
        }
        Err(ConversationError::NoOwner.into())
    }
}

fn state_of(
    state: Option<&PersonState>,
    confirmed: usize,
    devices: &[crate::base::DeviceId],
) -> String {
    match state {
        Some(PersonState::Left) => "left",
        Some(PersonState::Suspended) => "suspended",
        _ if confirmed == 0 && devices.is_empty() => "invited",
        _ => "active",
    }
    .to_owned()
}

fn roles_of(roster: &Roster, view: &View<'_>, owner: Owner) -> Vec<String> {
    use crate::roster::record::GrantState;
    let live = |grant: &&crate::roster::record::Grant| {
        grant.state.now() == Some(&GrantState::Live) && grant.holds_at(view.time())
    };
    let mut roles: Vec<String> = roster
        .grants_of(owner)
        .iter()
        .filter(live)
        .filter_map(|grant| roster.role_name(&grant.terms.role).map(str::to_owned))
        .collect();
    roles.sort();
    roles.dedup();
    roles
}

fn join_view(join: &Join) -> JoinView {
    match join {
        Join::Member(member) => JoinView::Joined {
            device: member.device.to_string(),
            organisation: member.name.as_str().to_owned(),
        },
        Join::Waiting(code) => JoinView::AwaitingApproval { code: code.words() },
    }
}

pub(super) fn invitation_view(invitation: admin::Invitation, asked: bool) -> InvitationView {
    InvitationView {
        id: invitation.id.to_string(),
        name: invitation.name,
        link: invitation.link,
        words: invitation.words.unwrap_or_default(),
        expires: invitation.expires.to_rfc3339(),
        approval: invitation.approval || asked,
    }
}

/// What guessing a root file's passphrase costs; next to nothing in tests.
pub(super) const fn fast_or_standard(fast: bool) -> Cost {
    if fast {
        Cost {
            memory_kib: 64,
            passes: 1,
        }
    } else {
        Cost::STANDARD
    }
}
