//! Every limit: its number, its typed error, and when to come again.

use http::Method;
use sotto_wire::grant::Create as GrantCreate;
use sotto_wire::key_package::{Claim, Publish};
use sotto_wire::live::{Ack, Fetch, LeftReceipt};
use sotto_wire::receipt::Collect;
use sotto_wire::roster::{Append, PutAttestation, Rotate, Seal};
use sotto_wire::slot::{Advance, AdvanceAuth, AdvanceBody, Create as SlotCreate, Post};
use sotto_wire::submit::{Class, Delivery, RefusedReason};
use sotto_wire::{
    Alias, Bearer, BlobId, Detail, EntrySeq, Epoch, ErrorCode, GrantId, IdempotencyId, LimitKind, Operation, Position,
    PublicKey, ReceiptHandle, RelayTime, Sealed, Sig, SlotId, WireError, blob, decode, limits, mailbox, op,
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
async fn the_sizes_of_submissions_and_mailbox_calls() {
    let world = World::new().await;
    let device = world.device().await;
    let mut large = message(b"", &[device.alias]);
    large.payload = zeros(limits::PAYLOAD_BYTES + 1);
    too_large(world.submit(&large).await, LimitKind::Payload, limits::PAYLOAD_BYTES);
    large.payload = zeros(limits::PAYLOAD_BYTES);
    world.submit(&large).await.unwrap();
    let many = message(b"x", &aliases(limits::DELIVERIES + 1));
    too_large(world.submit(&many).await, LimitKind::Deliveries, limits::DELIVERIES);
    let most = world
        .submit(&message(b"x", &aliases(limits::DELIVERIES)))
        .await
        .unwrap();
    assert_eq!(most.refused.len(), limits::DELIVERIES);
    assert_eq!(code(world.submit(&message(b"x", &[])).await), ErrorCode::BadRequest);
    assert_eq!(
        code(world.submit(&message(b"x", &[device.alias; 2])).await),
        ErrorCode::BadRequest
    );
    let mut long = message(b"x", &[device.alias]);
    long.ttl_s = 30 * 24 * 3600 + 1;
    too_large(world.submit(&long).await, LimitKind::Ttl, 30 * 24 * 3600);
    long.ttl_s = 0;
    assert_eq!(code(world.submit(&long).await), ErrorCode::BadRequest);

    let create = mailbox::AliasCreate {
        aliases: aliases(limits::ALIASES_PER_CALL + 1),
    };
    let created = world.call_as(&device, op::AliasCreate, &create).await;
    too_large(created, LimitKind::Aliases, limits::ALIASES_PER_CALL);
    let drop = mailbox::AliasDrop {
        aliases: aliases(limits::ALIASES_PER_CALL + 1),
    };
    let dropped = world.call_as(&device, op::AliasDrop, &drop).await;
    too_large(dropped, LimitKind::Aliases, limits::ALIASES_PER_CALL);
    let wait = Fetch {
        max: 1,
        wait_ms: limits::WAIT_MAX_MS + 1,
    };
    let waited = world.call_as(&device, op::MailboxFetch, &wait).await;
    too_large(waited, LimitKind::Wait, limits::WAIT_MAX_MS as usize);
    let seqs = (0..=limits::ACKS_PER_CALL as u64).map(EntrySeq).collect();
    let acked = world
        .call_as(
            &device,
            op::MailboxAck,
            &Ack {
                seqs,
                receipts: Vec::new(),
            },
        )
        .await;
    too_large(acked, LimitKind::Acks, limits::ACKS_PER_CALL);
    let left = LeftReceipt {
        handle: ReceiptHandle::new(random()),
        receipt: zeros(limits::RECEIPT_BYTES + 1),
    };
    let acked = world
        .call_as(
            &device,
            op::MailboxAck,
            &Ack {
                seqs: Vec::new(),
                receipts: vec![left],
            },
        )
        .await;
    too_large(acked, LimitKind::ReceiptBytes, limits::RECEIPT_BYTES);
    let handles = |n| (0..n).map(|_| ReceiptHandle::new(random())).collect::<Vec<_>>();
    let collect = Collect {
        handles: handles(limits::RECEIPTS_PER_CALL + 1),
        done: Vec::new(),
    };
    let collected = world.call(op::ReceiptsCollect, &collect).await;
    too_large(collected, LimitKind::Receipts, limits::RECEIPTS_PER_CALL);
    let done = Collect {
        handles: Vec::new(),
        done: handles(limits::RECEIPTS_PER_CALL + 1),
    };
    let collected = world.call(op::ReceiptsCollect, &done).await;
    too_large(collected, LimitKind::Receipts, limits::RECEIPTS_PER_CALL);
}

fn advance(posts: Vec<Post>, group_info: Sealed) -> Advance {
    let body = AdvanceBody {
        idempotency: IdempotencyId::new(random()),
        slot: SlotId::new(random()),
        from_epoch: Epoch(0),
        next_epoch_key: PublicKey::new(random()),
        next_resync_key: None,
        group_info,
        posts,
        class: Class::Routine,
        ttl_s: 60,
    };
    Advance {
        body,
        auth: AdvanceAuth::EpochKey(Sig::new(random())),
    }
}

fn post(payload: Sealed, n: usize) -> Post {
    let deliveries = aliases(n)
        .into_iter()
        .map(|alias| Delivery { alias, receipt: None })
        .collect();
    Post { payload, deliveries }
}

#[tokio::test]
async fn the_sizes_of_slot_calls() {
    let world = World::new().await;
    let create = SlotCreate {
        slot: SlotId::new(random()),
        epoch: Epoch(0),
        epoch_key: PublicKey::new(random()),
        resync_key: PublicKey::new(random()),
        group_info: zeros(limits::GROUP_INFO_BYTES + 1),
    };
    too_large(
        world.call(op::SlotCreate, &create).await,
        LimitKind::GroupInfo,
        limits::GROUP_INFO_BYTES,
    );
    let large = advance(vec![post(sealed(b"c"), 1)], zeros(limits::GROUP_INFO_BYTES + 1));
    too_large(
        world.call(op::SlotAdvance, &large).await,
        LimitKind::GroupInfo,
        limits::GROUP_INFO_BYTES,
    );
    let large = advance(vec![post(zeros(limits::PAYLOAD_BYTES + 1), 1)], sealed(b""));
    too_large(
        world.call(op::SlotAdvance, &large).await,
        LimitKind::Payload,
        limits::PAYLOAD_BYTES,
    );
    let posts = (0..=limits::POSTS).map(|_| post(sealed(b"w"), 1)).collect();
    too_large(
        world.call(op::SlotAdvance, &advance(posts, sealed(b""))).await,
        LimitKind::Posts,
        limits::POSTS,
    );
    let posts = (0..3).map(|_| post(sealed(b"w"), 700)).collect();
    let many = world.call(op::SlotAdvance, &advance(posts, sealed(b""))).await;
    too_large(many, LimitKind::Deliveries, limits::DELIVERIES);
    assert_eq!(
        code(world.call(op::SlotAdvance, &advance(vec![], sealed(b""))).await),
        ErrorCode::BadRequest
    );
    let lonely = advance(vec![post(sealed(b"c"), 1), post(sealed(b"w"), 0)], sealed(b""));
    assert_eq!(code(world.call(op::SlotAdvance, &lonely).await), ErrorCode::BadRequest);
}

#[tokio::test]
async fn the_sizes_of_roster_calls() {
    let world = World::new().await;
    let append = |entries| Append {
        expect: Position(0),
        entries,
    };
    let many = append(vec![sealed(b"e"); limits::ROSTER_ENTRIES_PER_CALL + 1]);
    too_large(
        world.call(op::RosterAppend, &many).await,
        LimitKind::RosterEntries,
        limits::ROSTER_ENTRIES_PER_CALL,
    );
    let large = append(vec![zeros(limits::ROSTER_ENTRY_BYTES + 1)]);
    too_large(
        world.call(op::RosterAppend, &large).await,
        LimitKind::RosterEntryBytes,
        limits::ROSTER_ENTRY_BYTES,
    );
    assert_eq!(
        code(world.call(op::RosterAppend, &append(vec![])).await),
        ErrorCode::BadRequest
    );
    let rotate = |seals: Vec<Seal>, close| Rotate {
        idempotency: IdempotencyId::new(random()),
        admin_capability: world.admin.clone(),
        expect: Position(0),
        entries: vec![sealed(b"e")],
        new_bearer_hash: sha256(b""),
        new_admin_capability_hash: sha256(b""),
        seals,
        close,
    };
    let seal = |alias, bytes| Seal {
        alias,
        seal: zeros(bytes),
    };
    let seals = aliases(limits::SEALS + 1)
        .into_iter()
        .map(|alias| seal(alias, 1))
        .collect();
    too_large(
        world.call(op::RosterRotate, &rotate(seals, vec![])).await,
        LimitKind::Seals,
        limits::SEALS,
    );
    let seals = vec![seal(Alias::new(random()), limits::SEAL_BYTES + 1)];
    too_large(
        world.call(op::RosterRotate, &rotate(seals, vec![])).await,
        LimitKind::SealBytes,
        limits::SEAL_BYTES,
    );
    let close = rotate(vec![], aliases(limits::CLOSE_PER_CALL + 1));
    too_large(
        world.call(op::RosterRotate, &close).await,
        LimitKind::Close,
        limits::CLOSE_PER_CALL,
    );
    let put = PutAttestation {
        attestation: zeros(limits::ATTESTATION_BYTES + 1),
        at: RelayTime(0),
    };
    too_large(
        world.call(op::AttestationPut, &put).await,
        LimitKind::Attestation,
        limits::ATTESTATION_BYTES,
    );
}

#[tokio::test]
async fn the_sizes_of_key_package_grant_and_blob_calls() {
    let world = World::new().await;
    let device = world.device().await;
    let publish = |one_time| Publish {
        alias: device.alias,
        one_time,
        last_resort: None,
        replace: false,
    };
    let many = publish(vec![sealed(b"k"); limits::KEY_PACKAGES_PER_CALL + 1]);
    let published = world.call_as(&device, op::KeyPackagePublish, &many).await;
    too_large(published, LimitKind::KeyPackages, limits::KEY_PACKAGES_PER_CALL);
    let large = publish(vec![zeros(limits::KEY_PACKAGE_BYTES + 1)]);
    let published = world.call_as(&device, op::KeyPackagePublish, &large).await;
    too_large(published, LimitKind::KeyPackageBytes, limits::KEY_PACKAGE_BYTES);
    for _ in 0..2 {
        let full = publish(vec![sealed(b"k"); limits::KEY_PACKAGES_PER_CALL]);
        world.call_as(&device, op::KeyPackagePublish, &full).await.unwrap();
    }
    let more = world
        .call_as(&device, op::KeyPackagePublish, &publish(vec![sealed(b"k")]))
        .await;
    over_quota(more, LimitKind::KeyPackages, limits::KEY_PACKAGES_PER_ALIAS as u64);
    let claim = Claim {
        aliases: aliases(limits::CLAIMS_PER_CALL + 1),
    };
    too_large(
        world.call(op::KeyPackageClaim, &claim).await,
        LimitKind::Claims,
        limits::CLAIMS_PER_CALL,
    );
    let grant = |offer, expires_s| GrantCreate {
        grant: GrantId::new(random()),
        take_hash: sha256(b""),
        offer,
        expires_s,
        notify: None,
    };
    let large = grant(zeros(limits::GRANT_OFFER_BYTES + 1), 60);
    too_large(
        world.call(op::GrantCreate, &large).await,
        LimitKind::GrantBytes,
        limits::GRANT_OFFER_BYTES,
    );
    let long = grant(sealed(b""), limits::GRANT_MAX_S + 1);
    too_large(
        world.call(op::GrantCreate, &long).await,
        LimitKind::Ttl,
        limits::GRANT_MAX_S as usize,
    );
    let blob = blob::Create {
        blob: BlobId::new(random()),
        size: limits::BLOB_BYTES + 1,
        ttl_s: 60,
    };
    too_large(
        world.call(op::BlobCreate, &blob).await,
        LimitKind::Blob,
        limits::BLOB_BYTES as usize,
    );
}

#[tokio::test]
async fn a_body_beyond_its_operations_size_is_refused_with_its_limit() {
    let world = World::new().await;
    let path = op::Submit::DESCRIPTOR.path;
    let body = vec![0; op::Submit::DESCRIPTOR.body + 1];
    let request = Client::request(Method::POST, path, Some(&world.tenant), Some(&world.bearer), body);
    let answer = world.client.send(request).await.unwrap();
    let error: WireError = decode(&answer.body).unwrap();
    assert_eq!(error, WireError::too_large(LimitKind::Body, limits::BODY_BYTES as u64));
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
    let both = world.submit(&message(b"x", &[device.alias, other])).await.unwrap();
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
    let world = World::with(&["--limit-mailbox-entries", "2", "--limit-mailbox-aliases", "3"]).await;
    let device = world.device().await;
    let more = aliases(2);
    let create = mailbox::AliasCreate { aliases: more.clone() };
    world.call_as(&device, op::AliasCreate, &create).await.unwrap();
    let fourth = mailbox::AliasCreate { aliases: aliases(1) };
    over_quota(
        world.call_as(&device, op::AliasCreate, &fourth).await,
        LimitKind::MailboxAliases,
        3,
    );
    let drop = mailbox::AliasDrop {
        aliases: more[..1].to_vec(),
    };
    world.call_as(&device, op::AliasDrop, &drop).await.unwrap();
    world.call_as(&device, op::AliasCreate, &fourth).await.unwrap();
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
        world.call(op::MailboxOpen, &Device::unopened().open()).await,
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
    over_quota(world.call(op::SlotCreate, &slot()).await, LimitKind::TenantSlots, 1);
    let grant = || GrantCreate {
        grant: GrantId::new(random()),
        take_hash: sha256(b""),
        offer: sealed(b""),
        expires_s: 60,
        notify: None,
    };
    world.call(op::GrantCreate, &grant()).await.unwrap();
    over_quota(world.call(op::GrantCreate, &grant()).await, LimitKind::TenantGrants, 1);
    let blob = || blob::Create {
        blob: BlobId::new(random()),
        size: 5_000,
        ttl_s: 60,
    };
    world.call(op::BlobCreate, &blob()).await.unwrap();
    over_quota(world.call(op::BlobCreate, &blob()).await, LimitKind::TenantBlobs, 1);
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
        world.submit(&message(&[0; 5_000], &[device.alias])).await,
        LimitKind::TenantBytes,
        10_000,
    );
    world.submit(&message(&[0; 4_000], &[device.alias])).await.unwrap();
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
        .call(op::KeyPackageClaim, &Claim { aliases: aliases(2) })
        .await
        .unwrap();
    limited(world.call(op::KeyPackageClaim, &Claim { aliases: aliases(1) }).await);
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
            .try_call(op::ReceiptsCollect, Some(&world.tenant), Some(&guess), &collect)
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
    world.submit(&message(b"before", &[device.alias])).await.unwrap();
    world.take_relay().kill();
    world.restart(&["--disk-free-min", "9000000000000000000"], &[]);
    world.start(&mut device).await.unwrap();
    let refused = world.submit(&message(b"x", &[device.alias])).await.unwrap_err();
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
    assert_eq!(world.client.send(request).await.unwrap().status.as_u16(), 507);
    let entry = world.fetch(&device).await.remove(0);
    world.ack(&device, vec![entry.seq], Vec::new()).await;
    assert!(world.fetch(&device).await.is_empty());
}

#[tokio::test]
async fn connections_beyond_the_limit_are_closed_at_once() {
    let world = World::with(&["--connections", "2"]).await;
    let device = world.device().await;
    let one = world.live(&device).await;
    let two = world.client.connect().await.unwrap();
    assert!(world.client.connect().await.is_err());
    drop((one, two));
}
