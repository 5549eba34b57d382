//! What a stranger meets: versions, unknown paths, malformed requests, wrong proofs.

use http::{Method, StatusCode};
use sotto_wire::info::RelayInfo;
use sotto_wire::{
    Auth, Bearer, ErrorCode, OPERATIONS, RESERVED, TenantId, WireError, decode, encode, op,
    receipt, signed, tenant,
};

use crate::client::{Client, sha256};
use crate::world::{World, code, random, token, verified};

fn error(body: &[u8]) -> ErrorCode {
    decode::<WireError>(body).unwrap().code
}

#[tokio::test]
async fn info_tells_versions_limits_and_a_signed_time() {
    let world = World::with(&["--limit-alias-entries", "77"]).await;
    let request = Client::request(Method::GET, "/v1/info", None, None, Vec::new());
    let answer = world.client.send(request).await.unwrap();
    let info: RelayInfo = decode(&answer.body).unwrap();
    assert_eq!(
        (
            info.version_min,
            info.version_max,
            info.limits.alias_entries
        ),
        (1, 1, 77)
    );
    assert_eq!(info.signing_key, world.relay().signing_key);
    assert!(verified(
        &info.signing_key,
        &signed::time(info.time.time),
        &info.time.sig
    ));
}

#[tokio::test]
async fn another_version_an_unknown_path_and_a_wrong_method_are_told_apart() {
    let world = World::new().await;
    for (method, path, expected) in [
        (Method::POST, "/v2/submit", ErrorCode::UnsupportedVersion),
        (Method::GET, "/v0/info", ErrorCode::UnsupportedVersion),
        (Method::POST, "/v1/nothing", ErrorCode::NotFound),
        (Method::POST, "/", ErrorCode::NotFound),
        (Method::GET, "/v1/submit", ErrorCode::BadRequest),
    ] {
        let request = Client::request(
            method,
            path,
            Some(&world.tenant),
            Some(&world.bearer),
            vec![0xa0],
        );
        let answer = world.client.send(request).await.unwrap();
        assert_eq!(error(&answer.body), expected, "{path}");
        assert_eq!(answer.status.as_u16(), expected.http_status());
    }
}

#[tokio::test]
async fn reserved_operations_are_refused_as_unsupported() {
    let world = World::new().await;
    for (_, path) in RESERVED {
        let request = Client::request(
            Method::POST,
            path,
            Some(&world.tenant),
            Some(&world.bearer),
            vec![1, 2, 3],
        );
        assert_eq!(
            error(&world.client.send(request).await.unwrap().body),
            ErrorCode::Unsupported,
            "{path}"
        );
    }
}

#[tokio::test]
async fn every_operation_refuses_malformed_bytes_and_asks_for_its_proof() {
    let world = World::new().await;
    let device = world.device().await;
    for operation in OPERATIONS
        .iter()
        .filter(|operation| operation.path != "/v1/info")
    {
        let bearer = if operation.auth == Auth::Session {
            device.token.as_ref()
        } else {
            Some(&world.bearer)
        };
        for body in [vec![], vec![0xff], vec![0xa1, 0x00], vec![0x80; 100]] {
            let request = Client::request(
                Method::POST,
                operation.path,
                Some(&world.tenant),
                bearer,
                body,
            );
            let answer = world.client.send(request).await.unwrap();
            assert_eq!(
                error(&answer.body),
                ErrorCode::BadRequest,
                "{}",
                operation.path
            );
        }
        if operation.auth != Auth::None {
            // Without a proof it is not even looked at what is asked.
            let wrong = Bearer::new(random());
            let body = vec![0xff];
            let request = Client::request(
                Method::POST,
                operation.path,
                Some(&world.tenant),
                Some(&wrong),
                body,
            );
            let code = error(&world.client.send(request).await.unwrap().body);
            assert!(
                matches!(code, ErrorCode::Unauthorized | ErrorCode::SessionExpired),
                "{}",
                operation.path
            );
        }
    }
    let collect = receipt::Collect {
        handles: Vec::new(),
        done: Vec::new(),
    };
    assert_eq!(
        code(world.call_bare(op::ReceiptsCollect, &collect).await),
        ErrorCode::Unauthorized
    );
    let wrong = Bearer::new(random());
    let with_wrong = world
        .client
        .try_call(
            op::ReceiptsCollect,
            Some(&world.tenant),
            Some(&wrong),
            &collect,
        )
        .await;
    assert_eq!(code(with_wrong.unwrap()), ErrorCode::Unauthorized);
    let elsewhere = TenantId::new(random());
    let elsewhere = world
        .client
        .try_call(
            op::ReceiptsCollect,
            Some(&elsewhere),
            Some(&world.bearer),
            &collect,
        )
        .await;
    assert_eq!(code(elsewhere.unwrap()), ErrorCode::Unauthorized);
    let nowhere = world
        .client
        .try_call(op::ReceiptsCollect, None, Some(&world.bearer), &collect)
        .await;
    assert_eq!(code(nowhere.unwrap()), ErrorCode::BadRequest);
}

#[tokio::test]
async fn the_content_type_is_part_of_the_contract() {
    let world = World::new().await;
    let body = encode(&receipt::Collect {
        handles: Vec::new(),
        done: Vec::new(),
    });
    let mut request = Client::request(
        Method::POST,
        "/v1/receipts/collect",
        Some(&world.tenant),
        Some(&world.bearer),
        body,
    );
    request
        .headers_mut()
        .insert("content-type", "application/json".parse().unwrap());
    assert_eq!(
        error(&world.client.send(request).await.unwrap().body),
        ErrorCode::BadRequest
    );
}

#[tokio::test]
async fn nobody_registers_without_a_token_and_a_token_is_good_once() {
    let mut world = World::new().await;
    world.tenant = TenantId::new(random());
    assert_eq!(
        code(world.register(Bearer::new(random())).await),
        ErrorCode::Unauthorized
    );
    let fresh = token(&world.folder);
    world.register(fresh.clone()).await.unwrap();
    // The answer was lost: the same again is the same.
    world.register(fresh.clone()).await.unwrap();
    world.bearer = Bearer::new(random());
    assert_eq!(
        code(world.register(fresh.clone()).await),
        ErrorCode::AlreadyExists
    );
    world.tenant = TenantId::new(random());
    assert_eq!(code(world.register(fresh).await), ErrorCode::Unauthorized);
}

#[tokio::test]
async fn registration_is_slow_for_whoever_tries_tokens() {
    let world = World::with(&["--rate-register", "1", "--burst-register", "2"]).await;
    let request = || tenant::Register {
        token: Bearer::new(random()),
        tenant: TenantId::new(random()),
        bearer_hash: sha256(b"1"),
        admin_capability_hash: sha256(b"2"),
    };
    assert_eq!(
        code(world.call_bare(op::TenantRegister, &request()).await),
        ErrorCode::Unauthorized
    );
    let refused = world
        .call_bare(op::TenantRegister, &request())
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::RateLimited);
    assert!(refused.retry_after_ms.unwrap() > 50_000);
}

#[tokio::test]
async fn only_tls_1_3_with_the_hybrid_exchange_is_spoken() {
    let world = World::new().await;
    let stream = world.client.connect().await.unwrap();
    let (_, connection) = stream.get_ref();
    assert_eq!(
        connection.protocol_version(),
        Some(rustls::ProtocolVersion::TLSv1_3)
    );
    let group = connection.negotiated_key_exchange_group().unwrap().name();
    assert_eq!(group, rustls::NamedGroup::X25519MLKEM768);
}

#[tokio::test]
async fn another_key_than_the_pinned_one_is_noticed() {
    let world = World::new().await;
    let client = Client::new(world.relay().address, sha256(b"another"));
    assert!(client.connect().await.is_err());
}

#[tokio::test]
async fn health_is_told_on_the_open_port_without_a_body() {
    let world = World::new().await;
    let answer = world
        .client
        .send(Client::request(
            Method::GET,
            "/healthz",
            None,
            None,
            Vec::new(),
        ))
        .await
        .unwrap();
    assert_eq!((answer.status, answer.body), (StatusCode::OK, Vec::new()));
}
