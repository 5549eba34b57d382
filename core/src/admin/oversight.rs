//! What keeps those who administer in check: roles for some hours, exceptions with an end, and reviews of who still needs
//! their roles, with their evidence.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::control::{Outcome, Step, act, reason};
use super::{AdminError, describe, grants};
use crate::base::{Owner, PersonId, RoleId, Timestamp};
use crate::membership::Context;
use crate::roster::kind::{
    CampaignAnswered, CampaignOpened, Decision, ElevationGranted, ElevationRequested,
    ExceptionGranted,
};
use crate::roster::oversight::{CampaignRecord, ElevationState, Reviewed};
use crate::roster::record::PersonState;
use crate::roster::{Text, Unit};
use crate::sync::Engine;

redacted!(Elevation, Exception, Review, Campaign);

/// Asks for a role for some hours. Another person, who may grant it, agrees with [`grant_elevation`].
///
/// # Errors
/// [`AdminError`].
pub async fn request_elevation(
    engine: &Arc<Engine>,
    role: &str,
    lasting: Duration,
    why: &str,
) -> Result<Outcome, AdminError> {
    let reason: Text<256> = Text::new(why.trim()).map_err(|_| AdminError::Text("reason"))?;
    let seconds = u32::try_from(lasting.as_secs()).unwrap_or(u32::MAX);
    let outcome = act(engine, None, |draft| {
        let (role, unit) = grants::named(draft.roster(), role)?;
        let request = ElevationRequested {
            role,
            unit,
            seconds,
            reason: reason.clone(),
        };
        let now = draft.time();
        let same = draft.roster().elevations().iter().find(|(_, record)| {
            Owner::Person(record.person) == draft.me.owner
                && record.state == ElevationState::Open
                && now < record.expires
                && record.request == request
        });
        Ok(match same {
            Some((seq, _)) => Step::Done(*seq),
            None => request.into(),
        })
    })
    .await?;
    Ok(Outcome::Proposed { seq: outcome.seq() })
}

/// Agrees to another person's request: the role holds from here on, for as long as was asked.
///
/// # Errors
/// [`AdminError`].
pub async fn grant_elevation(engine: &Arc<Engine>, request: u64) -> Result<Outcome, AdminError> {
    act(engine, None, |draft| {
        let record = draft.roster().elevations().get(&request);
        let record = record.ok_or(AdminError::NoProposal)?;
        Ok(match record.state {
            ElevationState::Granted(_) => Step::Done(request),
            ElevationState::Refused => return Err(AdminError::NotOpen),
            ElevationState::Open if draft.time() >= record.expires => {
                return Err(AdminError::ProposalExpired);
            }
            ElevationState::Open => ElevationGranted { request }.into(),
        })
    })
    .await
}

/// A request for a role for some hours.
#[derive(Clone, PartialEq, Eq)]
pub struct Elevation {
    /// Its entry.
    pub seq: u64,
    /// Who asks.
    pub person: PersonId,
    /// For which role, in words.
    pub role: String,
    /// For how long.
    pub lasting: Duration,
    /// Why.
    pub reason: String,
    /// After this nobody can agree.
    pub expires: Timestamp,
    /// `open`, `granted`, `ended`, `refused` or `expired`.
    pub state: &'static str,
    /// Until when the role holds, where it was granted.
    pub until: Option<Timestamp>,
}

/// Every request, the newest first.
///
/// # Errors
/// [`AdminError`].
pub fn elevations(engine: &Engine) -> Result<Vec<Elevation>, AdminError> {
    Ok(engine.read(|_, context| {
        let now = context
            .now
            .max(context.roster.log_time().unwrap_or_default());
        let all = context.roster.elevations().iter().rev();
        Ok(all
            .map(|(seq, record)| {
                let mut role = describe::role(context, &record.request.role);
                if let Some(unit) = &record.request.unit {
                    role = format!("{role}@{}", unit.as_str());
                }
                let (state, until) = match record.state {
                    ElevationState::Open if now >= record.expires => ("expired", None),
                    ElevationState::Open => ("open", None),
                    ElevationState::Refused => ("refused", None),
                    ElevationState::Granted(until) if now >= until => ("ended", Some(until)),
                    ElevationState::Granted(until) => ("granted", Some(until)),
                };
                Elevation {
                    seq: *seq,
                    person: record.person,
                    role,
                    lasting: Duration::from_secs(record.request.seconds.into()),
                    reason: record.request.reason.as_str().to_owned(),
                    expires: record.expires,
                    state,
                    until,
                }
            })
            .collect())
    })?)
}

/// Lets somebody hold two roles that exclude each other, until a date.
///
/// # Errors
/// [`AdminError`].
pub async fn grant_exception(
    engine: &Arc<Engine>,
    holder: Owner,
    roles: (&str, &str),
    until: Timestamp,
    why: &str,
) -> Result<Outcome, AdminError> {
    let words: Text<256> = Text::new(why.trim()).map_err(|_| AdminError::Text("reason"))?;
    act(engine, reason(Some(why))?, |draft| {
        let roster = draft.roster();
        let role =
            |name: &str| -> Result<RoleId, AdminError> { Ok(grants::named(roster, name)?.0) };
        let exception = ExceptionGranted {
            holder,
            first: role(roles.0)?,
            second: role(roles.1)?,
            until,
            reason: words.clone(),
        };
        let mut known = roster.exceptions().iter();
        Ok(match known.find(|known| known.exception == exception) {
            Some(known) => Step::Done(known.seq),
            None => exception.into(),
        })
    })
    .await
}

/// An exception.
#[derive(Clone, PartialEq, Eq)]
pub struct Exception {
    /// Its entry.
    pub seq: u64,
    /// Whose.
    pub holder: Owner,
    /// The two roles.
    pub roles: (String, String),
    /// Until when.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
    /// Whether its time is over.
    pub ended: bool,
}

/// Every exception, the newest first.
///
/// # Errors
/// [`AdminError`].
pub fn exceptions(engine: &Engine) -> Result<Vec<Exception>, AdminError> {
    Ok(engine.read(|_, context| {
        let now = context
            .now
            .max(context.roster.log_time().unwrap_or_default());
        let all = context.roster.exceptions().iter().rev();
        Ok(all
            .map(|record| Exception {
                seq: record.seq,
                holder: record.exception.holder,
                roles: (
                    describe::role(context, &record.exception.first),
                    describe::role(context, &record.exception.second),
                ),
                until: record.exception.until,
                reason: record.exception.reason.as_str().to_owned(),
                ended: now >= record.exception.until,
            })
            .collect())
    })?)
}

fn campaign_name(text: &str) -> Result<Text<64>, AdminError> {
    Text::new(text.trim()).map_err(|_| AdminError::Text("review's name"))
}

/// Begins a review: everybody of a unit (everybody, if empty) who holds a role must be answered for by the date, and is
/// suspended from then on until the answer comes.
///
/// # Errors
/// [`AdminError`].
pub async fn open_review(
    engine: &Arc<Engine>,
    name: &str,
    unit: &str,
    due: Timestamp,
) -> Result<Outcome, AdminError> {
    let campaign = campaign_name(name)?;
    let unit = match unit.trim() {
        "" => None,
        unit => Some(Unit::new(unit).map_err(|_| AdminError::Text("unit"))?),
    };
    act(engine, None, |draft| {
        let opened = CampaignOpened {
            campaign: campaign.clone(),
            unit: unit.clone(),
            due,
        };
        Ok(match draft.roster().campaigns().get(&campaign) {
            Some(known) if known.campaign == opened => Step::Done(known.seq),
            _ => opened.into(),
        })
    })
    .await
}

/// Answers for one person: they keep their roles, or lose them all. The same answer again is no error.
///
/// # Errors
/// [`AdminError`].
pub async fn answer_review(
    engine: &Arc<Engine>,
    name: &str,
    person: PersonId,
    keep: bool,
) -> Result<Outcome, AdminError> {
    let campaign = campaign_name(name)?;
    let decision = if keep {
        Decision::Keep
    } else {
        Decision::Withdraw
    };
    act(engine, None, |draft| {
        let record = draft.roster().campaigns().get(&campaign);
        let record = record.ok_or(AdminError::NoCampaign)?;
        let reviewed = record.persons.get(&person).ok_or(AdminError::NoOwner)?;
        Ok(match reviewed.answer {
            Some(answer) if answer.decision == decision => Step::Done(answer.seq),
            _ => CampaignAnswered {
                campaign: campaign.clone(),
                person,
                decision,
            }
            .into(),
        })
    })
    .await
}

/// One person of a review. Serialises as evidence.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Review {
    /// Identifier.
    pub person: String,
    /// Name now.
    pub name: String,
    /// Roles that they hold now.
    pub roles: Vec<String>,
    /// `waiting`, `overdue` (suspended until answered), `kept`, `withdrawn`, `left`, or `excused` (came back since).
    pub state: &'static str,
    /// Who answered, in words.
    pub by: Option<String>,
    /// Who agreed, in words.
    pub second: Option<String>,
    /// The answer's entry.
    pub entry: Option<u64>,
    /// The hash of that entry.
    pub entry_hash: Option<String>,
    /// Log time of the answer, RFC 3339.
    pub at: Option<String>,
}

/// A review with its answers. Serialises as evidence: each answer names the signed entry of the log.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Campaign {
    /// Its name.
    pub name: String,
    /// The organisation's name.
    pub organisation: String,
    /// The unit; empty for all.
    pub unit: String,
    /// The opening entry.
    pub entry: u64,
    /// The hash of that entry.
    pub entry_hash: String,
    /// Who began it, in words.
    pub by: String,
    /// Log time of its beginning, RFC 3339.
    pub opened: String,
    /// The date, RFC 3339.
    pub due: String,
    /// Whether the date has passed, by log time.
    pub over: bool,
    /// How many are not answered for.
    pub open: usize,
    /// Everybody it covers, by name.
    pub people: Vec<Review>,
}

/// Every review, the newest first.
///
/// # Errors
/// [`AdminError`].
pub fn reviews(engine: &Engine) -> Result<Vec<Campaign>, AdminError> {
    Ok(engine.read(|_, context| {
        let mut all: Vec<_> = context.roster.campaigns().values().collect();
        all.sort_by_key(|record| std::cmp::Reverse(record.seq));
        Ok(all
            .into_iter()
            .map(|record| shown(context, record))
            .collect())
    })?)
}

/// One review, as evidence.
///
/// # Errors
/// [`AdminError::NoCampaign`].
pub fn review(engine: &Engine, name: &str) -> Result<Campaign, AdminError> {
    let name = campaign_name(name)?;
    let found = engine.read(|_, context| {
        let record = context.roster.campaigns().get(&name);
        Ok(record.map(|record| shown(context, record)))
    })?;
    found.ok_or(AdminError::NoCampaign)
}

fn hash(context: &Context<'_>, seq: u64) -> Option<String> {
    context.roster.hash_at(seq).map(|hash| hash.to_string())
}

fn shown(context: &Context<'_>, record: &CampaignRecord) -> Campaign {
    let log_time = context.roster.log_time().unwrap_or_default();
    let over = log_time >= record.campaign.due;
    let mut people: Vec<Review> = record
        .persons
        .iter()
        .map(|(person, reviewed)| person_of(context, *person, reviewed, over))
        .collect();
    people.sort_by_key(|review| review.name.to_lowercase());
    let open = |review: &&Review| matches!(review.state, "waiting" | "overdue");
    Campaign {
        name: record.campaign.campaign.as_str().to_owned(),
        organisation: context
            .roster
            .organisation()
            .map(|own| own.name.as_str().to_owned())
            .unwrap_or_default(),
        unit: describe::unit(record.campaign.unit.as_ref()),
        entry: record.seq,
        entry_hash: hash(context, record.seq).unwrap_or_default(),
        by: describe::device(context, &record.by),
        opened: record.opened.to_rfc3339(),
        due: record.campaign.due.to_rfc3339(),
        over,
        open: people.iter().filter(open).count(),
        people,
    }
}

fn person_of(context: &Context<'_>, person: PersonId, reviewed: &Reviewed, over: bool) -> Review {
    let roster = context.roster;
    let holder = Owner::Person(person);
    let left =
        roster.person(&person).and_then(|record| record.state.now()) == Some(&PersonState::Left);
    let time = roster.log_time().unwrap_or_default();
    let held = roster.grants_of(holder).iter();
    let held = held.filter(|grant| grants::live(grant) && grant.holds_at(time));
    let state = match (reviewed.answer, reviewed.settled) {
        (Some(answer), _) if answer.decision == Decision::Keep => "kept",
        (Some(_), _) => "withdrawn",
        (None, _) if left => "left",
        (None, Some(_)) => "excused",
        (None, None) if over => "overdue",
        (None, None) => "waiting",
    };
    Review {
        person: person.to_string(),
        name: context.name_of(&holder),
        roles: held
            .map(|grant| describe::terms(context, &grant.terms))
            .collect(),
        state,
        by: reviewed
            .answer
            .map(|answer| describe::device(context, &answer.by)),
        second: reviewed
            .answer
            .and_then(|answer| Some(describe::device(context, &answer.second?))),
        entry: reviewed.answer.map(|answer| answer.seq),
        entry_hash: reviewed.answer.and_then(|answer| hash(context, answer.seq)),
        at: reviewed.answer.map(|answer| answer.time.to_rfc3339()),
    }
}
