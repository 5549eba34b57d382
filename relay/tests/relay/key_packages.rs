//! Key packages.

use sotto_wire::key_package::{Claim, ClaimedPackage, Publish};
use sotto_wire::{Alias, ErrorCode, mailbox, op};

use crate::world::{Device, World, code, random, sealed};

fn publish(device: &Device, one_time: &[&[u8]], last_resort: Option<&[u8]>) -> Publish {
    Publish {
        alias: device.alias,
        one_time: one_time.iter().map(|package| sealed(package)).collect(),
        last_resort: last_resort.map(sealed),
        replace: false,
    }
}

async fn claim(world: &World, aliases: &[Alias]) -> Vec<ClaimedPackage> {
    world
        .call(
            op::KeyPackageClaim,
            &Claim {
                aliases: aliases.to_vec(),
            },
        )
        .await
        .unwrap()
        .packages
}

fn got(claimed: &ClaimedPackage) -> Option<(&[u8], bool)> {
    claimed
        .key_package
        .as_ref()
        .map(|package| (package.as_bytes(), claimed.last_resort))
}

#[tokio::test]
async fn one_time_packages_go_once_and_then_the_last_resort_one() {
    let world = World::new().await;
    let (device, empty) = (world.device().await, world.device().await);
    let published = world
        .call_as(
            &device,
            op::KeyPackagePublish,
            &publish(&device, &[b"1", b"2"], Some(b"last")),
        )
        .await;
    assert_eq!(published.unwrap().remaining, 2);
    let first = claim(&world, &[empty.alias, device.alias]).await;
    assert_eq!(
        (got(&first[0]), got(&first[1])),
        (None, Some((b"1".as_slice(), false)))
    );
    assert_eq!(
        got(&claim(&world, &[device.alias]).await[0]),
        Some((b"2".as_slice(), false))
    );
    assert_eq!(
        got(&claim(&world, &[device.alias]).await[0]),
        Some((b"last".as_slice(), true))
    );
    assert_eq!(
        got(&claim(&world, &[device.alias]).await[0]),
        Some((b"last".as_slice(), true))
    );
    let newer = world
        .call_as(
            &device,
            op::KeyPackagePublish,
            &publish(&device, &[], Some(b"newer")),
        )
        .await;
    assert_eq!(newer.unwrap().remaining, 0);
    assert_eq!(
        got(&claim(&world, &[device.alias]).await[0]),
        Some((b"newer".as_slice(), true))
    );
}

#[tokio::test]
async fn no_package_is_given_to_two() {
    let world = World::new().await;
    let device = world.device().await;
    let packages: Vec<[u8; 1]> = (0..20).map(|n| [n]).collect();
    let packages: Vec<&[u8]> = packages.iter().map(<[u8; 1]>::as_slice).collect();
    world
        .call_as(
            &device,
            op::KeyPackagePublish,
            &publish(&device, &packages, None),
        )
        .await
        .unwrap();
    let aliases = [device.alias];
    let claims = futures_util::future::join_all((0..24).map(|_| claim(&world, &aliases))).await;
    let mut given: Vec<Vec<u8>> = claims
        .iter()
        .filter_map(|one| one[0].key_package.clone())
        .map(sotto_wire::Sealed::into_bytes)
        .collect();
    given.sort();
    given.dedup();
    assert_eq!(given.len(), 20);
}

#[tokio::test]
async fn replacing_forgets_what_was_published_before() {
    let world = World::new().await;
    let device = world.device().await;
    world
        .call_as(
            &device,
            op::KeyPackagePublish,
            &publish(&device, &[b"old"], Some(b"old last")),
        )
        .await
        .unwrap();
    let mut fresh = publish(&device, &[b"new"], None);
    fresh.replace = true;
    let published = world
        .call_as(&device, op::KeyPackagePublish, &fresh)
        .await
        .unwrap();
    assert_eq!(published.remaining, 1);
    assert_eq!(
        got(&claim(&world, &[device.alias]).await[0]),
        Some((b"new".as_slice(), false))
    );
    assert_eq!(got(&claim(&world, &[device.alias]).await[0]), None);
}

#[tokio::test]
async fn nobody_publishes_under_anothers_alias() {
    let world = World::new().await;
    let (one, two) = (world.device().await, world.device().await);
    let foreign = publish(&one, &[b"mine"], None);
    assert_eq!(
        code(world.call_as(&two, op::KeyPackagePublish, &foreign).await),
        ErrorCode::NotFound
    );
}

#[tokio::test]
async fn a_dropped_alias_gives_no_package() {
    let world = World::new().await;
    let device = world.device().await;
    world
        .call_as(
            &device,
            op::KeyPackagePublish,
            &publish(&device, &[b"1"], Some(b"last")),
        )
        .await
        .unwrap();
    let drop = mailbox::AliasDrop {
        aliases: vec![device.alias],
    };
    world.call_as(&device, op::AliasDrop, &drop).await.unwrap();
    assert_eq!(got(&claim(&world, &[device.alias]).await[0]), None);
}

#[tokio::test]
async fn whoever_drains_a_device_gets_its_last_resort_package_only() {
    let world = World::with(&["--rate-claimed-alias", "1", "--burst-claimed-alias", "2"]).await;
    let device = world.device().await;
    let some: [&[u8]; 4] = [b"1", b"2", b"3", b"4"];
    world
        .call_as(
            &device,
            op::KeyPackagePublish,
            &publish(&device, &some, Some(b"last")),
        )
        .await
        .unwrap();
    let mut given = Vec::new();
    for _ in 0..3 {
        given.push(got(&claim(&world, &[device.alias]).await[0]).map(|(_, last)| last));
    }
    assert_eq!(given, [Some(false), Some(false), Some(true)]);
    let claims = world
        .call(
            op::KeyPackageClaim,
            &Claim {
                aliases: vec![Alias::new(random())],
            },
        )
        .await
        .unwrap();
    assert_eq!(got(&claims.packages[0]), None);
}
