//! Read-back: the receiver says again what was critical, and it is compared.
//!
//! Numbers are typed, because typing is reading; texts and codes are chosen among options, because nobody retypes a
//! culture. What was typed wrong is refused and recorded, and is never part of an error.

mod decoy;
mod number;

use crate::card::{HumanName, Identifier, ResultCard, Value};
use crate::hash::Choices;
use crate::moment::Moment;

/// How something is read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Typed, without the unit.
    Typed,
    /// Chosen among options.
    Chosen,
    /// Shown, and confirmed.
    Confirm,
}

/// What a unit asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// For numbers, ranges and ratios.
    pub numbers: Mode,
    /// For texts, codes and times; typed is not possible for them and means chosen.
    pub texts: Mode,
    /// How many identifiers of the patient have to be confirmed, beside the name that is shown.
    pub identifiers: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            numbers: Mode::Typed,
            texts: Mode::Chosen,
            identifiers: 1,
        }
    }
}

/// What the receiver is asked about one observation.
#[derive(Clone, PartialEq, Eq)]
pub enum Prompt {
    /// Type the number; the unit stands beside the field.
    Type {
        /// The unit, shown.
        unit: Option<String>,
    },
    /// Choose one of these.
    Choose {
        /// The options, the right one among them.
        options: Vec<String>,
    },
    /// Confirm what is shown.
    Confirm {
        /// The value with its unit.
        shown: String,
    },
}

/// What the receiver answers.
#[derive(Clone, PartialEq, Eq)]
pub enum Answer {
    /// What was typed.
    Typed(String),
    /// The option that was chosen.
    Chosen(String),
    /// Confirmed.
    Confirmed,
}

impl std::fmt::Debug for Prompt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Type { .. } => "Type(..)",
            Self::Choose { .. } => "Choose(..)",
            Self::Confirm { .. } => "Confirm(..)",
        })
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answer(..)")
    }
}

/// One observation to read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its place in the card.
    pub observation: usize,
    /// What it is called.
    pub label: String,
    /// What is asked.
    pub prompt: Prompt,
}

/// The read-back of one version of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadBack {
    /// The observations, one for each that is critical.
    pub items: Vec<Item>,
    /// How many identifiers have to be confirmed.
    pub identifiers: usize,
}

/// Which identifier was confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentifierKind {
    /// The name.
    Name,
    /// The birth date.
    BirthDate,
    /// A number with its assigning authority.
    Number,
}

/// Why a read-back was refused. What was typed is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadBackError {
    /// Another value than the card's.
    #[error("the value of observation {observation} was not read back as reported")]
    Mismatch {
        /// Its place in the card.
        observation: usize,
    },
    /// Not a number, or with a unit or a thousands separator.
    #[error("the read-back of observation {observation} is not a plain number")]
    Unreadable {
        /// Its place in the card.
        observation: usize,
    },
    /// Confirmed where it had to be typed, and the like.
    #[error("observation {observation} has to be read back in another way")]
    OtherWay {
        /// Its place in the card.
        observation: usize,
    },
    /// A critical observation without an answer.
    #[error("observation {observation} was not read back")]
    NotReadBack {
        /// Its place in the card.
        observation: usize,
    },
    /// An answer for an observation that is not critical.
    #[error("observation {observation} is not one that has to be read back")]
    NotAsked {
        /// The place that was named.
        observation: usize,
    },
    /// An identifier that is not the patient's.
    #[error("an identifier is not that of the patient on the card")]
    WrongIdentifier,
    /// Fewer identifiers than the policy asks for.
    #[error("fewer identifiers of the patient were confirmed than the unit asks for")]
    TooFewIdentifiers,
}

impl ReadBackError {
    /// Whether it is a mismatch to be recorded and told to the sender, rather than an unfinished form.
    #[must_use]
    pub const fn is_mismatch(&self) -> bool {
        matches!(self, Self::Mismatch { .. } | Self::WrongIdentifier)
    }
}

/// What was read back rightly; only [`ReadBack::check`] makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    observations: Vec<usize>,
    identifiers: Vec<IdentifierKind>,
}

impl Confirmed {
    /// The observations read back.
    #[must_use]
    pub fn observations(&self) -> &[usize] {
        &self.observations
    }

    /// The identifiers confirmed, each kind once.
    #[must_use]
    pub fn identifiers(&self) -> &[IdentifierKind] {
        &self.identifiers
    }
}

impl ReadBack {
    /// The questions for a card. The same card and seed give the same options, so that reopening a form teaches
    /// nothing; the options that are wrong are made up from the right one and a fixed vocabulary.
    #[must_use]
    pub fn of(card: &ResultCard, policy: &Policy, seed: &[u8; 32]) -> Self {
        let items = card.critical().into_iter().map(|at| {
            let observation = &card.observations[at];
            Item {
                observation: at,
                label: observation.code.label().to_owned(),
                prompt: prompt(&observation.value, policy, seed, at),
            }
        });
        Self {
            items: items.collect(),
            identifiers: policy.identifiers,
        }
    }

    /// Checks all answers, and the identifiers the receiver confirmed.
    ///
    /// # Errors
    /// The first [`ReadBackError`]; a mismatch is found before an omission.
    pub fn check(
        &self,
        card: &ResultCard,
        answers: &[(usize, Answer)],
        identifiers: &[&str],
    ) -> Result<Confirmed, ReadBackError> {
        for (observation, answer) in answers {
            let observation = *observation;
            let asked = self
                .items
                .iter()
                .find(|item| item.observation == observation);
            let item = asked.ok_or(ReadBackError::NotAsked { observation })?;
            item.check(card, answer)?;
        }
        let mut confirmed: Vec<IdentifierKind> = Vec::new();
        let mut numbers = 0;
        for entered in identifiers {
            let kind = identifier(card, entered).ok_or(ReadBackError::WrongIdentifier)?;
            numbers += usize::from(kind != IdentifierKind::Name);
            if !confirmed.contains(&kind) {
                confirmed.push(kind);
            }
        }
        for item in &self.items {
            if !answers
                .iter()
                .any(|(observation, _)| *observation == item.observation)
            {
                return Err(ReadBackError::NotReadBack {
                    observation: item.observation,
                });
            }
        }
        if numbers < self.identifiers {
            return Err(ReadBackError::TooFewIdentifiers);
        }
        confirmed.sort_unstable();
        let observations = self.items.iter().map(|item| item.observation).collect();
        Ok(Confirmed {
            observations,
            identifiers: confirmed,
        })
    }
}

impl Item {
    /// Checks one answer.
    ///
    /// # Errors
    /// [`ReadBackError::Mismatch`], [`ReadBackError::Unreadable`] or [`ReadBackError::OtherWay`].
    pub fn check(&self, card: &ResultCard, answer: &Answer) -> Result<(), ReadBackError> {
        let observation = self.observation;
        let value = card
            .observations
            .get(observation)
            .map(|observation| &observation.value);
        let value = value.ok_or(ReadBackError::NotAsked { observation })?;
        let right = match (&self.prompt, answer) {
            (Prompt::Type { .. }, Answer::Typed(text)) => match number::matches(value, text) {
                Some(right) => right,
                None => return Err(ReadBackError::Unreadable { observation }),
            },
            // Who types an option has chosen it too.
            (Prompt::Choose { options }, Answer::Chosen(text) | Answer::Typed(text)) => {
                let plain = |text: &str| {
                    text.split_whitespace()
                        .collect::<Vec<_>>()
                        .join(" ")
                        .to_lowercase()
                };
                if !options.iter().any(|option| plain(option) == plain(text)) {
                    return Err(ReadBackError::OtherWay { observation });
                }
                plain(&decoy::shown(value)) == plain(text)
            }
            (Prompt::Confirm { .. }, Answer::Confirmed) => true,
            _ => return Err(ReadBackError::OtherWay { observation }),
        };
        if right {
            Ok(())
        } else {
            Err(ReadBackError::Mismatch { observation })
        }
    }
}

fn prompt(value: &Value, policy: &Policy, seed: &[u8; 32], at: usize) -> Prompt {
    let numeric = matches!(
        value,
        Value::Quantity(_) | Value::Range { .. } | Value::Ratio { .. }
    );
    match if numeric {
        policy.numbers
    } else {
        policy.texts
    } {
        Mode::Typed if numeric => Prompt::Type {
            unit: value.unit().map(str::to_owned),
        },
        Mode::Confirm => Prompt::Confirm {
            shown: value.text(),
        },
        Mode::Typed | Mode::Chosen => {
            let mut choices = Choices::new(seed, &format!("read-back {at}"));
            Prompt::Choose {
                options: decoy::options(value, &mut choices),
            }
        }
    }
}

/// Which identifier of the card's patient a person entered.
fn identifier(card: &ResultCard, entered: &str) -> Option<IdentifierKind> {
    let patient = &card.patient;
    let plain = |text: &str| {
        text.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_uppercase)
            .collect::<String>()
    };
    let wanted = plain(entered);
    if wanted.is_empty() {
        return None;
    }
    let numbers = patient
        .identifiers
        .iter()
        .filter(|number| Identifier::has_authority(number));
    if numbers
        .into_iter()
        .any(|number| plain(&number.value) == wanted)
    {
        return Some(IdentifierKind::Number);
    }
    let born = patient
        .birth_date
        .as_ref()
        .filter(|date| Moment::has_day(date));
    if born.is_some_and(|date| same_date(date.as_str(), entered)) {
        return Some(IdentifierKind::BirthDate);
    }
    let name = patient.name.as_ref().filter(|name| !name.is_empty())?;
    let typed = HumanName::words(entered);
    let short = name
        .given
        .first()
        .zip(name.family.as_ref())
        .map(|(given, family)| format!("{given} {family}"));
    let full = HumanName::words(&name.label());
    (typed == full || short.is_some_and(|short| typed == HumanName::words(&short)))
        .then_some(IdentifierKind::Name)
}

/// ISO order, or day first with points, as dates are written by hand without being ambiguous.
fn same_date(iso: &str, entered: &str) -> bool {
    let entered = entered.trim();
    let mut fields: Vec<&str> = entered.split('.').map(str::trim).collect();
    if fields.len() == 3 {
        fields.reverse();
        return matches!(fields[..], [year, month, day] if format!("{year:0>4}-{month:0>2}-{day:0>2}") == iso);
    }
    let digits: String = iso.chars().filter(char::is_ascii_digit).collect();
    entered == iso || entered == digits || entered.replace('/', "-") == iso
}

#[cfg(test)]
mod tests;
