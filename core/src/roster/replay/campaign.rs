//! Recertification: who was not answered for by the date is suspended, by log time alone, until the answer comes.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Act;
use crate::base::PersonId;
use crate::roster::authorize::{Action, Actor, Scope};
use crate::roster::entry::Owner;
use crate::roster::kind::{CampaignAnswered, CampaignOpened, Decision};
use crate::roster::oversight::{Answer, CampaignRecord, Reviewed};
use crate::roster::record::{GrantState, PersonState};
use crate::roster::{Junk, Roster};

/// Kind of an answer.
pub(super) const ANSWERED: u16 = 18;
/// Reviewers have at least this long.
const SHORTEST: Duration = Duration::from_secs(24 * 3_600);
const LONGEST: Duration = Duration::from_secs(400 * 24 * 3_600);

impl Roster {
    pub(super) fn campaign_opened(&mut self, act: &Act, body: CampaignOpened) -> Result<(), Junk> {
        let unit = body.unit.as_ref();
        self.require(act, Action::Recertify, unit)?;
        if self.oversight.campaigns.contains_key(&body.campaign) {
            return Err(Junk::IdTaken);
        }
        if body.due < act.claimed().plus(SHORTEST) || body.due > act.claimed().plus(LONGEST) {
            return Err(Junk::OutOfBounds);
        }
        let persons: BTreeMap<PersonId, Reviewed> = self
            .persons
            .iter()
            .filter(|(_, record)| record.state.now() != Some(&PersonState::Left))
            .filter(|(_, record)| unit.is_none() || record.details.unit.as_ref() == unit)
            .filter(|(_, record)| {
                record.grants.iter().any(|grant| {
                    grant.state.now() == Some(&GrantState::Live)
                        && grant.terms.until.is_none_or(|until| act.time < until)
                })
            })
            .map(|(id, _)| (*id, Reviewed::default()))
            .collect();
        if persons.is_empty() {
            return Err(Junk::UnknownSubject);
        }
        for person in persons.keys() {
            if act.owner != Some(Owner::Person(*person)) {
                self.two_over(act, Action::Recertify, *person)?;
            }
        }
        let by = act.device().ok_or(Junk::WrongAuthor)?;
        let record = CampaignRecord {
            campaign: body.clone(),
            seq: act.seq,
            opened: act.time,
            by,
            persons,
        };
        self.oversight.campaigns.insert(body.campaign, record);
        Ok(())
    }

    pub(super) fn campaign_answered(
        &mut self,
        act: &Act,
        body: &CampaignAnswered,
    ) -> Result<(), Junk> {
        let reviewed = self
            .oversight
            .campaigns
            .get(&body.campaign)
            .and_then(|record| record.persons.get(&body.person))
            .ok_or(Junk::UnknownSubject)?;
        let record = self.persons.get(&body.person).ok_or(Junk::UnknownSubject)?;
        if reviewed.settled.is_some() || record.state.now() == Some(&PersonState::Left) {
            return Err(Junk::WrongState);
        }
        self.may_review(act, body.person)?;
        if body.decision == Decision::Withdraw {
            self.two_over(act, Action::Recertify, body.person)?;
            self.another_administers(act, &body.person, None)?;
            self.end_grants(act, Owner::Person(body.person), |_| true);
        }
        let answer = Answer {
            decision: body.decision,
            by: act.device().ok_or(Junk::WrongAuthor)?,
            second: act.second,
            seq: act.seq,
            time: act.time,
        };
        if let Some(reviewed) = self
            .oversight
            .campaigns
            .get_mut(&body.campaign)
            .and_then(|record| record.persons.get_mut(&body.person))
        {
            reviewed.answer = Some(answer);
            reviewed.settled = Some(act.seq);
        }
        Ok(())
    }

    /// The right to recertify, even where the reviewer waits for an answer themself; about oneself only where nobody
    /// else could say it.
    fn may_review(&self, act: &Act, person: PersonId) -> Result<(), Junk> {
        let unit = self.unit_of(Owner::Person(person));
        let (view, scope) = (act.view(self).lenient(), Scope::unit(unit));
        let device = act.device().ok_or(Junk::WrongAuthor)?;
        for signer in [Some(device), act.second].into_iter().flatten() {
            view.may(Actor::device(signer), Action::Recertify, &scope)?;
        }
        let could = |devices: &[crate::base::DeviceId]| {
            devices.iter().any(|d| {
                view.may(Actor::device(*d), Action::Recertify, &scope)
                    .is_ok()
            })
        };
        let alone = !self
            .persons
            .iter()
            .any(|(id, record)| *id != person && could(&record.devices));
        if act.owner == Some(Owner::Person(person)) && !alone {
            return Err(Junk::SamePerson);
        }
        Ok(())
    }
}
