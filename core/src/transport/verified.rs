//! Answers that the relay signs, checked with the pinned key before anybody believes them.

use std::time::Duration;

use sotto_wire::info::{InfoRequest, RelayInfo};
use sotto_wire::op::{Info, SlotAdvance, Submit};
use sotto_wire::slot::{Advance, Advanced};
use sotto_wire::submit::{Queued, Submit as Submission};
use sotto_wire::{
    Bearer, Digest, IdempotencyId, RelayTime, Sealed, Sig, SignedTime, ToSign, signed,
};

use super::{Auth, Transport, TransportError};
use crate::base::{Signature, VerifyingKey, sha256};

fn check(key: &VerifyingKey, what: &ToSign, sig: &Sig) -> Result<(), TransportError> {
    key.verify_raw(&what.bytes(), &Signature::new(*sig.as_bytes()))
        .map_err(|_| TransportError::RelaySignature)
}

fn queued(
    key: &VerifyingKey,
    id: &IdempotencyId,
    payload: &Sealed,
    time: RelayTime,
    sig: &Sig,
) -> Result<(), TransportError> {
    let digest = Digest::new(*sha256(payload.as_bytes()).as_bytes());
    check(key, &signed::queued(id, &digest, time), sig)
}

/// Checks a signed time.
///
/// # Errors
/// [`TransportError::RelaySignature`].
pub(super) fn verify_time(key: &VerifyingKey, time: &SignedTime) -> Result<(), TransportError> {
    check(key, &signed::time(time.time), &time.sig)
}

impl Transport {
    /// Hands in one payload for many aliases; the answer is the relay's signed word that it is stored durably.
    ///
    /// # Errors
    /// [`TransportError`]; [`TransportError::RelaySignature`] where the word is not the pinned relay's.
    pub async fn submit(
        &self,
        bearer: &Bearer,
        request: &Submission,
        deadline: Duration,
    ) -> Result<Queued, TransportError> {
        let key = self.link().endpoint.signing_key;
        let answer = self
            .call::<Submit>(&Auth::Submit(bearer.clone()), request, deadline)
            .await?;
        queued(
            &key,
            &request.idempotency,
            &request.payload,
            answer.time,
            &answer.sig,
        )?;
        Ok(answer)
    }

    /// Opens the next epoch of a slot; the answer is signed as that of [`Transport::submit`], over the commit.
    ///
    /// # Errors
    /// [`TransportError`]; a lost race is the refusal `EpochConflict` with the current epoch.
    pub async fn advance(
        &self,
        bearer: &Bearer,
        request: &Advance,
        deadline: Duration,
    ) -> Result<Advanced, TransportError> {
        let key = self.link().endpoint.signing_key;
        let answer = self
            .call::<SlotAdvance>(&Auth::Submit(bearer.clone()), request, deadline)
            .await?;
        // Without a post the relay would have refused; an answer to that is no answer of the contract.
        let commit = request
            .body
            .posts
            .first()
            .ok_or(TransportError::Malformed)?;
        queued(
            &key,
            &request.body.idempotency,
            &commit.payload,
            answer.time,
            &answer.sig,
        )?;
        Ok(answer)
    }

    /// What the relay is. Refused where it names another signing key than the pinned one.
    ///
    /// # Errors
    /// [`TransportError`].
    pub async fn info(&self, deadline: Duration) -> Result<RelayInfo, TransportError> {
        let key = self.link().endpoint.signing_key;
        let info = self
            .call::<Info>(&Auth::None, &InfoRequest {}, deadline)
            .await?;
        if info.signing_key.as_bytes() != key.as_bytes() {
            return Err(TransportError::RelaySignature);
        }
        verify_time(&key, &info.time)?;
        Ok(info)
    }
}
