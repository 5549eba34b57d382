//! Which version of a result stands, and who may give the next one: the sender of the first, and whoever reports
//! results for the same laboratory.

use sotto_content::card::{AbsentReason, ObservationStatus, ReportStatus, ResultCard, Value};

use crate::base::{Owner, RoleId};
use crate::membership::Context;
use crate::roster::record::GrantState;
use crate::roster::{Action, Roster, Unit, View};
use crate::store::table::card::CardRow;
use crate::store::{ReadTx, StoreError};

/// How one version stands among those of its result that this device knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The newest there is.
    Current,
    /// A newer one exists.
    Superseded,
    /// There are two newest ones that say different things: none of them is relied on until the sender sends another.
    Disputed,
}

/// How a version stands among `versions` of its line.
#[must_use]
pub fn standing(row: &CardRow, versions: &[CardRow]) -> Standing {
    if versions.iter().any(|other| other.version > row.version) {
        Standing::Superseded
    } else if versions
        .iter()
        .any(|other| other.version == row.version && other.digest != row.digest)
    {
        Standing::Disputed
    } else {
        Standing::Current
    }
}

impl Standing {
    /// The line that a version belongs to: those of one result of which only the newest stands. It is named after the
    /// owner whose card began it on this device, and is the `issuer` of its rows. `owner` sends `version` of
    /// `identity`, judged at the roster entry `judged_at`; the right to send results is the caller's to check.
    ///
    /// A line takes in whoever reports for a laboratory (a role that sends results and acknowledges no critical ones,
    /// in a named unit) for which everybody in the line has reported. Who sent a newer version than this one must
    /// report for it still. Everybody else's card begins a line of its own. `None`: its sender began the line, and has
    /// no part any more in what colleagues have said in it since.
    ///
    /// # Errors
    /// The store's.
    pub fn line(
        tx: &ReadTx<'_>,
        context: &Context<'_>,
        owner: Owner,
        judged_at: u64,
        identity: &[u8; 16],
        version: u32,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let claim = Claim {
            tx,
            context,
            owner,
            version,
            laboratories: context.roster.at(judged_at).map_or_else(Vec::new, |view| {
                laboratories(context.roster, owner, Some(view))
            }),
        };
        let own = owner.as_bytes().to_vec();
        let begun = tx.card_versions(identity, &own)?;
        if !begun.is_empty() {
            // What is newer than it came into the line by right.
            let older: Vec<_> = begun
                .into_iter()
                .filter(|row| row.version <= version)
                .collect();
            return Ok(claim.follows(&older)?.then_some(own));
        }
        let mut line: Option<(u32, Owner)> = None;
        for other in owners(context.roster).filter(|other| *other != owner) {
            if !claim.shares(other, false) {
                continue;
            }
            let rows = tx.card_versions(identity, other.as_bytes())?;
            let Some(newest) = rows.last() else {
                continue;
            };
            if claim.follows(&rows)? {
                line = line.max(Some((newest.version, other)));
            }
        }
        Ok(Some(
            line.map_or(own, |(_, began)| began.as_bytes().to_vec()),
        ))
    }
}

/// A version that asks to stand in a line.
struct Claim<'a> {
    tx: &'a ReadTx<'a>,
    context: &'a Context<'a>,
    owner: Owner,
    version: u32,
    laboratories: Vec<Laboratory>,
}

impl Claim<'_> {
    /// Whether it belongs to the line of these rows.
    fn follows(&self, rows: &[CardRow]) -> Result<bool, StoreError> {
        for row in rows {
            let sender = self.tx.message(row.message)?;
            let sender = sender.and_then(|row| Owner::from_parts(row.owner_kind, &row.owner));
            let newer = row.version > self.version;
            let may =
                sender.is_some_and(|sender| sender == self.owner || self.shares(sender, newer));
            if !may {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether somebody reports (`now`), or reported at any time, for a laboratory of this version's sender.
    fn shares(&self, other: Owner, now: bool) -> bool {
        if self.laboratories.is_empty() {
            return false;
        }
        let roster = self.context.roster;
        let view = match (now, roster.view()) {
            (true, Ok(view)) => Some(view),
            (true, Err(_)) => return false,
            (false, _) => None,
        };
        laboratories(roster, other, view)
            .iter()
            .any(|one| self.laboratories.contains(one))
    }
}

/// A reporting role in a unit.
type Laboratory = (RoleId, Unit);

/// For which laboratories an owner reports at `view`; without one, for which they ever did.
fn laboratories(roster: &Roster, owner: Owner, view: Option<View<'_>>) -> Vec<Laboratory> {
    let Ok(head) = roster.view() else {
        return Vec::new();
    };
    if view.is_some_and(|view| view.owner_acts(owner).is_err()) {
        return Vec::new();
    }
    let home = match owner {
        Owner::Person(id) => roster.person(&id).and_then(|one| one.details.unit.clone()),
        Owner::Place(id) => roster.place(&id).and_then(|one| one.details.unit.clone()),
    };
    let mut found = Vec::new();
    for grant in roster.grants_of(owner) {
        let counts = match view {
            Some(view) => {
                grant.state.at(view.seq()) == Some(&GrantState::Live) && grant.holds_at(view.time())
            }
            // What fell with a suspect device never counted.
            None => {
                grant.state.now() != Some(&GrantState::Suspended)
                    && grant.terms.from.is_none_or(|from| from <= head.time())
            }
        };
        let rules = view.unwrap_or(head);
        let role = grant.terms.role;
        let reports = rules.role_rule(&role, Action::SendResult).is_some()
            && rules
                .role_rule(&role, Action::AcknowledgeCritical)
                .is_none();
        if let (true, true, Some(unit)) = (
            counts,
            reports,
            grant.terms.unit.clone().or_else(|| home.clone()),
        ) {
            found.push((role, unit));
        }
    }
    found
}

/// Everybody who ever was in the roster.
fn owners(roster: &Roster) -> impl Iterator<Item = Owner> + '_ {
    let persons = roster.persons().keys().map(|id| Owner::Person(*id));
    persons.chain(roster.places().keys().map(|id| Owner::Place(*id)))
}

/// The card as it is shown, sent and exported once it is withdrawn: the same tests, and nothing of what was found.
#[must_use]
pub fn withdrawn(mut card: ResultCard) -> ResultCard {
    card.status = ReportStatus::EnteredInError;
    card.conclusion = None;
    card.conclusion_codes.clear();
    card.notes.clear();
    for observation in &mut card.observations {
        observation.status = ObservationStatus::EnteredInError;
        observation.critical_by_sender = false;
        observation.interpretation.clear();
        observation.notes.clear();
        if observation.value.is_present() {
            observation.value = Value::Absent(AbsentReason::Error);
        }
    }
    card
}
