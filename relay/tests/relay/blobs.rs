//! Attachments: upload, resume, download.

use http::{Method, StatusCode};
use sotto_wire::blob::{AskLink, AskStatus, Create, Status};
use sotto_wire::http::{blob_get_path, blob_put_path};
use sotto_wire::{Bearer, BlobId, Detail, ErrorCode, WireError, decode, limits, op};

use crate::client::Client;
use crate::world::{Device, World, code, random};

async fn put(world: &World, blob: BlobId, offset: u64, bytes: &[u8]) -> Result<Status, WireError> {
    let path = blob_put_path(&blob, offset);
    let request = Client::request(
        Method::PUT,
        &path,
        Some(&world.tenant),
        Some(&world.bearer),
        bytes.to_vec(),
    );
    let answer = world.client.send(request).await.unwrap();
    if answer.status == StatusCode::OK {
        Ok(decode(&answer.body).unwrap())
    } else {
        Err(decode(&answer.body).unwrap())
    }
}

async fn get(
    world: &World,
    token: &Bearer,
    blob: BlobId,
    offset: u64,
    len: u32,
) -> Result<Vec<u8>, WireError> {
    let path = blob_get_path(&blob, offset, len);
    let request = Client::request(
        Method::GET,
        &path,
        Some(&world.tenant),
        Some(token),
        Vec::new(),
    );
    let answer = world.client.send(request).await.unwrap();
    if answer.status == StatusCode::OK {
        Ok(answer.body)
    } else {
        Err(decode(&answer.body).unwrap())
    }
}

async fn link(world: &World, device: &Device, blob: BlobId) -> Result<Bearer, WireError> {
    Ok(world
        .call_as(device, op::BlobLink, &AskLink { blob })
        .await?
        .token)
}

async fn create(world: &World, size: u64) -> BlobId {
    let blob = BlobId::new(random());
    let created = world
        .call(
            op::BlobCreate,
            &Create {
                blob,
                size,
                ttl_s: 3_600,
            },
        )
        .await
        .unwrap();
    assert_eq!((created.size, created.received), (size, 0));
    blob
}

fn content(n: usize) -> Vec<u8> {
    (0..n).map(|i| (i * 31 % 251) as u8).collect()
}

#[tokio::test]
async fn a_blob_goes_up_in_pieces_survives_a_kill_and_comes_down_by_range() {
    let mut world = World::new().await;
    let mut device = world.device().await;
    let bytes = content(2_500_000);
    let blob = create(&world, bytes.len() as u64).await;
    assert_eq!(
        put(&world, blob, 0, &bytes[..1 << 20])
            .await
            .unwrap()
            .received,
        1 << 20
    );
    assert_eq!(
        code(link(&world, &device, blob).await),
        ErrorCode::Unavailable
    );
    world.take_relay().kill();
    world.restart(&[], &[]);
    world.start(&mut device).await.unwrap();
    let status = world
        .call(op::BlobStatus, &AskStatus { blob })
        .await
        .unwrap();
    assert_eq!(status.received, 1 << 20);
    // A piece that was sent twice, or out of order, is told where to go on.
    let conflict = WireError::detailed(ErrorCode::PositionConflict, Detail::Offset(1 << 20));
    assert_eq!(put(&world, blob, 0, &bytes[..10]).await, Err(conflict));
    assert_eq!(
        put(&world, blob, 2 << 20, &bytes[2 << 20..]).await,
        Err(conflict)
    );
    put(&world, blob, 1 << 20, &bytes[1 << 20..2 << 20])
        .await
        .unwrap();
    let last = put(&world, blob, 2 << 20, &bytes[2 << 20..]).await.unwrap();
    assert_eq!(last.received, last.size);
    let token = link(&world, &device, blob).await.unwrap();
    let mut back = Vec::new();
    while back.len() < bytes.len() {
        let len = (bytes.len() - back.len()).min(900_000);
        back.extend(
            get(
                &world,
                &token,
                blob,
                back.len() as u64,
                u32::try_from(len).unwrap(),
            )
            .await
            .unwrap(),
        );
    }
    assert_eq!(back, bytes);
}

#[tokio::test]
async fn an_announced_blob_is_billed_by_what_arrives() {
    let world = World::with(&["--limit-tenant-bytes=1000"]).await;
    let (one, two) = (create(&world, 900).await, create(&world, 900).await);
    put(&world, one, 0, &content(900)).await.unwrap();
    let refused = put(&world, two, 0, &content(101)).await.unwrap_err();
    assert_eq!(
        (refused.code, refused.detail),
        (
            ErrorCode::QuotaExceeded,
            Some(Detail::Limit(sotto_wire::LimitKind::TenantBytes, 1_000))
        )
    );
    put(&world, two, 0, &content(100)).await.unwrap();
}

#[tokio::test]
async fn a_link_opens_its_blob_and_nothing_else() {
    let world = World::new().await;
    let device = world.device().await;
    let (one, two) = (create(&world, 3).await, create(&world, 3).await);
    put(&world, one, 0, b"one").await.unwrap();
    put(&world, two, 0, b"two").await.unwrap();
    let token = link(&world, &device, one).await.unwrap();
    assert_eq!(get(&world, &token, one, 1, 2).await.unwrap(), b"ne");
    assert_eq!(
        code(get(&world, &token, two, 0, 3).await),
        ErrorCode::Unauthorized
    );
    assert_eq!(
        code(get(&world, &world.bearer, one, 0, 3).await),
        ErrorCode::Unauthorized
    );
    assert_eq!(
        code(get(&world, device.token.as_ref().unwrap(), one, 0, 3).await),
        ErrorCode::Unauthorized
    );
    for (offset, len) in [(0, 4), (3, 1), (0, 0), (u64::MAX, 2)] {
        assert_eq!(
            code(get(&world, &token, one, offset, len).await),
            ErrorCode::BadRequest
        );
    }
    assert_eq!(
        code(link(&world, &device, BlobId::new(random())).await),
        ErrorCode::NotFound
    );
}

#[tokio::test]
async fn a_blob_is_announced_once_and_within_the_limit() {
    let world = World::new().await;
    let blob = create(&world, 10).await;
    let again = world
        .call(
            op::BlobCreate,
            &Create {
                blob,
                size: 10,
                ttl_s: 3_600,
            },
        )
        .await
        .unwrap();
    assert_eq!(again.size, 10);
    let other = Create {
        blob,
        size: 11,
        ttl_s: 3_600,
    };
    assert_eq!(
        code(world.call(op::BlobCreate, &other).await),
        ErrorCode::AlreadyExists
    );
    for size in [0, limits::BLOB_BYTES + 1] {
        let wrong = Create {
            blob: BlobId::new(random()),
            size,
            ttl_s: 3_600,
        };
        let code = code(world.call(op::BlobCreate, &wrong).await);
        assert_eq!(
            code,
            if size == 0 {
                ErrorCode::BadRequest
            } else {
                ErrorCode::TooLarge
            }
        );
    }
    assert_eq!(
        code(put(&world, blob, 0, &[0; 11]).await),
        ErrorCode::TooLarge
    );
    assert_eq!(code(put(&world, blob, 0, &[]).await), ErrorCode::BadRequest);
    assert_eq!(
        code(put(&world, BlobId::new(random()), 0, b"x").await),
        ErrorCode::NotFound
    );
    let large = vec![0; limits::BLOB_CHUNK_BYTES + 1];
    assert_eq!(
        code(put(&world, blob, 0, &large).await),
        ErrorCode::TooLarge
    );
}

#[tokio::test]
async fn two_uploads_of_one_piece_store_it_once() {
    let world = World::new().await;
    let device = world.device().await;
    let bytes = content(500_000);
    let blob = create(&world, bytes.len() as u64).await;
    let results =
        futures_util::future::join_all((0..4).map(|_| put(&world, blob, 0, &bytes))).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    let token = link(&world, &device, blob).await.unwrap();
    assert_eq!(get(&world, &token, blob, 0, 500_000).await.unwrap(), bytes);
}
