//! The relay ends at a named point, and nothing that was acknowledged is lost or done twice. And: the clock moves on, and
//! everything ends visibly. Both need switches that no shipped binary has: run with `--features crash-points`.
#![cfg(feature = "crash-points")]

use std::os::unix::process::ExitStatusExt;

use sotto_wire::channel::OrderState;
use sotto_wire::grant::{Create as GrantCreate, Status};
use sotto_wire::key_package::{Claim, Publish};
use sotto_wire::live::{Ack, LeftReceipt};
use sotto_wire::receipt::{Collect, ReceiptState};
use sotto_wire::roster::{Append, Order, Read, Rotate};
use sotto_wire::{
    Bearer, BlobId, ErrorCode, GrantId, IdempotencyId, Position, ReceiptHandle, blob, limits, op,
};

use crate::channels::bench::{Channel, lay};
use crate::client::{Client, sha256};
use crate::world::{World, code, message, random, sealed, with_receipts};

const ABORTED: i32 = 6;

fn crashed(world: &mut World) {
    assert_eq!(world.take_relay().ended().signal(), Some(ABORTED));
}

#[tokio::test]
async fn a_submission_is_there_once_wherever_the_relay_dies() {
    for (place, stored) in [
        ("before-commit", false),
        ("after-commit", true),
        ("before-answer", true),
    ] {
        let mut world = World::new().await;
        let mut device = world.device().await;
        world.restart(&[], &[("SOTTO_CRASH", &format!("submit/{place}"))]);
        let (submit, handles) = with_receipts(message(b"x", &[device.alias]));
        let answer = world
            .client
            .try_call(
                op::Submit,
                Some(&world.tenant),
                Some(&world.bearer),
                &submit,
            )
            .await;
        assert_eq!(answer, None, "{place}");
        crashed(&mut world);
        world.restart(&[], &[]);
        world.start(&mut device).await.unwrap();
        assert_eq!(
            world.fetch(&device).await.len(),
            usize::from(stored),
            "{place}"
        );
        let first = world.submit(&submit).await.unwrap();
        assert_eq!(world.submit(&submit).await.unwrap(), first);
        assert_eq!(world.fetch(&device).await.len(), 1, "{place}");
        let collected = world
            .call(
                op::ReceiptsCollect,
                &Collect {
                    handles,
                    done: Vec::new(),
                },
            )
            .await
            .unwrap();
        assert_eq!(collected.receipts[0].state, ReceiptState::Waiting);
    }
}

#[tokio::test]
async fn the_nth_passage_is_the_one_that_counts() {
    let mut world = World::new().await;
    let device = world.device().await;
    world.restart(&[], &[("SOTTO_CRASH", "submit/after-commit:3")]);
    for n in 1..=3 {
        let submit = message(&[n], &[device.alias]);
        let answer = world
            .client
            .try_call(
                op::Submit,
                Some(&world.tenant),
                Some(&world.bearer),
                &submit,
            )
            .await;
        assert_eq!(answer.is_some(), n < 3);
    }
    crashed(&mut world);
}

#[tokio::test]
async fn an_acknowledgement_that_was_not_answered_brings_at_most_a_redelivery() {
    for (place, left) in [
        ("before-commit", 1),
        ("after-commit", 0),
        ("before-answer", 0),
    ] {
        let mut world = World::new().await;
        let mut device = world.device().await;
        let (submit, handles) = with_receipts(message(b"x", &[device.alias]));
        world.submit(&submit).await.unwrap();
        world.restart(&[], &[("SOTTO_CRASH", &format!("mailbox-ack/{place}"))]);
        world.start(&mut device).await.unwrap();
        let entry = world.fetch(&device).await.remove(0);
        let receipts = vec![LeftReceipt {
            handle: handles[0],
            receipt: sealed(b"signed"),
        }];
        let ack = Ack {
            seqs: vec![entry.seq],
            receipts,
        };
        let token = device.token.as_ref();
        assert_eq!(
            world
                .client
                .try_call(op::MailboxAck, Some(&world.tenant), token, &ack)
                .await,
            None
        );
        crashed(&mut world);
        world.restart(&[], &[]);
        world.start(&mut device).await.unwrap();
        assert_eq!(world.fetch(&device).await.len(), left, "{place}");
        world.call_as(&device, op::MailboxAck, &ack).await.unwrap();
        assert!(world.fetch(&device).await.is_empty());
        let collected = world
            .call(
                op::ReceiptsCollect,
                &Collect {
                    handles,
                    done: Vec::new(),
                },
            )
            .await
            .unwrap();
        assert_eq!(
            collected.receipts[0].state,
            ReceiptState::Delivered(sealed(b"signed"))
        );
    }
}

#[tokio::test]
async fn a_rotation_is_whole_or_not_at_all() {
    for (place, done) in [
        ("before-commit", false),
        ("after-commit", true),
        ("before-answer", true),
    ] {
        let mut world = World::new().await;
        let goes = world.device().await;
        let channel = Channel::new();
        channel.open(&world, Some(b"share")).await.unwrap();
        world.restart(&[], &[("SOTTO_CRASH", &format!("roster-rotate/{place}"))]);
        let next = Bearer::new(random());
        let rotate = Rotate {
            idempotency: IdempotencyId::new(random()),
            admin_capability: world.admin.clone(),
            expect: Position(0),
            entries: vec![sealed(b"rotated")],
            new_bearer_hash: sha256(next.expose()),
            new_admin_capability_hash: sha256(b"next"),
            seals: Vec::new(),
            close: vec![goes.alias],
            orders: Some(vec![Order {
                key: channel.key(),
                order: sealed(b"order"),
            }]),
            refuse: None,
        };
        let lost = world
            .client
            .try_call(
                op::RosterRotate,
                Some(&world.tenant),
                Some(&world.bearer),
                &rotate,
            )
            .await;
        assert_eq!(lost, None);
        crashed(&mut world);
        world.restart(&[], &[]);
        let old = world.submit(&message(b"x", &[goes.alias])).await;
        assert_eq!(old.is_err(), done, "{place}");
        let polled = channel.poll(&world, 0).await.unwrap();
        assert_eq!(polled.order.is_some(), done, "{place}");
        assert_eq!(polled.share.is_some(), !done, "{place}");
        // The same again, with the bearer it was first sent with.
        let rotated = world.call(op::RosterRotate, &rotate).await.unwrap();
        assert_eq!(rotated.end, Position(1));
        world.bearer = next;
        assert_eq!(
            world
                .submit(&message(b"x", &[goes.alias]))
                .await
                .unwrap()
                .refused
                .len(),
            1
        );
        let read = world
            .call(
                op::RosterRead,
                &Read {
                    from: Position(0),
                    limit: 9,
                },
            )
            .await
            .unwrap();
        assert_eq!(read.entries.len(), 1);
    }
}

#[tokio::test]
async fn a_certificate_is_there_once_wherever_the_relay_dies() {
    for (place, kept) in [
        ("before-commit", 0),
        ("after-commit", 1),
        ("before-answer", 1),
    ] {
        let mut world = World::new().await;
        let channel = Channel::new();
        lay(&world, 0, &channel, b"order").await;
        world.restart(&[], &[("SOTTO_CRASH", &format!("channel-certify/{place}"))]);
        let certify = channel.certificate(&world, sealed(b"wiped")).await;
        let lost = world
            .client
            .try_call(op::ChannelCertify, Some(&world.tenant), None, &certify)
            .await;
        assert_eq!(lost, None, "{place}");
        crashed(&mut world);
        world.restart(&[], &[]);
        let certificates = channel.state(&world).await.certificates;
        assert_eq!(certificates.len(), kept, "{place}");
        channel.certify(&world, b"wiped").await.unwrap();
        let certificates = channel.state(&world).await.certificates;
        assert_eq!(certificates, [sealed(b"wiped")], "{place}");
    }
}

#[tokio::test]
async fn an_order_that_was_not_answered_is_given_out_again() {
    for (place, fetched) in [
        ("before-commit", false),
        ("after-commit", true),
        ("before-answer", true),
    ] {
        let mut world = World::new().await;
        let channel = Channel::new();
        lay(&world, 0, &channel, b"order").await;
        world.restart(&[], &[("SOTTO_CRASH", &format!("channel-poll/{place}"))]);
        let poll = channel.polling(&world, 0).await;
        let lost = world
            .client
            .try_call(op::ChannelPoll, Some(&world.tenant), None, &poll)
            .await;
        assert_eq!(lost, None, "{place}");
        crashed(&mut world);
        world.restart(&[], &[]);
        let state = channel.state(&world).await.state;
        assert_eq!(matches!(state, OrderState::Fetched(_)), fetched, "{place}");
        let polled = channel.poll(&world, 0).await.unwrap();
        assert_eq!(polled.order, Some(sealed(b"order")), "{place}");
    }
}

#[tokio::test]
async fn a_session_start_can_be_repeated_after_its_answer_was_lost() {
    for place in ["before-commit", "after-commit", "before-answer"] {
        let mut world = World::new().await;
        let device = world.device().await;
        world.restart(&[], &[("SOTTO_CRASH", &format!("session-start/{place}"))]);
        let next = sotto_wire::Generation::new(random());
        let challenge = sotto_wire::session::Challenge {
            mailbox: device.mailbox,
        };
        let nonce = world
            .call_bare(op::SessionChallenge, &challenge)
            .await
            .unwrap()
            .nonce;
        let message = sotto_wire::signed::session(
            &nonce,
            &world.tenant,
            &device.mailbox,
            &device.generation,
            &next,
        );
        let sig = device.key.sign(&message);
        let start = sotto_wire::session::Start {
            mailbox: device.mailbox,
            nonce,
            expect: device.generation,
            next,
            sig,
        };
        assert_eq!(
            world
                .client
                .try_call(op::SessionStart, Some(&world.tenant), None, &start)
                .await,
            None
        );
        crashed(&mut world);
        world.restart(&[], &[]);
        world
            .start_as(&device, device.generation, next)
            .await
            .unwrap();
        world
            .start_as(&device, next, sotto_wire::Generation::new(random()))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_blob_resumes_wherever_the_relay_dies() {
    for (place, received) in [
        ("before-sync", 0),
        ("before-commit", 0),
        ("after-commit", 4),
        ("before-answer", 4),
    ] {
        let mut world = World::new().await;
        let blob = BlobId::new(random());
        world
            .call(
                op::BlobCreate,
                &blob::Create {
                    blob,
                    size: 6,
                    ttl_s: 3_600,
                },
            )
            .await
            .unwrap();
        world.restart(&[], &[("SOTTO_CRASH", &format!("blob-put/{place}"))]);
        let put = |offset, bytes: &[u8]| {
            let path = sotto_wire::http::blob_put_path(&blob, offset);
            Client::request(
                http::Method::PUT,
                &path,
                Some(&world.tenant),
                Some(&world.bearer),
                bytes.to_vec(),
            )
        };
        assert!(
            world.client.send(put(0, b"wron")).await.is_none(),
            "{place}"
        );
        let (first, second) = (put(0, b"righ"), put(4, b"t!"));
        crashed(&mut world);
        world.restart(&[], &[]);
        let status = world
            .call(op::BlobStatus, &blob::AskStatus { blob })
            .await
            .unwrap();
        assert_eq!(status.received, received, "{place}");
        if received == 0 {
            assert_eq!(world.client.send(first).await.unwrap().status.as_u16(), 200);
        }
        assert_eq!(
            world.client.send(second).await.unwrap().status.as_u16(),
            200
        );
        let device = world.device().await;
        let link = world
            .call_as(&device, op::BlobLink, &blob::AskLink { blob })
            .await
            .unwrap();
        let path = sotto_wire::http::blob_get_path(&blob, 0, 6);
        let get = Client::request(
            http::Method::GET,
            &path,
            Some(&world.tenant),
            Some(&link.token),
            Vec::new(),
        );
        let expected: &[u8] = if received == 0 { b"right!" } else { b"wront!" };
        assert_eq!(world.client.send(get).await.unwrap().body, expected);
    }
}

/// Restarts with the clock put forward.
fn later(world: &mut World, seconds: u64) {
    let offset = (seconds * 1_000).to_string();
    world.restart(&["--sweep-s", "1"], &[("SOTTO_CLOCK_OFFSET_MS", &offset)]);
}

async fn state(world: &World, handle: ReceiptHandle) -> ReceiptState {
    let collect = Collect {
        handles: vec![handle],
        done: Vec::new(),
    };
    world
        .call(op::ReceiptsCollect, &collect)
        .await
        .unwrap()
        .receipts
        .remove(0)
        .state
}

#[tokio::test]
async fn an_entry_that_expires_unread_is_told_to_its_sender_and_later_forgotten() {
    let mut world = World::new().await;
    let mut device = world.device().await;
    let (mut submit, handles) = with_receipts(message(b"x", &[device.alias]));
    submit.ttl_s = 60;
    world.submit(&submit).await.unwrap();
    later(&mut world, 61);
    world.start(&mut device).await.unwrap();
    assert!(world.fetch(&device).await.is_empty());
    assert_eq!(state(&world, handles[0]).await, ReceiptState::Expired);
    later(&mut world, 120 + u64::from(limits::RECEIPT_KEEP_S));
    assert_eq!(state(&world, handles[0]).await, ReceiptState::Unknown);
    // Nothing is left over.
    let data = world.data();
    let (good, out, _) =
        crate::process::run(&["check".as_ref(), "--data".as_ref(), data.as_os_str()]);
    assert!(good, "{out}");
}

#[tokio::test]
async fn a_receipt_that_never_comes_expires_a_little_after_its_entry() {
    let mut world = World::new().await;
    let device = world.device().await;
    let (mut submit, handles) = with_receipts(message(b"x", &[device.alias]));
    submit.ttl_s = 60;
    world.submit(&submit).await.unwrap();
    let entry = world.fetch(&device).await.remove(0);
    world.ack(&device, vec![entry.seq], Vec::new()).await;
    later(&mut world, 61);
    assert_eq!(state(&world, handles[0]).await, ReceiptState::Waiting);
    later(&mut world, 60 + 601);
    assert_eq!(state(&world, handles[0]).await, ReceiptState::Expired);
}

#[tokio::test]
async fn an_intent_is_remembered_for_48_hours() {
    let mut world = World::new().await;
    let device = world.device().await;
    let submit = message(b"x", &[device.alias]);
    let first = world.submit(&submit).await.unwrap();
    later(&mut world, u64::from(limits::IDEMPOTENCY_S) - 60);
    assert_eq!(world.submit(&submit).await.unwrap(), first);
    later(&mut world, u64::from(limits::IDEMPOTENCY_S) + 60);
    assert_ne!(world.submit(&submit).await.unwrap(), first);
}

#[tokio::test]
async fn grants_key_packages_and_blobs_end_by_time() {
    let mut world = World::new().await;
    let mut device = world.device().await;
    let grant = GrantCreate {
        grant: GrantId::new(random()),
        take_hash: sha256(b""),
        offer: sealed(b"offer"),
        expires_s: 60,
        notify: None,
    };
    world.call(op::GrantCreate, &grant).await.unwrap();
    let blob = BlobId::new(random());
    world
        .call(
            op::BlobCreate,
            &blob::Create {
                blob,
                size: 1,
                ttl_s: 60,
            },
        )
        .await
        .unwrap();
    let path = sotto_wire::http::blob_put_path(&blob, 0);
    let put = Client::request(
        http::Method::PUT,
        &path,
        Some(&world.tenant),
        Some(&world.bearer),
        vec![1],
    );
    world.client.send(put).await.unwrap();
    let publish = Publish {
        alias: device.alias,
        one_time: vec![sealed(b"k")],
        last_resort: Some(sealed(b"l")),
        replace: false,
    };
    world
        .call_as(&device, op::KeyPackagePublish, &publish)
        .await
        .unwrap();
    later(&mut world, 61);
    let status = world
        .call(op::GrantStatus, &Status { grant: grant.grant })
        .await;
    assert!(matches!(
        code(status),
        ErrorCode::NotFound | ErrorCode::Expired
    ));
    world.start(&mut device).await.unwrap();
    let link = world
        .call_as(&device, op::BlobLink, &blob::AskLink { blob })
        .await;
    assert!(matches!(
        code(link),
        ErrorCode::NotFound | ErrorCode::Expired
    ));
    let files = |folder: std::path::PathBuf| {
        let folders = std::fs::read_dir(folder)
            .unwrap()
            .map(|one| one.unwrap().path());
        folders
            .map(|one| std::fs::read_dir(one).unwrap().count())
            .sum::<usize>()
    };
    assert_eq!(files(world.data().join("blobs")), 0);
    later(&mut world, 60 + u64::from(limits::KEY_PACKAGE_KEEP_S));
    let claimed = world
        .call(
            op::KeyPackageClaim,
            &Claim {
                aliases: vec![device.alias],
            },
        )
        .await
        .unwrap();
    assert_eq!(claimed.packages[0].key_package, None);
}

#[tokio::test]
async fn a_clock_set_back_does_not_turn_the_order_of_a_mailbox() {
    let mut world = World::new().await;
    let mut device = world.device().await;
    later(&mut world, 86_400);
    world
        .submit(&message(b"first", &[device.alias]))
        .await
        .unwrap();
    world.restart(&[], &[]);
    world
        .submit(&message(b"second", &[device.alias]))
        .await
        .unwrap();
    world.start(&mut device).await.unwrap();
    let entries = world.fetch(&device).await;
    assert_eq!(entries[0].payload.as_bytes(), b"first");
    assert_eq!(entries[1].payload.as_bytes(), b"second");
    assert!(entries[0].accepted <= entries[1].accepted);
    let append = Append {
        expect: Position(0),
        entries: vec![sealed(b"e")],
    };
    world.call(op::RosterAppend, &append).await.unwrap();
}
