//! The table of people that the personnel office exports, compared with the roster: who joins, who changed, who left, and
//! who stands in the roster with a number that the table does not know. The comparison is shown first; applying it again
//! changes nothing more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::append::{Draft, append};
use super::control::Outcome;
use super::invite::{Invitation, invite_many};
use super::plan::{Invite, Invitee};
use super::{AdminError, REQUEST, describe, exclude, grants};
use crate::base::{Owner, PersonId};
use crate::membership::Context;
use crate::roster::authorize::pack;
use crate::roster::kind::{ExternalId, PersonChanged, RoleGranted, RoleTerms, RoleWithdrawn};
use crate::roster::record::{PersonRecord, PersonState};
use crate::roster::{Name, Roster, Text, Unit};
use crate::sync::Engine;

redacted!(Difference, People, Applied);

/// The identifier's system where the caller names none: the heading of its column.
pub const STAFF_NUMBER: &str = "staff number";
/// People whose details change in one append: at most a details entry and a few roles each.
const CHUNK: usize = 4;

/// One person of the table.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Line {
    number: u64,
    id: ExternalId,
    name: Name,
    unit: Option<Unit>,
    /// Absent where the table has no such column.
    roles: Option<Vec<String>>,
    phone: Option<Option<Text<64>>>,
    leaves: bool,
}

/// What one person's line asks for.
#[derive(Clone, PartialEq, Eq)]
pub struct Difference {
    /// The line of the table; 0 where the person is not in it.
    pub line: u64,
    /// Who, where they are in the roster.
    pub person: Option<PersonId>,
    /// The number that names them.
    pub id: String,
    /// Their name.
    pub name: String,
    /// What is different, in words.
    pub what: Vec<String>,
}

/// The comparison of table and roster.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct People {
    /// Not in the roster: they are invited.
    pub joins: Vec<Difference>,
    /// They had left and are in the table again: they are invited under their old identity.
    pub returns: Vec<Difference>,
    /// Details or roles differ.
    pub changes: Vec<Difference>,
    /// The table says that they leave.
    pub leavers: Vec<Difference>,
    /// In the roster with such a number, and not in the table.
    pub orphans: Vec<Difference>,
    /// In the roster without such a number: the table cannot say anything about them.
    pub without_id: Vec<Difference>,
    /// The same here and there.
    pub unchanged: usize,
}

/// How a comparison is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Apply {
    /// How long the invitations are good.
    pub valid: Duration,
    /// They are shown face to face.
    pub in_person: bool,
    /// Orphans are let go too.
    pub orphans_leave: bool,
}

/// What applying came to.
pub struct Applied {
    /// The comparison before.
    pub before: People,
    /// Invitations that were made.
    pub invitations: Vec<Invitation>,
    /// Entries that stand in the log.
    pub done: usize,
    /// Proposals that wait for a second administrator.
    pub proposed: Vec<u64>,
    /// What is different now: nothing, or what waits.
    pub after: People,
}

/// Reads the table: `staff number, name, unit, roles, phone, action`, in any order; the last four may be absent.
pub(super) fn read(table: &str, system: &str) -> Result<Vec<Line>, AdminError> {
    let system = Text::new(system).map_err(|_| AdminError::Text("identifier's system"))?;
    let bad = |line, problem| AdminError::Table { line, problem };
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .flexible(false)
        .from_reader(table.trim_start_matches('\u{feff}').as_bytes());
    let head = reader.headers().map_err(|_| bad(1, "cannot be read"))?;
    let head = head.clone();
    let column = |name: &str| head.iter().position(|cell| cell.eq_ignore_ascii_case(name));
    let id = column(system.as_str()).or_else(|| column(STAFF_NUMBER));
    let (Some(id), Some(name)) = (id, column("name")) else {
        return Err(bad(1, "needs the columns staff number and name"));
    };
    let roles = column("roles").or_else(|| column("role"));
    let (unit, phone, action) = (column("unit"), column("phone"), column("action"));
    let mut lines: Vec<Line> = Vec::new();
    let mut seen = BTreeSet::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line);
            bad(
                line,
                "has another number of columns than the first, or is not text",
            )
        })?;
        let number = record.position().map_or(0, csv::Position::line);
        if record.iter().all(str::is_empty) {
            continue;
        }
        let cell = |at: Option<usize>| at.and_then(|at| record.get(at)).unwrap_or_default();
        let value =
            Text::new(cell(Some(id))).map_err(|_| bad(number, "has no usable staff number"))?;
        if !seen.insert(value.clone()) {
            return Err(bad(number, "repeats a staff number: one human has one"));
        }
        let optional = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let unit = optional(cell(unit)).map(Unit::new).transpose();
        let number_to_call = optional(cell(phone)).map(Text::new).transpose();
        lines.push(Line {
            number,
            id: ExternalId {
                system: system.clone(),
                value,
            },
            name: Name::new(cell(Some(name))).map_err(|_| bad(number, "has no usable name"))?,
            unit: unit.map_err(|_| bad(number, "has a unit that cannot be used"))?,
            roles: roles.map(|at| {
                let named = cell(Some(at)).split([';', '|']).map(str::trim);
                named
                    .filter(|role| !role.is_empty())
                    .map(str::to_owned)
                    .collect()
            }),
            phone: match phone {
                None => None,
                Some(_) => Some(
                    number_to_call.map_err(|_| bad(number, "has a number that cannot be used"))?,
                ),
            },
            leaves: match cell(action).to_lowercase().as_str() {
                "" | "join" | "stay" | "change" => false,
                "leave" | "left" | "leaves" => true,
                _ => return Err(bad(number, "has an action that is neither stay nor leave")),
            },
        });
    }
    if lines.is_empty() {
        return Err(bad(1, "is followed by nobody"));
    }
    Ok(lines)
}

/// Somebody of the roster by a number, whether or not they have left.
fn person_of<'a>(roster: &'a Roster, id: &ExternalId) -> Option<(PersonId, &'a PersonRecord)> {
    let present = roster.person_by_external(id);
    let found = present.or_else(|| {
        let had = |(_, record): &(&PersonId, &PersonRecord)| record.details.external.contains(id);
        roster
            .persons()
            .iter()
            .filter(|(_, record)| record.state.now() == Some(&PersonState::Left))
            .find(had)
            .map(|(id, _)| *id)
    })?;
    Some((found, roster.person(&found)?))
}

/// Roles that the table asks for, on the roster's terms.
fn wanted(roster: &Roster, line: &Line) -> Result<Option<Vec<RoleTerms>>, AdminError> {
    let Some(named) = &line.roles else {
        return Ok(None);
    };
    let mut wanted: Vec<RoleTerms> = Vec::with_capacity(named.len());
    for role in named {
        let (role, unit) = grants::named(roster, role).map_err(|_| AdminError::Table {
            line: line.number,
            problem: "names a role that does not exist",
        })?;
        let terms = RoleTerms {
            role,
            unit,
            from: None,
            until: None,
        };
        if !wanted.contains(&terms) {
            wanted.push(terms);
        }
    }
    Ok(Some(wanted))
}

/// What has to be entered so that the roster says what a line says. Roles for a while, and privileged ones that the table
/// does not name, stay: they are not the personnel office's.
fn entries(
    roster: &Roster,
    person: PersonId,
    record: &PersonRecord,
    line: &Line,
) -> Result<Vec<crate::roster::Body>, AdminError> {
    let mut entries = Vec::new();
    let mut details = record.details.clone();
    details.name = line.name.clone();
    details.unit.clone_from(&line.unit);
    if let Some(phone) = &line.phone {
        details.phone.clone_from(phone);
    }
    if details != record.details {
        entries.push(PersonChanged { person, details }.into());
    }
    let Some(wanted) = wanted(roster, line)? else {
        return Ok(entries);
    };
    let holder = Owner::Person(person);
    let lasting = |grant: &&crate::roster::record::Grant| {
        grants::live(grant) && grant.terms.until.is_none() && grant.terms.from.is_none()
    };
    let held: Vec<_> = record.grants.iter().filter(lasting).collect();
    for terms in &wanted {
        if held.iter().all(|grant| grant.terms != *terms) {
            let terms = terms.clone();
            entries.push(RoleGranted { holder, terms }.into());
        }
    }
    let view = roster.view()?;
    for grant in held {
        if !wanted.contains(&grant.terms) && !view.privileged_role(&grant.terms.role) {
            let grant = grant.id;
            entries.push(RoleWithdrawn { holder, grant }.into());
        }
    }
    Ok(entries)
}

pub(super) fn compare(context: &Context<'_>, lines: &[Line]) -> Result<People, AdminError> {
    let roster = context.roster;
    let mut people = People::default();
    let mut named = BTreeSet::new();
    for line in lines {
        let difference = |person, what| Difference {
            line: line.number,
            person,
            id: line.id.value.as_str().to_owned(),
            name: line.name.as_str().to_owned(),
            what,
        };
        wanted(roster, line)?;
        let found = person_of(roster, &line.id);
        named.extend(found.map(|(person, _)| person));
        match found {
            None if line.leaves => people.unchanged += 1,
            None => people.joins.push(difference(None, alike(roster, line))),
            Some((person, record)) => match (record.state.now(), line.leaves) {
                (Some(PersonState::Left), true) => people.unchanged += 1,
                (Some(PersonState::Left), false) => {
                    people.returns.push(difference(Some(person), Vec::new()));
                }
                (_, true) => people.leavers.push(difference(Some(person), Vec::new())),
                (_, false) => {
                    let entries = entries(roster, person, record, line)?;
                    let what = entries.iter().map(|body| describe::body(context, body));
                    let what: Vec<String> = what.collect();
                    if what.is_empty() {
                        people.unchanged += 1;
                    } else {
                        people.changes.push(difference(Some(person), what));
                    }
                }
            },
        }
    }
    let system = lines.first().map(|line| line.id.system.clone());
    for (person, record) in roster.persons() {
        if record.state.now() == Some(&PersonState::Left) || named.contains(person) {
            continue;
        }
        let number = record
            .details
            .external
            .iter()
            .find(|id| Some(&id.system) == system.as_ref());
        let difference = Difference {
            line: 0,
            person: Some(*person),
            id: number
                .map(|id| id.value.as_str().to_owned())
                .unwrap_or_default(),
            name: record.details.name.as_str().to_owned(),
            what: Vec::new(),
        };
        match number {
            Some(_) => people.orphans.push(difference),
            None => people.without_id.push(difference),
        }
    }
    Ok(people)
}

/// A warning where somebody of the same name has no number: they may be the same human, who must not get two identities.
fn alike(roster: &Roster, line: &Line) -> Vec<String> {
    let same = |record: &PersonRecord| {
        record.state.now() != Some(&PersonState::Left)
            && record.details.name == line.name
            && record
                .details
                .external
                .iter()
                .all(|id| id.system != line.id.system)
    };
    if roster.persons().values().any(same) {
        vec![
            "somebody of this name is in the roster without a number: is it the same human?"
                .to_owned(),
        ]
    } else {
        Vec::new()
    }
}

/// Compares a table with the roster as this device has it. Nothing leaves.
///
/// # Errors
/// [`AdminError::Table`] names the line.
pub fn compare_people(
    engine: &Engine,
    table: &str,
    system: Option<&str>,
) -> Result<People, AdminError> {
    let lines = read(table, system.unwrap_or(STAFF_NUMBER))?;
    engine.read(|_, context| Ok(compare(context, &lines)))?
}

/// Makes the roster say what the table says. Again is no error, and goes on after a failure.
///
/// # Errors
/// [`AdminError`].
pub async fn import_people(
    engine: &Arc<Engine>,
    table: &str,
    system: Option<&str>,
    how: Apply,
) -> Result<Applied, AdminError> {
    let lines = read(table, system.unwrap_or(STAFF_NUMBER))?;
    engine.read_roster(REQUEST).await?;
    let compared = || engine.read(|_, context| Ok(compare(context, &lines)));
    let before = compared()??;
    let by_line: BTreeMap<u64, &Line> = lines.iter().map(|line| (line.number, line)).collect();
    let line_of = |difference: &Difference| by_line.get(&difference.line).copied();
    let (mut done, mut proposed) = (0, Vec::new());

    let invites: Vec<Invite> = before
        .joins
        .iter()
        .filter_map(line_of)
        .map(|line| joining(line, how))
        .chain(before.returns.iter().filter_map(|difference| {
            let owner = Owner::Person(difference.person?);
            Some(asked(Invitee::NextDevice(owner), how))
        }))
        .collect();
    let mut invitations = Vec::new();
    if !invites.is_empty() {
        match invite_many(engine, &invites).await {
            Ok(made) => invitations = made,
            // The others were made, and are among the open invitations.
            Err(AdminError::Proposed(seq)) => proposed.push(seq),
            Err(error) => return Err(error),
        }
    }
    done += invitations.len();

    // Who is there now may lack what an invitation cannot say: a number to call, roles of the organisation's own.
    let staying: Vec<&Line> = lines.iter().filter(|line| !line.leaves).collect();
    for chunk in staying.chunks(CHUNK) {
        let outcomes = append(engine, |draft| change(draft, chunk)).await?;
        count(&outcomes, &mut done, &mut proposed);
    }
    let orphans = before.orphans.iter().filter(|_| how.orphans_leave);
    let gone: Vec<Owner> = before
        .leavers
        .iter()
        .chain(orphans)
        .filter_map(|difference| difference.person.map(Owner::Person))
        .collect();
    let outcomes = exclude::depart_many(engine, &gone).await?;
    count(&outcomes, &mut done, &mut proposed);
    Ok(Applied {
        before,
        invitations,
        done,
        proposed,
        after: compared()??,
    })
}

fn count(outcomes: &[Outcome], done: &mut usize, proposed: &mut Vec<u64>) {
    for outcome in outcomes {
        match outcome {
            Outcome::Done { .. } => *done += 1,
            Outcome::Proposed { seq } => proposed.push(*seq),
        }
    }
}

fn asked(invitee: Invitee, how: Apply) -> Invite {
    Invite {
        invitee,
        approval: false,
        valid: how.valid,
        in_person: how.in_person,
    }
}

/// The invitation of somebody new. Roles of the organisation's own follow once they are in the roster.
fn joining(line: &Line, how: Apply) -> Invite {
    let of_the_pack = |role: &&String| {
        let name = role.split_once('@').map_or(role.as_str(), |(name, _)| name);
        pack::by_name(name.trim()).is_some()
    };
    let roles = line.roles.iter().flatten().filter(of_the_pack);
    let invitee = Invitee::Person {
        name: line.name.as_str().to_owned(),
        unit: describe::unit(line.unit.as_ref()),
        roles: roles.cloned().collect(),
        external_ids: vec![(
            line.id.system.as_str().to_owned(),
            line.id.value.as_str().to_owned(),
        )],
    };
    asked(invitee, how)
}

pub(super) fn change(draft: &mut Draft<'_>, lines: &[&Line]) -> Result<Vec<Outcome>, AdminError> {
    let mut outcomes = Vec::new();
    for line in lines {
        let Some((person, record)) = person_of(draft.roster(), &line.id) else {
            continue;
        };
        if record.state.now() == Some(&PersonState::Left) {
            continue;
        }
        for body in entries(draft.roster(), person, record, line)? {
            outcomes.push(draft.act(body, None)?);
        }
    }
    Ok(outcomes)
}
