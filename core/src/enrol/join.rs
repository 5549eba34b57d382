//! Taking an invitation: the offer first, then either straight in, or a claim and a wait for an administrator who
//! compares a short code.

use std::sync::Arc;
use std::time::Duration;

use sotto_wire::grant::{Poll, Request, Take};
use sotto_wire::{Bearer, GrantId, PublicKey, RelayTime, Sealed, Sig, op, signed};

use super::enter::{self, Entered};
use super::joining::{JOINING, Joining};
use super::offer::Offer;
use super::{EnrolError, Member, REQUEST, claim, connect, found, member};
use crate::base::{Clock, Random, SigningKey};
use crate::roster::invitation::WORDS;
use crate::roster::key::KeyGift;
use crate::roster::{InvitationLink, ShortCode, Text, Words};
use crate::store::Store;
use crate::transport::{Auth, ProxySetting, Transport};

/// One long poll for an answer.
const POLL: Duration = Duration::from_secs(25);
/// Between two looks at the roster, where the device can read it and waits there.
const LOOK: Duration = Duration::from_secs(3);

/// How far joining has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Join {
    /// This device belongs to the organisation.
    Member(Box<Member>),
    /// An administrator must approve it; both compare the code.
    Waiting(ShortCode),
}

/// Takes an invitation. Called again with the same link it goes on where it stopped.
///
/// # Errors
/// [`EnrolError`].
pub async fn join(
    store: &Store,
    clock: &Arc<dyn Clock>,
    random: &Arc<dyn Random>,
    link: &str,
    words: Option<&str>,
    device_label: &str,
    proxy: &ProxySetting,
) -> Result<Join, EnrolError> {
    let link = InvitationLink::parse(link).map_err(|_| EnrolError::Link)?;
    let words = match words.filter(|words| !words.trim().is_empty() && !link.in_person()) {
        Some(words) => Some(Words::parse(words).map_err(|_| EnrolError::WordsMalformed)?),
        None if link.in_person() => None,
        None => return Err(EnrolError::WordsMissing),
    };
    let label = Text::new(device_label).map_err(|_| EnrolError::Text("device's label"))?;
    let joining = begin(store, link, words, label, &**random)?;
    let transport = connect::transport(&joining.link.relay, proxy)?;
    let (joining, offer) = take(store, &transport, joining).await?;
    if joining.gift.is_some() {
        return go_in(store, &transport, clock, random, joining).await;
    }
    let joining = ask(store, &transport, joining, &offer).await?;
    Ok(Join::Waiting(code(&joining, &offer)?))
}

/// Waits for the approval of an earlier [`join`], for at most `patience`; [`Join::Waiting`] where it has not come.
///
/// # Errors
/// [`EnrolError`]; [`EnrolError::NotJoining`] where nothing waits.
pub async fn await_approval(
    store: &Store,
    clock: &Arc<dyn Clock>,
    random: &Arc<dyn Random>,
    patience: Duration,
    proxy: &ProxySetting,
) -> Result<Join, EnrolError> {
    if let Some(member) = member(store)? {
        return Ok(Join::Member(Box::new(member)));
    }
    let mut joining = Joining::load(store)?.ok_or(EnrolError::NotJoining)?;
    let offer = joining.offer.clone().ok_or(EnrolError::NotJoining)?;
    let transport = connect::transport(&joining.link.relay, proxy)?;
    let begun = clock.monotonic();
    let left = || patience.saturating_sub(clock.monotonic().saturating_sub(begun));
    if joining.gift.is_none() {
        joining = ask(store, &transport, joining, &offer).await?;
    }
    loop {
        if joining.gift.is_none() {
            joining.gift = poll(&transport, &**clock, &joining, left().min(POLL)).await?;
            if joining.gift.is_some() {
                joining.save(store)?;
            }
        }
        if joining.gift.is_some() {
            let outcome = go_in(store, &transport, clock, random, joining.clone()).await?;
            if matches!(outcome, Join::Member(_)) || left().is_zero() {
                return Ok(outcome);
            }
            tokio::time::sleep(left().min(LOOK)).await;
        } else if left().is_zero() {
            return Ok(Join::Waiting(code(&joining, &offer)?));
        }
    }
}

fn code(joining: &Joining, offer: &Offer) -> Result<ShortCode, EnrolError> {
    joining.code(&joining.claim(offer.owner)?)
}

/// Goes on with what was begun, or draws anew. What the relay may have bound to this device is not drawn twice.
fn begin(
    store: &Store,
    link: InvitationLink,
    words: Option<Words<WORDS>>,
    label: Text<64>,
    random: &dyn Random,
) -> Result<Joining, EnrolError> {
    store.write("beginning to join an organisation", |tx| {
        if tx.device_self()?.is_some_and(|me| me.enrolled) {
            return Err(EnrolError::AlreadyEnrolled);
        }
        if found::underway(tx)? {
            return Err(EnrolError::Underway);
        }
        let joining = match tx.meta::<Joining>(JOINING)? {
            Some(begun) if begun.is_for(&link, words.as_ref()) => return Ok(begun),
            Some(begun) if begun.offer.is_some() => return Err(EnrolError::Underway),
            Some(begun) if begun.link == link => begun.with_words(words),
            _ => Joining::draw(link, words, label, random),
        };
        tx.put_meta(JOINING, &joining)?;
        Ok(joining)
    })
}

fn grant(joining: &Joining) -> GrantId {
    GrantId::new(*joining.link.invitation.as_bytes())
}

fn sign(key: &SigningKey, what: &sotto_wire::ToSign) -> Sig {
    Sig::new(*key.sign_raw(&what.bytes()).as_bytes())
}

/// Takes the offer. The relay binds it to this device's taker key, so that nobody else can.
async fn take(
    store: &Store,
    transport: &Transport,
    mut joining: Joining,
) -> Result<(Joining, Offer), EnrolError> {
    if let Some(offer) = joining.offer.clone() {
        return Ok((joining, offer));
    }
    let keys = joining.invitation()?;
    let (grant, tenant) = (grant(&joining), transport.endpoint().tenant);
    let taker = PublicKey::new(*joining.taker.verifying_key().as_bytes());
    let sig = sign(&joining.taker, &signed::grant_take(&tenant, &grant, &taker));
    let request = Take {
        grant,
        token: Bearer::new(*keys.take_token.expose()),
        taker,
        sig,
    };
    let taken = transport
        .call::<op::GrantTake>(&Auth::None, &request, REQUEST)
        .await
        .map_err(EnrolError::of_grant)?;
    let offer = Offer::open(&keys.sealing, taken.offer.as_bytes())?;
    joining.gift.clone_from(&offer.gift);
    joining.offer = Some(offer.clone());
    joining.save(store)?;
    Ok((joining, offer))
}

/// Leaves the claim for the inviter. The bytes are kept, because the relay takes the same ones only.
async fn ask(
    store: &Store,
    transport: &Transport,
    mut joining: Joining,
    offer: &Offer,
) -> Result<Joining, EnrolError> {
    let sealed = match &joining.request {
        Some(sealed) => sealed.clone(),
        None => {
            let sealed = claim::seal_request(&offer.inviter, &joining.claim(offer.owner)?)?;
            joining.request = Some(sealed.clone());
            joining.save(store)?;
            sealed
        }
    };
    let (grant, request, tenant) = (
        grant(&joining),
        Sealed::new(sealed),
        transport.endpoint().tenant,
    );
    let sig = sign(
        &joining.taker,
        &signed::grant_request(&tenant, &grant, &request),
    );
    let request = Request {
        grant,
        request,
        sig,
    };
    match transport
        .call::<op::GrantRequest>(&Auth::None, &request, REQUEST)
        .await
    {
        Ok(_) => Ok(joining),
        Err(error) => Err(of_taken(error)),
    }
}

/// Looks for the answer, waiting at the relay for a while.
async fn poll(
    transport: &Transport,
    clock: &dyn Clock,
    joining: &Joining,
    wait: Duration,
) -> Result<Option<KeyGift>, EnrolError> {
    let now = connect::relay_now(transport, clock, REQUEST).await?;
    let (grant, tenant, at) = (
        grant(joining),
        transport.endpoint().tenant,
        RelayTime(now.millis()),
    );
    let sig = sign(&joining.taker, &signed::grant_poll(&tenant, &grant, at));
    let request = Poll {
        grant,
        at,
        wait_ms: u32::try_from(wait.as_millis()).unwrap_or(0),
        sig,
    };
    let answer = transport
        .call::<op::GrantPoll>(&Auth::None, &request, wait + REQUEST)
        .await
        .map_err(of_taken)?;
    let Some(sealed) = answer.answer else {
        return Ok(None);
    };
    let gift = KeyGift::open(&joining.sealing_key(), sealed.as_bytes())
        .map_err(|_| EnrolError::OfferAltered)?;
    Ok(Some(gift))
}

/// What the relay's refusals mean after the offer was taken: it knew this device's key then.
fn of_taken(error: crate::transport::TransportError) -> EnrolError {
    match EnrolError::of_grant(error) {
        EnrolError::WordsWrong => EnrolError::InvitationUnknown,
        other => other,
    }
}

/// Goes in with the key. If the organisation's keys were replaced meanwhile, the offer is taken anew at the next call:
/// the inviter's device renews it.
async fn go_in(
    store: &Store,
    transport: &Transport,
    clock: &Arc<dyn Clock>,
    random: &Arc<dyn Random>,
    mut joining: Joining,
) -> Result<Join, EnrolError> {
    match enter::enter(store, transport, &**clock, &**random, &joining).await {
        Ok(Entered::Member(member)) => Ok(Join::Member(member)),
        Ok(Entered::Pending(code)) => Ok(Join::Waiting(code)),
        Err(EnrolError::KeysReplaced)
            if joining
                .offer
                .as_ref()
                .is_some_and(|offer| offer.gift.is_some()) =>
        {
            (joining.offer, joining.gift) = (None, None);
            joining.save(store)?;
            Err(EnrolError::KeysReplaced)
        }
        Err(error) => Err(error),
    }
}
