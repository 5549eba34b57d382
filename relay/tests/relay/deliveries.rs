//! From a submission to its receipt.

use std::time::Duration;

use sotto_wire::live::{Fetch, LeftReceipt};
use sotto_wire::receipt::{Collect, ReceiptState};
use sotto_wire::submit::{Class, Refused, RefusedReason};
use sotto_wire::{Alias, ErrorCode, IdempotencyId, ReceiptHandle, Sealed, op, signed};

use crate::client::sha256;
use crate::world::{World, code, message, random, sealed, verified, with_receipts};

async fn states(world: &World, handles: &[ReceiptHandle]) -> Vec<ReceiptState> {
    let collect = Collect {
        handles: handles.to_vec(),
        done: Vec::new(),
    };
    let collected = world.call(op::ReceiptsCollect, &collect).await.unwrap();
    assert!(
        collected
            .receipts
            .iter()
            .map(|one| one.handle)
            .eq(handles.iter().copied())
    );
    collected
        .receipts
        .into_iter()
        .map(|one| one.state)
        .collect()
}

#[tokio::test]
async fn one_payload_reaches_every_addressee_and_the_answer_is_signed() {
    let world = World::new().await;
    let (one, two) = (world.device().await, world.device().await);
    let nobody = Alias::new(random());
    let mut submit = message(b"ciphertext", &[one.alias, nobody, two.alias]);
    submit.class = Class::Urgent;
    let queued = world.submit(&submit).await.unwrap();
    assert_eq!(
        queued.refused,
        [Refused {
            index: 1,
            reason: RefusedReason::Unknown
        }]
    );
    let bytes = signed::queued(&submit.idempotency, &sha256(b"ciphertext"), queued.time);
    assert!(verified(&world.relay().signing_key, &bytes, &queued.sig));
    for device in [&one, &two] {
        let entries = world.fetch(device).await;
        assert_eq!(entries.len(), 1);
        assert_eq!(
            (entries[0].payload.as_bytes(), entries[0].class),
            (b"ciphertext".as_slice(), Class::Urgent)
        );
        assert_eq!(
            (entries[0].alias, entries[0].accepted),
            (device.alias, queued.time)
        );
        world.ack(device, vec![entries[0].seq], Vec::new()).await;
        assert!(world.fetch(device).await.is_empty());
    }
}

#[tokio::test]
async fn entries_come_in_the_order_of_their_acceptance() {
    let world = World::new().await;
    let device = world.device().await;
    for n in 0..20u8 {
        world.submit(&message(&[n], &[device.alias])).await.unwrap();
    }
    let entries = world.fetch(&device).await;
    let order: Vec<u8> = entries
        .iter()
        .map(|entry| entry.payload.as_bytes()[0])
        .collect();
    assert_eq!(order, (0..20).collect::<Vec<u8>>());
    assert!(
        entries.is_sorted_by_key(|entry| entry.seq)
            && entries.is_sorted_by_key(|entry| entry.accepted)
    );
}

#[tokio::test]
async fn the_same_intent_gets_the_same_answer_and_stores_nothing_twice() {
    let world = World::new().await;
    let device = world.device().await;
    let (submit, _) = with_receipts(message(b"once", &[device.alias, Alias::new(random())]));
    let first = world.submit(&submit).await.unwrap();
    assert_eq!(world.submit(&submit).await.unwrap(), first);
    assert_eq!(world.fetch(&device).await.len(), 1);
    // Also after it was read and acknowledged.
    let seq = world.fetch(&device).await[0].seq;
    world.ack(&device, vec![seq], Vec::new()).await;
    assert_eq!(world.submit(&submit).await.unwrap(), first);
    assert!(world.fetch(&device).await.is_empty());
    let mut other = submit;
    other.payload = sealed(b"other");
    assert_eq!(code(world.submit(&other).await), ErrorCode::AlreadyExists);
}

#[tokio::test]
async fn the_same_intent_many_times_at_once_is_stored_once() {
    let world = World::new().await;
    let device = world.device().await;
    let submit = message(b"once", &[device.alias]);
    let answers = futures_util::future::join_all((0..16).map(|_| world.submit(&submit))).await;
    let first = answers[0].clone().unwrap();
    assert!(answers.into_iter().all(|answer| answer.unwrap() == first));
    assert_eq!(world.fetch(&device).await.len(), 1);
}

#[tokio::test]
async fn a_receipt_travels_from_device_to_sender_and_is_forgotten_when_written_down() {
    let world = World::new().await;
    let (one, two) = (world.device().await, world.device().await);
    let (submit, handles) = with_receipts(message(b"x", &[one.alias, two.alias]));
    world.submit(&submit).await.unwrap();
    assert_eq!(
        states(&world, &handles).await,
        [ReceiptState::Waiting, ReceiptState::Waiting]
    );
    let entry = world.fetch(&one).await.remove(0);
    assert_eq!(entry.receipt, Some(handles[0]));
    let left = LeftReceipt {
        handle: handles[0],
        receipt: sealed(b"signed"),
    };
    // Somebody else's device can leave nothing under it.
    world
        .ack(
            &two,
            Vec::new(),
            vec![LeftReceipt {
                handle: handles[0],
                receipt: sealed(b"forged"),
            }],
        )
        .await;
    assert_eq!(states(&world, &handles[..1]).await, [ReceiptState::Waiting]);
    world.ack(&one, vec![entry.seq], vec![left]).await;
    // A second one does not replace the first.
    world
        .ack(
            &one,
            Vec::new(),
            vec![LeftReceipt {
                handle: handles[0],
                receipt: sealed(b"late"),
            }],
        )
        .await;
    let expected = [
        ReceiptState::Delivered(sealed(b"signed")),
        ReceiptState::Waiting,
    ];
    assert_eq!(states(&world, &handles).await, expected);
    assert_eq!(states(&world, &handles).await, expected);
    let done = Collect {
        handles: handles.clone(),
        done: handles.clone(),
    };
    let after = world.call(op::ReceiptsCollect, &done).await.unwrap();
    let after: Vec<ReceiptState> = after.receipts.into_iter().map(|one| one.state).collect();
    // What still waits is not forgotten.
    assert_eq!(after, [ReceiptState::Unknown, ReceiptState::Waiting]);
}

#[tokio::test]
async fn a_receipt_may_come_after_its_acknowledgement() {
    let world = World::new().await;
    let device = world.device().await;
    let (submit, handles) = with_receipts(message(b"x", &[device.alias]));
    world.submit(&submit).await.unwrap();
    let entry = world.fetch(&device).await.remove(0);
    world.ack(&device, vec![entry.seq], Vec::new()).await;
    world
        .ack(
            &device,
            vec![],
            vec![LeftReceipt {
                handle: handles[0],
                receipt: sealed(b"jittered"),
            }],
        )
        .await;
    assert_eq!(
        states(&world, &handles).await,
        [ReceiptState::Delivered(sealed(b"jittered"))]
    );
}

#[tokio::test]
async fn a_handle_is_used_once() {
    let world = World::new().await;
    let (one, two) = (world.device().await, world.device().await);
    let (submit, handles) = with_receipts(message(b"x", &[one.alias]));
    world.submit(&submit).await.unwrap();
    let mut again = message(b"y", &[two.alias]);
    again.deliveries[0].receipt = Some(handles[0]);
    assert_eq!(code(world.submit(&again).await), ErrorCode::AlreadyExists);
    assert!(world.fetch(&two).await.is_empty());
    let mut twice = message(b"z", &[one.alias, two.alias]);
    let handle = Some(ReceiptHandle::new(random()));
    twice
        .deliveries
        .iter_mut()
        .for_each(|delivery| delivery.receipt = handle);
    assert_eq!(code(world.submit(&twice).await), ErrorCode::BadRequest);
}

#[tokio::test]
async fn a_refused_operation_disturbs_no_other_in_the_same_commit() {
    let world = World::new().await;
    let device = world.device().await;
    let (first, handles) = with_receipts(message(b"first", &[device.alias]));
    world.submit(&first).await.unwrap();
    let submits = (0..40u8).map(|n| {
        let mut submit = message(&[n], &[device.alias]);
        if n % 2 == 1 {
            submit.deliveries[0].receipt = Some(handles[0]);
        }
        submit
    });
    let submits: Vec<_> = submits.collect();
    let results =
        futures_util::future::join_all(submits.iter().map(|submit| world.submit(submit))).await;
    for (n, result) in results.into_iter().enumerate() {
        assert_eq!(result.is_ok(), n % 2 == 0);
    }
    assert_eq!(world.fetch(&device).await.len(), 21);
}

#[tokio::test]
async fn escrow_is_reserved() {
    let world = World::new().await;
    let device = world.device().await;
    let mut submit = message(b"x", &[device.alias]);
    submit.escrow = vec![Sealed::new(vec![1])];
    assert_eq!(code(world.submit(&submit).await), ErrorCode::Unsupported);
}

#[tokio::test]
async fn a_long_poll_ends_with_what_arrives_or_with_its_time() {
    let world = World::new().await;
    let device = world.device().await;
    let fetch = Fetch {
        max: 10,
        wait_ms: 30_000,
    };
    let waiting = world.call_as(&device, op::MailboxFetch, &fetch);
    let submit = message(b"x", &[device.alias]);
    let (fetched, queued) = tokio::join!(waiting, world.submit(&submit));
    queued.unwrap();
    let fetched = tokio::time::timeout(Duration::from_secs(1), async { fetched })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(fetched.entries.len(), 1);
    let time = signed::time(fetched.time.time);
    assert!(verified(
        &world.relay().signing_key,
        &time,
        &fetched.time.sig
    ));
    world
        .ack(&device, vec![fetched.entries[0].seq], Vec::new())
        .await;
    let empty = world
        .call_as(
            &device,
            op::MailboxFetch,
            &Fetch {
                max: 10,
                wait_ms: 20,
            },
        )
        .await
        .unwrap();
    assert!(empty.entries.is_empty());
}

#[tokio::test]
async fn a_fetch_is_bounded_in_entries_and_bytes_and_gives_at_least_one() {
    let world = World::new().await;
    let device = world.device().await;
    for _ in 0..3 {
        world
            .submit(&message(&[7; 600 << 10], &[device.alias]))
            .await
            .unwrap();
    }
    assert_eq!(world.fetch(&device).await.len(), 1);
    let entries = world
        .call_as(&device, op::MailboxFetch, &Fetch { max: 0, wait_ms: 0 })
        .await
        .unwrap()
        .entries;
    assert_eq!(entries.len(), 1);
    world
        .submit(&message(&[8; 1 << 20], &[device.alias]))
        .await
        .unwrap();
}

#[tokio::test]
async fn an_unknown_sequence_number_is_acknowledged_without_error() {
    let world = World::new().await;
    let device = world.device().await;
    world
        .ack(
            &device,
            vec![sotto_wire::EntrySeq(99), sotto_wire::EntrySeq(u64::MAX)],
            Vec::new(),
        )
        .await;
    let mut submit = message(b"x", &[device.alias]);
    submit.idempotency = IdempotencyId::new(random());
    world.submit(&submit).await.unwrap();
    assert_eq!(world.fetch(&device).await.len(), 1);
}
