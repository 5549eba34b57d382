//! A new root key. The old one, the new one and the administrators sign it: two of them, where there are two. Who is not
//! at this device agrees by a text that goes to and fro by any channel; it is no secret, and good for a week.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use minicbor::{Decode, Encode};

use super::append::{Draft, append};
use super::recover::own_root;
use super::{AdminError, REQUEST};
use crate::base::{Digest, OrganisationId, SigningKey, VerifyingKey, codec};
use crate::membership::Context;
use crate::roster::founding::{NextRoot, sealing_digest};
use crate::roster::kind::{Approval, RootRotated};
use crate::roster::state::root_fingerprint;
use crate::roster::{Action, Actor, FORMAT, Junk, Roster, RosterError, Scope, root_seal};
use crate::sync::Engine;

redacted!(Request, Consent);

const REQUEST_PREFIX: &str = "sotto-root-request:";
const CONSENT_PREFIX: &str = "sotto-root-consent:";
/// Longest text that is looked at.
const MAX_TEXT: usize = 1_024;

/// What somebody is asked to agree to.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Request {
    #[n(0)]
    organisation: OrganisationId,
    /// The entry that the consent follows, and its hash.
    #[n(1)]
    follows: u64,
    #[n(2)]
    hash: Digest,
    #[n(3)]
    root: VerifyingKey,
    #[n(4)]
    sealing: Digest,
}

/// Somebody's consent.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Consent {
    #[n(0)]
    follows: u64,
    #[n(1)]
    root: VerifyingKey,
    #[n(2)]
    approval: Approval,
}

fn to_text(prefix: &str, bytes: &[u8]) -> String {
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))
}

fn parse<T: for<'b> Decode<'b, ()> + Encode<()>>(
    prefix: &str,
    text: &str,
) -> Result<T, AdminError> {
    let text = text.trim();
    let bytes = text
        .strip_prefix(prefix)
        .filter(|_| text.len() <= MAX_TEXT)
        .and_then(|code| URL_SAFE_NO_PAD.decode(code).ok())
        .ok_or(AdminError::RootToken)?;
    codec::decode(&bytes).map_err(|_| AdminError::RootToken)
}

impl Request {
    /// As text.
    #[must_use]
    pub fn to_text(&self) -> String {
        to_text(REQUEST_PREFIX, &codec::encode(self))
    }
    /// Reads the text. White space around it does not matter.
    ///
    /// # Errors
    /// [`AdminError::RootToken`].
    pub fn parse(text: &str) -> Result<Self, AdminError> {
        parse(REQUEST_PREFIX, text)
    }
    /// The new root key's fingerprint, to be compared.
    #[must_use]
    pub fn fingerprint(&self) -> Digest {
        root_fingerprint(&self.root)
    }
    const fn next(&self) -> NextRoot {
        NextRoot {
            follows: self.hash,
            root: self.root,
            sealing: Some(self.sealing),
        }
    }
}

impl Consent {
    /// As text.
    #[must_use]
    pub fn to_text(&self) -> String {
        to_text(CONSENT_PREFIX, &codec::encode(self))
    }
    /// Reads the text. White space around it does not matter.
    ///
    /// # Errors
    /// [`AdminError::RootToken`].
    pub fn parse(text: &str) -> Result<Self, AdminError> {
        parse(CONSENT_PREFIX, text)
    }
}

/// What a rotation came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotated {
    /// The new root key is in force.
    Done,
    /// Another administrator must agree to this first.
    NeedsConsent(Request),
}

/// Whether a device may agree to a new root key.
fn may_agree(roster: &Roster, draft: &Draft<'_>) -> bool {
    let actor = Actor::device(draft.me.device);
    roster
        .may(actor, Action::GrantPrivilegedRole, &Scope::organisation())
        .is_ok()
}

/// Adds the entry, unless the new key is in force, or says who else is needed.
pub(super) fn draft_rotate(
    draft: &mut Draft<'_>,
    old: &SigningKey,
    new: &SigningKey,
    consents: &[Consent],
) -> Result<Rotated, AdminError> {
    let roster = draft.roster();
    let root = new.verifying_key();
    if roster.organisation()?.root == root {
        return Ok(Rotated::Done);
    }
    own_root(roster, old)?;
    if roster.rules() < FORMAT {
        return Err(AdminError::NotAdopted);
    }
    let head = roster.head().ok_or(RosterError::NotFounded)?;
    let follows = consents.first().map_or(head.seq, |consent| consent.follows);
    let hash = roster.hash_at(follows).ok_or(AdminError::RootToken)?;
    let request = Request {
        organisation: roster.anchor().organisation,
        follows,
        hash,
        root,
        sealing: sealing_digest(&root_seal::public(new)?),
    };
    let fits = |consent: &Consent| consent.follows == follows && consent.root == root;
    if !consents.iter().all(fits) {
        return Err(AdminError::RootToken);
    }
    let mut approvals: Vec<Approval> = consents.iter().map(|c| c.approval.clone()).collect();
    let own = draft.me.device;
    if may_agree(roster, draft) && approvals.iter().all(|one| one.device != own) {
        let given = Approval::give(
            &request.organisation,
            &request.next(),
            own,
            &draft.me.signing,
        );
        approvals.push(given);
    }
    let body = RootRotated::sealing(&request.organisation, (follows, hash), new, approvals)?;
    match draft.add_by_root(old, body) {
        Ok(()) => Ok(Rotated::Done),
        Err(AdminError::NeedsTwo) => Ok(Rotated::NeedsConsent(request)),
        // A consent that is too old, or was given to something else.
        Err(AdminError::InvitationExpired | AdminError::Refused(Junk::Signature)) => {
            Err(AdminError::RootToken)
        }
        Err(error) => Err(error),
    }
}

/// Replaces the root key. The new one must be safe in its file by then. Again, with consents, goes on; with the new key in
/// force it is done already. The roster key is due afterwards, so that the new root key gets its seal.
///
/// # Errors
/// [`AdminError::WrongRoot`], [`AdminError::NotAdopted`], [`AdminError::RootToken`] and others.
pub async fn rotate(
    engine: &Arc<Engine>,
    old: &SigningKey,
    new: &SigningKey,
    consents: &[Consent],
) -> Result<Rotated, AdminError> {
    append(engine, |draft| draft_rotate(draft, old, new, consents)).await
}

/// This device's owner agrees to a new root key. Nothing leaves but the text.
///
/// # Errors
/// [`AdminError::RootToken`] where it is another organisation's, another history's, or out of date;
/// [`AdminError::NotPermitted`].
pub async fn agree(engine: &Arc<Engine>, request: &Request) -> Result<Consent, AdminError> {
    engine.read_roster(REQUEST).await?;
    engine.read(|_, context| Ok(consent(context, request)))?
}

pub(super) fn consent(context: &Context<'_>, request: &Request) -> Result<Consent, AdminError> {
    let roster = context.roster;
    let ours = roster.anchor().organisation == request.organisation
        && roster.hash_at(request.follows) == Some(request.hash)
        && roster.organisation()?.root != request.root;
    if !ours {
        return Err(AdminError::RootToken);
    }
    let actor = Actor::device(context.me.device);
    roster
        .may(actor, Action::GrantPrivilegedRole, &Scope::organisation())
        .map_err(AdminError::NotPermitted)?;
    Ok(Consent {
        follows: request.follows,
        root: request.root,
        approval: Approval::give(
            &request.organisation,
            &request.next(),
            context.me.device,
            &context.me.signing,
        ),
    })
}
