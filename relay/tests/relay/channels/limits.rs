//! The numbers of the channels' operations, and what strangers cost.

use sotto_wire::channel::{Collect, Done};
use sotto_wire::roster::Order;
use sotto_wire::{
    BlobId, Detail, ErrorCode, LimitKind, Position, PublicKey, Sealed, WireError, blob, limits, op,
    roster, signed,
};

use super::bench::{Channel, lay, rotation};
use crate::operator::metrics;
use crate::world::{Key, World, code, message, random, sealed};

#[track_caller]
fn too_large<T: std::fmt::Debug>(result: Result<T, WireError>, kind: LimitKind, max: usize) {
    assert_eq!(result.unwrap_err(), WireError::too_large(kind, max as u64));
}

#[track_caller]
pub(super) fn over_quota<T: std::fmt::Debug>(
    result: Result<T, WireError>,
    kind: LimitKind,
    max: u64,
) {
    let error = result.unwrap_err();
    assert_eq!(
        (error.code, error.detail),
        (ErrorCode::QuotaExceeded, Some(Detail::Limit(kind, max)))
    );
    assert!(error.retry_after_ms.is_some());
}

fn keys(n: usize) -> Vec<PublicKey> {
    (0..n).map(|_| PublicKey::new(random())).collect()
}

#[tokio::test]
async fn the_sizes_of_channel_calls() {
    let world = World::new().await;
    let channel = Channel::new();
    let share = vec![0; limits::SHARE_BYTES + 1];
    too_large(
        channel.open(&world, Some(&share)).await,
        LimitKind::ShareBytes,
        limits::SHARE_BYTES,
    );
    channel.open(&world, Some(&share[1..])).await.unwrap();
    too_large(
        channel.poll(&world, limits::CHANNEL_WAIT_S + 1).await,
        LimitKind::Wait,
        usize::from(limits::CHANNEL_WAIT_S) * 1_000,
    );
    let certificate = vec![0; limits::CERTIFICATE_BYTES + 1];
    too_large(
        channel.certify(&world, &certificate).await,
        LimitKind::CertificateBytes,
        limits::CERTIFICATE_BYTES,
    );
    let many = keys(limits::CHANNELS_PER_CALL + 1);
    let collect = Collect { keys: many.clone() };
    too_large(
        world.call(op::ChannelCollect, &collect).await,
        LimitKind::Channels,
        limits::CHANNELS_PER_CALL,
    );
    let done = Done {
        admin_capability: world.admin.clone(),
        keys: many,
    };
    too_large(
        world.call(op::ChannelDone, &done).await,
        LimitKind::Channels,
        limits::CHANNELS_PER_CALL,
    );
    let none = Collect { keys: Vec::new() };
    assert_eq!(
        code(world.call(op::ChannelCollect, &none).await),
        ErrorCode::BadRequest
    );
    let order = |key, bytes| Order {
        key,
        order: Sealed::new(vec![0; bytes]),
    };
    let mut rotate = rotation(&world, 0, &[], &[]);
    rotate.orders = Some(
        keys(limits::ORDERS_PER_CALL + 1)
            .into_iter()
            .map(|key| order(key, 1))
            .collect(),
    );
    too_large(
        world.call(op::RosterRotate, &rotate).await,
        LimitKind::Orders,
        limits::ORDERS_PER_CALL,
    );
    rotate.orders = None;
    rotate.refuse = Some(keys(limits::CHANNELS_PER_CALL + 1));
    too_large(
        world.call(op::RosterRotate, &rotate).await,
        LimitKind::Channels,
        limits::CHANNELS_PER_CALL,
    );
    rotate.refuse = None;
    rotate.orders = Some(vec![order(channel.key(), limits::ORDER_BYTES + 1)]);
    too_large(
        world.call(op::RosterRotate, &rotate).await,
        LimitKind::OrderBytes,
        limits::ORDER_BYTES,
    );
    rotate.orders = Some(vec![order(channel.key(), limits::ORDER_BYTES)]);
    world.call(op::RosterRotate, &rotate).await.unwrap();
    let certificate = &certificate[1..];
    channel.certify(&world, certificate).await.unwrap();
}

#[tokio::test]
async fn an_organisation_opens_so_many_channels_and_no_quota_stops_an_order() {
    let world = World::with(&["--limit-tenant-channels=1"]).await;
    Channel::new().open(&world, None).await.unwrap();
    let second = Channel::new();
    over_quota(
        second.open(&world, None).await,
        LimitKind::TenantChannels,
        1,
    );
    lay(&world, 0, &second, b"order").await;
    assert_eq!(
        second.poll(&world, 0).await.unwrap().order,
        Some(sealed(b"order"))
    );
}

#[tokio::test]
async fn a_full_quota_does_not_keep_a_device_from_being_excluded() {
    let world = World::with(&["--limit-tenant-bytes=2000", "--limit-roster-entries=3"]).await;
    let device = world.device().await;
    let channel = Channel::new();
    channel.open(&world, Some(b"share")).await.unwrap();
    // Whoever is to go announces all there could be, and sends what fits; the log is full too.
    for _ in 0..4 {
        let announced = blob::Create {
            blob: BlobId::new(random()),
            size: limits::BLOB_BYTES,
            ttl_s: 3_600,
        };
        world.call(op::BlobCreate, &announced).await.unwrap();
    }
    let filling = Sealed::new(vec![0; 1_900]);
    world
        .submit(&message(filling.as_bytes(), &[device.alias]))
        .await
        .unwrap();
    over_quota(
        world
            .submit(&message(filling.as_bytes(), &[device.alias]))
            .await,
        LimitKind::TenantBytes,
        2_000,
    );
    let append = |expect| roster::Append {
        expect: Position(expect),
        entries: vec![filling.clone(); 3],
    };
    world.call(op::RosterAppend, &append(0)).await.unwrap();
    over_quota(
        world.call(op::RosterAppend, &append(3)).await,
        LimitKind::RosterLog,
        3,
    );
    let mut rotate = rotation(&world, 3, &[(&channel, &[7; 5_000])], &[device.alias]);
    rotate.refuse = Some(vec![channel.key()]);
    world.call(op::RosterRotate, &rotate).await.unwrap();
    let polled = channel.poll(&world, 0).await.unwrap();
    assert_eq!(polled.order, Some(sealed(&[7; 5_000])));
    assert_eq!(
        code(
            world
                .call_as(
                    &device,
                    op::BlobLink,
                    &blob::AskLink {
                        blob: BlobId::new(random())
                    }
                )
                .await
        ),
        ErrorCode::SessionExpired
    );
}

#[tokio::test]
async fn a_stranger_at_a_channel_is_slowed_and_costs_the_organisation_nothing() {
    let world = World::with(&["--rate-stranger=1", "--burst-stranger=5"]).await;
    let device = world.device().await; // one: its bearer was not known yet
    let channel = Channel::new();
    let mut codes = Vec::new();
    for _ in 0..5 {
        codes.push(channel.challenge(&world).await.map_err(|error| error.code));
    }
    assert_eq!(codes.pop().unwrap().err(), Some(ErrorCode::RateLimited));
    assert!(codes.iter().all(Result::is_ok));
    world.submit(&message(b"x", &[device.alias])).await.unwrap();
}

#[tokio::test]
async fn only_who_proved_the_key_uses_up_the_rate_of_its_channel() {
    let world = World::with(&["--rate-channel=1", "--burst-channel=2"]).await;
    let channel = Channel::new();
    channel.open(&world, None).await.unwrap();
    let thief = Key::new();
    for _ in 0..4 {
        let mut forged = channel.polling(&world, 0).await;
        forged.sig = thief.sign(&signed::channel_poll(
            &forged.nonce,
            &world.tenant,
            &channel.key(),
        ));
        assert_eq!(
            code(world.call_bare(op::ChannelPoll, &forged).await),
            ErrorCode::Unauthorized
        );
    }
    for _ in 0..2 {
        channel.poll(&world, 0).await.unwrap();
    }
    let refused = channel.poll(&world, 0).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::RateLimited);
    assert!((1..=120_000).contains(&refused.retry_after_ms.unwrap()));
}

#[tokio::test]
async fn a_nearly_full_disk_keeps_no_order_from_its_device() {
    let mut world = World::new().await;
    world.take_relay().kill();
    world.restart(&["--disk-free-min", "9000000000000000000"], &[]);
    let channel = Channel::new();
    assert_eq!(
        code(channel.open(&world, None).await),
        ErrorCode::StorageFull
    );
    lay(&world, 0, &channel, b"order").await;
    assert_eq!(
        channel.poll(&world, 0).await.unwrap().order,
        Some(sealed(b"order"))
    );
    channel.certify(&world, b"certificate").await.unwrap();
    assert_eq!(channel.state(&world).await.certificates.len(), 1);
}

#[tokio::test]
async fn the_milestones_of_an_order_are_counted() {
    let world = World::with(&["--metrics", "127.0.0.1:0"]).await;
    let channel = Channel::new();
    lay(&world, 0, &channel, b"order").await;
    for _ in 0..2 {
        channel.poll(&world, 0).await.unwrap();
        channel.certify(&world, b"certificate").await.unwrap();
    }
    channel.done(&world, &world.admin).await.unwrap();
    let text = metrics(&world, "/metrics").await;
    for milestone in [
        "OrderLaid",
        "OrderFetched",
        "OrderCertified",
        "OrderCollected",
    ] {
        let line = format!(r#"sotto_relay_milestones_total{{milestone="{milestone}"}} 1"#);
        assert!(text.contains(&line), "{line} is not in {text}");
    }
}
