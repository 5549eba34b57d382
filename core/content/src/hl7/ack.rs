//! The answer to a message: AA, AE or AR.

use super::{Header, Message};
use crate::refusal::{Cause, Refusal};

/// What an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AckCode {
    /// Accepted.
    Accept,
    /// Understood as a result, but with an error in it.
    Error,
    /// Not for this receiver at all: another type of message or another version.
    Reject,
}

impl AckCode {
    /// `AA`, `AE` or `AR` (table 0008).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "AA",
            Self::Error => "AE",
            Self::Reject => "AR",
        }
    }
}

impl Message {
    /// Which answer the message deserves.
    #[must_use]
    pub fn ack_code(&self) -> AckCode {
        match &self.outcome {
            Ok(_) => AckCode::Accept,
            Err(refusal) => match refusal.cause {
                Cause::NotAResult(_) | Cause::Version => AckCode::Reject,
                _ if refusal.at.starts_with("MSH") => AckCode::Reject,
                _ => AckCode::Error,
            },
        }
    }
}

/// The answer to `header` with segments ended by CR, as MLLP and files carry it. `refusal` is what stood against the
/// message, if anything did; `control_id` names the answer itself and `time` is an HL7 time stamp, both handed in.
/// The answer names places and causes, never content. A file without a readable MSH is answered to `Header::default()`.
#[must_use]
pub fn acknowledge(
    header: &Header,
    code: AckCode,
    refusal: Option<&Refusal>,
    control_id: &str,
    time: &str,
) -> String {
    let separators = header.separators;
    let f = separators.field.to_string();
    let c = separators.component;
    let version = if header.version.is_empty() {
        "2.5.1"
    } else {
        &header.version
    };
    let modern = modern(version);
    let message_type = match (header.message_type.split_once('^'), modern) {
        (Some((_, trigger)), true) => format!("ACK{c}{}{c}ACK", safe(trigger)),
        (Some((_, trigger)), false) => format!("ACK{c}{}", safe(trigger)),
        (None, _) => "ACK".to_owned(),
    };
    let processing_id = match header.processing_id.as_str() {
        "" => "P".to_owned(),
        sent => safe(sent),
    };
    let msh = [
        &format!("MSH{f}{}", separators.encoding_characters()),
        &header.receiving_application,
        &header.receiving_facility,
        &header.sending_application,
        &header.sending_facility,
        &safe(time),
        "",
        &message_type,
        &safe(control_id),
        &processing_id,
        &safe(version),
    ]
    .map(one_line)
    .join(&f);
    let control_id = one_line(&escaped(&header.control_id, header));
    let mut out = format!("{msh}\rMSA{f}{}{f}{control_id}\r", code.as_str());
    if let Some(refusal) = refusal {
        let (number, words) = condition(&refusal.cause);
        let (segment, sequence, field) = place(&refusal.at);
        if modern {
            let location = format!("{segment}{c}{sequence}{c}{field}");
            out.push_str(&format!(
                "ERR{f}{f}{location}{f}{number}{c}{words}{c}HL70357{f}E\r"
            ));
        } else {
            // ELD, before 2.5: the code is a component of the location.
            let s = separators.subcomponent.unwrap_or('&');
            out.push_str(&format!(
                "ERR{f}{segment}{c}{sequence}{c}{field}{c}{number}{s}{words}{s}HL70357\r"
            ));
        }
    }
    out
}

/// From 2.5 on ERR has a location and a code of its own.
fn modern(version: &str) -> bool {
    let minor = version
        .strip_prefix("2.")
        .and_then(|rest| rest.split('.').next());
    minor
        .and_then(|minor| minor.parse::<u32>().ok())
        .is_some_and(|minor| minor >= 5)
}

/// Table 0357.
fn condition(cause: &Cause) -> (u16, &'static str) {
    match cause {
        Cause::Missing => (101, "Required field missing"),
        Cause::Expected(_) | Cause::NotA(_) => (102, "Data type error"),
        Cause::UnknownCode(_) => (103, "Table value not found"),
        Cause::NotAResult(_) => (200, "Unsupported message type"),
        Cause::Version => (203, "Unsupported version id"),
        Cause::TooLarge(_) | Cause::TooDeep | Cause::AnotherPatient => {
            (207, "Application internal error")
        }
    }
}

/// `OBX[3]-5` as segment, sequence and field.
fn place(at: &str) -> (String, String, String) {
    let (segment, field) = at.split_once('-').unwrap_or((at, ""));
    let (name, sequence) = match segment.split_once('[') {
        Some((name, rest)) => (name, rest.trim_end_matches(']')),
        None => (segment, "1"),
    };
    (safe(name), safe(sequence), safe(field))
}

/// Letters, digits and a few signs that never need an escape.
fn safe(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '_'))
        .take(64)
        .collect()
}

fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

fn escaped(text: &str, header: &Header) -> String {
    let separators = &header.separators;
    let Some(escape) = separators.escape else {
        return text.to_owned();
    };
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        let name = match sign {
            _ if sign == separators.field => 'F',
            _ if sign == separators.component => 'S',
            _ if sign == separators.repetition => 'R',
            _ if Some(sign) == separators.subcomponent => 'T',
            _ if sign == escape => 'E',
            _ => {
                out.push(sign);
                continue;
            }
        };
        out.extend([escape, name, escape]);
    }
    out
}
