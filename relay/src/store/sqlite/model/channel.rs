//! Wipe channels on a real store with a clock set by hand.

use std::sync::atomic::Ordering;

use sotto_wire::channel::{Open, OrderState};
use sotto_wire::{
    Digest, ErrorCode, IdempotencyId, Position, PublicKey, RelayTime, Sealed, Sig, WireError,
    limits, roster,
};

use super::bench::Bench;
use crate::crypto::sha256;
use crate::store::{Store, StoreError};

fn key(n: u8) -> PublicKey {
    PublicKey::new([n; 32])
}

fn open(bench: &Bench, n: u8) -> Result<(), StoreError> {
    let open = Open {
        key: key(n),
        share: Some(Sealed::new(vec![n; 32])),
        at: RelayTime(0),
        sig: Sig::new([0; 64]),
    };
    bench.wait(bench.store().open_channel(bench.who, open))
}

/// A rotation with orders of so many bytes in these channels.
fn lay(bench: &Bench, expect: u64, channels: &[u8], bytes: usize) -> Result<(), StoreError> {
    let rotate = roster::Rotate {
        idempotency: IdempotencyId::new([100 + expect as u8; 16]),
        admin_capability: bench.admin.clone(),
        expect: Position(expect),
        entries: vec![Sealed::new(vec![1; 10])],
        new_bearer_hash: bench.who.bearer,
        new_admin_capability_hash: sha256(bench.admin.expose()),
        seals: Vec::new(),
        close: Vec::new(),
        orders: Some(
            channels
                .iter()
                .map(|n| roster::Order {
                    key: key(*n),
                    order: Sealed::new(vec![*n; bytes]),
                })
                .collect(),
        ),
        refuse: None,
    };
    let (request, admin) = (Digest::new([200; 32]), sha256(bench.admin.expose()));
    let rotated = bench
        .store()
        .rotate_roster(bench.who, request, rotate, admin);
    bench.wait(rotated).map(drop)
}

fn certify(bench: &Bench, n: u8, certificate: Sealed) {
    let digest = sha256(certificate.as_bytes());
    let certified = bench
        .store()
        .certify_order(bench.who.tenant, key(n), digest, certificate);
    bench.wait(certified).unwrap();
}

fn states(bench: &Bench, channels: &[u8]) -> Vec<(OrderState, usize)> {
    let keys = channels.iter().map(|n| key(*n)).collect();
    let collected = bench
        .wait(bench.store().collect_orders(bench.who, keys))
        .unwrap();
    let channels = collected.channels.iter();
    channels
        .map(|one| (one.state, one.certificates.len()))
        .collect()
}

fn refused<T: std::fmt::Debug>(result: Result<T, StoreError>) -> WireError {
    match result {
        Err(StoreError::Refused(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_order_ends_after_400_days_with_its_certificates_and_its_key_stays_refused() {
    let bench = Bench::new();
    open(&bench, 1).unwrap();
    open(&bench, 2).unwrap();
    lay(&bench, 0, &[1], 100).unwrap();
    certify(&bench, 1, Sealed::new(vec![7; 20]));
    bench.check_sums();
    let keep_ms = i64::from(limits::ORDER_KEEP_S) * 1_000;
    bench.clock.0.fetch_add(keep_ms - 1, Ordering::SeqCst);
    bench.wait(bench.store().sweep()).unwrap();
    assert_eq!(
        states(&bench, &[1, 2]),
        [
            (OrderState::Ordered(RelayTime(1_000_000)), 1),
            (OrderState::None, 0)
        ]
    );
    bench.clock.0.fetch_add(1, Ordering::SeqCst);
    bench.wait(bench.store().sweep()).unwrap();
    assert_eq!(
        states(&bench, &[1, 2]),
        [(OrderState::Ended, 0), (OrderState::None, 0)]
    );
    bench.check_sums();
    assert_eq!(
        refused(open(&bench, 1)),
        WireError::new(ErrorCode::ChannelClosed)
    );
    open(&bench, 2).unwrap();
}

#[test]
fn orders_count_in_the_organisations_bytes_and_no_quota_refuses_them() {
    let bench = Bench::new();
    let large = 300_000;
    lay(&bench, 0, &[1, 2], large).unwrap();
    bench.check_sums();
    // A newer order replaces the one that stands, in the sum too; beyond the quota it is laid all the same.
    lay(&bench, 1, &[1], large + 1).unwrap();
    bench.check_sums();
    lay(&bench, 2, &[3, 4], large).unwrap();
    assert!(matches!(states(&bench, &[3])[0].0, OrderState::Ordered(_)));
    bench.check_sums();
    let admin = sha256(bench.admin.expose());
    let done = |keys| bench.wait(bench.store().end_orders(bench.who, admin, keys));
    certify(&bench, 1, Sealed::new(vec![7; 20]));
    let error = refused(done(vec![key(1), key(2), key(9)]));
    assert_eq!(error.code, ErrorCode::BadRequest, "2 is not certified");
    assert!(matches!(
        states(&bench, &[1])[0],
        (OrderState::Ordered(_), 1)
    ));
    certify(&bench, 2, Sealed::new(vec![7; 20]));
    done(vec![key(1), key(2), key(9)]).unwrap();
    assert_eq!(states(&bench, &[1, 2]), [(OrderState::Ended, 0); 2]);
    bench.check_sums();
}

#[test]
fn certificates_are_collected_a_bounded_number_of_bytes_at_a_time() {
    let bench = Bench::new();
    let channels: Vec<u8> = (1..=10).collect();
    lay(&bench, 0, &channels, 1).unwrap();
    for channel in &channels {
        for n in 0..limits::CERTIFICATES as u8 {
            let certificate = Sealed::new(vec![n; limits::CERTIFICATE_BYTES]);
            certify(&bench, *channel, certificate);
        }
    }
    let at_once = limits::COLLECT_BYTES / (limits::CERTIFICATES * limits::CERTIFICATE_BYTES);
    assert_eq!(states(&bench, &channels).len(), at_once);
    assert_eq!(states(&bench, &channels[at_once..]).len(), 10 - at_once);
    bench.check_sums();
}
