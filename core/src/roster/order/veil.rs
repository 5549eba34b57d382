//! Takes the names out: a locked device's own knowledge holds none, and units only as digests. Bodies that it hears
//! are treated the same way before they are carried out, so that both sides compare.

use std::collections::BTreeSet;

use crate::base::digest::sha256_parts;
use crate::base::{DeviceId, OrganisationId};
use crate::roster::kind::{
    Body, CampaignOpened, ElevationRequested, ExceptionGranted, PersonDetails, PlaceDetails,
    PlaceKind, Policy, Proposal, RoleDefinition, RoleTerms, Subject, Value,
};
use crate::roster::{Text, Unit};

/// How one device's knowledge is veiled.
#[derive(Clone, Copy)]
pub(super) struct Veil<'a> {
    pub(super) organisation: &'a OrganisationId,
    pub(super) device: &'a DeviceId,
}

/// Stands for a text that is not kept.
pub(super) fn blank<const N: usize>() -> Option<Text<N>> {
    Text::new("-").ok()
}

impl Veil<'_> {
    fn unit(&self, unit: Option<Unit>) -> Option<Unit> {
        let name = unit?;
        let digest = sha256_parts(&[
            b"sotto/order unit\0",
            self.organisation.as_bytes(),
            self.device.as_bytes(),
            name.as_str().as_bytes(),
        ]);
        let digits: String = digest.to_string().chars().take(32).collect();
        // Hexadecimal digits are always a text; if they were not, a unit must not become "everywhere".
        Text::new(digits).ok().or(Some(name))
    }
    pub(super) fn terms(&self, mut terms: RoleTerms) -> RoleTerms {
        terms.unit = self.unit(terms.unit);
        terms
    }
    pub(super) fn person(&self, mut details: PersonDetails) -> PersonDetails {
        details.name = blank().unwrap_or(details.name);
        details.unit = self.unit(details.unit);
        details.title = None;
        details.phone = None;
        details.external = BTreeSet::new();
        details
    }
    pub(super) fn place(&self, mut details: PlaceDetails) -> PlaceDetails {
        details.name = blank().unwrap_or(details.name);
        details.kind = PlaceKind::DESK;
        details.unit = self.unit(details.unit);
        details.phone = None;
        details.duties = BTreeSet::new();
        details.external = BTreeSet::new();
        details
    }
    pub(super) fn definition(mut definition: RoleDefinition) -> RoleDefinition {
        definition.name = blank().unwrap_or(definition.name);
        definition
    }
    pub(super) fn policy(mut policy: Policy) -> Policy {
        // Words and units play no part in who may order what.
        policy
            .settings
            .retain(|_, value| matches!(value, Value::Number(_) | Value::Numbers(_)));
        policy
    }
    pub(super) fn proposal(&self, mut proposal: Proposal) -> Proposal {
        proposal.reason = None;
        if let Ok(Some(inner)) = Body::from_bytes(proposal.kind, &proposal.body) {
            proposal.body = self.body(inner).to_bytes();
        }
        proposal
    }
    pub(super) fn exception(&self, mut exception: ExceptionGranted) -> ExceptionGranted {
        exception.reason = blank().unwrap_or(exception.reason);
        exception
    }
    pub(super) fn request(&self, mut request: ElevationRequested) -> ElevationRequested {
        request.unit = self.unit(request.unit);
        request.reason = blank().unwrap_or(request.reason);
        request
    }
    pub(super) fn campaign(&self, mut campaign: CampaignOpened) -> CampaignOpened {
        campaign.unit = self.unit(campaign.unit);
        campaign
    }
    /// The body without names.
    pub(super) fn body(&self, mut body: Body) -> Body {
        match &mut body {
            Body::Invited(invited) => {
                if let Subject::NewPerson(_, details) = &mut invited.subject {
                    *details = self.person(details.clone());
                }
                for terms in &mut invited.roles {
                    *terms = self.terms(terms.clone());
                }
            }
            Body::PersonAdded(added) => added.details = self.person(added.details.clone()),
            Body::PersonChanged(changed) => changed.details = self.person(changed.details.clone()),
            Body::PlaceAdded(added) => added.details = self.place(added.details.clone()),
            Body::PlaceChanged(changed) => changed.details = self.place(changed.details.clone()),
            Body::RoleGranted(granted) => granted.terms = self.terms(granted.terms.clone()),
            Body::ExceptionGranted(granted) => **granted = self.exception((**granted).clone()),
            Body::ElevationRequested(request) => **request = self.request((**request).clone()),
            Body::CampaignOpened(opened) => **opened = self.campaign((**opened).clone()),
            Body::RoleDefined(defined) => {
                defined.definition = Self::definition(defined.definition.clone());
            }
            Body::Policy(policy) => **policy = Self::policy((**policy).clone()),
            Body::Proposal(proposal) => **proposal = self.proposal((**proposal).clone()),
            Body::DeviceRevoked(revoked) => revoked.reason = None,
            Body::PersonSuspended(suspended) => suspended.reason = None,
            Body::Refused(refused) => refused.reason = None,
            _ => {}
        }
        body
    }
}
