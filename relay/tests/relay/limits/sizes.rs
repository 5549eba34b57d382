//! Sizes of calls: whatever is larger than its operation allows is refused with the limit it broke.

use http::Method;
use sotto_wire::grant::Create as GrantCreate;
use sotto_wire::key_package::{Claim, Publish};
use sotto_wire::live::{Ack, Fetch, LeftReceipt};
use sotto_wire::receipt::Collect;
use sotto_wire::roster::{Append, PutAttestation, Rotate, Seal};
use sotto_wire::slot::{Advance, AdvanceAuth, AdvanceBody, Create as SlotCreate, Post};
use sotto_wire::submit::{Class, Delivery};
use sotto_wire::{
    Alias, BlobId, EntrySeq, Epoch, ErrorCode, GrantId, IdempotencyId, LimitKind, Operation,
    Position, PublicKey, ReceiptHandle, RelayTime, Sealed, Sig, SlotId, WireError, blob, decode,
    limits, mailbox, op,
};

use crate::client::{Client, sha256};
use crate::world::{World, code, message, random, sealed};

use super::*;
#[tokio::test]
async fn the_sizes_of_submissions_and_mailbox_calls() {
    let world = World::new().await;
    let device = world.device().await;
    let mut large = message(b"", &[device.alias]);
    large.payload = zeros(limits::PAYLOAD_BYTES + 1);
    too_large(
        world.submit(&large).await,
        LimitKind::Payload,
        limits::PAYLOAD_BYTES,
    );
    large.payload = zeros(limits::PAYLOAD_BYTES);
    world.submit(&large).await.unwrap();
    let many = message(b"x", &aliases(limits::DELIVERIES + 1));
    too_large(
        world.submit(&many).await,
        LimitKind::Deliveries,
        limits::DELIVERIES,
    );
    let most = world
        .submit(&message(b"x", &aliases(limits::DELIVERIES)))
        .await
        .unwrap();
    assert_eq!(most.refused.len(), limits::DELIVERIES);
    assert_eq!(
        code(world.submit(&message(b"x", &[])).await),
        ErrorCode::BadRequest
    );
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
    let handles = |n| {
        (0..n)
            .map(|_| ReceiptHandle::new(random()))
            .collect::<Vec<_>>()
    };
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
        .map(|alias| Delivery {
            alias,
            receipt: None,
        })
        .collect();
    Post {
        payload,
        deliveries,
    }
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
    let large = advance(
        vec![post(sealed(b"c"), 1)],
        zeros(limits::GROUP_INFO_BYTES + 1),
    );
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
        world
            .call(op::SlotAdvance, &advance(posts, sealed(b"")))
            .await,
        LimitKind::Posts,
        limits::POSTS,
    );
    let posts = (0..3).map(|_| post(sealed(b"w"), 700)).collect();
    let many = world
        .call(op::SlotAdvance, &advance(posts, sealed(b"")))
        .await;
    too_large(many, LimitKind::Deliveries, limits::DELIVERIES);
    assert_eq!(
        code(
            world
                .call(op::SlotAdvance, &advance(vec![], sealed(b"")))
                .await
        ),
        ErrorCode::BadRequest
    );
    let lonely = advance(
        vec![post(sealed(b"c"), 1), post(sealed(b"w"), 0)],
        sealed(b""),
    );
    assert_eq!(
        code(world.call(op::SlotAdvance, &lonely).await),
        ErrorCode::BadRequest
    );
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
        orders: None,
        refuse: None,
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
    too_large(
        published,
        LimitKind::KeyPackages,
        limits::KEY_PACKAGES_PER_CALL,
    );
    let large = publish(vec![zeros(limits::KEY_PACKAGE_BYTES + 1)]);
    let published = world.call_as(&device, op::KeyPackagePublish, &large).await;
    too_large(
        published,
        LimitKind::KeyPackageBytes,
        limits::KEY_PACKAGE_BYTES,
    );
    for _ in 0..2 {
        let full = publish(vec![sealed(b"k"); limits::KEY_PACKAGES_PER_CALL]);
        world
            .call_as(&device, op::KeyPackagePublish, &full)
            .await
            .unwrap();
    }
    let more = world
        .call_as(&device, op::KeyPackagePublish, &publish(vec![sealed(b"k")]))
        .await;
    over_quota(
        more,
        LimitKind::KeyPackages,
        limits::KEY_PACKAGES_PER_ALIAS as u64,
    );
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
    let request = Client::request(
        Method::POST,
        path,
        Some(&world.tenant),
        Some(&world.bearer),
        body,
    );
    let answer = world.client.send(request).await.unwrap();
    let error: WireError = decode(&answer.body).unwrap();
    assert_eq!(
        error,
        WireError::too_large(LimitKind::Body, limits::BODY_BYTES as u64)
    );
}
