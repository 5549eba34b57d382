//! The organisation's rules: shown in words, and changed by typing `name=value`.

use std::sync::Arc;
use std::time::Duration;

use super::control::{Outcome, Step, act, reason};
use super::{AdminError, describe};
use crate::roster::kind::policy::Shape;
use crate::roster::kind::{Policy, RulesAdopted, Setting, Value};
use crate::roster::{FORMAT, Roster, Text, Unit};
use crate::sync::Engine;

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name, as it is typed.
    pub name: String,
    /// Its value, as it is typed.
    pub value: String,
    /// The rule in words.
    pub words: String,
    /// What it may say.
    pub bounds: String,
    /// Nothing was set: the default holds.
    pub default: bool,
}

/// The rules in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Counts changes of the policy.
    pub version: u32,
    /// Version of the table of rights by which the log is judged.
    pub format: u16,
    /// The newest that this release knows: above `format`, it can be adopted.
    pub newest_format: u16,
    /// Every rule, in order of its number.
    pub rules: Vec<Rule>,
}

/// The rules in force, in words.
///
/// # Errors
/// [`AdminError`].
pub fn policy(engine: &Engine) -> Result<Rules, AdminError> {
    Ok(engine.read(|_, context| {
        let policy = context.roster.policy()?;
        let rule = |(setting, words): (Setting, String)| Rule {
            name: name_of(setting),
            value: value_of(policy, setting),
            words,
            bounds: bounds(setting),
            default: policy.value(setting).is_none(),
        };
        Ok(Rules {
            version: policy.version,
            format: context.roster.rules(),
            newest_format: FORMAT,
            rules: policy.in_words().into_iter().map(rule).collect(),
        })
    })?)
}

/// Changes rules, all or none: `idle-lock=10 min`, `two-administrators=wipe device, change policy`,
/// `read-back=5W: 1, LAB: 0`, `export=default`. Nothing different is no error.
///
/// # Errors
/// [`AdminError::Policy`] says in words which text is none, or what a rule may say.
pub async fn set_policy(
    engine: &Arc<Engine>,
    changes: &[String],
    why: Option<&str>,
) -> Result<Outcome, AdminError> {
    let parsed = changes.iter().map(|text| parse(text));
    let parsed = parsed.collect::<Result<Vec<_>, _>>()?;
    act(engine, reason(why)?, |draft| {
        let roster = draft.roster();
        let (before, since) = (roster.policy()?, roster.organisation()?.policy.since());
        let mut after = before.clone();
        for (setting, value) in &parsed {
            match value {
                Some(value) => after.settings.insert(setting.code(), value.clone()),
                None => after.settings.remove(&setting.code()),
            };
        }
        if after == *before {
            return Ok(Step::Done(since));
        }
        after.version = before.version.saturating_add(1);
        after.check().map_err(outside)?;
        Ok(after.into())
    })
    .await
}

/// Judges the log from here on by the newest rules that this release knows. Where they are in force already, that is it.
///
/// # Errors
/// [`AdminError`].
pub async fn adopt_rules(engine: &Arc<Engine>) -> Result<Outcome, AdminError> {
    act(engine, None, |draft| {
        if draft.roster().rules() >= FORMAT {
            return Ok(Step::Done(0));
        }
        Ok(RulesAdopted { rules: FORMAT }.into())
    })
    .await
}

/// What a policy changes, in words.
pub(super) fn changes(roster: &Roster, after: &Policy) -> String {
    let Ok(before) = roster.policy() else {
        return "set the rules".to_owned();
    };
    let changed: Vec<String> = Setting::ALL
        .iter()
        .filter(|setting| before.value(**setting) != after.value(**setting))
        .map(|setting| after.sentence(*setting))
        .collect();
    if changed.is_empty() {
        "change rules that this release does not know".to_owned()
    } else {
        format!("change the rules: {}", changed.join(" "))
    }
}

/// The name under which a setting is typed: `idle-lock`.
fn name_of(setting: Setting) -> String {
    let mut name = String::new();
    for letter in format!("{setting:?}").chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

fn by_name(name: &str) -> Option<Setting> {
    let plain = name.trim().to_lowercase().replace(['_', ' '], "-");
    let mut all = Setting::ALL.iter().copied();
    all.find(|setting| name_of(*setting) == plain)
}

const SPANS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];

/// A duration as it can be typed again: `72 h`.
fn span(seconds: u64) -> String {
    let (length, unit) = SPANS
        .iter()
        .find(|(length, _)| seconds >= *length && seconds.is_multiple_of(*length))
        .copied()
        .unwrap_or((1, "s"));
    format!("{} {unit}", seconds / length)
}

/// Reads `72 h`, `10 min`, `30 days`, or plain seconds.
fn seconds(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let number: u64 = text.get(..digits)?.parse().ok()?;
    let length = match text.get(digits..)?.trim().to_lowercase().as_str() {
        "" | "s" | "second" | "seconds" => 1,
        "m" | "min" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3_600,
        "d" | "day" | "days" => 86_400,
        "y" | "year" | "years" => 365 * 86_400,
        _ => return None,
    };
    number.checked_mul(length)
}

/// Reads a plain number, a size (`20 MiB`), or yes and no.
fn number(text: &str) -> Option<u64> {
    let text = text.trim().to_lowercase();
    match text.as_str() {
        "yes" | "on" => return Some(1),
        "no" | "off" => return Some(0),
        _ => {}
    }
    let (digits, factor) = match text.strip_suffix("mib").or_else(|| text.strip_suffix("mb")) {
        Some(digits) => (digits, 1 << 20),
        None => match text.strip_suffix("kib").or_else(|| text.strip_suffix("kb")) {
            Some(digits) => (digits, 1 << 10),
            None => (text.as_str(), 1),
        },
    };
    digits.trim().parse::<u64>().ok()?.checked_mul(factor)
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

fn outside(setting: Setting) -> AdminError {
    AdminError::Policy(format!("{}: {}", name_of(setting), bounds(setting)))
}

/// What a setting may say, in words.
fn bounds(setting: Setting) -> String {
    match setting.shape() {
        Shape::Seconds(low, high) => {
            let order = if setting == Setting::LeaseErase {
                ", and longer than lease-lock"
            } else {
                ""
            };
            format!("a time from {} to {}{order}", span(low), span(high))
        }
        Shape::Range(0, 1) => "yes or no".to_owned(),
        Shape::Range(low, high) => format!("a number from {low} to {high}"),
        Shape::Steps(most, low, high) => format!(
            "at most {most} times from {} to {}, separated by commas",
            span(low),
            span(high)
        ),
        Shape::Acts => "names of permissions, separated by commas; empty for none".to_owned(),
        Shape::Words(most) => format!("at most {most} texts, separated by commas; empty for all"),
        Shape::PerUnit(high) => {
            format!("a number from 0 to {high}, or one per unit: `5W: 1, LAB: 0`")
        }
    }
}

/// Reads `name=value`; no value for `default`.
fn parse(text: &str) -> Result<(Setting, Option<Value>), AdminError> {
    let unknown = |what: &str| AdminError::Policy(format!("there is no rule named {what}"));
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| AdminError::Policy("a change is typed as name=value".to_owned()))?;
    let setting = by_name(name).ok_or_else(|| unknown(name.trim()))?;
    if value.trim().eq_ignore_ascii_case("default") {
        return Ok((setting, None));
    }
    let read = value_from(setting, value).filter(|value| setting.takes(value));
    match read {
        Some(value) => Ok((setting, Some(value))),
        None => Err(outside(setting)),
    }
}

fn value_from(setting: Setting, text: &str) -> Option<Value> {
    match setting.shape() {
        Shape::Seconds(..) => seconds(text).map(Value::Number),
        Shape::Range(..) => number(text).map(Value::Number),
        Shape::Steps(..) => {
            let steps = parts(text).map(seconds);
            steps.collect::<Option<Vec<u64>>>().map(Value::Numbers)
        }
        Shape::Acts => {
            let acts = parts(text).map(|name| Some(u64::from(describe::action(name)?.code())));
            let mut codes = acts.collect::<Option<Vec<u64>>>()?;
            codes.sort_unstable();
            codes.dedup();
            Some(Value::Numbers(codes))
        }
        Shape::Words(_) => {
            let words = parts(text).map(|word| Text::new(word).ok());
            words.collect::<Option<Vec<_>>>().map(Value::Words)
        }
        Shape::PerUnit(_) if !text.contains(':') => number(text).map(Value::Number),
        Shape::PerUnit(_) => {
            let units = parts(text).map(|part| {
                let (unit, value) = part.split_once(':')?;
                Some((Unit::new(unit.trim()).ok()?, number(value)?))
            });
            let mut units = units.collect::<Option<Vec<_>>>()?;
            units.sort();
            Some(Value::PerUnit(units))
        }
    }
}

/// A setting's value in force, as it can be typed again.
fn value_of(policy: &Policy, setting: Setting) -> String {
    let join = |parts: Vec<String>| parts.join(", ");
    match (setting.shape(), policy.value(setting)) {
        (Shape::Acts, _) => {
            let acts = policy.two_administrators();
            join(acts.iter().map(|act| act.name().to_owned()).collect())
        }
        (Shape::Steps(..), _) => {
            let steps = policy.escalation_steps();
            join(steps.iter().map(Duration::as_secs).map(span).collect())
        }
        (_, Some(Value::PerUnit(units))) => join(
            units
                .iter()
                .map(|(unit, number)| format!("{}: {number}", unit.as_str()))
                .collect(),
        ),
        (_, Some(Value::Words(words))) => {
            join(words.iter().map(|word| word.as_str().to_owned()).collect())
        }
        (Shape::Words(_), _) => String::new(),
        (Shape::Seconds(..), _) => span(policy.number(setting)),
        (Shape::Range(0, 1), _) => if policy.flag(setting) { "yes" } else { "no" }.to_owned(),
        _ => policy.number(setting).to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_typed_again() {
        let policy = Policy::founding()
            .with(
                Setting::ReadBack,
                Value::PerUnit(vec![(Unit::new("5W").unwrap(), 1)]),
            )
            .with(Setting::IdleLock, Value::Number(90))
            .with(Setting::EscalationSteps, Value::Numbers(vec![60, 3_600]));
        for setting in Setting::ALL {
            let typed = format!("{}={}", name_of(*setting), value_of(&policy, *setting));
            let (read, value) = parse(&typed).unwrap_or_else(|error| panic!("{typed}: {error}"));
            assert_eq!(read, *setting, "{typed}");
            let value = value.unwrap();
            let again = Policy::silent().with(*setting, value);
            assert_eq!(
                value_of(&again, *setting),
                value_of(&policy, *setting),
                "{typed}"
            );
        }
    }

    #[test]
    fn what_a_rule_may_say_is_told_where_a_text_says_something_else() {
        for (typed, words) in [
            ("idle-lock=2 s", "idle-lock: a time from 10 s to 1 h"),
            ("idle lock=soon", "idle-lock: a time from 10 s to 1 h"),
            ("export=2", "export: yes or no"),
            ("wipe-cap=-1", "wipe-cap: a number from 0 to 100"),
            ("colour=red", "there is no rule named colour"),
            ("export", "a change is typed as name=value"),
            (
                "two-administrators=fly",
                "two-administrators: names of permissions, separated by commas; empty for none",
            ),
        ] {
            assert_eq!(parse(typed).unwrap_err().to_string(), words, "{typed}");
        }
        let wipe = u64::from(crate::roster::Action::WipeDevice.code());
        for (typed, value) in [
            ("Idle_Lock = 10 min", Some(Value::Number(600))),
            ("attachment-size=20 MiB", Some(Value::Number(20 << 20))),
            ("export=on", Some(Value::Number(1))),
            ("export=default", None),
            (
                "two-administrators=Wipe-Device",
                Some(Value::Numbers(vec![wipe])),
            ),
        ] {
            assert_eq!(parse(typed).unwrap().1, value, "{typed}");
        }
    }
}
