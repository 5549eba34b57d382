//! A result card as it is shown: the number first, the version's truth, and no identifier without a purpose.

use sotto_content::card::{Observation, ResultCard};
use sotto_content::masking::{PatientToken, Purpose, PurposeCode, Row, last_digits};
use sotto_content::mimi::MimiContent;
use sotto_content::readback::Prompt;
use sotto_content::statement::{Act, Signed, Statement};

use super::Renderer;
use crate::client::{CardView, MessageView, ObservationView, Unmask};
use crate::clinical::{questions, send::stored_card};
use crate::conversation::ConversationError;
use crate::roster::{Action, Actor, Relation, Scope};
use crate::store::table::card::CardRow;
use crate::store::table::message::{MessageRow, Presence};
use crate::timeline::State;

/// Digits shown of a record number where no more are needed to tell rows apart.
const DIGITS: usize = 4;

impl Renderer<'_> {
    pub(super) fn card(
        &self,
        row: &MessageRow,
        unmask: Option<&Unmask>,
    ) -> Result<Option<CardView>, ConversationError> {
        let Some(facts) = self.tx.card(row.id)? else { return Ok(None) };
        let card = stored_card(self.tx, row.id).ok().flatten();
        let Some(card) = card.filter(|_| row.presence == Presence::Here) else { return Ok(None) };
        let versions = self.tx.card_versions(&facts.identity, &facts.issuer)?;
        let current = versions.iter().map(|v| v.version).max().unwrap_or(facts.version);
        let purpose = self.purpose(&facts, unmask)?;
        let previous = self.previous(&facts, &versions);
        let token = self.tx.patient_token(&facts.patient)?.map(PatientToken::new).map(|t| t.to_string());
        let token = token.unwrap_or_else(|| "—".to_owned());
        let unit = card.unit.as_ref().map(sotto_content::card::Unit::label).filter(|label| !label.is_empty());
        let name = card.patient.name.as_ref().map(sotto_content::card::HumanName::label);
        let prompts = questions(self.context, &facts, &card);
        let observations = card
            .observations
            .iter()
            .enumerate()
            .map(|(at, observation)| {
                let before = previous.as_ref().and_then(|old| same_observation(old, observation));
                // Nobody reads back what has been replaced or withdrawn.
                let asked = current == facts.version && !facts.blanked;
                let prompt = prompts.items.iter().find(|item| asked && item.observation == at).map(|item| &item.prompt);
                view(at, observation, before, prompt, facts.blanked)
            })
            .collect();
        Ok(Some(CardView {
            title: card.code.label().to_owned(),
            status: card.status.as_str().to_owned(),
            version: facts.version,
            current_version: current,
            digest: facts.digest.to_string(),
            critical: facts.critical,
            test: card.test,
            blanked: facts.blanked.then(|| {
                "Withdrawn by the laboratory: it may belong to another patient. Do not act on it.".to_owned()
            }),
            patient: match (&purpose, name) {
                (Some(_), Some(name)) => name,
                _ => token.clone(),
            },
            token,
            birth_date: purpose.as_ref().and(card.patient.birth_date.as_ref()).map(ToString::to_string),
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
            orderer: card.orderers.first().and_then(|c| c.name.as_ref()).map(sotto_content::card::HumanName::label),
            unit,
            observations,
            acknowledged_by: self.acknowledged_by(row)?,
        }))
    }

    /// Whether, and for what, identifiers may be shown now. Without a wish: no. With one: the role's right, and words,
    /// unless the card was sent to me.
    fn purpose(&self, facts: &CardRow, unmask: Option<&Unmask>) -> Result<Option<Purpose>, ConversationError> {
        let Some(unmask) = unmask else { return Ok(None) };
        let own = facts.issuer == self.context.me.owner.as_bytes();
        let scope = Scope::organisation().with(Relation::Addressed);
        let actor = Actor::device(self.context.me.device);
        let allowed = self.context.roster.may(actor, Action::Unmask, &scope).is_ok();
        if !own && !allowed {
            return Err(ConversationError::NotAllowed);
        }
        let code = PurposeCode::parse(&unmask.purpose).ok_or(ConversationError::Purpose)?;
        if code == PurposeCode::Treat && unmask.reason.trim().is_empty() && !own {
            return Ok(Some(Purpose::addressed_to_me()));
        }
        Purpose::new(code, &unmask.reason).map(Some).map_err(|_| ConversationError::Purpose)
    }

    fn previous(&self, facts: &CardRow, versions: &[CardRow]) -> Option<ResultCard> {
        let before = versions.iter().filter(|v| v.version < facts.version).max_by_key(|v| v.version)?;
        stored_card(self.tx, before.message).ok().flatten()
    }

    fn acknowledged_by(&self, row: &MessageRow) -> Result<Vec<String>, ConversationError> {
        let states = self.tx.message_states(row.id)?;
        let taken = states.iter().filter(|s| s.state == State::Acknowledged.code());
        let mut names: Vec<String> =
            taken.filter_map(|s| s.device).map(|device| self.device_owner_name(&device)).collect();
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
            let full = shown.and_then(|_| stored_card(self.tx, row.id).ok().flatten());
            if let (Some(card), Some(full)) = (shown, full) {
                masked.push((at, card.token.clone(), card.unit.clone(), full.patient));
            }
        }
        let list: Vec<Row<'_>> =
            masked.iter().map(|(_, token, _, patient)| Row { shown: token, patient }).collect();
        let digits = last_digits(&list, DIGITS);
        for ((at, token, unit, _), digits) in masked.iter().zip(digits) {
            if let Some(card) = views[*at].card.as_mut() {
                let parts = [unit.clone().unwrap_or_default(), token.clone()];
                let mut label = parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" · ");
                if !digits.is_empty() {
                    label = format!("{label} · …{digits}");
                }
                card.patient = label;
            }
        }
        Ok(())
    }

    pub(super) fn statement_text(&self, content: Option<&MimiContent>) -> String {
        let Some(content) = content else { return String::new() };
        let sotto_content::mimi::Meaning::Statement(bytes) = content.meaning() else { return String::new() };
        let Ok(signed) = Signed::<Statement>::decode(bytes) else { return String::new() };
        let body = signed.body;
        let name = body.act.name();
        let version = body.subject.version;
        match body.act {
            Act::Declined { reason } => format!("{name} (version {version}): {reason}"),
            _ => format!("{name} (version {version})"),
        }
    }
}

fn same_observation<'a>(old: &'a ResultCard, new: &Observation) -> Option<&'a Observation> {
    old.observations.iter().find(|o| o.code.key() == new.code.key() && o.sub_id == new.sub_id)
}

fn view(
    at: usize,
    observation: &Observation,
    before: Option<&Observation>,
    prompt: Option<&Prompt>,
    blanked: bool,
) -> ObservationView {
    let value = if blanked { String::new() } else { observation.value.text_without_unit() };
    let unit = observation.value.unit().unwrap_or_default().to_owned();
    let previous = before
        .map(|old| old.value.text())
        .filter(|old| !old.is_empty() && *old != observation.value.text());
    ObservationView {
        number: at + 1,
        name: observation.code.label().to_owned(),
        value,
        unit: if blanked { String::new() } else { unit },
        interpretation: if blanked { Vec::new() } else { flags(observation) },
        reference: observation
            .reference_ranges
            .iter()
            .map(sotto_content::card::ReferenceRange::label)
            .collect::<Vec<_>>()
            .join("; "),
        status: observation.status.as_str().to_owned(),
        critical: prompt.is_some(),
        previous,
        options: match prompt {
            Some(Prompt::Choose { options }) => options.clone(),
            _ => Vec::new(),
        },
        notes: observation.notes.clone(),
    }
}

fn flags(observation: &Observation) -> Vec<String> {
    observation.interpretation.iter().map(|concept| concept.key().1.to_owned()).filter(|f| !f.is_empty()).collect()
}
