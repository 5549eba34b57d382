//! Answers beside a dropped file: HL7's own acknowledgement comes from core; here is the one for everything else, and
//! a look at the code of the former.

use serde_json::json;
use sotto_core::ErrorKind;

use crate::failure::Failure;

/// An answer and, for HL7, its acknowledgement code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) bytes: Vec<u8>,
    pub(crate) code: Option<String>,
}

impl Answer {
    pub(crate) fn hl7(bytes: Vec<u8>) -> Self {
        let code = acknowledgement_code(&bytes);
        Self { bytes, code }
    }

    /// FHIR R4 OperationOutcome, in JSON.
    pub(crate) fn outcome(outcome: Result<(), &Failure>) -> Self {
        let issue = match outcome {
            Ok(()) => json!({
                "severity": "information",
                "code": "informational",
                "details": { "text": "Stored for sending." },
            }),
            Err(failure) => json!({
                "severity": "error",
                "code": issue_type(failure.kind()),
                "details": { "text": failure.to_string() },
                "diagnostics": failure.code(),
            }),
        };
        let outcome = json!({ "resourceType": "OperationOutcome", "issue": [issue] });
        Self {
            bytes: format!("{outcome}\n").into_bytes(),
            code: None,
        }
    }
}

/// <https://hl7.org/fhir/R4/valueset-issue-type.html>
const fn issue_type(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::BadInput | ErrorKind::Usage => "invalid",
        ErrorKind::Refused => "business-rule",
        ErrorKind::NotFound => "not-found",
        ErrorKind::Locked => "lock-error",
        ErrorKind::Network => "transient",
        ErrorKind::Internal => "exception",
    }
}

/// MSA-1 of an HL7 v2 acknowledgement: AA, AE or AR.
fn acknowledgement_code(message: &[u8]) -> Option<String> {
    let segment = message
        .split(|byte| matches!(byte, b'\r' | b'\n'))
        .find(|segment| segment.starts_with(b"MSA"))?;
    let separator = *segment.get(3)?;
    let code = segment.get(4..)?.split(|byte| *byte == separator).next()?;
    String::from_utf8(code.to_vec())
        .ok()
        .filter(|code| code.len() == 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_an_acknowledgement_is_read_with_its_own_separator() {
        assert_eq!(
            acknowledgement_code(b"MSH|^~\\&|\rMSA|AE|77|x\r").as_deref(),
            Some("AE")
        );
        assert_eq!(
            acknowledgement_code(b"MSH#^~\\&#\nMSA#AA#77").as_deref(),
            Some("AA")
        );
        for odd in [b"".as_slice(), b"MSH|", b"MSA", b"MSA|", b"MSA|ACCEPT|1"] {
            assert_eq!(acknowledgement_code(odd), None);
        }
    }

    #[test]
    fn what_is_not_hl7_is_answered_as_an_operation_outcome() {
        let good: serde_json::Value =
            serde_json::from_slice(&Answer::outcome(Ok(())).bytes).unwrap();
        assert_eq!(good["issue"][0]["severity"], "information");
        let failure = Failure::bad_input("result.malformed", "Bundle.entry[0] is not understood");
        let bad: serde_json::Value =
            serde_json::from_slice(&Answer::outcome(Err(&failure)).bytes).unwrap();
        assert_eq!(bad["resourceType"], "OperationOutcome");
        assert_eq!(bad["issue"][0]["code"], "invalid");
        assert_eq!(bad["issue"][0]["diagnostics"], "result.malformed");
    }
}
