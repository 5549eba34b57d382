use std::time::Duration;

use openmls::prelude::{Ciphersuite, KeyPackage, Lifetime, MlsMessageOut};

use super::support::{Device, now};
use crate::mls::provider::Provider;
use crate::mls::{Change, Error, Group, GroupId, StagedJoin, Suite, config, key_package};

const DAY: Duration = Duration::from_hours(24);

/// A key package made with the engine directly, past our own checks.
fn made_by_hand(device: &Device, suite: Ciphersuite, lifetime: Lifetime) -> Vec<u8> {
    device.write(|tx| {
        let provider = Provider::new(tx.conn());
        let bundle = KeyPackage::builder()
            .key_package_lifetime(lifetime)
            .leaf_node_capabilities(config::capabilities())
            .build(
                suite,
                &provider,
                &device.identity(),
                device.identity().credential(),
            )
            .unwrap();
        MlsMessageOut::from(bundle.into_key_package())
            .to_bytes()
            .unwrap()
    })
}

#[test]
fn a_key_package_says_whose_it_is_and_how_long_it_lives() {
    let device = Device::new(1);
    let made = now();
    for (suite, last_resort) in [(Suite::Hybrid, false), (Suite::Classical, true)] {
        let packages = device.write(|tx| {
            key_package::generate(tx, &device.identity(), suite, 2, last_resort, made).unwrap()
        });
        assert_ne!(packages[0], packages[1]);
        let info = key_package::inspect(&packages[1], made).unwrap();
        assert_eq!(
            (info.device, info.key),
            (device.id, device.key.verifying_key())
        );
        assert_eq!((info.suite, info.last_resort), (suite, last_resort));
        assert_eq!(
            info.expires.millis() / 1000,
            made.plus(28 * DAY).millis() / 1000
        );
        assert!(matches!(
            key_package::inspect(&packages[0], made.plus(29 * DAY)),
            Err(Error::KeyPackage)
        ));
        assert!(matches!(
            key_package::inspect(&packages[0], made.minus(DAY)),
            Err(Error::KeyPackage)
        ));
    }
}

#[test]
fn a_key_package_that_claims_to_live_too_long_or_has_another_suite_is_refused() {
    let device = Device::new(1);
    let from = config::seconds(now()) - 60;
    let hybrid = Suite::default().engine();
    let long = made_by_hand(&device, hybrid, Lifetime::init(from, from + 91 * 86_400));
    assert!(matches!(
        key_package::inspect(&long, now()),
        Err(Error::KeyPackage)
    ));
    let over = made_by_hand(&device, hybrid, Lifetime::init(from - 60, from));
    assert!(matches!(
        key_package::inspect(&over, now()),
        Err(Error::KeyPackage)
    ));
    let other = Ciphersuite::MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519;
    let other = made_by_hand(&device, other, Lifetime::init(from, from + 86_400));
    assert!(matches!(
        key_package::inspect(&other, now()),
        Err(Error::Suite)
    ));
    let mut forged = device.key_package(Suite::Classical);
    let last = forged.len() - 1;
    forged[last] ^= 1;
    assert!(matches!(
        key_package::inspect(&forged, now()),
        Err(Error::KeyPackage)
    ));
    assert!(matches!(
        key_package::inspect(b"", now()),
        Err(Error::Malformed)
    ));
}

#[test]
fn expired_private_halves_are_deleted_and_living_ones_stay() {
    let (founder, device, id) = (Device::new(1), Device::new(2), GroupId::new([3; 16]));
    let package = device.key_package(Suite::Classical);
    founder.write(|tx| {
        Group::create(tx, &founder.identity(), id, Suite::Classical, now())
            .map(drop)
            .unwrap()
    });
    let welcome = founder
        .stage(
            id,
            Change {
                add: &[package],
                ..Change::default()
            },
        )
        .welcome
        .unwrap();
    device.write(|tx| {
        assert_eq!(key_package::delete_expired(tx, now()).unwrap(), 0);
        assert_eq!(
            key_package::delete_expired(tx, now().plus(29 * DAY)).unwrap(),
            1
        );
        assert!(matches!(
            StagedJoin::open(tx, &welcome).map(drop),
            Err(Error::NoKeyPackage)
        ));
    });
}
