//! The roster log, rotations, attestations.

use sotto_wire::live::ServerFrame;
use sotto_wire::receipt::{Collect, ReceiptState};
use sotto_wire::roster::{Append, GetAttestation, PutAttestation, Read, ReadSeals, Rotate, Seal};
use sotto_wire::{
    Alias, Bearer, Detail, ErrorCode, IdempotencyId, Position, RelayTime, WireError, op, roster,
};

use crate::client::sha256;
use crate::world::{Device, World, code, message, random, sealed, with_receipts};

fn append(expect: u64, entries: &[&[u8]]) -> Append {
    Append {
        expect: Position(expect),
        entries: entries.iter().map(|entry| sealed(entry)).collect(),
    }
}

fn conflict(at: u64) -> WireError {
    WireError::detailed(ErrorCode::PositionConflict, Detail::Position(Position(at)))
}

async fn read_with(world: &World, bearer: &Bearer, from: u64) -> Result<Vec<Vec<u8>>, WireError> {
    let read = Read {
        from: Position(from),
        limit: 100,
    };
    let entries = world
        .client
        .try_call(op::RosterRead, Some(&world.tenant), Some(bearer), &read)
        .await
        .unwrap()?;
    assert!(
        entries
            .entries
            .iter()
            .enumerate()
            .all(|(n, one)| one.position.0 == from + n as u64)
    );
    Ok(entries
        .entries
        .into_iter()
        .map(|one| one.entry.into_bytes())
        .collect())
}

fn rotation(world: &World, expect: u64, next: (&Bearer, &Bearer)) -> Rotate {
    Rotate {
        idempotency: IdempotencyId::new(random()),
        admin_capability: world.admin.clone(),
        expect: Position(expect),
        entries: vec![sealed(b"revoked"), sealed(b"rotated")],
        new_bearer_hash: sha256(next.0.expose()),
        new_admin_capability_hash: sha256(next.1.expose()),
        seals: Vec::new(),
        close: Vec::new(),
        orders: None,
        refuse: None,
    }
}

#[tokio::test]
async fn the_log_is_appended_by_compare_and_set_and_read_by_all() {
    let world = World::new().await;
    let device = world.device().await;
    assert_eq!(
        world
            .call(op::RosterAppend, &append(0, &[b"0", b"1"]))
            .await
            .unwrap()
            .end,
        Position(2)
    );
    assert_eq!(
        world.call(op::RosterAppend, &append(0, &[b"x"])).await,
        Err(conflict(2))
    );
    assert_eq!(
        world.call(op::RosterAppend, &append(3, &[b"x"])).await,
        Err(conflict(2))
    );
    world
        .call(op::RosterAppend, &append(2, &[b"2"]))
        .await
        .unwrap();
    assert_eq!(
        read_with(&world, &world.bearer, 1).await.unwrap(),
        [b"1", b"2"]
    );
    assert_eq!(
        read_with(&world, device.token.as_ref().unwrap(), 0)
            .await
            .unwrap()
            .len(),
        3
    );
    assert_eq!(
        code(read_with(&world, &Bearer::new(random()), 0).await),
        ErrorCode::Unauthorized
    );
    let part = world
        .call(
            op::RosterRead,
            &Read {
                from: Position(1),
                limit: 1,
            },
        )
        .await
        .unwrap();
    assert_eq!((part.entries.len(), part.end), (1, Position(3)));
}

#[tokio::test]
async fn of_many_appends_at_one_position_one_wins() {
    let world = World::new().await;
    let appends: Vec<Append> = (0..8u8).map(|n| append(0, &[&[n]])).collect();
    let results =
        futures_util::future::join_all(appends.iter().map(|one| world.call(op::RosterAppend, one)))
            .await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(
        results
            .into_iter()
            .filter_map(Result::err)
            .all(|error| error == conflict(1))
    );
}

#[tokio::test]
async fn a_rotation_is_one_operation() {
    let mut world = World::new().await;
    let (stays, goes, admin) = (
        world.device().await,
        world.device().await,
        world.device().await,
    );
    world
        .call(op::RosterAppend, &append(0, &[b"0"]))
        .await
        .unwrap();
    let (submit, handles) = with_receipts(message(b"waits", &[stays.alias, goes.alias]));
    world.submit(&submit).await.unwrap();
    let (read, read_handles) = with_receipts(message(b"read", &[goes.alias]));
    world.submit(&read).await.unwrap();
    let entry = world.fetch(&goes).await.pop().unwrap();
    world.ack(&goes, vec![entry.seq], Vec::new()).await;
    let mut socket = world.live(&goes).await;
    socket.entries().await;

    let next = (Bearer::new(random()), Bearer::new(random()));
    let mut rotate = rotation(&world, 1, (&next.0, &next.1));
    let nobody = Alias::new(random());
    let seal = |alias, seal: &[u8]| Seal {
        alias,
        seal: sealed(seal),
    };
    rotate.seals = vec![
        seal(stays.alias, b"stays"),
        seal(goes.alias, b"goes"),
        seal(admin.alias, b"admin"),
    ];
    rotate.seals.push(seal(nobody, b"nobody"));
    rotate.close = vec![goes.alias, nobody];
    let rotated = world.call(op::RosterRotate, &rotate).await.unwrap();
    let expected = roster::Rotated {
        end: Position(3),
        unknown_seals: vec![1, 3],
        unknown_close: vec![1],
    };
    assert_eq!(rotated, expected);
    // A lost answer is asked for again with the bearer that the rotation retired.
    assert_eq!(
        world.call(op::RosterRotate, &rotate).await.unwrap(),
        expected
    );

    // The revoked device hears why, keeps nothing, and starts nothing.
    assert_eq!(
        socket.next().await,
        Some(ServerFrame::Closed(ErrorCode::MailboxClosed))
    );
    let mut goes = goes;
    assert_eq!(code(world.start(&mut goes).await), ErrorCode::MailboxClosed);
    assert_eq!(
        code(world.call(op::MailboxOpen, &goes.open()).await),
        ErrorCode::Unauthorized
    );
    // Its old bearer reads the log and does nothing else.
    assert_eq!(
        read_with(&world, &world.bearer, 1).await.unwrap(),
        [b"revoked".to_vec(), b"rotated".to_vec()]
    );
    assert_eq!(
        code(world.submit(&message(b"x", &[stays.alias])).await),
        ErrorCode::Unauthorized
    );
    assert_eq!(
        code(world.call(op::RosterAppend, &append(3, &[b"x"])).await),
        ErrorCode::Unauthorized
    );

    world.bearer = next.0;
    let all: Vec<_> = handles.iter().chain(&read_handles).copied().collect();
    let collected = world
        .call(
            op::ReceiptsCollect,
            &Collect {
                handles: all,
                done: Vec::new(),
            },
        )
        .await
        .unwrap();
    let states: Vec<ReceiptState> = collected
        .receipts
        .into_iter()
        .map(|one| one.state)
        .collect();
    assert_eq!(
        states,
        [
            ReceiptState::Waiting,
            ReceiptState::Revoked,
            ReceiptState::Revoked
        ]
    );
    assert_eq!(
        world
            .submit(&message(b"x", &[goes.alias]))
            .await
            .unwrap()
            .refused
            .len(),
        1
    );
    assert_eq!(
        code(world.call(op::MailboxOpen, &goes.open()).await),
        ErrorCode::MailboxClosed
    );
    let seals = world
        .call_as(&stays, op::RosterSeals, &ReadSeals { from: Position(0) })
        .await
        .unwrap()
        .seals;
    assert_eq!(seals.len(), 1);
    assert_eq!(
        (seals[0].rotation, seals[0].seal.as_bytes()),
        (Position(2), b"stays".as_slice())
    );
    let later = world
        .call_as(&stays, op::RosterSeals, &ReadSeals { from: Position(3) })
        .await
        .unwrap();
    assert!(later.seals.is_empty());
    assert_eq!(world.fetch(&stays).await.len(), 1);
}

#[tokio::test]
async fn a_rotation_needs_the_capability_and_the_position_and_changes_nothing_without() {
    let mut world = World::new().await;
    let next = (Bearer::new(random()), Bearer::new(random()));
    let mut forged = rotation(&world, 0, (&next.0, &next.1));
    forged.admin_capability = Bearer::new(random());
    assert_eq!(
        code(world.call(op::RosterRotate, &forged).await),
        ErrorCode::Unauthorized
    );
    let late = rotation(&world, 7, (&next.0, &next.1));
    assert_eq!(world.call(op::RosterRotate, &late).await, Err(conflict(0)));
    world
        .call(op::RosterAppend, &append(0, &[b"still good"]))
        .await
        .unwrap();
    world
        .call(op::RosterRotate, &rotation(&world, 1, (&next.0, &next.1)))
        .await
        .unwrap();
    // The capability is replaced with every rotation.
    world.bearer = next.0.clone();
    let stale = rotation(&world, 3, (&Bearer::new(random()), &Bearer::new(random())));
    assert_eq!(
        code(world.call(op::RosterRotate, &stale).await),
        ErrorCode::Unauthorized
    );
    world.admin = next.1;
    let fresh = rotation(&world, 3, (&Bearer::new(random()), &Bearer::new(random())));
    world.call(op::RosterRotate, &fresh).await.unwrap();
}

async fn get(world: &World, device: &Device) -> Result<roster::Attestation, WireError> {
    world
        .call_as(device, op::AttestationGet, &GetAttestation {})
        .await
}

#[tokio::test]
async fn the_newest_attestation_is_kept() {
    let world = World::new().await;
    let device = world.device().await;
    assert_eq!(code(get(&world, &device).await), ErrorCode::NotFound);
    let challenge = sotto_wire::session::Challenge {
        mailbox: device.mailbox,
    };
    let now = world
        .call_bare(op::SessionChallenge, &challenge)
        .await
        .unwrap()
        .time
        .0;
    let put = |text: &[u8], at| PutAttestation {
        attestation: sealed(text),
        at: RelayTime(at),
    };
    assert!(
        world
            .call(op::AttestationPut, &put(b"new", now))
            .await
            .unwrap()
            .kept
    );
    assert!(
        !world
            .call(op::AttestationPut, &put(b"old", now - 1))
            .await
            .unwrap()
            .kept
    );
    let kept = get(&world, &device).await.unwrap();
    assert_eq!(
        (kept.attestation.as_bytes(), kept.at),
        (b"new".as_slice(), RelayTime(now))
    );
    assert_eq!(
        world
            .call(op::AttestationGet, &GetAttestation {})
            .await
            .unwrap(),
        kept
    );
    // A time far ahead would keep every honest one out.
    let ahead = world
        .call(op::AttestationPut, &put(b"ahead", now + 3_600_000))
        .await;
    assert_eq!(code(ahead), ErrorCode::BadRequest);
}
