//! Whom a report is for: the orderer it names, else the attending clinician, else the station of the unit it names.
//! The laboratory's words are matched against the roster's external ids; a guess is never made.

use sotto_content::card::{Clinician, ResultCard};

use super::ClinicalError;
use crate::base::Owner;
use crate::membership::Context;
use crate::roster::{Action, Relation, Scope};

/// The owner that the report's own words lead to.
///
/// # Errors
/// [`ClinicalError::NoOrderer`], [`ClinicalError::AmbiguousOrderer`], [`ClinicalError::TestToOrderer`].
pub(super) fn ordering(context: &Context<'_>, card: &ResultCard) -> Result<Owner, ClinicalError> {
    if card.test {
        return Err(ClinicalError::TestToOrderer);
    }
    for clinicians in [&card.orderers, &card.attending] {
        let mut found: Vec<Owner> = clinicians
            .iter()
            .flat_map(|clinician| matches(context, clinician))
            .collect();
        found.sort_unstable();
        found.dedup();
        match found.as_slice() {
            [] => {}
            [owner] => return Ok(*owner),
            _ => return Err(ClinicalError::AmbiguousOrderer),
        }
    }
    unit(context, card).ok_or(ClinicalError::NoOrderer)
}

/// Persons present whose external id is one that the report gives for this clinician. Where both sides name who
/// assigned the number, the names must agree.
fn matches(context: &Context<'_>, clinician: &Clinician) -> Vec<Owner> {
    let Ok(view) = context.roster.view() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (id, person) in context.roster.persons() {
        let owner = Owner::Person(*id);
        let known = person.details.external.iter().any(|external| {
            clinician.identifiers.iter().any(|identifier| {
                let authorities = [
                    identifier.system.as_deref(),
                    identifier.authority.as_deref(),
                    identifier.kind.as_deref(),
                ];
                let unnamed = authorities.iter().all(Option::is_none);
                let named = authorities
                    .into_iter()
                    .flatten()
                    .any(|name| name.eq_ignore_ascii_case(external.system.as_str()));
                identifier.value == external.value.as_str() && (unnamed || named)
            })
        });
        if known && view.owner_acts(owner).is_ok() {
            found.push(owner);
        }
    }
    found
}

fn unit(context: &Context<'_>, card: &ResultCard) -> Option<Owner> {
    let named = card.unit.as_ref()?.unit.as_deref()?;
    let view = context.roster.view().ok()?;
    let scope = Scope::organisation().with(Relation::Addressed);
    let mut stations = context.roster.places().iter().filter(|(id, place)| {
        let here = place
            .details
            .unit
            .as_ref()
            .is_some_and(|unit| unit.as_str().eq_ignore_ascii_case(named));
        let place = Owner::Place(**id);
        // An agent, or a place that may not be shown a result, is no station.
        let views = view.holder_may(place, Action::ViewResult, &scope).is_ok();
        here && views && place != context.me.owner
    });
    let (id, _) = stations.next()?;
    stations.next().is_none().then_some(Owner::Place(*id))
}
