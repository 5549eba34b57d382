//! What log time would change by passing: the moments at which something takes effect, or is over.
//!
//! The log knows no other time than that of its entries. Where nobody writes, nothing expires and no delay passes; so
//! devices look here whether a tick is needed.

use super::Roster;
use super::entry::Owner;
use super::oversight::{ElevationState, RecoveryRecord, RecoveryState};
use super::record::{Grant, GrantState, InvitationState, ProposalState};
use crate::base::Timestamp;

fn of_grant(grant: &Grant) -> impl Iterator<Item = Timestamp> {
    let live = grant.state.now() == Some(&GrantState::Live);
    let ends = [grant.terms.from, grant.terms.until];
    ends.into_iter().flatten().filter(move |_| live)
}

impl Roster {
    /// The first moment after log time, up to and with `until`, at which something takes effect or is over and to which
    /// this person's or place's clock has not spoken yet. Log time follows two clocks, so one alone does not always move
    /// it that far, and saying it again would not either.
    #[must_use]
    pub fn due(&self, who: Owner, until: Timestamp) -> Option<Timestamp> {
        let spoken = self.oversight.clocks.iter().filter_map(|(device, at)| {
            let record = self.devices.get(device)?;
            (record.details.owner == who).then_some(*at)
        });
        let after = self.log_time()?.max(spoken.max().unwrap_or_default());
        let oversight = &self.oversight;
        let recoveries = oversight
            .recoveries
            .values()
            .filter(|record| record.state == RecoveryState::Announced)
            .flat_map(|record| [record.announced.effective, record.announced.expires]);
        let campaigns = oversight
            .campaigns
            .values()
            .filter(|record| record.persons.values().any(|one| one.settled.is_none()))
            .map(|record| record.campaign.due);
        let elevations = oversight
            .elevations
            .values()
            .filter_map(|record| match record.state {
                ElevationState::Open => Some(record.expires),
                ElevationState::Granted(until) => Some(until),
                ElevationState::Refused => None,
            });
        let exceptions = oversight
            .exceptions
            .iter()
            .map(|record| record.exception.until);
        let persons = self.persons.values().flat_map(|record| &record.grants);
        let places = self.places.values().flat_map(|record| &record.grants);
        let grants = persons.chain(places).flat_map(of_grant);
        let invitations = self
            .invitations
            .values()
            .filter(|record| record.state == InvitationState::Open)
            .map(|record| record.expires);
        let proposals = self
            .proposals
            .values()
            .filter(|record| record.state == ProposalState::Open)
            .map(|record| record.proposal.expires);
        recoveries
            .chain(campaigns)
            .chain(elevations)
            .chain(exceptions)
            .chain(grants)
            .chain(invitations)
            .chain(proposals)
            .filter(|moment| after < *moment && *moment <= until)
            .min()
    }

    /// The announced recoveries whose delay has passed at `now` and whose lapse somebody has not borne witness to, though
    /// it is needed. Names the earliest such moment.
    #[must_use]
    pub fn witness_due(&self, who: Owner, now: Timestamp) -> Option<Timestamp> {
        let asks = |record: &&RecoveryRecord| {
            record.state == RecoveryState::Announced
                && record.announced.effective <= now
                && now < record.announced.expires
                && record.witnesses.len() < usize::from(record.quorum)
                && !record.witnesses.contains(&who)
                && record.person().map(Owner::Person) != Some(who)
        };
        let recoveries = self.oversight.recoveries.values();
        let moments = recoveries
            .filter(asks)
            .map(|record| record.announced.effective);
        moments.min()
    }
}

impl RecoveryRecord {
    /// Who is to administer.
    #[must_use]
    pub const fn person(&self) -> Option<crate::base::PersonId> {
        match &self.announced.subject {
            super::kind::Subject::NewPerson(id, _) | super::kind::Subject::Person(id) => Some(*id),
            super::kind::Subject::Place(_) => None,
        }
    }
}
