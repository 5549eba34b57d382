//! The one door for acts of administration: judged before they leave, and where policy asks for a second administrator
//! appended as a proposal instead. A second person countersigns it, or somebody refuses it, or it expires.

use std::sync::Arc;

use super::append::{Draft, append, rehearse};
use super::exclude::{self, Excluded, Exclusion};
use super::{AdminError, REQUEST, approve, describe};
use crate::base::{DeviceId, InvitationId, PersonId, Timestamp};
use crate::membership::Context;
use crate::roster::kind::{Countersign, Proposal, Refused, Setting};
use crate::roster::oversight::ElevationState;
use crate::roster::record::{ProposalRecord, ProposalState};
use crate::roster::{Body, Roster, Text};
use crate::sync::Engine;

redacted!(Proposed);

/// What an act came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It stands in the log.
    Done {
        /// The entry that did it.
        seq: u64,
    },
    /// It waits for a second administrator.
    Proposed {
        /// The proposal's entry.
        seq: u64,
    },
}

impl Outcome {
    /// The entry.
    #[must_use]
    pub const fn seq(self) -> u64 {
        match self {
            Self::Done { seq } | Self::Proposed { seq } => seq,
        }
    }
}

/// A reason, as entries hold it.
pub(super) type Reason = Option<Text<256>>;

/// Reads a reason as it was typed; empty is none.
pub(super) fn reason(text: Option<&str>) -> Result<Reason, AdminError> {
    match text.map(str::trim).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => Text::new(text)
            .map(Some)
            .map_err(|_| AdminError::Text("reason")),
    }
}

impl Draft<'_> {
    /// Adds an act, or where it needs two administrators a proposal of it.
    pub(super) fn act(
        &mut self,
        body: impl Into<Body>,
        reason: Reason,
    ) -> Result<Outcome, AdminError> {
        let body = body.into();
        match self.add(body.clone()) {
            Ok(()) => Ok(Outcome::Done { seq: self.head() }),
            Err(AdminError::NeedsTwo) => self.propose(&body, reason),
            Err(error) => Err(error),
        }
    }

    /// Adds a proposal. The same one again, while it is open, is no other.
    pub(super) fn propose(&mut self, body: &Body, reason: Reason) -> Result<Outcome, AdminError> {
        let (kind, bytes, now) = (body.kind(), body.to_bytes(), self.time());
        let mine = self.me.owner.person();
        let same = self.roster().proposals().iter().find(|(_, record)| {
            Some(record.person) == mine
                && standing(record, now) == Standing::Open
                && record.proposal.kind == kind
                && record.proposal.body == bytes
        });
        if let Some((seq, _)) = same {
            return Ok(Outcome::Proposed { seq: *seq });
        }
        let life = self.roster().policy()?.duration(Setting::ProposalLife);
        self.add(Proposal {
            kind,
            body: bytes,
            expires: now.plus(life),
            reason,
        })?;
        Ok(Outcome::Proposed { seq: self.head() })
    }
}

/// Appends one act, or its proposal. `build` says what is to be entered in the roster as it is then, or which entry has
/// done it already.
pub(super) async fn act(
    engine: &Arc<Engine>,
    reason: Reason,
    mut build: impl FnMut(&Draft<'_>) -> Result<Step, AdminError> + Send,
) -> Result<Outcome, AdminError> {
    append(engine, |draft| match build(draft)? {
        Step::Enter(body) => draft.act(*body, reason.clone()),
        Step::Done(seq) => Ok(Outcome::Done { seq }),
    })
    .await
}

/// What is left to do for an act.
pub(super) enum Step {
    /// This entry.
    Enter(Box<Body>),
    /// Nothing: this entry has done it.
    Done(u64),
}

impl<T: Into<Body>> From<T> for Step {
    fn from(body: T) -> Self {
        Self::Enter(Box::new(body.into()))
    }
}

/// What has become of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Waits for a second person.
    Open,
    /// Somebody agreed: it happened.
    Carried,
    /// Refused, or taken back.
    Refused,
    /// Nobody agreed in time.
    Expired,
}

fn standing(record: &ProposalRecord, now: Timestamp) -> Standing {
    match record.state {
        ProposalState::Open if now >= record.proposal.expires => Standing::Expired,
        ProposalState::Open => Standing::Open,
        ProposalState::Carried => Standing::Carried,
        ProposalState::Refused => Standing::Refused,
    }
}

/// An act that waits, or waited, for a second administrator.
pub struct Proposed {
    /// Its entry.
    pub seq: u64,
    /// Who proposed it.
    pub by: PersonId,
    /// On which device.
    pub device: DeviceId,
    /// What it is, in words.
    pub what: String,
    /// For the record.
    pub reason: Option<String>,
    /// Log time of the proposal.
    pub made: Timestamp,
    /// After this nobody can agree.
    pub expires: Timestamp,
    /// What has become of it.
    pub standing: Standing,
    /// Whether this device could countersign it, else why not.
    pub may_countersign: Result<(), AdminError>,
}

/// Every proposal, the newest first.
///
/// # Errors
/// [`AdminError`].
pub fn proposals(engine: &Engine) -> Result<Vec<Proposed>, AdminError> {
    engine.read(|_, context| Ok(list(context)))?
}

pub(super) fn list(context: &Context<'_>) -> Result<Vec<Proposed>, AdminError> {
    let roster = context.roster;
    let now = Draft::new(context)?.time();
    let mut proposed = Vec::with_capacity(roster.proposals().len());
    for (seq, record) in roster.proposals().iter().rev() {
        let standing = standing(record, now);
        let may_countersign = if standing == Standing::Open {
            let mut draft = Draft::new(context)?;
            draft.add(Countersign { proposal: *seq })
        } else {
            Err(AdminError::NotOpen)
        };
        proposed.push(Proposed {
            seq: *seq,
            by: record.person,
            device: record.device,
            what: match inner(roster, *seq) {
                Ok(body) => describe::body(context, &body),
                Err(_) => "an act that this release does not know".to_owned(),
            },
            reason: record
                .proposal
                .reason
                .as_ref()
                .map(|reason| reason.as_str().to_owned()),
            made: roster.at(*seq).map(|view| view.time()).unwrap_or_default(),
            expires: record.proposal.expires,
            standing,
            may_countersign,
        });
    }
    Ok(proposed)
}

/// The act that a proposal is about.
pub(super) fn inner(roster: &Roster, proposal: u64) -> Result<Body, AdminError> {
    let record = roster
        .proposals()
        .get(&proposal)
        .ok_or(AdminError::NoProposal)?;
    let body = Body::from_bytes(record.proposal.kind, &record.proposal.body);
    body.ok().flatten().ok_or(AdminError::NoProposal)
}

/// The open proposal of an invitation.
pub(super) fn proposed_invitation(
    roster: &Roster,
    now: Timestamp,
    invitation: &InvitationId,
) -> Option<u64> {
    let open = roster
        .proposals()
        .iter()
        .filter(|(_, record)| standing(record, now) == Standing::Open);
    let mut of = open.map(|(seq, _)| *seq).filter(
        |seq| matches!(inner(roster, *seq), Ok(Body::Invited(body)) if body.invitation == *invitation),
    );
    of.next()
}

/// Whether an entry has carried a proposal out. The countersigning entry is not kept beside it: the proposal's own
/// number names the act.
fn carried(draft: &Draft<'_>, proposal: u64) -> Result<bool, AdminError> {
    let record = draft
        .roster()
        .proposals()
        .get(&proposal)
        .ok_or(AdminError::NoProposal)?;
    match standing(record, draft.time()) {
        Standing::Carried => Ok(true),
        Standing::Open => Ok(false),
        Standing::Expired => Err(AdminError::ProposalExpired),
        Standing::Refused => Err(AdminError::NotOpen),
    }
}

/// Adds the countersignature, unless the proposal was carried out already.
pub(super) fn draft_countersign(
    draft: &mut Draft<'_>,
    proposal: u64,
) -> Result<Outcome, AdminError> {
    if carried(draft, proposal)? {
        return Ok(Outcome::Done { seq: proposal });
    }
    draft.add(Countersign { proposal })?;
    Ok(Outcome::Done { seq: draft.head() })
}

/// Agrees to another person's proposal: what it proposes happens. Devices that it excludes lose key and mailbox, and get
/// their orders, in the same operation. Again is no error.
///
/// # Errors
/// [`AdminError`].
pub async fn countersign(engine: &Arc<Engine>, proposal: u64) -> Result<Exclusion, AdminError> {
    engine.read_roster(REQUEST).await?;
    let body = engine.read(|_, context| Ok(inner(context.roster, proposal)))??;
    if exclude::excludes(&body) {
        return exclude::countersign(engine, proposal).await;
    }
    let outcome = append(engine, |draft| draft_countersign(draft, proposal)).await?;
    if let Body::DeviceApproved(approved) = &body {
        approve::hand_over(engine, approved.device).await?;
    }
    Ok(Exclusion {
        outcome,
        devices: Vec::<Excluded>::new(),
    })
}

/// Refuses a proposal or a request for a role, or takes one's own back. Again is no error.
///
/// # Errors
/// [`AdminError`].
pub async fn refuse(
    engine: &Arc<Engine>,
    proposal: u64,
    why: Option<&str>,
) -> Result<Outcome, AdminError> {
    let why = reason(why)?;
    act(engine, None, |draft| {
        let roster = draft.roster();
        let refused = Refused {
            proposal,
            reason: why.clone(),
        };
        if let Some(request) = roster.elevations().get(&proposal) {
            return match request.state {
                ElevationState::Refused => Ok(Step::Done(proposal)),
                ElevationState::Granted(_) => Err(AdminError::NotOpen),
                ElevationState::Open => Ok(refused.into()),
            };
        }
        let record = roster.proposals().get(&proposal);
        match record.ok_or(AdminError::NoProposal)?.state {
            ProposalState::Refused => Ok(Step::Done(proposal)),
            ProposalState::Carried => Err(AdminError::NotOpen),
            ProposalState::Open => Ok(refused.into()),
        }
    })
    .await
}

/// Whether this device could countersign, without anything leaving.
///
/// # Errors
/// [`AdminError`]: why not.
pub fn rehearse_countersign(engine: &Engine, proposal: u64) -> Result<(), AdminError> {
    rehearse(engine, |draft| draft_countersign(draft, proposal)).map(drop)
}
