//! Invitations as they are asked for, and the entries they ask for.

use std::collections::BTreeSet;
use std::time::Duration;

use minicbor::Encode;

use super::AdminError;
use super::append::Draft;
use crate::base::{Digest, InvitationId, Owner, PersonId, PlaceId, Random, codec, sha256};
use crate::roster::authorize::pack;
use crate::roster::invitation::InvitationKeys;
use crate::roster::kind::{
    ApprovalMode, ExternalId, Invited, PersonDetails, PlaceAdded, PlaceDetails, PlaceKind,
    RoleTerms, Setting, Subject,
};
use crate::roster::{Name, Text, Unit};

/// Whom an invitation is for.
#[derive(Debug, Clone, PartialEq, Eq, Encode)]
#[cbor(flat)]
pub enum Invitee {
    /// Somebody new.
    #[n(1)]
    Person {
        /// Name as it will be shown.
        #[n(0)]
        name: String,
        /// Unit ("5W"); empty where none.
        #[n(1)]
        unit: String,
        /// Names of roles ("physician"); `charge nurse@5W` holds in that unit only.
        #[n(2)]
        roles: Vec<String>,
        /// Identifiers elsewhere: system and value (NPI, staff number).
        #[n(3)]
        external_ids: Vec<(String, String)>,
    },
    /// A new place: ward station, laboratory bench, agent.
    #[n(2)]
    Place {
        /// Name as it will be shown.
        #[n(0)]
        name: String,
        /// Unit; empty where none.
        #[n(1)]
        unit: String,
        /// Names of roles, as for persons.
        #[n(2)]
        roles: Vec<String>,
    },
    /// Another device of somebody who is already there, or the first of somebody who is back.
    #[n(3)]
    NextDevice(#[n(0)] Owner),
}

/// An invitation to be made.
#[derive(Debug, Clone, PartialEq, Eq, Encode)]
#[cbor(array)]
pub struct Invite {
    /// For whom.
    #[n(0)]
    pub invitee: Invitee,
    /// An administrator compares a short code before keys are handed out. Privileged roles, and policy, make it so
    /// anyhow.
    #[n(1)]
    pub approval: bool,
    /// How long it is good; at most as long as policy says.
    #[n(2)]
    pub valid: Duration,
    /// Shown face to face: the link holds the six words too.
    #[n(3)]
    pub in_person: bool,
}

/// Names a list of requests, so that a repetition is recognised.
pub(super) fn digest(invites: &[Invite]) -> Digest {
    sha256(&codec::encode(&invites))
}

/// A request whose texts and roles are in order.
#[derive(Clone)]
pub(super) struct Plan {
    what: What,
    roles: Vec<RoleTerms>,
    approval: bool,
    valid: Duration,
}

#[derive(Clone)]
enum What {
    Person(PersonDetails),
    Place(PlaceDetails),
    Next(Owner),
}

fn text<const MAX: usize>(what: &'static str, text: &str) -> Result<Text<MAX>, AdminError> {
    Text::new(text).map_err(|_| AdminError::Text(what))
}

fn unit_of(unit: &str) -> Result<Option<Unit>, AdminError> {
    if unit.is_empty() {
        Ok(None)
    } else {
        text("unit", unit).map(Some)
    }
}

fn role(named: &str) -> Result<RoleTerms, AdminError> {
    let (name, unit) = match named.split_once('@') {
        Some((name, unit)) => (name, Some(text("unit", unit.trim())?)),
        None => (named, None),
    };
    let role = pack::by_name(name.trim()).ok_or(AdminError::UnknownRole)?;
    Ok(RoleTerms {
        role: role.id,
        unit,
        from: None,
        until: None,
    })
}

fn roles(named: &[String]) -> Result<Vec<RoleTerms>, AdminError> {
    let mut terms = Vec::with_capacity(named.len());
    for name in named {
        let role = role(name)?;
        if !terms.contains(&role) {
            terms.push(role);
        }
    }
    Ok(terms)
}

/// What sort of place it is follows from what it may do.
fn place_kind(roles: &[RoleTerms]) -> PlaceKind {
    let holds = |role| roles.iter().any(|terms| terms.role == role);
    if holds(pack::AGENT) {
        PlaceKind::AGENT
    } else if holds(pack::LABORATORY) || holds(pack::RADIOLOGY_TECHNOLOGIST) {
        PlaceKind::BENCH
    } else {
        PlaceKind::WARD_STATION
    }
}

impl Plan {
    /// Checks what can be checked without the roster.
    pub(super) fn new(invite: &Invite) -> Result<Self, AdminError> {
        let (what, roles) = match &invite.invitee {
            Invitee::Person {
                name,
                unit,
                roles: named,
                external_ids,
            } => {
                let name: Name = text("name", name)?;
                let external = external_ids.iter().map(|(system, value)| {
                    Ok(ExternalId {
                        system: text("identifier's system", system)?,
                        value: text("identifier", value)?,
                    })
                });
                let external = external.collect::<Result<BTreeSet<_>, AdminError>>()?;
                let details = PersonDetails {
                    name,
                    unit: unit_of(unit)?,
                    title: None,
                    phone: None,
                    external,
                };
                (What::Person(details), roles(named)?)
            }
            Invitee::Place {
                name,
                unit,
                roles: named,
            } => {
                let roles = roles(named)?;
                let details = PlaceDetails {
                    name: text("name", name)?,
                    kind: place_kind(&roles),
                    unit: unit_of(unit)?,
                    phone: None,
                    duties: BTreeSet::new(),
                    external: BTreeSet::new(),
                };
                (What::Place(details), roles)
            }
            Invitee::NextDevice(owner) => (What::Next(*owner), Vec::new()),
        };
        Ok(Self {
            what,
            roles,
            approval: invite.approval,
            valid: invite.valid,
        })
    }

    /// Whose device it will be: who is there already, or a new id.
    pub(super) fn owner(&self, random: &dyn Random) -> Owner {
        match &self.what {
            What::Person(_) => Owner::Person(PersonId::random(random)),
            What::Place(_) => Owner::Place(PlaceId::random(random)),
            What::Next(owner) => *owner,
        }
    }

    /// Adds the entries.
    pub(super) fn draft(
        &self,
        draft: &mut Draft<'_>,
        invitation: InvitationId,
        owner: Owner,
        keys: &InvitationKeys,
    ) -> Result<(), AdminError> {
        let subject = match (&self.what, owner) {
            (What::Person(details), Owner::Person(person)) => {
                Subject::NewPerson(person, details.clone())
            }
            (What::Place(details), Owner::Place(place)) => {
                draft.add(PlaceAdded {
                    place,
                    details: details.clone(),
                })?;
                Subject::Place(place)
            }
            (What::Next(_), Owner::Person(person)) if draft.roster().person(&person).is_some() => {
                Subject::Person(person)
            }
            (What::Next(_), Owner::Place(place)) if draft.roster().place(&place).is_some() => {
                Subject::Place(place)
            }
            _ => return Err(AdminError::NoOwner),
        };
        let longest = draft.roster().policy()?.duration(Setting::InvitationLife);
        let mode = if self.waits(draft, owner)? {
            ApprovalMode::Approval
        } else {
            ApprovalMode::Instant
        };
        let invited = Invited {
            invitation,
            key: keys.signing.verifying_key(),
            sealing_key: keys.sealing_public()?,
            subject,
            roles: self.roles.clone(),
            mode,
            expires: draft.time().plus(self.valid.min(longest)),
        };
        // Where a second administrator must agree, the invitation is made once they have.
        draft.act(invited, None).map(drop)
    }

    /// Whether the enrolment waits for an administrator: because it is asked for, because a role is privileged, or
    /// because policy says so.
    fn waits(&self, draft: &Draft<'_>, owner: Owner) -> Result<bool, AdminError> {
        let (roster, view) = (draft.roster(), draft.roster().view()?);
        let policy = roster.policy()?;
        let next_device = owner == draft.me.owner && policy.number(Setting::NextDevice) == 1;
        Ok(self.approval
            || self
                .roles
                .iter()
                .any(|terms| view.privileged_role(&terms.role))
            || policy.flag(Setting::ApproveAll)
            || policy.flag(Setting::ApprovePrivileged) && view.privileged_holder(owner)
            || next_device)
    }
}
