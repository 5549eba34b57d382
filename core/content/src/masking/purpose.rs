//! Why somebody sees what is masked: codes of the HL7 v3 value set PurposeOfUse, and words.

/// A purpose of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PurposeCode {
    /// Treatment.
    Treat,
    /// Emergency treatment.
    Etreat,
    /// Operation of the health care organisation.
    Hoperat,
    /// Break the glass.
    Btg,
}

impl PurposeCode {
    /// The code: `TREAT`, `ETREAT`, `HOPERAT` or `BTG`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Treat => "TREAT",
            Self::Etreat => "ETREAT",
            Self::Hoperat => "HOPERAT",
            Self::Btg => "BTG",
        }
    }

    /// Reads the code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Some(match code {
            "TREAT" => Self::Treat,
            "ETREAT" => Self::Etreat,
            "HOPERAT" => Self::Hoperat,
            "BTG" => Self::Btg,
            _ => return None,
        })
    }
}

/// Why a purpose was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PurposeError {
    /// No words, or fewer than three letters.
    #[error("a purpose needs a reason in words")]
    NoReason,
    /// More than 500 bytes.
    #[error("the reason is longer than 500 bytes")]
    TooLong,
}

/// A purpose with its reason; what was opened with it is recorded.
#[derive(Clone, PartialEq, Eq)]
pub struct Purpose {
    code: PurposeCode,
    reason: Option<String>,
}

impl std::fmt::Debug for Purpose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Purpose({})", self.code.as_str())
    }
}

impl Purpose {
    /// Opening a card that is addressed to oneself or to a duty one holds: treatment, without a dialogue.
    #[must_use]
    pub const fn addressed_to_me() -> Self {
        Self {
            code: PurposeCode::Treat,
            reason: None,
        }
    }

    /// Everybody else says why.
    ///
    /// # Errors
    /// [`PurposeError`] without words or with too many.
    pub fn new(code: PurposeCode, reason: &str) -> Result<Self, PurposeError> {
        let reason = reason.trim();
        if reason.chars().filter(|c| c.is_alphabetic()).count() < 3 {
            return Err(PurposeError::NoReason);
        }
        if reason.len() > 500 {
            return Err(PurposeError::TooLong);
        }
        Ok(Self {
            code,
            reason: Some(reason.to_owned()),
        })
    }

    /// The code.
    #[must_use]
    pub const fn code(&self) -> PurposeCode {
        self.code
    }

    /// The words, where somebody had to give some.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_purpose_without_words_is_refused() {
        assert_eq!(
            Purpose::new(PurposeCode::Btg, " . "),
            Err(PurposeError::NoReason)
        );
        assert_eq!(
            Purpose::new(PurposeCode::Btg, &"x".repeat(501)),
            Err(PurposeError::TooLong)
        );
        let purpose = Purpose::new(PurposeCode::Btg, " on call for the ward ").unwrap();
        assert_eq!(
            (purpose.code().as_str(), purpose.reason()),
            ("BTG", Some("on call for the ward"))
        );
        assert_eq!(
            PurposeCode::parse("TREAT"),
            Some(Purpose::addressed_to_me().code())
        );
    }
}
