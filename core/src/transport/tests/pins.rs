//! Who is trusted.

use rustls::NamedGroup;

use super::relay::{TestRelay, queue, refuse, relay_key};
use super::{LONG, bearer, submission};
use crate::transport::{
    Endpoint, Live, NetworkError, Probe, Retry, Transport, TransportError, probe,
};
use sotto_wire::{ErrorCode, WireError};

async fn relay() -> TestRelay {
    TestRelay::start(|asked| queue(asked, &relay_key())).await
}

#[tokio::test]
async fn a_wrong_pin_is_refused_before_anything_is_sent() {
    let relay = relay().await;
    let transport = Transport::new(Endpoint {
        pins: vec![[1; 32]],
        ..relay.endpoint()
    })
    .unwrap();
    let call = transport
        .submit(&bearer(), &submission(1, b"x"), LONG)
        .await;
    assert_eq!(
        call,
        Err(TransportError::Network(NetworkError::PinMismatch))
    );
    assert_eq!(call.unwrap_err().retry(), Retry::NeedsUser);
    let socket = Live::connect(&transport, &bearer(), LONG).await;
    assert_eq!(
        socket.unwrap_err(),
        TransportError::Network(NetworkError::PinMismatch)
    );
    assert!(relay.asked().is_empty());
}

#[tokio::test]
async fn the_backup_pin_is_accepted() {
    let relay = relay().await;
    let transport = Transport::new(Endpoint {
        pins: vec![[1; 32], relay.pin],
        ..relay.endpoint()
    })
    .unwrap();
    transport
        .submit(&bearer(), &submission(1, b"x"), LONG)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_server_that_speaks_only_tls_1_2_is_refused() {
    let relay =
        TestRelay::with_version(&rustls::version::TLS12, |asked| queue(asked, &relay_key())).await;
    let transport = relay.transport();
    let call = transport
        .submit(&bearer(), &submission(1, b"x"), LONG)
        .await;
    assert_eq!(call, Err(TransportError::Network(NetworkError::Tls)));
    let socket = Live::connect(&transport, &bearer(), LONG).await;
    assert_eq!(
        socket.unwrap_err(),
        TransportError::Network(NetworkError::Tls)
    );
    assert!(relay.asked().is_empty());
}

#[tokio::test]
async fn calls_and_the_socket_agree_on_a_post_quantum_key() {
    let relay = TestRelay::start(|_| refuse(WireError::new(ErrorCode::NotFound))).await;
    let transport = relay.transport();
    assert!(
        transport
            .submit(&bearer(), &submission(1, b"x"), LONG)
            .await
            .is_err()
    );
    assert!(Live::connect(&transport, &bearer(), LONG).await.is_err());
    assert_eq!(
        probe(&relay.endpoint(), LONG).await,
        Ok(Probe::Relay { post_quantum: true })
    );
    let groups = relay.groups.lock().unwrap().clone();
    assert!(groups.len() >= 2);
    assert!(
        groups
            .iter()
            .all(|group| *group == NamedGroup::X25519MLKEM768),
        "{groups:?}"
    );
}

#[tokio::test]
async fn a_probe_names_who_stands_in_the_relays_place() {
    let relay = relay().await;
    let endpoint = Endpoint {
        pins: vec![[1; 32]],
        ..relay.endpoint()
    };
    let seen = probe(&endpoint, LONG).await;
    assert_eq!(
        seen,
        Ok(Probe::Stranger {
            issuer: Some("Inspector of St. Elsewhere".into())
        })
    );
    assert!(relay.asked().is_empty());
}

#[tokio::test]
async fn a_replaced_endpoint_holds_for_the_next_call_and_a_bad_one_changes_nothing() {
    let (old, new) = (relay().await, relay().await);
    let transport = old.transport();
    transport
        .submit(&bearer(), &submission(1, b"x"), LONG)
        .await
        .unwrap();
    assert!(
        transport
            .set_endpoint(Endpoint {
                pins: Vec::new(),
                ..new.endpoint()
            })
            .is_err()
    );
    assert_eq!(transport.endpoint(), old.endpoint());
    transport.set_endpoint(new.endpoint()).unwrap();
    transport
        .submit(&bearer(), &submission(2, b"x"), LONG)
        .await
        .unwrap();
    // The old pin at the new address: rotated away, so refused although the connection before was good.
    transport
        .set_endpoint(Endpoint {
            pins: vec![old.pin],
            ..new.endpoint()
        })
        .unwrap();
    let refused = transport
        .submit(&bearer(), &submission(3, b"x"), LONG)
        .await;
    assert_eq!(
        refused,
        Err(TransportError::Network(NetworkError::PinMismatch))
    );
    assert_eq!((old.asked().len(), new.asked().len()), (1, 1));
}
