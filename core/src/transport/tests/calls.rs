//! One request, one answer, and every way that can go wrong.

use std::time::Duration;

use sotto_wire::http::{bearer_value, tenant_value};
use sotto_wire::info::{RelayInfo, RelayLimits};
use sotto_wire::live::{Fetch, Fetched};
use sotto_wire::op::{MailboxFetch, Submit};
use sotto_wire::session::{Challenged, Start, Started};
use sotto_wire::{
    Detail, Epoch, ErrorCode, Generation, LimitKind, MailboxId, Nonce, PublicKey, RelayTime, Sig,
    SignedTime, TenantId, WireError, codec, signed,
};
use tokio::net::TcpListener;

use super::relay::{Asked, Reply, TestRelay, ok, queue, refuse, relay_key};
use super::{LONG, bearer, submission, token};
use crate::base::{Secret, Signature, SigningKey};
use crate::transport::{Auth, NetworkError, Retry, TransportError, session};

fn signed_time() -> SignedTime {
    let time = RelayTime(1_700_000_000_000);
    SignedTime {
        time,
        sig: Sig::new(*relay_key().sign_raw(&signed::time(time).bytes()).as_bytes()),
    }
}

fn mailbox_key() -> SigningKey {
    SigningKey::from_seed(Secret::new([11; 32]))
}

/// A relay with one mailbox.
fn mailbox(asked: &Asked) -> Reply {
    match asked.path.as_str() {
        "/v1/session/challenge" => ok(&Challenged {
            nonce: Nonce::new([9; 32]),
            time: RelayTime(5),
        }),
        "/v1/session/start" => {
            let start: Start = codec::decode(&asked.body).unwrap();
            let what = signed::session(
                &start.nonce,
                &TenantId::new([5; 16]),
                &start.mailbox,
                &start.expect,
                &start.next,
            );
            let sig = Signature::new(*start.sig.as_bytes());
            mailbox_key()
                .verifying_key()
                .verify_raw(&what.bytes(), &sig)
                .unwrap();
            assert_eq!(start.nonce, Nonce::new([9; 32]));
            ok(&Started {
                token: token(),
                expires_in_s: 60,
                other_live: true,
                time: RelayTime(6),
            })
        }
        "/v1/mailbox/fetch" => ok(&Fetched {
            entries: Vec::new(),
            time: signed_time(),
        }),
        _ => queue(asked, &relay_key()),
    }
}

#[tokio::test]
async fn submissions_never_share_a_connection_with_the_mailbox() {
    let relay = TestRelay::start(mailbox).await;
    let transport = relay.transport();
    let fetch = Fetch { max: 1, wait_ms: 0 };
    for round in 0..3 {
        transport
            .submit(&bearer(), &submission(round, b"x"), LONG)
            .await
            .unwrap();
        let (expect, next) = (Generation::new([1; 16]), Generation::new([2; 16]));
        let mailbox = MailboxId::new([3; 16]);
        let session = session::start(&transport, &mailbox_key(), mailbox, expect, next, LONG)
            .await
            .unwrap();
        assert!(session.other_live);
        assert_eq!(
            (session.expires_in, session.time),
            (Duration::from_secs(60), RelayTime(6))
        );
        transport
            .call::<MailboxFetch>(&session.auth(), &fetch, LONG)
            .await
            .unwrap();
    }
    let connections = |submits: bool| -> Vec<usize> {
        let mut all: Vec<usize> = relay
            .asked()
            .iter()
            .filter(|a| (a.path == "/v1/submit") == submits)
            .map(|a| a.connection)
            .collect();
        all.dedup();
        all
    };
    // One kept connection each, and not the same.
    assert_eq!((connections(true).len(), connections(false).len()), (1, 1));
    assert_ne!(connections(true), connections(false));
}

#[tokio::test]
async fn a_call_carries_its_proof_and_nothing_that_describes_the_device() {
    let relay = TestRelay::start(mailbox).await;
    relay
        .transport()
        .submit(&bearer(), &submission(1, b"x"), LONG)
        .await
        .unwrap();
    let asked = relay.asked().remove(0);
    let header = |name: &str| {
        asked
            .headers
            .get(name)
            .map(|v| v.to_str().unwrap().to_owned())
    };
    assert_eq!(header("authorization"), Some(bearer_value(&bearer())));
    assert_eq!(
        header("sotto-tenant"),
        Some(tenant_value(&TenantId::new([5; 16])))
    );
    assert_eq!(header("content-type"), Some("application/cbor".into()));
    let allowed = [
        "authorization",
        "sotto-tenant",
        "content-type",
        "content-length",
        "accept",
        "host",
    ];
    for name in asked.headers.keys() {
        assert!(allowed.contains(&name.as_str()), "{name}");
    }
}

#[tokio::test]
async fn a_refusal_arrives_typed_with_code_delay_and_detail() {
    let limited = WireError::retry_after(ErrorCode::RateLimited, 2500);
    let conflict = WireError::detailed(ErrorCode::EpochConflict, Detail::Epoch(Epoch(7)));
    for error in [limited, conflict] {
        let relay = TestRelay::start(move |_| refuse(error)).await;
        let refused = relay
            .transport()
            .submit(&bearer(), &submission(1, b"x"), LONG)
            .await
            .unwrap_err();
        assert_eq!(refused, TransportError::Relay(error));
        assert_eq!(
            (refused.code(), refused.detail()),
            (Some(error.code), error.detail)
        );
    }
    assert_eq!(
        TransportError::Relay(limited).retry(),
        Retry::After(Duration::from_millis(2500))
    );
    assert_eq!(TransportError::Relay(conflict).retry(), Retry::Now);
}

#[tokio::test]
async fn a_refusal_without_a_readable_reason_keeps_its_status() {
    for body in [b"<html>bad gateway</html>".to_vec(), vec![0; 100_000]] {
        let relay = TestRelay::start(move |_| Reply::Bytes(502, body.clone())).await;
        let refused = relay
            .transport()
            .submit(&bearer(), &submission(1, b"x"), LONG)
            .await;
        assert_eq!(refused, Err(TransportError::Status(502)));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let relay = TestRelay::start(|_| Reply::Bytes(307, Vec::new())).await;
    let refused = relay
        .transport()
        .submit(&bearer(), &submission(1, b"x"), LONG)
        .await;
    assert_eq!(refused, Err(TransportError::Status(307)));
    assert_eq!(relay.asked().len(), 1);
}

#[tokio::test]
async fn an_answer_larger_than_any_may_be_is_refused_announced_or_not() {
    let large = vec![0u8; 5 << 20];
    let announced = large.clone();
    let relay = TestRelay::start(move |_| Reply::Bytes(200, announced.clone())).await;
    let refused = relay
        .transport()
        .submit(&bearer(), &submission(1, b"x"), LONG)
        .await;
    assert_eq!(refused, Err(TransportError::AnswerTooLarge));
    let relay = TestRelay::start(move |_| Reply::Stream(200, large.clone())).await;
    let refused = relay
        .transport()
        .submit(&bearer(), &submission(1, b"x"), LONG)
        .await;
    assert_eq!(refused, Err(TransportError::AnswerTooLarge));
}

#[tokio::test]
async fn an_answer_that_is_not_exactly_the_contracts_is_malformed() {
    let good = codec::encode(&Fetched {
        entries: Vec::new(),
        time: signed_time(),
    });
    let trailing = [good.clone(), vec![0]].concat();
    let cut = good[..good.len() - 1].to_vec();
    for bytes in [trailing, cut, Vec::new(), b"{}".to_vec()] {
        let relay = TestRelay::start(move |_| Reply::Bytes(200, bytes.clone())).await;
        let fetch = Fetch { max: 1, wait_ms: 0 };
        let answer = relay
            .transport()
            .call::<MailboxFetch>(&Auth::Session(token()), &fetch, LONG)
            .await;
        assert_eq!(answer, Err(TransportError::Malformed));
    }
}

#[tokio::test]
async fn a_request_beyond_the_contract_or_with_the_wrong_proof_never_leaves() {
    let relay = TestRelay::start(mailbox).await;
    let transport = relay.transport();
    let large = submission(1, &vec![0; 3 << 20]);
    let refused = transport.submit(&bearer(), &large, LONG).await;
    assert_eq!(
        refused,
        Err(TransportError::Relay(WireError::too_large(
            LimitKind::Body,
            2 << 20
        )))
    );
    let proof = transport
        .call::<Submit>(&Auth::Session(token()), &submission(1, b"x"), LONG)
        .await;
    assert_eq!(proof, Err(TransportError::WrongProof));
    assert!(relay.asked().is_empty());
}

#[tokio::test]
async fn a_relay_that_falls_silent_ends_the_call_at_its_deadline() {
    let relay = TestRelay::start(|_| Reply::Silence).await;
    let started = std::time::Instant::now();
    let ended = relay
        .transport()
        .submit(&bearer(), &submission(1, b"x"), Duration::from_millis(300))
        .await;
    assert_eq!(ended, Err(TransportError::Network(NetworkError::Timeout)));
    assert!(started.elapsed() < LONG);
    // A listener that accepts and never shakes hands.
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut endpoint = relay.endpoint();
    endpoint.port = mute.local_addr().unwrap().port();
    endpoint.timeouts.connect = Duration::from_millis(300);
    let transport = crate::transport::Transport::new(endpoint).unwrap();
    let ended = transport
        .submit(&bearer(), &submission(1, b"x"), LONG)
        .await;
    assert_eq!(ended, Err(TransportError::Network(NetworkError::Timeout)));
    let socket = crate::transport::Live::connect(&transport, &token(), LONG).await;
    assert_eq!(
        socket.unwrap_err(),
        TransportError::Network(NetworkError::Timeout)
    );
}

#[tokio::test]
async fn nobody_there_and_a_broken_answer_are_told_apart() {
    let relay = TestRelay::start(|_| Reply::Broken(vec![1, 2, 3])).await;
    let broken = relay
        .transport()
        .submit(&bearer(), &submission(1, b"x"), LONG)
        .await;
    assert_eq!(
        broken,
        Err(TransportError::Network(NetworkError::Interrupted))
    );
    let free = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mut endpoint = relay.endpoint();
    endpoint.port = free;
    let transport = crate::transport::Transport::new(endpoint).unwrap();
    let nobody = transport
        .submit(&bearer(), &submission(1, b"x"), LONG)
        .await;
    assert_eq!(nobody, Err(TransportError::Network(NetworkError::Connect)));
    let socket = crate::transport::Live::connect(&transport, &token(), LONG).await;
    assert_eq!(
        socket.unwrap_err(),
        TransportError::Network(NetworkError::Connect)
    );
}

#[tokio::test]
async fn a_queued_that_the_pinned_relay_did_not_sign_is_not_believed() {
    let stranger = SigningKey::from_seed(Secret::new([1; 32]));
    let relay = TestRelay::start(move |asked| queue(asked, &stranger)).await;
    let answer = relay
        .transport()
        .submit(&bearer(), &submission(1, b"x"), LONG)
        .await;
    assert_eq!(answer, Err(TransportError::RelaySignature));
    // Signed by the relay, for another payload.
    let relay = TestRelay::start(|asked| {
        let other = Asked {
            body: codec::encode(&submission(1, b"y")),
            ..asked.clone()
        };
        queue(&other, &relay_key())
    })
    .await;
    let answer = relay
        .transport()
        .submit(&bearer(), &submission(1, b"x"), LONG)
        .await;
    assert_eq!(answer, Err(TransportError::RelaySignature));
}

fn info(signing_key: [u8; 32], time: SignedTime) -> RelayInfo {
    let limits = RelayLimits {
        alias_entries: 1,
        alias_bytes: 1,
        mailbox_entries: 1,
        mailbox_bytes: 1,
        mailbox_aliases: 1,
        tenant_mailboxes: 1,
        tenant_bytes: 1,
        ttl_max_s: 1,
        blob_bytes: 1,
    };
    RelayInfo {
        version_min: 1,
        version_max: 1,
        signing_key: PublicKey::new(signing_key),
        limits,
        time,
    }
}

#[tokio::test]
async fn the_signing_key_is_pinned_and_not_learnt() {
    let pinned = *relay_key().verifying_key().as_bytes();
    let relay = TestRelay::start(move |_| ok(&info(pinned, signed_time()))).await;
    assert_eq!(relay.transport().info(LONG).await.unwrap().version_max, 1);
    let asked = relay.asked().remove(0);
    assert!(asked.headers.get("sotto-tenant").is_none() && asked.body.is_empty());
    let relay = TestRelay::start(|_| ok(&info([1; 32], signed_time()))).await;
    assert_eq!(
        relay.transport().info(LONG).await,
        Err(TransportError::RelaySignature)
    );
    let relay = TestRelay::start(move |_| {
        ok(&info(
            pinned,
            SignedTime {
                time: RelayTime(1),
                ..signed_time()
            },
        ))
    })
    .await;
    assert_eq!(
        relay.transport().info(LONG).await,
        Err(TransportError::RelaySignature)
    );
}

#[tokio::test]
async fn errors_print_neither_address_nor_path_nor_token() {
    let relay = TestRelay::start(|_| Reply::Silence).await;
    let port = relay.port.to_string();
    let error = relay
        .transport()
        .submit(&bearer(), &submission(1, b"x"), Duration::from_millis(100))
        .await
        .unwrap_err();
    let shown = format!("{error} {error:?} {:?}", relay.transport());
    for secret in [
        "127.0.0.1",
        port.as_str(),
        "submit",
        &bearer_value(&bearer())[7..],
    ] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
