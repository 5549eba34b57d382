//! One route for calls and the socket.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use super::relay::{Reply, TestRelay, queue, relay_key};
use super::{LONG, bearer, submission, token};
use crate::transport::{
    Endpoint, Live, NetworkError, Probe, ProxySetting, Retry, Transport, TransportError, probe,
};

/// `dGVzdDpwYXNz` is `test:pass`.
const AUTHORIZATION: &str = "Proxy-Authorization: Basic dGVzdDpwYXNz";

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// An HTTP proxy that knows CONNECT and one user; returns its port and how many tunnels it opened.
async fn http_proxy(to: u16) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let tunnels = Arc::new(AtomicUsize::new(0));
    let counter = tunnels.clone();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let counter = counter.clone();
            tokio::spawn(async move {
                let head = read_head(&mut client).await;
                // A name that only the proxy can resolve.
                assert!(
                    head.starts_with(&format!("CONNECT relay.invalid:{to} HTTP/1.1\r\n")),
                    "{head}"
                );
                if !head
                    .to_ascii_lowercase()
                    .contains(&AUTHORIZATION.to_ascii_lowercase())
                {
                    client
                        .write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
                        .await
                        .unwrap();
                    return;
                }
                let mut relay = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
                client
                    .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    .await
                    .unwrap();
                counter.fetch_add(1, Ordering::SeqCst);
                let _ended = copy_bidirectional(&mut client, &mut relay).await;
            });
        }
    });
    (port, tunnels)
}

/// A SOCKS5 proxy with one user (RFC 1928, RFC 1929) that takes a name and no address.
async fn socks_proxy(to: u16) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let tunnels = Arc::new(AtomicUsize::new(0));
    let counter = tunnels.clone();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let counter = counter.clone();
            tokio::spawn(async move {
                assert_eq!(client.read_u8().await.unwrap(), 5);
                let mut methods = vec![0; client.read_u8().await.unwrap().into()];
                client.read_exact(&mut methods).await.unwrap();
                if !methods.contains(&2) {
                    client.write_all(&[5, 0xff]).await.unwrap();
                    return;
                }
                client.write_all(&[5, 2]).await.unwrap();
                assert_eq!(client.read_u8().await.unwrap(), 1);
                let mut user = vec![0; client.read_u8().await.unwrap().into()];
                client.read_exact(&mut user).await.unwrap();
                let mut password = vec![0; client.read_u8().await.unwrap().into()];
                client.read_exact(&mut password).await.unwrap();
                let known = user == b"test" && password == b"pass";
                client.write_all(&[1, u8::from(!known)]).await.unwrap();
                if !known {
                    return;
                }
                let mut request = [0; 5];
                client.read_exact(&mut request).await.unwrap();
                assert_eq!(request[..4], [5, 1, 0, 3], "connect, by name");
                let mut name = vec![0; request[4].into()];
                client.read_exact(&mut name).await.unwrap();
                assert_eq!(name, b"relay.invalid");
                assert_eq!(client.read_u16().await.unwrap(), to);
                let mut relay = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
                client
                    .write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
                    .await
                    .unwrap();
                counter.fetch_add(1, Ordering::SeqCst);
                let _ended = copy_bidirectional(&mut client, &mut relay).await;
            });
        }
    });
    (port, tunnels)
}

fn behind(relay: &TestRelay, proxy: String) -> Endpoint {
    Endpoint {
        host: "relay.invalid".into(),
        proxy: ProxySetting::Url(proxy),
        ..relay.endpoint()
    }
}

async fn relay() -> TestRelay {
    TestRelay::start(|asked| match asked.path.as_str() {
        "/v1/live" => Reply::Bytes(101, Vec::new()),
        _ => queue(asked, &relay_key()),
    })
    .await
}

async fn carries_calls_and_the_socket(
    mut relay: TestRelay,
    endpoint: Endpoint,
    tunnels: &AtomicUsize,
) {
    let transport = Transport::new(endpoint.clone()).unwrap();
    transport
        .submit(&bearer(), &submission(1, b"x"), LONG)
        .await
        .unwrap();
    assert_eq!(tunnels.load(Ordering::SeqCst), 1);
    let socket = Live::connect(&transport, &token(), LONG).await.unwrap();
    assert_eq!(tunnels.load(Ordering::SeqCst), 2);
    assert!(relay.sockets.recv().await.is_some());
    drop(socket);
    assert_eq!(
        probe(&endpoint, LONG).await,
        Ok(Probe::Relay { post_quantum: true })
    );
    assert_eq!(tunnels.load(Ordering::SeqCst), 3);
    // The pin holds behind a proxy as well.
    let stranger = Transport::new(Endpoint {
        pins: vec![[1; 32]],
        ..endpoint
    })
    .unwrap();
    let refused = stranger.submit(&bearer(), &submission(1, b"x"), LONG).await;
    assert_eq!(
        refused,
        Err(TransportError::Network(NetworkError::PinMismatch))
    );
    let refused = Live::connect(&stranger, &token(), LONG).await.unwrap_err();
    assert_eq!(refused, TransportError::Network(NetworkError::PinMismatch));
}

async fn refuses_a_stranger(endpoint: Endpoint) {
    let transport = Transport::new(endpoint).unwrap();
    let refused = transport
        .submit(&bearer(), &submission(1, b"x"), LONG)
        .await
        .unwrap_err();
    assert_eq!(
        refused,
        TransportError::Network(NetworkError::ProxyAuthRequired)
    );
    assert_eq!(refused.retry(), Retry::NeedsUser);
    let refused = Live::connect(&transport, &token(), LONG).await.unwrap_err();
    assert_eq!(
        refused,
        TransportError::Network(NetworkError::ProxyAuthRequired)
    );
}

#[tokio::test]
async fn an_http_proxy_carries_calls_and_the_socket() {
    let relay = relay().await;
    let (port, tunnels) = http_proxy(relay.port).await;
    let endpoint = behind(&relay, format!("http://test:pass@127.0.0.1:{port}"));
    carries_calls_and_the_socket(relay, endpoint, &tunnels).await;
}

#[tokio::test]
async fn a_socks_proxy_carries_calls_and_the_socket() {
    let relay = relay().await;
    let (port, tunnels) = socks_proxy(relay.port).await;
    let endpoint = behind(&relay, format!("socks5://test:pass@127.0.0.1:{port}"));
    carries_calls_and_the_socket(relay, endpoint, &tunnels).await;
}

#[tokio::test]
async fn a_proxy_that_asks_for_a_password_says_so() {
    let relay = relay().await;
    let (port, _) = http_proxy(relay.port).await;
    refuses_a_stranger(behind(&relay, format!("http://127.0.0.1:{port}"))).await;
    refuses_a_stranger(behind(
        &relay,
        format!("http://test:wrong@127.0.0.1:{port}"),
    ))
    .await;
    let (port, _) = socks_proxy(relay.port).await;
    refuses_a_stranger(behind(&relay, format!("socks5://127.0.0.1:{port}"))).await;
    refuses_a_stranger(behind(
        &relay,
        format!("socks5://test:wrong@127.0.0.1:{port}"),
    ))
    .await;
    assert!(relay.asked().is_empty());
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_told_from_a_relay_that_is_not() {
    let relay = relay().await;
    let free = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    for scheme in ["http", "socks5"] {
        let transport =
            Transport::new(behind(&relay, format!("{scheme}://127.0.0.1:{free}"))).unwrap();
        let refused = transport
            .submit(&bearer(), &submission(1, b"x"), LONG)
            .await
            .unwrap_err();
        assert_eq!(
            refused,
            TransportError::Network(NetworkError::Proxy),
            "{scheme}"
        );
        let refused = Live::connect(&transport, &token(), LONG).await.unwrap_err();
        assert_eq!(
            refused,
            TransportError::Network(NetworkError::Proxy),
            "{scheme}"
        );
    }
}
