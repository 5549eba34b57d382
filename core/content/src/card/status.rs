//! How far a report or an observation is, in FHIR's codes.

macro_rules! statuses {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// FHIR's code.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// Reads FHIR's code.
            #[must_use]
            pub fn parse(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

statuses! {
    /// DiagnosticReport.status: all ten codes of FHIR R4.
    ReportStatus {
        /// Known, nothing reported yet.
        Registered = "registered",
        /// Some results are in.
        Partial = "partial",
        /// Verified early results.
        Preliminary = "preliminary",
        /// Complete and verified.
        Final = "final",
        /// Changed after it was final.
        Amended = "amended",
        /// Changed to put right an error.
        Corrected = "corrected",
        /// Added to, nothing changed.
        Appended = "appended",
        /// Will not be done.
        Cancelled = "cancelled",
        /// Withdrawn: it should never have been there.
        EnteredInError = "entered-in-error",
        /// Not known to the sender.
        Unknown = "unknown",
    }
}

statuses! {
    /// Observation.status: all eight codes of FHIR R4.
    ObservationStatus {
        /// Known, no value yet.
        Registered = "registered",
        /// An early value.
        Preliminary = "preliminary",
        /// Complete and verified.
        Final = "final",
        /// Changed after it was final.
        Amended = "amended",
        /// Changed to put right an error.
        Corrected = "corrected",
        /// Will not be done.
        Cancelled = "cancelled",
        /// Withdrawn, among other reasons because it is another patient's.
        EnteredInError = "entered-in-error",
        /// Not known to the sender.
        Unknown = "unknown",
    }
}

impl ReportStatus {
    /// Whether it says that something given out before was changed.
    #[must_use]
    pub const fn changes_what_was_said(self) -> bool {
        matches!(
            self,
            Self::Amended | Self::Corrected | Self::Appended | Self::EnteredInError
        )
    }
}

impl ObservationStatus {
    /// Whether it says that something given out before was changed.
    #[must_use]
    pub const fn changes_what_was_said(self) -> bool {
        matches!(self, Self::Amended | Self::Corrected | Self::EnteredInError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ten_and_all_eight_codes_read_back() {
        assert_eq!(
            (ReportStatus::ALL.len(), ObservationStatus::ALL.len()),
            (10, 8)
        );
        for status in ReportStatus::ALL {
            assert_eq!(ReportStatus::parse(status.as_str()), Some(*status));
        }
        for status in ObservationStatus::ALL {
            assert_eq!(ObservationStatus::parse(status.as_str()), Some(*status));
        }
        assert_eq!(ReportStatus::parse("Final"), None);
    }
}
