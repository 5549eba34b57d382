//! Which result this is, across its versions.

use super::coding::Concept;
use super::patient::{Identifier, Patient};
use crate::hash::sha256_fields;
use crate::id::CardId;
use crate::moment::Moment;

/// Issuer, order number and, where one order has several reports of the same code, a sub-id. Together with the report's
/// code it names a result; corrections and repetitions of a message have the same identity.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ResultIdentity {
    /// Who issued the report (MSH-4, else MSH-3; the performer in FHIR).
    pub issuer: Option<String>,
    /// The order number of who placed the order (OBR-2).
    pub placer: Option<Identifier>,
    /// The order number of who filled it (OBR-3).
    pub filler: Option<Identifier>,
    /// The number of a report among those of the same order and code in one message, from the second on.
    pub sub_id: Option<String>,
}

impl std::fmt::Debug for ResultIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ResultIdentity(..)")
    }
}

impl ResultIdentity {
    /// The number that names the order: the filler's, else the placer's.
    #[must_use]
    pub fn order_number(&self) -> Option<&Identifier> {
        self.filler.as_ref().or(self.placer.as_ref())
    }

    /// The id of the result. A report without any order number is told apart by patient and collection time.
    pub(super) fn card_id(
        &self,
        patient: &Patient,
        effective: Option<&Moment>,
        code: &Concept,
    ) -> CardId {
        let (system, code) = code.key();
        let mut fields: Vec<&str> = vec![
            self.issuer.as_deref().unwrap_or_default(),
            system,
            code,
            self.sub_id.as_deref().unwrap_or_default(),
        ];
        match (&self.filler, &self.placer) {
            (Some(number), _) => fields.extend(["filler", number.authority_key(), &number.value]),
            (None, Some(number)) => {
                fields.extend(["placer", number.authority_key(), &number.value])
            }
            (None, None) => {
                fields.push("none");
                for identifier in &patient.identifiers {
                    fields.extend([identifier.authority_key(), &identifier.value]);
                }
                fields.push(effective.map(Moment::as_str).unwrap_or_default());
            }
        }
        let fields: Vec<&[u8]> = fields.into_iter().map(str::as_bytes).collect();
        let hash = sha256_fields("sotto card id", &fields);
        let mut id = [0; 16];
        id.copy_from_slice(&hash[..16]);
        CardId(id)
    }
}
