//! Orders that were refused, kept beside the stub: what somebody tried belongs before those who look after the
//! organisation. The first few are kept; a flood changes nothing.

use std::fmt;
use std::path::Path;

use minicbor::{Decode, Encode};

use super::WipeError;
use super::error::while_doing;
use crate::base::{Timestamp, codec, sha256};
use crate::roster::OrderRefusal;
use crate::vault::file;

/// Name of the file.
pub(super) const EVIDENCE: &str = "stub.refused";
/// How many are kept.
const KEPT: usize = 4;
/// Room for so many orders of the largest size.
const LIMIT: u64 = 1 << 20;

/// Why an order was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It was not sealed for this device's channel.
    #[error("the order is not sealed for this device")]
    Seal,
    /// What it holds does not prove that it may be obeyed.
    #[error(transparent)]
    Proof(#[from] OrderRefusal),
}

/// An order that was refused.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Evidence {
    /// When it was first seen, by this device's clock.
    #[n(0)]
    pub seen: Timestamp,
    /// Why it was refused, in words.
    #[n(1)]
    pub reason: String,
    /// As the relay served it.
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    pub sealed: Vec<u8>,
}

impl fmt::Debug for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Evidence(..)")
    }
}

/// The refused orders of a folder, oldest first. A file that cannot be read is none.
///
/// # Errors
/// [`WipeError::Io`].
pub fn evidence(home: &Path) -> Result<Vec<Evidence>, WipeError> {
    let bytes = file::read(&home.join(EVIDENCE), LIMIT)
        .map_err(while_doing("reading the refused orders"))?;
    Ok(bytes
        .and_then(|bytes| codec::decode(&bytes).ok())
        .unwrap_or_default())
}

/// Keeps a refused order; the same one only once.
pub(super) fn keep(
    home: &Path,
    sealed: &[u8],
    refusal: &Refusal,
    seen: Timestamp,
) -> Result<(), WipeError> {
    let mut kept = evidence(home)?;
    let digest = sha256(sealed);
    if kept.len() >= KEPT || kept.iter().any(|one| sha256(&one.sealed) == digest) {
        return Ok(());
    }
    kept.push(Evidence {
        seen,
        reason: refusal.to_string(),
        sealed: sealed.to_vec(),
    });
    file::replace(home, EVIDENCE, &codec::encode(&kept))
        .map_err(while_doing("keeping a refused order"))
}
