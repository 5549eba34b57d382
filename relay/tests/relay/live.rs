//! The live socket.

use std::collections::BTreeSet;

use futures_util::SinkExt;
use sotto_wire::live::{Ack, Acked, ClientFrame, LeftReceipt, ServerFrame};
use sotto_wire::receipt::{Collect, ReceiptState};
use sotto_wire::{EntrySeq, ErrorCode, limits, op, signed};
use tokio_tungstenite::tungstenite::Message;

use crate::world::{World, message, sealed, verified, with_receipts};

fn ack(seqs: impl IntoIterator<Item = EntrySeq>) -> ClientFrame {
    ClientFrame::Ack(Ack {
        seqs: seqs.into_iter().collect(),
        receipts: Vec::new(),
    })
}

#[tokio::test]
async fn the_first_frame_is_a_signed_time_then_what_waits_then_what_arrives() {
    let world = World::new().await;
    let device = world.device().await;
    world
        .submit(&message(b"waits", &[device.alias]))
        .await
        .unwrap();
    let mut live = world
        .client
        .live(&world.tenant, device.token.as_ref().unwrap())
        .await
        .unwrap();
    let Some(ServerFrame::Time(time)) = live.next().await else {
        panic!("a time was expected")
    };
    assert!(verified(
        &world.relay().signing_key,
        &signed::time(time.time),
        &time.sig
    ));
    let waited = live.entries().await;
    assert_eq!(waited[0].payload.as_bytes(), b"waits");
    world
        .submit(&message(b"arrives", &[device.alias]))
        .await
        .unwrap();
    let arrived = live.entries().await;
    assert_eq!(
        (arrived.len(), arrived[0].payload.as_bytes()),
        (1, b"arrives".as_slice())
    );
    live.send(&ack([waited[0].seq, arrived[0].seq])).await;
    assert_eq!(live.next().await, Some(ServerFrame::Acked(Acked { n: 2 })));
    assert!(world.fetch(&device).await.is_empty());
}

#[tokio::test]
async fn what_was_not_acknowledged_comes_again_on_the_next_socket() {
    let world = World::new().await;
    let device = world.device().await;
    world.submit(&message(b"x", &[device.alias])).await.unwrap();
    let mut live = world.live(&device).await;
    let first = live.entries().await;
    drop(live);
    let mut live = world.live(&device).await;
    assert_eq!(live.entries().await, first);
}

#[tokio::test]
async fn a_receipt_comes_with_the_acknowledgement() {
    let world = World::new().await;
    let device = world.device().await;
    let (submit, handles) = with_receipts(message(b"x", &[device.alias]));
    world.submit(&submit).await.unwrap();
    let mut live = world.live(&device).await;
    let entry = live.entries().await.remove(0);
    let receipts = vec![LeftReceipt {
        handle: entry.receipt.unwrap(),
        receipt: sealed(b"signed"),
    }];
    live.send(&ClientFrame::Ack(Ack {
        seqs: vec![entry.seq],
        receipts,
    }))
    .await;
    live.next().await.unwrap();
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

#[tokio::test]
async fn no_more_than_a_bounded_number_is_in_flight_and_acknowledging_brings_the_rest() {
    let world = World::new().await;
    let device = world.device().await;
    let total = limits::IN_FLIGHT_ENTRIES + 40;
    let submits: Vec<_> = (0..total).map(|_| message(b"x", &[device.alias])).collect();
    for chunk in submits.chunks(50) {
        futures_util::future::join_all(chunk.iter().map(|submit| world.submit(submit))).await;
    }
    let mut live = world.live(&device).await;
    let mut seen = BTreeSet::new();
    while seen.len() < limits::IN_FLIGHT_ENTRIES {
        seen.extend(live.entries().await.into_iter().map(|entry| entry.seq));
    }
    assert_eq!(seen.len(), limits::IN_FLIGHT_ENTRIES);
    // Nothing more comes of itself: the next frame answers the acknowledgement.
    live.send(&ack(seen.iter().copied())).await;
    let answer = live.next().await;
    assert_eq!(
        answer,
        Some(ServerFrame::Acked(Acked {
            n: u32::try_from(seen.len()).unwrap()
        }))
    );
    let rest: BTreeSet<EntrySeq> = live
        .entries()
        .await
        .into_iter()
        .map(|entry| entry.seq)
        .collect();
    assert_eq!(rest.len(), 40);
    assert!(rest.is_disjoint(&seen));
}

#[tokio::test]
async fn bytes_in_flight_are_bounded_too() {
    let world = World::new().await;
    let device = world.device().await;
    for _ in 0..7 {
        world
            .submit(&message(&[1; 900 << 10], &[device.alias]))
            .await
            .unwrap();
    }
    let mut live = world.live(&device).await;
    let mut seen = Vec::new();
    while seen.len() < 5 {
        seen.extend(live.entries().await.into_iter().map(|entry| entry.seq));
    }
    live.send(&ack([seen[0]])).await;
    assert_eq!(live.next().await, Some(ServerFrame::Acked(Acked { n: 1 })));
    assert_eq!(live.entries().await.len(), 1);
}

#[tokio::test]
async fn a_frame_that_is_none_ends_the_socket_with_its_reason() {
    let world = World::new().await;
    let device = world.device().await;
    for bad in [
        Message::Binary(vec![0xff].into()),
        Message::Text("ack".into()),
        Message::Binary(
            sotto_wire::encode(&ack((0..=limits::ACKS_PER_CALL as u64).map(EntrySeq))).into(),
        ),
    ] {
        let mut live = world.live(&device).await;
        live.0.send(bad.clone()).await.unwrap();
        let Some(ServerFrame::Closed(code)) = live.next().await else {
            panic!("a reason was expected")
        };
        assert!(
            matches!(code, ErrorCode::BadRequest | ErrorCode::TooLarge),
            "{code:?}"
        );
        assert_eq!(live.next().await, None);
    }
}

#[tokio::test]
async fn a_stopping_relay_says_so() {
    let mut world = World::new().await;
    let device = world.device().await;
    let mut live = world.live(&device).await;
    let relay = world.take_relay();
    let status = tokio::task::spawn_blocking(move || relay.terminate());
    assert_eq!(
        live.next().await,
        Some(ServerFrame::Closed(ErrorCode::Unavailable))
    );
    assert_eq!(live.next().await, None);
    drop(live);
    assert!(status.await.unwrap().success());
}

#[tokio::test]
async fn a_plain_request_to_the_socket_is_refused() {
    let world = World::new().await;
    let device = world.device().await;
    let path = sotto_wire::http::LIVE_PATH;
    let token = device.token.as_ref();
    let request = crate::client::Client::request(
        http::Method::GET,
        path,
        Some(&world.tenant),
        token,
        Vec::new(),
    );
    assert_eq!(
        world.client.send(request).await.unwrap().status.as_u16(),
        ErrorCode::BadRequest.http_status()
    );
}
