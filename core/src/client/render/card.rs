//! A result card as it is shown: the number first, the version's truth, and no identifier without a purpose.

use std::collections::{BTreeMap, BTreeSet};

use sotto_content::card::{Observation, ObservationStatus, ResultCard};
use sotto_content::masking::{PatientToken, Purpose, PurposeCode, Row, last_digits};
use sotto_content::mimi::{Meaning, MimiContent};
use sotto_content::readback::Prompt;
use sotto_content::statement::{Act, Signed, Statement};

use super::Renderer;
use crate::client::{CardView, MessageView, ObservationView, Unmask};
use crate::clinical::questions;
use crate::conversation::ConversationError;
use crate::roster::{Action, Actor, Relation, Scope};
use crate::store::table::card::CardRow;
use crate::store::table::message::{MessageRow, Presence};
use crate::timeline::{Standing, State, standing, withdrawn};

/// Digits shown of a record number where no more are needed to tell rows apart.
const DIGITS: usize = 4;

impl Renderer<'_> {
    pub(super) fn card(
        &self,
        row: &MessageRow,
        unmask: Option<&Unmask>,
    ) -> Result<Option<CardView>, ConversationError> {
        let Some(facts) = self.tx.card(row.id)? else {
            return Ok(None);
        };
        let Some(card) = card_of(row) else {
            return Ok(None);
        };
        let card = if facts.blanked { withdrawn(card) } else { card };
        let versions = self.tx.card_versions(&facts.identity, &facts.issuer)?;
        let current = versions
            .iter()
            .map(|v| v.version)
            .max()
            .unwrap_or(facts.version);
        let standing = standing(&facts, &versions);
        let purpose = self.purpose(row, unmask)?;
        let previous = self.previous(&facts, &versions)?;
        let token = self
            .tx
            .patient_token(&facts.patient)?
            .map(PatientToken::new)
            .map(|t| t.to_string());
        let token = token.unwrap_or_else(|| "—".to_owned());
        let unit = card
            .unit
            .as_ref()
            .map(sotto_content::card::Unit::label)
            .filter(|label| !label.is_empty());
        let name = card
            .patient
            .name
            .as_ref()
            .map(sotto_content::card::HumanName::label);
        // Nobody reads back what has been replaced, disputed or withdrawn.
        let asked = standing == Standing::Current && !facts.blanked;
        let prompts = questions(self.context, &facts, &card);
        let taken_back = self.withdrawn_later(&facts, &versions)?;
        let before = previous.filter(|_| !facts.blanked);
        let mut old = keyed(
            before
                .as_ref()
                .map_or(&[], |card| card.observations.as_slice()),
        );
        let mut observations: Vec<ObservationView> = keyed(&card.observations)
            .into_iter()
            .map(|(key, (at, observation))| {
                let prompt = prompts
                    .items
                    .iter()
                    .find(|item| asked && item.observation == at)
                    .map(|item| &item.prompt);
                let was = old.remove(&key).map(|(_, old)| old.value.text());
                view(at, observation, prompt, was, taken_back.contains(&key))
            })
            .collect();
        observations.sort_by_key(|view| view.number);
        observations.extend(removed(observations.len(), old.into_values()));
        Ok(Some(CardView {
            title: card.code.label().to_owned(),
            status: card.status.as_str().to_owned(),
            version: facts.version,
            current_version: current,
            disputed: standing == Standing::Disputed,
            digest: facts.digest.to_string(),
            critical: facts.critical,
            test: card.test,
            blanked: facts
                .blanked
                .then(|| "Withdrawn by the laboratory: it may belong to another patient. Do not act on it.".to_owned()),
            patient: match (&purpose, name) {
                (Some(_), Some(name)) => name,
                _ => token.clone(),
            },
            token,
            birth_date: purpose
                .as_ref()
                .and(card.patient.birth_date.as_ref())
                .map(ToString::to_string),
            identifiers: match &purpose {
                Some(_) => card
                    .patient
                    .identifiers
                    .iter()
                    .map(|id| (id.authority_key().to_owned(), id.value.clone()))
                    .collect(),
                None => Vec::new(),
            },
            unmasked: purpose.is_some(),
            collected: card.effective.as_ref().map(ToString::to_string),
            issued: card.issued.as_ref().map(ToString::to_string),
            orderer: card
                .orderers
                .first()
                .and_then(|c| c.name.as_ref())
                .map(sotto_content::card::HumanName::label),
            unit,
            observations,
            acknowledged_by: self.acknowledged_by(row)?,
        }))
    }

    /// Whether, and for what, identifiers may be shown now. Without a wish: no. With one: the role's right to view
    /// results and to unmask, and words, unless the card was sent to me.
    fn purpose(
        &self,
        row: &MessageRow,
        unmask: Option<&Unmask>,
    ) -> Result<Option<Purpose>, ConversationError> {
        let Some(unmask) = unmask else {
            return Ok(None);
        };
        let own = row.owner == self.context.me.owner.as_bytes();
        let scope = Scope::organisation().with(Relation::Addressed);
        let actor = Actor::device(self.context.me.device);
        let allowed = [Action::ViewResult, Action::Unmask]
            .into_iter()
            .all(|action| self.context.roster.may(actor, action, &scope).is_ok());
        if !own && !allowed {
            return Err(ConversationError::NotAllowed);
        }
        let code = PurposeCode::parse(&unmask.purpose).ok_or(ConversationError::Purpose)?;
        if code == PurposeCode::Treat && unmask.reason.trim().is_empty() && !own {
            return Ok(Some(Purpose::addressed_to_me()));
        }
        Purpose::new(code, &unmask.reason)
            .map(Some)
            .map_err(|_| ConversationError::Purpose)
    }

    /// The version before, where what it said may be shown.
    fn previous(
        &self,
        facts: &CardRow,
        versions: &[CardRow],
    ) -> Result<Option<ResultCard>, ConversationError> {
        let before = versions
            .iter()
            .filter(|v| v.version < facts.version)
            .max_by_key(|v| v.version);
        match before.filter(|before| !before.blanked) {
            Some(before) => Ok(self.tx.message(before.message)?.as_ref().and_then(card_of)),
            None => Ok(None),
        }
    }

    /// Observations of an older version that the newest has withdrawn.
    fn withdrawn_later(
        &self,
        facts: &CardRow,
        versions: &[CardRow],
    ) -> Result<BTreeSet<Key>, ConversationError> {
        let newest = versions
            .iter()
            .max_by_key(|v| v.version)
            .filter(|newest| newest.version > facts.version);
        let Some(newest) = newest else {
            return Ok(BTreeSet::new());
        };
        let card = self.tx.message(newest.message)?.as_ref().and_then(card_of);
        let observations = card.map(|card| card.observations).unwrap_or_default();
        let gone = keyed(&observations)
            .into_iter()
            .filter(|(_, (_, o))| o.status == ObservationStatus::EnteredInError);
        Ok(gone.map(|(key, _)| key).collect())
    }

    fn acknowledged_by(&self, row: &MessageRow) -> Result<Vec<String>, ConversationError> {
        let states = self.tx.message_states(row.id)?;
        let taken = states
            .iter()
            .filter(|s| s.state == State::Acknowledged.code());
        let mut names: Vec<String> = taken
            .filter_map(|s| s.device)
            .map(|device| self.device_owner_name(&device))
            .collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// Adds as many last digits to masked rows as make them differ, and unit and bed before.
    pub(super) fn tell_apart(
        &self,
        rows: &[MessageRow],
        views: &mut [MessageView],
    ) -> Result<(), ConversationError> {
        let mut masked = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            let shown = views[at].card.as_ref().filter(|card| !card.unmasked);
            let full = shown.and_then(|_| card_of(row));
            if let (Some(card), Some(full)) = (shown, full) {
                masked.push((at, card.token.clone(), card.unit.clone(), full.patient));
            }
        }
        let list: Vec<Row<'_>> = masked
            .iter()
            .map(|(_, token, _, patient)| Row {
                shown: token,
                patient,
            })
            .collect();
        let digits = last_digits(&list, DIGITS);
        for ((at, token, unit, _), digits) in masked.iter().zip(digits) {
            if let Some(card) = views[*at].card.as_mut() {
                let parts = [unit.clone().unwrap_or_default(), token.clone()];
                let mut label = parts
                    .into_iter()
                    .filter(|p| !p.is_empty())
                    .collect::<Vec<_>>()
                    .join(" · ");
                if !digits.is_empty() {
                    label = format!("{label} · …{digits}");
                }
                card.patient = label;
            }
        }
        Ok(())
    }

    pub(super) fn statement_text(&self, content: Option<&MimiContent>) -> String {
        let Some(content) = content else {
            return String::new();
        };
        let Meaning::Statement(bytes) = content.meaning() else {
            return String::new();
        };
        let Ok(signed) = Signed::<Statement>::decode(bytes) else {
            return String::new();
        };
        let body = signed.body;
        let name = body.act.name();
        let version = body.subject.version;
        match body.act {
            Act::Declined { reason } => format!("{name} (version {version}): {reason}"),
            _ => format!("{name} (version {version})"),
        }
    }
}

/// The card that a message carries, if its content is here.
pub(in crate::client) fn card_of(row: &MessageRow) -> Option<ResultCard> {
    let content = MimiContent::decode(&row.body)
        .ok()
        .filter(|_| row.presence == Presence::Here)?;
    match content.meaning() {
        Meaning::Card(bytes) => ResultCard::from_bytes(bytes).ok(),
        _ => None,
    }
}

/// What makes an observation the same across versions: code, sub-id, and its number among those that share both.
type Key = (String, String, Option<String>, usize);

fn keyed(observations: &[Observation]) -> BTreeMap<Key, (usize, &Observation)> {
    let mut keyed = BTreeMap::new();
    for (at, observation) in observations.iter().enumerate() {
        let (system, code) = observation.code.key();
        let mut key = (
            system.to_owned(),
            code.to_owned(),
            observation.sub_id.clone(),
            0,
        );
        while keyed.contains_key(&key) {
            key.3 += 1;
        }
        keyed.insert(key, (at, observation));
    }
    keyed
}

fn view(
    at: usize,
    observation: &Observation,
    prompt: Option<&Prompt>,
    was: Option<String>,
    taken_back: bool,
) -> ObservationView {
    // What was withdrawn may be another patient's: neither it nor what it replaced is repeated.
    let gone = taken_back || observation.status == ObservationStatus::EnteredInError;
    let shown = |text: String| if gone { String::new() } else { text };
    let ranges = observation
        .reference_ranges
        .iter()
        .map(sotto_content::card::ReferenceRange::label);
    ObservationView {
        number: at + 1,
        name: observation.code.label().to_owned(),
        value: shown(observation.value.text_without_unit()),
        unit: shown(observation.value.unit().unwrap_or_default().to_owned()),
        interpretation: if gone { Vec::new() } else { flags(observation) },
        reference: ranges.collect::<Vec<_>>().join("; "),
        status: if gone {
            ObservationStatus::EnteredInError
        } else {
            observation.status
        }
        .as_str()
        .to_owned(),
        critical: prompt.is_some() && !gone,
        previous: was.filter(|was| !gone && !was.is_empty() && *was != observation.value.text()),
        options: match prompt {
            Some(Prompt::Choose { options }) if !gone => options.clone(),
            _ => Vec::new(),
        },
        notes: if gone {
            Vec::new()
        } else {
            observation.notes.clone()
        },
    }
}

/// What the version before had and this one has not, after all that it has.
fn removed<'a>(
    after: usize,
    old: impl Iterator<Item = (usize, &'a Observation)>,
) -> Vec<ObservationView> {
    let mut old: Vec<_> = old
        .filter(|(_, observation)| observation.value.is_present())
        .collect();
    old.sort_unstable_by_key(|(at, _)| *at);
    old.into_iter()
        .zip(after + 1..)
        .map(|((_, observation), number)| ObservationView {
            number,
            name: observation.code.label().to_owned(),
            value: String::new(),
            unit: String::new(),
            interpretation: Vec::new(),
            reference: String::new(),
            status: "removed".to_owned(),
            critical: false,
            previous: Some(observation.value.text()),
            options: Vec::new(),
            notes: Vec::new(),
        })
        .collect()
}

fn flags(observation: &Observation) -> Vec<String> {
    observation
        .interpretation
        .iter()
        .map(|concept| concept.key().1.to_owned())
        .filter(|f| !f.is_empty())
        .collect()
}
