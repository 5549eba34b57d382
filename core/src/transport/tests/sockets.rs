//! The live socket.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use sotto_wire::live::{Ack, Acked, ClientFrame, Entry, ServerFrame};
use sotto_wire::submit::Class;
use sotto_wire::{Alias, EntrySeq, ErrorCode, LimitKind, RelayTime, Sealed, WireError, codec};
use tokio_tungstenite::tungstenite::Message;

use super::relay::{Reply, ServerSocket, TestRelay, refuse};
use super::{LONG, token};
use crate::transport::{Live, NetworkError, Retry, Transport, TransportError};

async fn opened(
    change: impl FnOnce(&mut crate::transport::Endpoint),
) -> (Live, ServerSocket, TestRelay) {
    let mut relay = TestRelay::start(|_| Reply::Bytes(101, Vec::new())).await;
    let mut endpoint = relay.endpoint();
    change(&mut endpoint);
    let transport = Transport::new(endpoint).unwrap();
    let live = Live::connect(&transport, &token(), LONG).await.unwrap();
    let server = relay.sockets.recv().await.unwrap();
    (live, server, relay)
}

fn binary(frame: &ServerFrame) -> Message {
    Message::Binary(codec::encode(frame).into())
}

fn entry(seq: u64, bytes: usize) -> Entry {
    Entry {
        seq: EntrySeq(seq),
        alias: Alias::new([1; 16]),
        payload: Sealed::new(vec![7; bytes]),
        receipt: None,
        accepted: RelayTime(1),
        class: Class::Urgent,
    }
}

#[tokio::test]
async fn entries_arrive_and_acknowledgements_leave() {
    let (mut live, mut server, relay) = opened(|_| {}).await;
    let deliver = ServerFrame::Deliver(vec![entry(1, 10), entry(2, 1 << 20)]);
    server.send(binary(&deliver)).await.unwrap();
    assert_eq!(live.recv().await, Ok(deliver));
    let ack = Ack {
        seqs: vec![EntrySeq(1), EntrySeq(2)],
        receipts: Vec::new(),
    };
    live.ack(ack.clone(), LONG).await.unwrap();
    let Message::Binary(bytes) = server.next().await.unwrap().unwrap() else {
        panic!("not binary")
    };
    assert_eq!(
        codec::decode::<ClientFrame>(&bytes),
        Ok(ClientFrame::Ack(ack))
    );
    server
        .send(binary(&ServerFrame::Acked(Acked { n: 2 })))
        .await
        .unwrap();
    assert_eq!(live.recv().await, Ok(ServerFrame::Acked(Acked { n: 2 })));
    live.close(LONG).await.unwrap();
    assert!(matches!(server.next().await, Some(Ok(Message::Close(_)))));
    let asked = relay.asked().remove(0);
    assert!(
        asked.headers.contains_key("authorization") && asked.headers.contains_key("sotto-tenant")
    );
}

#[tokio::test]
async fn dropping_a_receive_loses_no_frame() {
    let (mut live, mut server, _relay) = opened(|_| {}).await;
    let sending = tokio::spawn(async move {
        for seq in 0..20 {
            server
                .send(binary(&ServerFrame::Deliver(vec![entry(seq, 70_000)])))
                .await
                .unwrap();
        }
        server
    });
    for seq in 0..20 {
        // Given up again and again while the frame is on its way.
        let frame = loop {
            tokio::select! {
                biased;
                frame = live.recv() => break frame,
                () = tokio::task::yield_now() => {}
            }
        };
        assert_eq!(frame, Ok(ServerFrame::Deliver(vec![entry(seq, 70_000)])));
    }
    drop(sending.await);
}

#[tokio::test]
async fn the_relays_reason_for_closing_is_typed() {
    let (mut live, mut server, _relay) = opened(|_| {}).await;
    server
        .send(binary(&ServerFrame::Closed(ErrorCode::SessionExpired)))
        .await
        .unwrap();
    let closed = live.recv().await.unwrap_err();
    assert_eq!(closed.code(), Some(ErrorCode::SessionExpired));
    assert_eq!(closed.retry(), Retry::Now);
    let (mut live, server, _relay) = opened(|_| {}).await;
    drop(server);
    let closed = live.recv().await.unwrap_err();
    assert!(
        matches!(
            closed,
            TransportError::Network(NetworkError::Interrupted) | TransportError::SocketClosed
        ),
        "{closed:?}"
    );
}

#[tokio::test]
async fn a_refused_upgrade_is_told_from_a_refusing_relay() {
    for status in [200, 400, 403, 426, 502] {
        let relay = TestRelay::start(move |_| Reply::Bytes(status, b"no".to_vec())).await;
        let refused = Live::connect(&relay.transport(), &token(), LONG)
            .await
            .unwrap_err();
        assert_eq!(refused, TransportError::UpgradeRefused(status));
    }
    let expired = WireError::new(ErrorCode::SessionExpired);
    let relay = TestRelay::start(move |_| refuse(expired)).await;
    let refused = Live::connect(&relay.transport(), &token(), LONG)
        .await
        .unwrap_err();
    assert_eq!(refused, TransportError::Relay(expired));
}

#[tokio::test]
async fn what_is_no_frame_of_the_contract_ends_the_socket() {
    let trailing = [codec::encode(&ServerFrame::Acked(Acked { n: 1 })), vec![0]].concat();
    for message in [
        Message::Text("hello".into()),
        Message::Binary(trailing.into()),
        Message::Binary(Bytes::new()),
    ] {
        let (mut live, mut server, _relay) = opened(|_| {}).await;
        server.send(message).await.unwrap();
        assert_eq!(live.recv().await, Err(TransportError::Malformed));
    }
    let (mut live, mut server, _relay) = opened(|_| {}).await;
    let sending = tokio::spawn(async move {
        let _refused = server.send(Message::Binary(vec![0; 3 << 20].into())).await;
        server
    });
    assert_eq!(live.recv().await, Err(TransportError::AnswerTooLarge));
    drop(live);
    drop(sending.await);
}

#[tokio::test]
async fn too_many_acknowledgements_at_once_never_leave() {
    let (mut live, _server, _relay) = opened(|_| {}).await;
    let ack = Ack {
        seqs: vec![EntrySeq(1); 1001],
        receipts: Vec::new(),
    };
    assert_eq!(
        live.ack(ack, LONG).await,
        Err(WireError::too_large(LimitKind::Acks, 1000).into())
    );
}

#[tokio::test]
async fn a_silent_socket_is_asked_and_then_given_up() {
    let (mut live, server, _relay) = opened(|endpoint| {
        endpoint.timeouts.ping_after = Duration::from_millis(100);
        endpoint.timeouts.dead_after = Duration::from_millis(400);
    })
    .await;
    // The server's end is open and nobody reads it: no pong will come.
    let ended = tokio::time::timeout(LONG, live.recv()).await.unwrap();
    assert_eq!(ended, Err(TransportError::Network(NetworkError::Timeout)));
    drop(server);
}

#[tokio::test]
async fn a_pong_keeps_a_quiet_socket_alive() {
    let (mut live, mut server, _relay) = opened(|endpoint| {
        endpoint.timeouts.ping_after = Duration::from_millis(50);
        endpoint.timeouts.dead_after = LONG;
    })
    .await;
    let answering = tokio::spawn(async move {
        // Reading answers pings; after the third the relay speaks.
        let mut pings = 0;
        while pings < 3 {
            if let Some(Ok(Message::Ping(_))) = server.next().await {
                pings += 1;
            }
        }
        server
            .send(binary(&ServerFrame::Acked(Acked { n: 3 })))
            .await
            .unwrap();
        server
    });
    let frame = tokio::time::timeout(LONG, live.recv()).await.unwrap();
    assert_eq!(frame, Ok(ServerFrame::Acked(Acked { n: 3 })));
    drop(answering.await);
}
