//! What the operator does and sees.

use std::ffi::OsStr;
use std::path::Path;

use sotto_wire::roster::{Append, Read};
use sotto_wire::{BlobId, ErrorCode, OPERATIONS, Operation, Position, base64url, blob, op};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::channels::bench::{Channel, lay};
use crate::process::{log_text, program, run};
use crate::world::{World, code, message, random, sealed, with_receipts};

fn command(words: &[&str], data: &Path) -> (bool, String, String) {
    let mut arguments: Vec<&OsStr> = words.iter().map(OsStr::new).collect();
    arguments.extend([OsStr::new("--data"), data.as_os_str()]);
    run(&arguments)
}

pub(crate) async fn metrics(world: &World, path: &str) -> String {
    let address = world.relay().metrics.unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn organisations_are_listed_and_removed_with_all_they_kept() {
    let mut world = World::with(&["--sweep-s", "1"]).await;
    let device = world.device().await;
    world.submit(&message(b"x", &[device.alias])).await.unwrap();
    let (good, out, _) = command(&["tenant", "list"], &world.data());
    let name: String = world
        .tenant
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert!(good);
    let line = out.lines().find(|line| line.starts_with(&name)).unwrap();
    assert!(
        line.contains("mailboxes=1") && line.contains("bytes=1"),
        "{line}"
    );
    assert!(out.contains("unused-tokens=0"));
    let (good, ..) = command(&["tenant", "remove", &name], &world.data());
    assert!(good);
    assert_eq!(
        code(world.submit(&message(b"x", &[device.alias])).await),
        ErrorCode::Unauthorized
    );
    // The next start sweeps before it serves.
    world.take_relay().kill();
    world.restart(&[], &[]);
    let (_, out, _) = command(&["tenant", "list"], &world.data());
    assert!(!out.contains(&name));
    let (good, _, err) = command(&["tenant", "remove", &name], &world.data());
    assert!(!good && err.contains("no organisation"), "{err}");
    let (good, out, _) = command(&["check"], &world.data());
    assert!(good, "{out}");
}

#[tokio::test]
async fn check_says_ok_for_a_used_relay_and_names_what_is_bad() {
    let mut world = World::new().await;
    let device = world.device().await;
    let (submit, _) = with_receipts(message(b"x", &[device.alias]));
    world.submit(&submit).await.unwrap();
    let blob = BlobId::new(random());
    world
        .call(
            op::BlobCreate,
            &blob::Create {
                blob,
                size: 4,
                ttl_s: 60,
            },
        )
        .await
        .unwrap();
    let path = sotto_wire::http::blob_put_path(&blob, 0);
    let put = crate::client::Client::request(
        http::Method::PUT,
        &path,
        Some(&world.tenant),
        Some(&world.bearer),
        vec![1; 4],
    );
    world.client.send(put).await.unwrap();
    let (good, out, err) = command(&["check"], &world.data());
    assert!(good, "{out}{err}");
    world.take_relay().kill();
    let file = std::fs::read_dir(world.data().join("blobs"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    std::fs::remove_dir_all(file).unwrap();
    let (good, out, _) = command(&["check"], &world.data());
    assert!(!good);
    assert!(out.contains("BAD blobs"), "{out}");
}

#[tokio::test]
async fn a_backup_made_while_serving_is_the_same_relay_elsewhere() {
    let mut world = World::new().await;
    let mut device = world.device().await;
    world
        .submit(&message(b"kept", &[device.alias]))
        .await
        .unwrap();
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
    let blob = BlobId::new(random());
    world
        .call(
            op::BlobCreate,
            &blob::Create {
                blob,
                size: 4,
                ttl_s: 60,
            },
        )
        .await
        .unwrap();
    let path = sotto_wire::http::blob_put_path(&blob, 0);
    let put = crate::client::Client::request(
        http::Method::PUT,
        &path,
        Some(&world.tenant),
        Some(&world.bearer),
        vec![1; 4],
    );
    world.client.send(put).await.unwrap();
    let copy = world.folder.path().join("copy");
    let (good, out, err) = command(&["backup", copy.to_str().unwrap()], &world.data());
    assert!(good && out.contains("blobs=1"), "{out}{err}");
    let (good, _, err) = command(&["backup", copy.to_str().unwrap()], &world.data());
    assert!(!good && err.contains("not empty"), "{err}");
    let pin = world.relay().pin;
    world.take_relay().kill();
    std::fs::remove_dir_all(world.data()).unwrap();
    let (good, out, err) = command(&["restore", copy.to_str().unwrap()], &world.data());
    assert!(good, "{out}{err}");
    let (good, out, _) = command(&["check"], &world.data());
    assert!(good, "{out}");
    world.restart(&[], &[]);
    assert_eq!(world.relay().pin, pin);
    world.start(&mut device).await.unwrap();
    assert_eq!(world.fetch(&device).await[0].payload.as_bytes(), b"kept");
    let read = world
        .call(
            op::RosterRead,
            &Read {
                from: Position(0),
                limit: 1,
            },
        )
        .await
        .unwrap();
    assert_eq!(read.entries[0].entry.as_bytes(), b"e");
    let link = world
        .call_as(&device, op::BlobLink, &blob::AskLink { blob })
        .await
        .unwrap();
    assert_eq!(link.size, 4);
}

#[tokio::test]
async fn metrics_are_counts_of_states_on_a_loopback_port_of_their_own() {
    let world = World::with(&["--metrics", "127.0.0.1:0"]).await;
    let device = world.device().await;
    world.submit(&message(b"x", &[device.alias])).await.unwrap();
    let entry = world.fetch(&device).await.remove(0);
    world.ack(&device, vec![entry.seq], Vec::new()).await;
    let text = metrics(&world, "/metrics").await;
    for line in [
        r#"sotto_relay_operations_total{operation="submit",outcome="done"} 1"#,
        r#"sotto_relay_milestones_total{milestone="EntryQueued"} 1"#,
        r#"sotto_relay_milestones_total{milestone="EntryAcknowledged"} 1"#,
        "sotto_relay_sessions 1",
        "sotto_relay_storage_full 0",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
    assert!(
        metrics(&world, "/healthz")
            .await
            .starts_with("HTTP/1.1 200")
    );
    let open =
        crate::client::Client::request(http::Method::GET, "/metrics", None, None, Vec::new());
    assert_eq!(world.client.send(open).await.unwrap().status.as_u16(), 404);
}

/// Every spelling of some bytes that could appear in a text.
fn spellings(bytes: &[u8]) -> Vec<String> {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let decimal = bytes
        .iter()
        .map(u8::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    vec![hex.to_uppercase(), hex, decimal, base64url::encode(bytes)]
}

#[tokio::test]
async fn the_finest_log_holds_no_id_token_address_or_content() {
    let world = World::new().await;
    let device = world.device().await;
    let (mut submit, handles) = with_receipts(message(b"canary-in-the-payload", &[device.alias]));
    world.submit(&submit).await.unwrap();
    let live = world.live(&device).await;
    let port = live.0.get_ref().get_ref().0.local_addr().unwrap().port();
    drop(live);
    submit.idempotency = sotto_wire::IdempotencyId::new(random());
    assert!(world.submit(&submit).await.is_err());
    for operation in OPERATIONS {
        let body = b"canary-in-a-malformed-body".to_vec();
        let request = crate::client::Client::request(
            http::Method::POST,
            operation.path,
            Some(&world.tenant),
            Some(&world.bearer),
            body,
        );
        world.client.send(request).await.unwrap();
    }
    let channel = Channel::new();
    channel
        .open(&world, Some(b"canary-in-the-share"))
        .await
        .unwrap();
    lay(&world, 0, &channel, b"canary-in-the-order").await;
    let poll = channel.polling(&world, 0).await;
    world.call_bare(op::ChannelPoll, &poll).await.unwrap();
    assert!(world.call_bare(op::ChannelPoll, &poll).await.is_err());
    channel
        .certify(&world, b"canary-in-the-certificate")
        .await
        .unwrap();
    let channel_key = channel.key();
    let log = log_text(&world.data());
    assert!(log.contains("serving"), "the log is looked at: {log}");
    assert!(
        !log.contains("canary") && !log.contains(&port.to_string()),
        "{log}"
    );
    let token = device.token.as_ref().unwrap();
    let secrets: [&[u8]; 9] = [
        channel_key.as_bytes(),
        poll.nonce.as_bytes(),
        world.tenant.as_bytes(),
        world.bearer.expose(),
        device.mailbox.as_bytes(),
        device.alias.as_bytes(),
        token.expose(),
        handles[0].as_bytes(),
        submit.idempotency.as_bytes(),
    ];
    for secret in secrets {
        for spelling in spellings(secret) {
            assert!(!log.contains(&spelling), "{spelling} is in {log}");
        }
    }
}

#[tokio::test]
async fn the_database_holds_no_bearer_in_clear() {
    let mut world = World::new().await;
    let device = world.device().await;
    world.submit(&message(b"x", &[device.alias])).await.unwrap();
    world.take_relay().terminate();
    let bytes = std::fs::read(world.data().join("relay.db")).unwrap();
    let contains = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    assert!(contains(device.alias.as_bytes()), "the file is looked at");
    for secret in [&world.bearer, &world.admin, device.token.as_ref().unwrap()] {
        assert!(!contains(secret.expose()));
    }
}

#[tokio::test]
async fn every_file_is_the_relays_users_alone() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new().await;
    for file in std::fs::read_dir(world.data()).unwrap() {
        let file = file.unwrap();
        assert_eq!(
            file.metadata().unwrap().permissions().mode() & 0o077,
            0,
            "{:?}",
            file.file_name()
        );
    }
}

#[tokio::test]
async fn a_second_relay_on_the_same_folder_is_refused() {
    let world = World::new().await;
    let output = program()
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(world.data())
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("another relay")
    );
}

#[test]
fn settings_come_from_flag_environment_and_file_under_the_same_names() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("relay.toml");
    std::fs::write(&file, "metrics = \"0.0.0.0:1\"\n").unwrap();
    let (good, _, err) = run(&["check".as_ref(), "--config".as_ref(), file.as_os_str()]);
    assert!(!good && err.contains("loopback"), "{err}");
    let output = program()
        .arg("check")
        .env("SOTTO_RELAY_METRICS", "0.0.0.0:1")
        .output()
        .unwrap();
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("loopback")
    );
    std::fs::write(&file, "metrix = 1\n").unwrap();
    let (good, _, err) = run(&["check".as_ref(), "--config".as_ref(), file.as_os_str()]);
    assert!(!good && err.contains("metrix"), "{err}");
}

#[test]
fn the_operators_certificate_is_used_where_given() {
    let folder = tempfile::tempdir().unwrap();
    let pair = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["relay.example".into()])
        .unwrap()
        .self_signed(&pair)
        .unwrap();
    let (cert, key) = (
        folder.path().join("cert.pem"),
        folder.path().join("key.pem"),
    );
    std::fs::write(&cert, certificate.pem()).unwrap();
    std::fs::write(&key, pair.serialize_pem()).unwrap();
    let flags = [
        "--tls-cert",
        cert.to_str().unwrap(),
        "--tls-key",
        key.to_str().unwrap(),
    ];
    let relay = crate::process::Relay::start_with(&folder.path().join("data"), &flags, &[]);
    let spki = rcgen::PublicKeyData::subject_public_key_info(&pair);
    assert_eq!(relay.pin, crate::client::sha256(&spki));
    assert_eq!(op::Submit::DESCRIPTOR.number, 8);
}

#[cfg(not(feature = "crash-points"))]
#[test]
fn a_shipped_binary_has_no_crash_points_and_no_cipher() {
    let bytes = std::fs::read(env!("CARGO_BIN_EXE_sotto-relay")).unwrap();
    let contains = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    assert!(contains(b"SOTTO_RELAY_LISTEN"), "the file is looked at");
    assert!(!contains(b"SOTTO_CRASH") && !contains(b"SOTTO_CLOCK_OFFSET_MS"));
    assert!(!contains(b"sqlcipher_export"));
}
