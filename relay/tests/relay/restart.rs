//! What was acknowledged survives; what was not may be asked again.

use std::collections::BTreeSet;

use sotto_wire::live::{ClientFrame, LeftReceipt};
use sotto_wire::receipt::{Collect, ReceiptState};
use sotto_wire::roster::{Append, Read};
use sotto_wire::{ErrorCode, Position, op};

use crate::process::Relay;
use crate::world::{World, code, message, sealed, with_receipts};

#[tokio::test]
async fn a_kill_under_load_loses_nothing_that_was_acknowledged() {
    let mut world = World::new().await;
    let mut device = world.device().await;
    let mut acknowledged = BTreeSet::new();
    for round in 0..3u8 {
        let submits: Vec<_> = (0..60u8)
            .map(|n| message(&[round, n], &[device.alias]))
            .collect();
        let client = world.client.clone();
        let calls = submits.iter().map(|submit| {
            let client = client.clone();
            let (tenant, bearer) = (world.tenant, world.bearer.clone());
            async move {
                client
                    .try_call(op::Submit, Some(&tenant), Some(&bearer), submit)
                    .await
            }
        });
        let mut calls: Vec<_> = calls.map(Box::pin).collect();
        // Half of them are answered; then the relay dies while the others are on their way.
        let later = calls.split_off(30);
        let answered = futures_util::future::join_all(calls).await;
        let relay = world.take_relay();
        let kill = async {
            tokio::task::spawn_blocking(move || relay.kill())
                .await
                .unwrap()
        };
        let (late, ()) = tokio::join!(futures_util::future::join_all(later), kill);
        for (submit, answer) in submits.iter().zip(answered.into_iter().chain(late)) {
            if let Some(Ok(queued)) = answer {
                assert!(queued.refused.is_empty());
                acknowledged.insert(submit.payload.as_bytes().to_vec());
            }
        }
        world.restart(&[], &[]);
        world.start(&mut device).await.unwrap();
        // The same intents again: each is there once, whether its answer was lost or it never arrived.
        for submit in &submits {
            world.submit(submit).await.unwrap();
            acknowledged.insert(submit.payload.as_bytes().to_vec());
        }
    }
    let entries = world.fetch(&device).await;
    let found: BTreeSet<Vec<u8>> = entries
        .iter()
        .map(|entry| entry.payload.as_bytes().to_vec())
        .collect();
    assert_eq!(entries.len(), found.len(), "something is there twice");
    assert_eq!(found, acknowledged);
    assert_eq!(found.len(), 180);
}

#[tokio::test]
async fn acknowledgements_receipts_and_the_roster_survive_a_kill() {
    let mut world = World::new().await;
    let mut device = world.device().await;
    let (submit, handles) = with_receipts(message(b"x", &[device.alias]));
    world.submit(&submit).await.unwrap();
    let mut live = world.live(&device).await;
    let entry = live.entries().await.remove(0);
    let receipts = vec![LeftReceipt {
        handle: handles[0],
        receipt: sealed(b"signed"),
    }];
    live.send(&ClientFrame::Ack(sotto_wire::live::Ack {
        seqs: vec![entry.seq],
        receipts,
    }))
    .await;
    live.next().await.unwrap();
    world
        .call(
            op::RosterAppend,
            &Append {
                expect: Position(0),
                entries: vec![sealed(b"e")],
            },
        )
        .await
        .unwrap();
    let (pin, key) = (world.relay().pin, world.relay().signing_key);
    world.take_relay().kill();
    world.restart(&[], &[]);
    // The relay is the same relay to its devices.
    assert_eq!((world.relay().pin, world.relay().signing_key), (pin, key));
    // Sessions are not kept; their generation is.
    let stale = world
        .call_as(
            &device,
            op::MailboxFetch,
            &sotto_wire::live::Fetch { max: 1, wait_ms: 0 },
        )
        .await;
    assert_eq!(code(stale), ErrorCode::SessionExpired);
    world.start(&mut device).await.unwrap();
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
    let read = world
        .call(
            op::RosterRead,
            &Read {
                from: Position(0),
                limit: 10,
            },
        )
        .await
        .unwrap();
    assert_eq!(read.end, Position(1));
}

#[tokio::test]
async fn a_graceful_stop_answers_what_is_under_way_and_ends_well() {
    let mut world = World::new().await;
    let device = world.device().await;
    let submits: Vec<_> = (0..50u8).map(|n| message(&[n], &[device.alias])).collect();
    let client = world.client.clone();
    let calls = submits
        .iter()
        .map(|one| client.try_call(op::Submit, Some(&world.tenant), Some(&world.bearer), one));
    let mut calls: Vec<_> = calls.collect();
    let rest = calls.split_off(25);
    let first = futures_util::future::join_all(calls).await;
    let relay = world.relay.take().unwrap();
    let stop = tokio::task::spawn_blocking(move || Relay::terminate(relay));
    let late = futures_util::future::join_all(rest).await;
    assert!(stop.await.unwrap().success());
    let answered = first
        .into_iter()
        .chain(late)
        .filter(|answer| matches!(answer, Some(Ok(_))))
        .count();
    world.restart(&[], &[]);
    let mut device = device;
    world.start(&mut device).await.unwrap();
    assert!(world.fetch(&device).await.len() >= answered);
}
