//! Mailboxes, sessions, aliases.

use std::sync::Arc;

use sotto_wire::{ErrorCode, LimitKind, Nonce, WireError, limits, mailbox, session, signed};

use super::Call;
use crate::crypto::verify;
use crate::memory::rates::{Key, Kind};
use crate::relay::{Relay, some_of};

pub(super) async fn open(
    relay: Arc<Relay>,
    call: Call,
    request: mailbox::Open,
) -> Result<mailbox::Opened, WireError> {
    let who = call.admit(&relay, Kind::Manage, 1).await?;
    relay.disk.check()?;
    relay
        .store
        .open_mailbox(who, request)
        .await
        .map_err(|error| relay.refusal(error))?;
    Ok(mailbox::Opened {})
}

pub(super) async fn challenge(
    relay: Arc<Relay>,
    call: Call,
    request: session::Challenge,
) -> Result<session::Challenged, WireError> {
    let tenant = call.tenant()?;
    relay.rate(
        Key::of_two(Kind::Session, tenant.as_bytes(), request.mailbox.as_bytes()),
        1,
    )?;
    let nonce = Nonce::new(relay.random()?);
    relay
        .nonces
        .give(nonce, tenant, request.mailbox, relay.clock.elapsed());
    Ok(session::Challenged {
        nonce,
        time: relay.now(),
    })
}

pub(super) async fn start(
    relay: Arc<Relay>,
    call: Call,
    request: session::Start,
) -> Result<session::Started, WireError> {
    let tenant = call.tenant()?;
    relay.rate(
        Key::of_two(Kind::Session, tenant.as_bytes(), request.mailbox.as_bytes()),
        1,
    )?;
    if !relay.nonces.take(
        &request.nonce,
        &tenant,
        &request.mailbox,
        relay.clock.elapsed(),
    ) {
        return Err(ErrorCode::Unauthorized.into());
    }
    let found = relay
        .store
        .find_mailbox(tenant, request.mailbox)
        .await
        .map_err(|error| relay.refusal(error))?;
    let found = found.ok_or(ErrorCode::NotFound)?;
    let message = signed::session(
        &request.nonce,
        &tenant,
        &request.mailbox,
        &request.expect,
        &request.next,
    );
    verify(&found.key, &message, &request.sig)?;
    if found.closed {
        return Err(ErrorCode::MailboxClosed.into());
    }
    let set = relay
        .store
        .set_generation(found.owner, request.expect, request.next)
        .await;
    set.map_err(|error| relay.refusal(error))?;
    let (token, digest) = relay.fresh_bearer()?;
    let other_live = relay
        .hub
        .sessions
        .start(tenant, found.owner, digest, relay.clock.elapsed());
    Ok(session::Started {
        token,
        expires_in_s: limits::SESSION_S,
        other_live,
        time: relay.now(),
    })
}

pub(super) async fn create_aliases(
    relay: Arc<Relay>,
    call: Call,
    request: mailbox::AliasCreate,
) -> Result<mailbox::AliasCreated, WireError> {
    let session = relay.session(&call.tenant()?, &call.bearer()?)?;
    some_of(
        LimitKind::Aliases,
        &request.aliases,
        limits::ALIASES_PER_CALL,
    )?;
    relay.disk.check()?;
    let created = relay
        .store
        .create_aliases(session.owner, request.aliases)
        .await;
    created.map_err(|error| relay.refusal(error))?;
    Ok(mailbox::AliasCreated {})
}

pub(super) async fn drop_aliases(
    relay: Arc<Relay>,
    call: Call,
    request: mailbox::AliasDrop,
) -> Result<mailbox::AliasDropped, WireError> {
    let session = relay.session(&call.tenant()?, &call.bearer()?)?;
    some_of(
        LimitKind::Aliases,
        &request.aliases,
        limits::ALIASES_PER_CALL,
    )?;
    let dropped = relay
        .store
        .drop_aliases(session.owner, request.aliases)
        .await;
    dropped.map_err(|error| relay.refusal(error))?;
    Ok(mailbox::AliasDropped {})
}
