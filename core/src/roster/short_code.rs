//! Codes that two humans compare.

use super::kind::{DeviceDetails, DeviceEnrolled};
use super::words::Words;
use super::{Roster, RosterError};
use crate::base::digest::sha256_parts;
use crate::base::{DeviceId, Digest, OrganisationId, PersonId, VerifyingKey, codec};

/// Compared when a pending device is approved: 4 words, or 12 digits, from the invitation's key and the device's.
///
/// Whoever wants another device to show the same code must find keys for it. So the code is made with Argon2id
/// (19 MiB, 2 passes): 40 bits at that price are out of reach within an invitation's life.
#[derive(Clone, PartialEq, Eq)]
pub struct ShortCode(Digest);

impl ShortCode {
    /// The code of a claim.
    ///
    /// # Errors
    /// [`RosterError::Cost`] where there is no memory for it.
    pub fn of(
        organisation: &OrganisationId,
        invitation_key: &VerifyingKey,
        claim: &DeviceEnrolled,
    ) -> Result<Self, RosterError> {
        let input = [
            organisation.as_bytes().as_slice(),
            claim.invitation.as_bytes(),
            invitation_key.as_bytes(),
            &codec::encode(&claim.details),
        ]
        .concat();
        let params =
            argon2::Params::new(19 * 1024, 2, 1, Some(32)).map_err(|_| RosterError::Cost)?;
        let argon =
            argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
        let mut out = [0u8; 32];
        argon
            .hash_password_into(&input, b"sotto short code", &mut out)
            .map_err(|_| RosterError::Cost)?;
        Ok(Self(Digest::new(out)))
    }
    /// Four words, 44 bits.
    #[must_use]
    pub fn words(&self) -> String {
        Words::<4>::from_bits(self.0.as_bytes()).reveal()
    }
    /// Twelve digits in groups of four, 40 bits.
    #[must_use]
    pub fn digits(&self) -> String {
        digits(self.0.as_bytes(), 3, 4)
    }
}

impl std::fmt::Debug for ShortCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ShortCode(..)")
    }
}

/// Compared by two persons who want to know that their rosters agree about a device or a person: 30 digits, 100 bits.
#[derive(Clone, PartialEq, Eq)]
pub struct SafetyCode(Digest);

fn keys(details: &DeviceDetails) -> Vec<u8> {
    [
        details.device.as_bytes().as_slice(),
        details.signature_key.as_bytes(),
        details.sealing_key.as_bytes(),
    ]
    .concat()
}

impl SafetyCode {
    /// Six groups of five digits.
    #[must_use]
    pub fn digits(&self) -> String {
        digits(self.0.as_bytes(), 6, 5)
    }
}

impl std::fmt::Debug for SafetyCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SafetyCode(..)")
    }
}

impl Roster {
    /// The safety code of one device; `None` where it is unknown.
    #[must_use]
    pub fn device_safety_code(&self, device: &DeviceId) -> Option<SafetyCode> {
        let record = self.devices.get(device)?;
        let organisation = self.anchor.organisation;
        Some(SafetyCode(sha256_parts(&[
            b"sotto/device code\0",
            organisation.as_bytes(),
            &keys(&record.details),
        ])))
    }
    /// The safety code of a person: over all devices of theirs that count, so a new one changes it.
    #[must_use]
    pub fn person_safety_code(&self, person: &PersonId) -> Option<SafetyCode> {
        let view = self.view().ok()?;
        let mut devices = self.persons.get(person)?.devices.clone();
        devices.retain(|device| view.confirmed(*device).is_ok());
        devices.sort_unstable();
        let mut input = [
            b"sotto/person code\0".as_slice(),
            self.anchor.organisation.as_bytes(),
        ]
        .concat();
        input.extend_from_slice(person.as_bytes());
        for record in devices.iter().filter_map(|device| self.devices.get(device)) {
            input.extend_from_slice(&keys(&record.details));
        }
        Some(SafetyCode(sha256_parts(&[&input])))
    }
}

/// Decimal groups, each from eight bytes of the digest expanded per group.
fn digits(digest: &[u8; 32], groups: u8, width: usize) -> String {
    let modulus = 10u64.pow(u32::try_from(width).unwrap_or(0));
    let group = |n: u8| {
        let hash = sha256_parts(&[b"sotto/digits\0", digest, &[n]]);
        let number = hash
            .as_bytes()
            .iter()
            .take(8)
            .fold(0u64, |acc, byte| acc << 8 | u64::from(*byte));
        format!("{:0width$}", number % modulus)
    };
    (0..groups).map(group).collect::<Vec<_>>().join(" ")
}
