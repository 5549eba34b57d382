//! An act in words, for whoever is asked to agree to it.

use crate::base::{DeviceId, Owner, RoleId};
use crate::membership::Context;
use crate::roster::kind::{Decision, RevocationMode, RoleTerms, Subject};
use crate::roster::{Action, Body, Unit};

/// What an entry does, in words. Names are those of the roster now.
pub(super) fn body(context: &Context<'_>, body: &Body) -> String {
    match body {
        Body::Invited(body) => {
            let whom = match &body.subject {
                Subject::NewPerson(_, details) => details.name.as_str().to_owned(),
                Subject::Person(id) => context.name_of(&Owner::Person(*id)),
                Subject::Place(id) => context.name_of(&Owner::Place(*id)),
            };
            format!("invite {whom}{}", as_roles(context, &body.roles))
        }
        Body::PersonAdded(body) => format!("add {}", body.details.name.as_str()),
        Body::PersonChanged(body) => format!(
            "change the details of {}",
            context.name_of(&Owner::Person(body.person))
        ),
        Body::PersonLeft(body) => format!(
            "let {} go, with all devices",
            context.name_of(&Owner::Person(body.person))
        ),
        Body::PersonSuspended(body) => {
            let name = context.name_of(&Owner::Person(body.person));
            if body.suspended {
                format!("suspend {name}")
            } else {
                format!("readmit {name}")
            }
        }
        Body::InvitationWithdrawn(_) => "take an invitation back".to_owned(),
        Body::Recertified(body) => format!(
            "confirm that {} still needs their roles",
            context.name_of(&Owner::Person(body.person))
        ),
        Body::PlaceAdded(body) => format!("add {}", body.details.name.as_str()),
        Body::PlaceChanged(body) => format!(
            "change the details of {}",
            context.name_of(&Owner::Place(body.place))
        ),
        Body::PlaceClosed(body) => format!(
            "close {}, with all devices",
            context.name_of(&Owner::Place(body.place))
        ),
        Body::DeviceApproved(body) => format!("approve {}", device(context, &body.device)),
        Body::DeviceRevoked(body) => {
            let what = match body.mode {
                RevocationMode::Revoke => "exclude",
                RevocationMode::Wipe => "exclude and wipe",
                RevocationMode::EmergencyWipe => "exclude and wipe at once",
            };
            let suspect = body.suspect_since.map(|seq| {
                format!(", and suspend what it signed in the roster from entry {seq} on")
            });
            format!(
                "{what} {}{}",
                device(context, &body.device),
                suspect.unwrap_or_default()
            )
        }
        Body::RoleDefined(body) => format!(
            "define the role {} with {} permissions",
            body.definition.name.as_str(),
            body.definition.rules.len()
        ),
        Body::RoleGranted(body) => {
            let terms = std::slice::from_ref(&body.terms);
            format!(
                "give {}{}",
                context.name_of(&body.holder),
                as_roles(context, terms)
            )
        }
        Body::RoleWithdrawn(body) => {
            let grants = context.roster.grants_of(body.holder);
            let role = grants
                .iter()
                .find(|grant| grant.id == body.grant)
                .map_or_else(|| "a role".to_owned(), |grant| terms(context, &grant.terms));
            format!("take {role} from {}", context.name_of(&body.holder))
        }
        Body::RoleRetired(body) => format!(
            "end the role {} for everybody who holds it",
            role(context, &body.role)
        ),
        Body::ExceptionGranted(body) => format!(
            "let {} be both {} and {} until {}",
            context.name_of(&body.holder),
            role(context, &body.first),
            role(context, &body.second),
            body.until.to_rfc3339()
        ),
        Body::ElevationGranted(body) => elevation(context, body.request),
        Body::CampaignOpened(body) => format!(
            "review the roles of {} until {}",
            body.unit.as_ref().map_or("everybody", |unit| unit.as_str()),
            body.due.to_rfc3339()
        ),
        Body::CampaignAnswered(body) => {
            let name = context.name_of(&Owner::Person(body.person));
            match body.decision {
                Decision::Keep => format!("confirm that {name} still needs their roles"),
                Decision::Withdraw => format!("take all roles from {name}"),
            }
        }
        Body::RulesAdopted(body) => format!("judge by version {} of the rules", body.rules),
        Body::DutyDefined(body) => format!("define the duty {}", body.name.as_str()),
        Body::Policy(body) => super::policy::changes(context.roster, body),
        Body::PartnerChanged(_) => "change a partner organisation".to_owned(),
        Body::RelayChanged(_) => "change the relay's address or keys".to_owned(),
        other => other.name().to_owned(),
    }
}

fn elevation(context: &Context<'_>, request: u64) -> String {
    match context.roster.elevations().get(&request) {
        None => "give a role for some hours".to_owned(),
        Some(record) => format!(
            "let {} be {} for {} minutes",
            context.name_of(&Owner::Person(record.person)),
            role(context, &record.request.role),
            record.request.seconds / 60
        ),
    }
}

/// A device by its label and owner.
pub(super) fn device(context: &Context<'_>, id: &DeviceId) -> String {
    match context.device(id) {
        None => "an unknown device".to_owned(),
        Some(record) => format!(
            "the device “{}” of {}",
            record.details.label.as_str(),
            context.name_of(&record.details.owner)
        ),
    }
}

/// A role's name.
pub(super) fn role(context: &Context<'_>, role: &RoleId) -> String {
    context
        .roster
        .role_name(role)
        .unwrap_or("an unknown role")
        .to_owned()
}

/// A role and where and until when it holds.
pub(super) fn terms(context: &Context<'_>, terms: &RoleTerms) -> String {
    let mut words = role(context, &terms.role);
    if let Some(unit) = &terms.unit {
        words.push('@');
        words.push_str(unit.as_str());
    }
    if let Some(until) = terms.until {
        words.push_str(" until ");
        words.push_str(&until.to_rfc3339());
    }
    words
}

fn as_roles(context: &Context<'_>, roles: &[RoleTerms]) -> String {
    if roles.is_empty() {
        return String::new();
    }
    let named: Vec<String> = roles.iter().map(|one| terms(context, one)).collect();
    format!(" as {}", named.join(", "))
}

/// A unit as it is shown; empty where none.
pub(super) fn unit(unit: Option<&Unit>) -> String {
    unit.map(|unit| unit.as_str().to_owned())
        .unwrap_or_default()
}

/// An act by the name people read, of any case and with any of space, hyphen and underscore.
pub(super) fn action(name: &str) -> Option<Action> {
    let plain = |text: &str| text.trim().to_lowercase().replace(['-', '_'], " ");
    Action::ALL
        .iter()
        .copied()
        .find(|action| plain(action.name()) == plain(name))
}
