//! Idempotency: which answer each intent got, for 48 hours.

use sotto_wire::{Digest, ErrorCode, IdempotencyId, RelayTime, decode, encode, limits, submit};

use super::tx::{Tx, after, one, refuse};
use crate::store::{Accepted, StoreError, TenantKey};

/// The answer of this intent, if it was already done with this very request.
pub(super) fn find(
    tx: &Tx<'_>,
    tenant: TenantKey,
    intent: &IdempotencyId,
    request: &Digest,
) -> Result<Option<Vec<u8>>, StoreError> {
    let found = one(
        tx.conn,
        "SELECT request, answer FROM answered WHERE tenant = ?1 AND intent = ?2",
        (tenant.0, intent.as_bytes()),
        |row| Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, Vec<u8>>(1)?)),
    )?;
    match found {
        None => Ok(None),
        Some((earlier, answer)) if Digest::new(earlier) == *request => Ok(Some(answer)),
        Some(_) => refuse(ErrorCode::AlreadyExists),
    }
}

/// Keeps an answer.
pub(super) fn keep(
    tx: &Tx<'_>,
    tenant: TenantKey,
    intent: &IdempotencyId,
    request: &Digest,
    answer: &[u8],
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO answered (tenant, intent, request, answer, expires) VALUES (?1, ?2, ?3, ?4, ?5)",
        (
            tenant.0,
            intent.as_bytes(),
            request.as_bytes(),
            answer,
            after(tx.now, limits::IDEMPOTENCY_S),
        ),
    )?;
    Ok(())
}

type Stored = (RelayTime, Vec<submit::Refused>);

pub(super) fn write_accepted(accepted: &Accepted) -> Vec<u8> {
    encode::<Stored>(&(accepted.time, accepted.refused.clone()))
}

pub(super) fn read_accepted(answer: &[u8]) -> Result<Accepted, StoreError> {
    let (time, refused) = read::<Stored>(answer)?;
    Ok(Accepted { time, refused })
}

/// Reads a kept answer.
pub(super) fn read<T>(answer: &[u8]) -> Result<T, StoreError>
where
    T: minicbor::Encode<()> + for<'b> minicbor::Decode<'b, ()>,
{
    decode(answer).map_err(|error| StoreError::Failed {
        doing: "reading a kept answer",
        source: Box::new(error),
    })
}
