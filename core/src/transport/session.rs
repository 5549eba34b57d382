//! A session of the own mailbox: a challenge, a signature by the mailbox key, and the generation compared and set. Which
//! generation the store holds and when the next one is written is the caller's business.

use std::time::Duration;

use sotto_wire::op::{SessionChallenge, SessionStart};
use sotto_wire::session::{Challenge, Start};
use sotto_wire::{Bearer, Generation, MailboxId, RelayTime, Sig, signed};
use tokio::time::timeout;

use super::{Auth, NetworkError, Transport, TransportError};
use crate::base::SigningKey;

/// A started session. It ends the earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Proves the mailbox from now on.
    pub token: Bearer,
    /// Life of the token from now.
    pub expires_in: Duration,
    /// Another socket of this mailbox was open: two stores may be in use.
    pub other_live: bool,
    /// The relay's time now; not signed.
    pub time: RelayTime,
}

impl Session {
    /// The proof of this session.
    #[must_use]
    pub fn auth(&self) -> Auth {
        Auth::Session(self.token.clone())
    }
}

/// Starts a session: if the relay holds generation `expect` it becomes `next`; if it already is `next`, because an
/// answer was lost, that is a success too.
///
/// # Errors
/// [`TransportError`]; the refusal `GenerationConflict` says that this store was copied or restored.
pub async fn start(
    transport: &Transport,
    key: &SigningKey,
    mailbox: MailboxId,
    expect: Generation,
    next: Generation,
    deadline: Duration,
) -> Result<Session, TransportError> {
    let both = async {
        let tenant = transport.link().endpoint.tenant;
        let asked = transport
            .call::<SessionChallenge>(&Auth::None, &Challenge { mailbox }, deadline)
            .await?;
        let bytes = signed::session(&asked.nonce, &tenant, &mailbox, &expect, &next).bytes();
        let sig = Sig::new(*key.sign_raw(&bytes).as_bytes());
        let request = Start {
            mailbox,
            nonce: asked.nonce,
            expect,
            next,
            sig,
        };
        let started = transport
            .call::<SessionStart>(&Auth::None, &request, deadline)
            .await?;
        Ok(Session {
            token: started.token,
            expires_in: Duration::from_secs(u64::from(started.expires_in_s)),
            other_live: started.other_live,
            time: started.time,
        })
    };
    timeout(deadline, both)
        .await
        .map_err(|_| NetworkError::Timeout)?
}
