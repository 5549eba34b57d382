//! Every limit: its number, its typed error, and when to come again.

mod sizes;
use http::Method;
use sotto_wire::grant::Create as GrantCreate;
use sotto_wire::key_package::Claim;
use sotto_wire::live::Fetch;
use sotto_wire::receipt::Collect;
use sotto_wire::roster::Append;
use sotto_wire::slot::Create as SlotCreate;
use sotto_wire::submit::RefusedReason;
use sotto_wire::{
    Alias, Bearer, BlobId, Detail, Epoch, ErrorCode, GrantId, LimitKind, Position, PublicKey,
    Sealed, SlotId, WireError, blob, mailbox, op,
};

use crate::client::{Client, sha256};
use crate::world::{Device, World, code, message, random, sealed, with_receipts};

fn zeros(n: usize) -> Sealed {
    Sealed::new(vec![0; n])
}

fn aliases(n: usize) -> Vec<Alias> {
    (0..n).map(|_| Alias::new(random())).collect()
}

#[track_caller]
fn too_large<T: std::fmt::Debug>(result: Result<T, WireError>, kind: LimitKind, max: usize) {
    assert_eq!(result.unwrap_err(), WireError::too_large(kind, max as u64));
}

#[track_caller]
fn over_quota<T: std::fmt::Debug>(result: Result<T, WireError>, kind: LimitKind, max: u64) {
    let error = result.unwrap_err();
    assert_eq!(
        (error.code, error.detail),
        (ErrorCode::QuotaExceeded, Some(Detail::Limit(kind, max)))
    );
    assert!(error.retry_after_ms.is_some());
}

#[tokio::test]
async fn an_alias_has_a_quota_of_its_own_and_an_acknowledgement_frees_it() {
    let world = World::with(&["--limit-alias-entries", "2", "--limit-alias-bytes", "100"]).await;
    let device = world.device().await;
    let other = Alias::new(random());
    world.alias(&device, other).await;
    for _ in 0..2 {
        assert!(
            world
                .submit(&message(b"x", &[device.alias]))
                .await
                .unwrap()
                .refused
                .is_empty()
        );
    }
    let both = world
        .submit(&message(b"x", &[device.alias, other]))
        .await
        .unwrap();
    assert_eq!(
        both.refused
            .iter()
            .map(|one| (one.index, one.reason))
            .collect::<Vec<_>>(),
        [(0, RefusedReason::Full)]
    );
    let entry = world.fetch(&device).await.remove(0);
    world.ack(&device, vec![entry.seq], Vec::new()).await;
    assert!(
        world
            .submit(&message(b"x", &[device.alias]))
            .await
            .unwrap()
            .refused
            .is_empty()
    );
    let large = world.submit(&message(&[0; 100], &[other])).await.unwrap();
    assert_eq!(large.refused[0].reason, RefusedReason::Full);
}

#[tokio::test]
async fn a_mailbox_has_quotas() {
    let world = World::with(&[
        "--limit-mailbox-entries",
        "2",
        "--limit-mailbox-aliases",
        "3",
    ])
    .await;
    let device = world.device().await;
    let more = aliases(2);
    let create = mailbox::AliasCreate {
        aliases: more.clone(),
    };
    world
        .call_as(&device, op::AliasCreate, &create)
        .await
        .unwrap();
    let fourth = mailbox::AliasCreate {
        aliases: aliases(1),
    };
    over_quota(
        world.call_as(&device, op::AliasCreate, &fourth).await,
        LimitKind::MailboxAliases,
        3,
    );
    let drop = mailbox::AliasDrop {
        aliases: more[..1].to_vec(),
    };
    world.call_as(&device, op::AliasDrop, &drop).await.unwrap();
    world
        .call_as(&device, op::AliasCreate, &fourth)
        .await
        .unwrap();
    let queued = world
        .submit(&message(b"x", &[device.alias, more[1], fourth.aliases[0]]))
        .await
        .unwrap();
    assert_eq!(queued.refused.len(), 1);
    assert_eq!(queued.refused[0].reason, RefusedReason::Full);
}

#[tokio::test]
async fn an_organisation_has_quotas() {
    let world = World::with(&[
        "--limit-tenant-mailboxes=1",
        "--limit-tenant-slots=1",
        "--limit-tenant-grants=1",
        "--limit-tenant-blobs=1",
        "--limit-tenant-receipts=1",
        "--limit-roster-entries=2",
        "--limit-tenant-bytes=10000",
    ])
    .await;
    let device = world.device().await;
    over_quota(
        world
            .call(op::MailboxOpen, &Device::unopened().open())
            .await,
        LimitKind::TenantMailboxes,
        1,
    );
    let slot = || SlotCreate {
        slot: SlotId::new(random()),
        epoch: Epoch(0),
        epoch_key: PublicKey::new(random()),
        resync_key: PublicKey::new(random()),
        group_info: sealed(b"info"),
    };
    world.call(op::SlotCreate, &slot()).await.unwrap();
    over_quota(
        world.call(op::SlotCreate, &slot()).await,
        LimitKind::TenantSlots,
        1,
    );
    let grant = || GrantCreate {
        grant: GrantId::new(random()),
        take_hash: sha256(b""),
        offer: sealed(b""),
        expires_s: 60,
        notify: None,
    };
    world.call(op::GrantCreate, &grant()).await.unwrap();
    over_quota(
        world.call(op::GrantCreate, &grant()).await,
        LimitKind::TenantGrants,
        1,
    );
    let blob = || blob::Create {
        blob: BlobId::new(random()),
        size: 5_000,
        ttl_s: 60,
    };
    world.call(op::BlobCreate, &blob()).await.unwrap();
    over_quota(
        world.call(op::BlobCreate, &blob()).await,
        LimitKind::TenantBlobs,
        1,
    );
    let (first, _) = with_receipts(message(b"x", &[device.alias]));
    world.submit(&first).await.unwrap();
    let (second, _) = with_receipts(message(b"x", &[device.alias]));
    over_quota(world.submit(&second).await, LimitKind::TenantReceipts, 1);
    let append = |expect, n| Append {
        expect: Position(expect),
        entries: vec![sealed(b"entry"); n],
    };
    over_quota(
        world.call(op::RosterAppend, &append(0, 3)).await,
        LimitKind::RosterLog,
        2,
    );
    world.call(op::RosterAppend, &append(0, 2)).await.unwrap();
    over_quota(
        world.submit(&message(&[0; 10_000], &[device.alias])).await,
        LimitKind::TenantBytes,
        10_000,
    );
    world
        .submit(&message(&[0; 4_000], &[device.alias]))
        .await
        .unwrap();
}

#[tokio::test]
async fn every_rate_has_an_error_that_says_when() {
    let world = World::with(&[
        "--rate-session=1",
        "--burst-session=4",
        "--rate-submit=1",
        "--burst-submit=2",
        "--rate-manage=1",
        "--burst-manage=3",
        "--rate-mailbox=1",
        "--burst-mailbox=4",
        "--rate-claim=1",
        "--burst-claim=2",
    ])
    .await;
    #[track_caller]
    fn limited<T: std::fmt::Debug>(result: Result<T, WireError>) {
        let error = result.unwrap_err();
        assert_eq!(error.code, ErrorCode::RateLimited);
        assert!((1..=240_000).contains(&error.retry_after_ms.unwrap()));
    }
    let mut device = world.device().await; // one manage, two session, one mailbox
    world.start(&mut device).await.unwrap();
    limited(world.start(&mut device).await);
    for _ in 0..2 {
        world.submit(&message(b"x", &[device.alias])).await.unwrap();
    }
    limited(world.submit(&message(b"x", &[device.alias])).await);
    let collect = Collect {
        handles: Vec::new(),
        done: Vec::new(),
    };
    for _ in 0..2 {
        world.call(op::ReceiptsCollect, &collect).await.unwrap();
    }
    limited(world.call(op::ReceiptsCollect, &collect).await);
    for _ in 0..3 {
        world.fetch(&device).await;
    }
    limited(
        world
            .call_as(&device, op::MailboxFetch, &Fetch { max: 1, wait_ms: 0 })
            .await,
    );
    world
        .call(
            op::KeyPackageClaim,
            &Claim {
                aliases: aliases(2),
            },
        )
        .await
        .unwrap();
    limited(
        world
            .call(
                op::KeyPackageClaim,
                &Claim {
                    aliases: aliases(1),
                },
            )
            .await,
    );
}

#[tokio::test]
async fn a_stranger_is_slowed_and_costs_the_organisation_nothing() {
    let world = World::with(&["--rate-stranger=1", "--burst-stranger=3"]).await;
    let device = world.device().await;
    let collect = Collect {
        handles: Vec::new(),
        done: Vec::new(),
    };
    let mut codes = Vec::new();
    for _ in 0..4 {
        let guess = Bearer::new(random());
        let result = world
            .client
            .try_call(
                op::ReceiptsCollect,
                Some(&world.tenant),
                Some(&guess),
                &collect,
            )
            .await;
        codes.push(code(result.unwrap()));
    }
    assert_eq!(codes.pop(), Some(ErrorCode::RateLimited));
    world.submit(&message(b"x", &[device.alias])).await.unwrap();
}

#[tokio::test]
async fn a_nearly_full_disk_takes_nothing_new_and_still_gives_out_and_frees() {
    let mut world = World::new().await;
    let mut device = world.device().await;
    world
        .submit(&message(b"before", &[device.alias]))
        .await
        .unwrap();
    world.take_relay().kill();
    world.restart(&["--disk-free-min", "9000000000000000000"], &[]);
    world.start(&mut device).await.unwrap();
    let refused = world
        .submit(&message(b"x", &[device.alias]))
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::StorageFull);
    assert!(refused.retry_after_ms.is_some());
    let append = Append {
        expect: Position(0),
        entries: vec![sealed(b"e")],
    };
    assert_eq!(
        code(world.call(op::RosterAppend, &append).await),
        ErrorCode::StorageFull
    );
    let request = Client::request(Method::GET, "/healthz", None, None, Vec::new());
    assert_eq!(
        world.client.send(request).await.unwrap().status.as_u16(),
        507
    );
    let entry = world.fetch(&device).await.remove(0);
    world.ack(&device, vec![entry.seq], Vec::new()).await;
    assert!(world.fetch(&device).await.is_empty());
}

#[tokio::test]
async fn connections_beyond_the_limit_are_closed_at_once() {
    const ALL: usize = 8;
    let world = World::with(&["--connections", "8"]).await;
    let device = world.device().await;
    let live = world.live(&device).await;
    // The places of connections that have just ended become free a moment later.
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    let mut held = Vec::new();
    while held.len() < ALL - 1 {
        match world.client.connect().await {
            Ok(one) => held.push(one),
            Err(_) => assert!(tokio::time::Instant::now() < until, "{} held", held.len()),
        }
    }
    assert!(world.client.connect().await.is_err());
    drop((live, held));
}
