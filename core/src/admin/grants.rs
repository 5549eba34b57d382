//! Roles: defined, given for a while or for good, taken. Persons: suspended and readmitted.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::append::Draft;
use super::control::{Outcome, Reason, Step, act, reason};
use super::{AdminError, describe};
use crate::base::{Owner, PersonId, RoleId, Timestamp};
use crate::roster::authorize::pack;
use crate::roster::kind::{
    GrantRef, PersonSuspended, RoleDefined, RoleDefinition, RoleGranted, RoleRetired, RoleRule,
    RoleTerms, RoleWithdrawn,
};
use crate::roster::record::{Grant, GrantState, PersonState};
use crate::roster::{Action, Name, Roster, Unit};
use crate::sync::Engine;

redacted!(NewRole, NewGrant, RoleInfo);

/// A role of the organisation's own, as it is asked for.
#[derive(Clone, PartialEq, Eq)]
pub struct NewRole {
    /// Its name: a new one, or one that was defined before, which is replaced.
    pub name: String,
    /// Names of acts; `unmask with relation` only with a relation to the patient.
    pub permissions: Vec<String>,
}

/// A role to be given.
#[derive(Clone, PartialEq, Eq)]
pub struct NewGrant {
    /// To whom.
    pub holder: Owner,
    /// The role's name; `charge nurse@5W` holds in that unit only.
    pub role: String,
    /// From when; at once if absent.
    pub from: Option<Timestamp>,
    /// Until when; no end if absent.
    pub until: Option<Timestamp>,
    /// For whoever is asked to agree.
    pub reason: Option<String>,
}

/// A role by name: of the pack, or of the organisation's own.
pub(super) fn by_name(roster: &Roster, name: &str) -> Option<RoleId> {
    if let Some(role) = pack::by_name(name) {
        return Some(role.id);
    }
    let same = |role: &RoleId| {
        roster
            .role_name(role)
            .is_some_and(|known| known.eq_ignore_ascii_case(name))
    };
    roster.own_roles().find(same)
}

/// A role and a unit, as `name` or `name@unit`.
pub(super) fn named(roster: &Roster, text: &str) -> Result<(RoleId, Option<Unit>), AdminError> {
    let (name, unit) = match text.split_once('@') {
        None => (text, None),
        Some((name, unit)) => {
            let unit = Unit::new(unit.trim()).map_err(|_| AdminError::Text("unit"))?;
            (name, Some(unit))
        }
    };
    let role = by_name(roster, name.trim()).ok_or(AdminError::UnknownRole)?;
    Ok((role, unit))
}

const WITH_RELATION: &str = " with relation";

fn rule(text: &str) -> Result<RoleRule, AdminError> {
    let plain = text.trim().to_lowercase();
    let (name, needs_relation) = match plain.strip_suffix(WITH_RELATION) {
        Some(name) => (name, true),
        None => (plain.as_str(), false),
    };
    let action = describe::action(name).ok_or(AdminError::UnknownPermission)?;
    Ok(RoleRule {
        action: action.code(),
        needs_relation,
    })
}

/// A rule as it is typed.
fn words(rule: &RoleRule) -> Option<String> {
    let name = Action::from_code(rule.action)?.name();
    let suffix = if rule.needs_relation {
        WITH_RELATION
    } else {
        ""
    };
    Some(format!("{name}{suffix}"))
}

/// Defines a role of the organisation's own, or replaces what one of this name permits.
///
/// # Errors
/// [`AdminError`].
pub async fn define_role(engine: &Arc<Engine>, role: NewRole) -> Result<Outcome, AdminError> {
    let name = Name::new(role.name.trim()).map_err(|_| AdminError::Text("role's name"))?;
    if pack::by_name(name.as_str()).is_some() {
        return Err(AdminError::RoleTaken);
    }
    let rules = role.permissions.iter().map(|text| rule(text));
    let rules = rules.collect::<Result<BTreeSet<_>, _>>()?;
    let definition = RoleDefinition { name, rules };
    // One id for all attempts: a lost race must not make two roles.
    let fresh = RoleId::random(engine.random());
    act(engine, None, |draft| {
        let roster = draft.roster();
        let known = by_name(roster, definition.name.as_str());
        let permits: BTreeSet<String> = definition.rules.iter().filter_map(words).collect();
        if known.is_some_and(|role| permissions(roster, &role).into_iter().eq(permits)) {
            return Ok(Step::Done(draft.head()));
        }
        Ok(RoleDefined {
            role: known.unwrap_or(fresh),
            definition: definition.clone(),
        }
        .into())
    })
    .await
}

/// Gives a role. Where the same one holds already on the same terms, that is it.
///
/// # Errors
/// [`AdminError`].
pub async fn grant(engine: &Arc<Engine>, wish: NewGrant) -> Result<Outcome, AdminError> {
    let why = reason(wish.reason.as_deref())?;
    act(engine, why, |draft| {
        let (role, unit) = named(draft.roster(), &wish.role)?;
        let terms = RoleTerms {
            role,
            unit,
            from: wish.from,
            until: wish.until,
        };
        granted(draft, wish.holder, terms)
    })
    .await
}

fn granted(draft: &Draft<'_>, holder: Owner, terms: RoleTerms) -> Result<Step, AdminError> {
    known(draft.roster(), holder)?;
    let same = draft
        .roster()
        .grants_of(holder)
        .iter()
        .find(|grant| live(grant) && grant.terms == terms);
    Ok(match same {
        Some(grant) => Step::Done(grant.id.seq),
        None => RoleGranted { holder, terms }.into(),
    })
}

fn known(roster: &Roster, owner: Owner) -> Result<(), AdminError> {
    let known = match owner {
        Owner::Person(id) => roster.person(&id).is_some(),
        Owner::Place(id) => roster.place(&id).is_some(),
    };
    if known {
        Ok(())
    } else {
        Err(AdminError::NoOwner)
    }
}

pub(super) fn live(grant: &Grant) -> bool {
    grant.state.now() == Some(&GrantState::Live)
}

/// Takes a role that somebody holds. One that has ended is no error.
///
/// # Errors
/// [`AdminError`].
pub async fn withdraw(
    engine: &Arc<Engine>,
    holder: Owner,
    grant: GrantRef,
    why: Option<&str>,
) -> Result<Outcome, AdminError> {
    let why = reason(why)?;
    act(engine, why, |draft| {
        let held = draft.roster().grants_of(holder).iter();
        let Some(held) = held.into_iter().find(|held| held.id == grant) else {
            return Err(AdminError::NoGrant);
        };
        Ok(match held.state.now() {
            Some(GrantState::Withdrawn) => Step::Done(held.state.since()),
            _ => RoleWithdrawn { holder, grant }.into(),
        })
    })
    .await
}

/// Takes every grant of a role that somebody holds on these terms (`name` or `name@unit`).
///
/// # Errors
/// [`AdminError::NoGrant`] where there is none.
pub async fn withdraw_role(
    engine: &Arc<Engine>,
    holder: Owner,
    role: &str,
    why: Option<&str>,
) -> Result<Vec<Outcome>, AdminError> {
    let grants: Vec<GrantRef> = engine.read(|_, context| {
        Ok(named(context.roster, role).map(|(role, unit)| {
            let held = context.roster.grants_of(holder).iter();
            held.filter(|grant| live(grant) && grant.terms.role == role && grant.terms.unit == unit)
                .map(|grant| grant.id)
                .collect()
        }))
    })??;
    if grants.is_empty() {
        return Err(AdminError::NoGrant);
    }
    let mut outcomes = Vec::with_capacity(grants.len());
    for grant in grants {
        outcomes.push(withdraw(engine, holder, grant, why).await?);
    }
    Ok(outcomes)
}

/// Suspends a person, who then may do nothing, or readmits them. Again is no error.
///
/// # Errors
/// [`AdminError`].
pub async fn suspend(
    engine: &Arc<Engine>,
    person: PersonId,
    suspended: bool,
    why: Option<&str>,
) -> Result<Outcome, AdminError> {
    let why = reason(why)?;
    act(engine, why.clone(), |draft| {
        suspending(draft, person, suspended, &why)
    })
    .await
}

pub(super) fn suspending(
    draft: &Draft<'_>,
    person: PersonId,
    suspended: bool,
    why: &Reason,
) -> Result<Step, AdminError> {
    let record = draft.roster().person(&person).ok_or(AdminError::NoOwner)?;
    let wanted = if suspended {
        PersonState::Suspended
    } else {
        PersonState::Present
    };
    if record.state.now() == Some(&wanted) {
        return Ok(Step::Done(record.state.since()));
    }
    if suspended && draft.me.owner == Owner::Person(person) {
        return Err(AdminError::OwnDeparture);
    }
    Ok(PersonSuspended {
        person,
        suspended,
        reason: why.clone(),
    }
    .into())
}

/// What a role permits, as it is typed.
pub(super) fn permissions(roster: &Roster, role: &RoleId) -> BTreeSet<String> {
    let Ok(view) = roster.view() else {
        return BTreeSet::new();
    };
    let rule = |action: &Action| {
        let needs_relation = view.role_rule(role, *action)?;
        words(&RoleRule {
            action: action.code(),
            needs_relation,
        })
    };
    Action::ALL.iter().filter_map(rule).collect()
}

/// A role and who holds it.
#[derive(Clone, PartialEq, Eq)]
pub struct RoleInfo {
    /// Its id.
    pub role: RoleId,
    /// Its name.
    pub name: String,
    /// Every organisation has it.
    pub of_the_pack: bool,
    /// Its holders' devices wait for approval, and only who may grant privileged roles gives it.
    pub privileged: bool,
    /// What it permits, as it is typed.
    pub permissions: BTreeSet<String>,
    /// Who holds it now, where and until when.
    pub holders: Vec<(Owner, GrantRef, RoleTerms)>,
}

/// Every role, those of the pack first, with who holds it now.
///
/// # Errors
/// [`AdminError`].
pub fn roles(engine: &Engine) -> Result<Vec<RoleInfo>, AdminError> {
    Ok(engine.read(|_, context| {
        let roster = context.roster;
        let view = roster.view()?;
        let of_the_pack = pack::PACK.iter().map(|role| (role.id, true));
        let own = roster.own_roles().map(|role| (role, false));
        Ok(of_the_pack
            .chain(own)
            .map(|(role, of_the_pack)| RoleInfo {
                role,
                name: roster.role_name(&role).unwrap_or_default().to_owned(),
                of_the_pack,
                privileged: view.privileged_role(&role),
                permissions: permissions(roster, &role),
                holders: holders(roster, &role, view.time()),
            })
            .collect())
    })?)
}

fn holders(roster: &Roster, role: &RoleId, now: Timestamp) -> Vec<(Owner, GrantRef, RoleTerms)> {
    let persons = roster.persons().keys().copied().map(Owner::Person);
    let places = roster.places().keys().copied().map(Owner::Place);
    let mut holders = Vec::new();
    for owner in persons.chain(places) {
        for grant in roster.grants_of(owner) {
            let counts = live(grant) && grant.terms.until.is_none_or(|until| now < until);
            if grant.terms.role == *role && counts {
                holders.push((owner, grant.id, grant.terms.clone()));
            }
        }
    }
    holders
}

/// Ends a role of the organisation's own for all its holders. Again is no error.
///
/// # Errors
/// [`AdminError`].
pub async fn retire_role(engine: &Arc<Engine>, name: &str) -> Result<Outcome, AdminError> {
    act(engine, None, |draft| {
        let roster = draft.roster();
        let role = by_name(roster, name.trim()).ok_or(AdminError::UnknownRole)?;
        if pack::by_id(&role).is_some() {
            return Err(AdminError::RoleTaken);
        }
        Ok(RoleRetired { role }.into())
    })
    .await
}
