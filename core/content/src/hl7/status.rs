//! HL7 tables 0085 and 0123 in FHIR's codes: the one place where both standards' states meet.
//!
//! Where FHIR has no code for a state, the nearest that promises less is taken, never one that promises more.

use crate::card::{AbsentReason, ObservationStatus, ReportStatus};

/// OBX-11: the code, the status, and why there is no value where none was sent.
pub const TABLE_0085: &[(&str, ObservationStatus, AbsentReason)] = {
    use AbsentReason as A;
    use ObservationStatus as S;
    &[
        ("A", S::Amended, A::Unknown),         // amended
        ("B", S::Amended, A::Unknown),         // appended
        ("C", S::Corrected, A::Unknown),       // correction, replaces a final result
        ("D", S::EnteredInError, A::Error),    // deletes the observation
        ("F", S::Final, A::Unknown),           // final
        ("I", S::Registered, A::TempUnknown),  // specimen in laboratory, results pending
        ("N", S::Cancelled, A::NotAsked),      // not asked: affirmed that it was not sought
        ("O", S::Registered, A::TempUnknown),  // order detail only, no result
        ("P", S::Preliminary, A::TempUnknown), // preliminary
        ("R", S::Preliminary, A::TempUnknown), // entered, not verified
        ("S", S::Preliminary, A::TempUnknown), // partial
        ("U", S::Final, A::Unknown),           // status change to final, value sent before
        ("V", S::Final, A::Unknown),           // verified
        ("W", S::EnteredInError, A::Error),    // post original as wrong: another patient's
        ("X", S::Cancelled, A::NotPerformed),  // cannot be obtained
    ]
};

/// OBR-25.
pub const TABLE_0123: &[(&str, ReportStatus)] = {
    use ReportStatus as S;
    &[
        ("A", S::Partial),        // some results available
        ("C", S::Corrected),      // correction to results
        ("D", S::EnteredInError), // not in the table, sent by systems that use one list for OBR and OBX
        ("F", S::Final),          // final
        ("I", S::Registered),     // specimen received, procedure incomplete
        ("M", S::Corrected),      // corrected, not final
        ("N", S::Registered),     // procedure completed, results pending
        ("O", S::Registered),     // order received, specimen not yet
        ("P", S::Preliminary),    // preliminary
        ("R", S::Preliminary),    // stored, not yet verified
        ("S", S::Registered),     // scheduled, not done
        ("W", S::EnteredInError), // as D
        ("X", S::Cancelled),      // order cancelled
        ("Y", S::Unknown),        // no order on record
        ("Z", S::Unknown),        // no record of this patient
    ]
};

/// The status of an OBX-11 code.
pub(super) fn observation(code: &str) -> Option<(ObservationStatus, AbsentReason)> {
    TABLE_0085
        .iter()
        .find(|row| row.0 == code)
        .map(|row| (row.1, row.2))
}

/// The status of an OBR-25 code.
pub(super) fn report(code: &str) -> Option<ReportStatus> {
    TABLE_0123.iter().find(|row| row.0 == code).map(|row| row.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_both_tables_has_a_status_and_no_other_has() {
        let known = |table: &[&str], f: fn(&str) -> bool| {
            (b'A'..=b'Z')
                .map(|c| char::from(c).to_string())
                .filter(|c| f(c))
                .collect::<Vec<_>>()
                == table
        };
        assert!(known(
            &[
                "A", "B", "C", "D", "F", "I", "N", "O", "P", "R", "S", "U", "V", "W", "X"
            ],
            |code| observation(code).is_some()
        ));
        assert!(known(
            &[
                "A", "C", "D", "F", "I", "M", "N", "O", "P", "R", "S", "W", "X", "Y", "Z"
            ],
            |code| report(code).is_some()
        ));
        assert!(observation("").is_none() && observation("f").is_none() && report("CM").is_none());
    }

    #[test]
    fn wrong_patient_and_deleted_are_entered_in_error() {
        for code in ["W", "D"] {
            assert_eq!(
                observation(code),
                Some((ObservationStatus::EnteredInError, AbsentReason::Error))
            );
            assert_eq!(report(code), Some(ReportStatus::EnteredInError));
        }
    }
}
