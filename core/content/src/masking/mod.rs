//! What lists, notices and titles may show, and what it takes to see more.

mod digits;
mod purpose;
mod token;

pub use digits::{Row, last_digits};
pub use purpose::{Purpose, PurposeCode, PurposeError};
pub use token::PatientToken;

/// A value that is shown only for a purpose. There is no other way to it: no field, no `Deref`, no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Masked<T> {
    clear: T,
}

impl<T> Masked<T> {
    /// Masks a value.
    #[must_use]
    pub const fn new(clear: T) -> Self {
        Self { clear }
    }

    /// The value, for a purpose that the caller records.
    #[must_use]
    pub const fn reveal(&self, _purpose: &Purpose) -> &T {
        &self.clear
    }
}

impl<T> std::fmt::Debug for Masked<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Masked(..)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_masked_value_appears_only_for_a_purpose() {
        let name = Masked::new("CANARY".to_owned());
        assert_eq!(format!("{name:?}"), "Masked(..)");
        let purpose =
            Purpose::new(PurposeCode::Etreat, "found unconscious, no one on duty").unwrap();
        assert_eq!(name.reveal(&purpose), "CANARY");
    }
}
