//! Administration: devices are excluded and wiped, rights given and taken, rules set, people compared with the personnel
//! office's table. Every act that policy puts under dual control comes back as [`OutcomeView::Proposed`].

mod exclude;
mod people;
mod recover;
mod request;
mod rights;
mod rules;
mod view;

pub use crate::admin::oversight::{Campaign as ReviewView, Review as ReviewedView};
pub use recover::{
    AnnounceRecovery, RecoverAs, RecoveredView, RecoveryView, RootConsentView, RootFileAccess,
    RootRotationView, RotateRoot,
};
pub use request::{DefineRole, Exclude, GrantRole, ImportPeople, RevokeDevice};
pub use view::{
    CertificateView, DryRunView, ElevationView, ErasedView, ExceptionView, ExcludedView,
    ExclusionView, ExposureView, HolderView, ImportView, OutcomeView, PeopleView, PersonDifference,
    PolicyView, ProposalView, RekeyView, RoleView, RuleView, SecurityEventView, WipeStatusView,
};

use super::{Client, Error};
use crate::admin::control::Outcome;
use crate::base::Owner;
pub use crate::base::Timestamp;

fn outcome_view(outcome: Outcome) -> OutcomeView {
    match outcome {
        Outcome::Done { seq } => OutcomeView::Done { seq },
        Outcome::Proposed { seq } => OutcomeView::Proposed { seq },
    }
}

fn time(at: Option<Timestamp>) -> Option<String> {
    at.map(Timestamp::to_rfc3339)
}

/// Reads a moment as people type it: RFC 3339 (`2027-03-01T08:00:00Z`), or a date, which begins at midnight UTC.
#[must_use]
pub fn parse_moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let moment = text.parse::<jiff::Timestamp>().or_else(|_| {
        let date: jiff::civil::Date = text.parse()?;
        Ok::<_, jiff::Error>(date.to_zoned(jiff::tz::TimeZone::UTC)?.timestamp())
    });
    Some(Timestamp::from_millis(moment.ok()?.as_millisecond()))
}

impl Client {
    /// Names of people and places, as the roster has them now.
    fn names(&self) -> Result<impl Fn(Owner) -> String, Error> {
        let roster = self
            .engine()?
            .read(|_, context| Ok(context.roster.clone()))?;
        Ok(move |owner: Owner| {
            let name = match owner {
                Owner::Person(id) => roster.person(&id).map(|person| &person.details.name),
                Owner::Place(id) => roster.place(&id).map(|place| &place.details.name),
            };
            name.map_or_else(|| "—".to_owned(), |name| name.as_str().to_owned())
        })
    }
}
