//! Grants: offers left for whoever has an invitation.

use sotto_wire::{
    Alias, Digest, ErrorCode, GrantId, LimitKind, PublicKey, RelayTime, Sealed, TenantId, grant,
};

use super::delivery;
use super::tx::{Rx, Tx, after, authenticate, one, refuse, tenant_of, unsigned};
use crate::store::{Event, GrantTaker, StoreError, Submitter, TenantKey};

pub(super) fn create(
    tx: &mut Tx<'_>,
    who: &Submitter,
    request: &Digest,
    create: &grant::Create,
) -> Result<RelayTime, StoreError> {
    let tenant = tx.authenticate(who)?;
    let known = one(
        tx.conn,
        "SELECT request, expires FROM invitation WHERE tenant = ?1 AND invitation = ?2",
        (tenant.0, create.grant.as_bytes()),
        |row| Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, i64>(1)?)),
    )?;
    if let Some((earlier, expires)) = known {
        let repeated = Digest::new(earlier) == *request;
        return if repeated {
            Ok(RelayTime(expires))
        } else {
            refuse(ErrorCode::AlreadyExists)
        };
    }
    let open = one(
        tx.conn,
        "SELECT count(*) FROM invitation WHERE tenant = ?1",
        [tenant.0],
        |row| row.get(0),
    )?;
    let max = u64::from(tx.quotas.tenant_grants);
    if unsigned(open.unwrap_or(0)) >= max {
        let retry = super::tx::QUOTA_RETRY_MS;
        return refuse(sotto_wire::WireError::quota(
            LimitKind::TenantGrants,
            max,
            retry,
        ));
    }
    let expires = after(tx.now, create.expires_s);
    tx.execute(
        "INSERT INTO invitation (tenant, invitation, request, take_hash, offer, notify, taker, question, answer, expires)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL, NULL, NULL, ?7)",
        (
            tenant.0,
            create.grant.as_bytes(),
            request.as_bytes(),
            create.take_hash.as_bytes(),
            create.offer.as_bytes(),
            create.notify.as_ref().map(Alias::as_bytes),
            expires,
        ),
    )?;
    Ok(RelayTime(expires))
}

struct Row {
    id: i64,
    take_hash: Digest,
    notify: Option<Alias>,
    taker: Option<PublicKey>,
    question: Option<Vec<u8>>,
    answer: Option<Vec<u8>>,
    expires: i64,
}

fn find(
    conn: &rusqlite::Connection,
    now: RelayTime,
    tenant: TenantKey,
    grant: &GrantId,
) -> Result<Row, StoreError> {
    let found = one(
        conn,
        "SELECT id, take_hash, notify, taker, question, answer, expires FROM invitation
         WHERE tenant = ?1 AND invitation = ?2",
        (tenant.0, grant.as_bytes()),
        |row| {
            Ok(Row {
                id: row.get(0)?,
                take_hash: Digest::new(row.get(1)?),
                notify: row.get::<_, Option<[u8; 16]>>(2)?.map(Alias::new),
                taker: row.get::<_, Option<[u8; 32]>>(3)?.map(PublicKey::new),
                question: row.get(4)?,
                answer: row.get(5)?,
                expires: row.get(6)?,
            })
        },
    )?;
    match found {
        None => refuse(ErrorCode::NotFound),
        Some(row) if row.expires <= now.0 => refuse(ErrorCode::Expired),
        Some(row) => Ok(row),
    }
}

fn tenant(conn: &rusqlite::Connection, tenant: &TenantId) -> Result<TenantKey, StoreError> {
    tenant_of(conn, tenant)?.ok_or(StoreError::Refused(ErrorCode::NotFound.into()))
}

pub(super) fn take(
    tx: &mut Tx<'_>,
    organisation: &TenantId,
    grant: &GrantId,
    token: &Digest,
    taker: &PublicKey,
) -> Result<grant::Taken, StoreError> {
    let row = find(tx.conn, tx.now, tenant(tx.conn, organisation)?, grant)?;
    if row.take_hash != *token {
        return refuse(ErrorCode::Unauthorized);
    }
    match row.taker {
        Some(bound) if bound != *taker => return refuse(ErrorCode::GrantTaken),
        Some(_) => {}
        None => {
            tx.execute(
                "UPDATE invitation SET taker = ?2 WHERE id = ?1",
                (row.id, taker.as_bytes()),
            )?;
        }
    }
    let offer = one(
        tx.conn,
        "SELECT offer FROM invitation WHERE id = ?1",
        [row.id],
        |row| row.get(0),
    )?;
    Ok(grant::Taken {
        offer: Sealed::new(offer.unwrap_or_default()),
        expires: RelayTime(row.expires),
    })
}

pub(super) fn taker(
    rx: &Rx<'_>,
    organisation: &TenantId,
    grant: &GrantId,
) -> Result<(TenantKey, GrantTaker), StoreError> {
    let tenant = tenant(rx.conn, organisation)?;
    let row = find(rx.conn, rx.now, tenant, grant)?;
    match row.taker {
        None => refuse(ErrorCode::Unauthorized),
        Some(taker) => Ok((
            tenant,
            GrantTaker {
                taker,
                answer: row.answer.map(Sealed::new),
            },
        )),
    }
}

pub(super) fn request(
    tx: &mut Tx<'_>,
    organisation: &TenantId,
    request: &grant::Request,
    taker: &PublicKey,
) -> Result<(), StoreError> {
    let tenant = tenant(tx.conn, organisation)?;
    let row = find(tx.conn, tx.now, tenant, &request.grant)?;
    if row.taker != Some(*taker) {
        return refuse(ErrorCode::Unauthorized);
    }
    match row.question {
        Some(earlier) if earlier == request.request.as_bytes() => return Ok(()),
        Some(_) => return refuse(ErrorCode::AlreadyExists),
        None => {}
    }
    tx.execute(
        "UPDATE invitation SET question = ?2 WHERE id = ?1",
        (row.id, request.request.as_bytes()),
    )?;
    if let Some(alias) = row.notify {
        let left_s = u32::try_from((row.expires - tx.now.0) / 1_000)
            .unwrap_or(0)
            .max(1);
        delivery::deliver_one(tx, tenant, &request.request, alias, left_s)?;
    }
    Ok(())
}

pub(super) fn status(
    rx: &Rx<'_>,
    who: &Submitter,
    grant: &GrantId,
) -> Result<grant::Grant, StoreError> {
    let tenant = authenticate(rx.conn, who)?;
    let row = find(rx.conn, rx.now, tenant, grant)?;
    Ok(grant::Grant {
        taker: row.taker,
        request: row.question.map(Sealed::new),
        answered: row.answer.is_some(),
        expires: RelayTime(row.expires),
    })
}

pub(super) fn answer(
    tx: &mut Tx<'_>,
    who: &Submitter,
    answer: &grant::Answer,
) -> Result<(), StoreError> {
    let tenant = tx.authenticate(who)?;
    let row = find(tx.conn, tx.now, tenant, &answer.grant)?;
    match row.answer {
        Some(earlier) if earlier == answer.answer.as_bytes() => return Ok(()),
        Some(_) => return refuse(ErrorCode::AlreadyExists),
        None => {}
    }
    tx.execute(
        "UPDATE invitation SET answer = ?2 WHERE id = ?1",
        (row.id, answer.answer.as_bytes()),
    )?;
    tx.events.push(Event::GrantChanged(tenant, answer.grant));
    Ok(())
}

pub(super) fn end(tx: &mut Tx<'_>, who: &Submitter, grant: &GrantId) -> Result<(), StoreError> {
    let tenant = tx.authenticate(who)?;
    tx.execute(
        "DELETE FROM invitation WHERE tenant = ?1 AND invitation = ?2",
        (tenant.0, grant.as_bytes()),
    )?;
    tx.events.push(Event::GrantChanged(tenant, *grant));
    Ok(())
}
