//! Orders that are none: not one byte changes but the evidence.

use std::time::Duration;

use super::fixture::{Phone, garbage, revoked};
use crate::base::{DeviceId, OrganisationId, SystemRandom, codec};
use crate::roster::kind::RevocationMode;
use crate::roster::{Author, Authorities, Body, Entry, Junk, OrderProof, OrderRefusal, SealedFor};
use crate::wipe::line::Heard;
use crate::wipe::stub::Stub;
use crate::wipe::{Attended, Refusal, begun, evidence, file};

/// What the device makes of something in its channel. Everything but the evidence must be as it was, unless it obeyed.
async fn serve(phone: &Phone, sealed: Vec<u8>) -> Refusal {
    let before = phone.files();
    let heard = Heard {
        order: Some(sealed),
        share: None,
        time: Some(super::fixture::now()),
    };
    let known = phone.known();
    let attended = phone.attend().hear(known, heard, Duration::ZERO).await;
    let mut after = phone.files();
    after.remove(&phone.home.join("stub.refused"));
    let mut expected = before;
    expected.remove(&phone.home.join("stub.refused"));
    assert!(after == expected, "not one byte");
    assert!(!begun(&phone.home).unwrap());
    match attended.unwrap() {
        Attended::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_forged_order_changes_nothing() {
    let mut phone = Phone::new();
    let admin = phone.world.admin.clone();
    let stranger = phone.world.new_device(admin.owner);
    let order = Body::from(revoked(phone.device.id, RevocationMode::Wipe));
    // In the administrator's name, signed by somebody else.
    let forged = phone
        .world
        .forge(admin.author(), &order, &stranger.secrets.signature, |_| ());
    let sealed = phone.seal(&OrderProof::new(vec![forged]).to_bytes().unwrap());
    assert!(matches!(
        serve(&phone, sealed).await,
        Refusal::Proof(OrderRefusal::Refused(_))
    ));
    // By a device that nobody knows.
    let unknown = phone.world.forge(
        stranger.author(),
        &order,
        &stranger.secrets.signature,
        |_| (),
    );
    let sealed = phone.seal(&OrderProof::new(vec![unknown]).to_bytes().unwrap());
    assert!(matches!(
        serve(&phone, sealed).await,
        Refusal::Proof(OrderRefusal::Refused(_))
    ));
    // By a member who may not.
    let colleague = phone.world.bench("Haematology bench");
    let mutiny = phone.world.forge(
        colleague.author(),
        &order,
        &colleague.secrets.signature,
        |_| (),
    );
    let sealed = phone.seal(&OrderProof::new(vec![mutiny]).to_bytes().unwrap());
    assert!(matches!(
        serve(&phone, sealed).await,
        Refusal::Proof(OrderRefusal::Refused(_))
    ));
    assert_eq!(evidence(&phone.home).unwrap().len(), 3);
    assert!(phone.opens());
}

#[tokio::test]
async fn an_order_of_another_organisation_or_for_another_device_changes_nothing() {
    let mut phone = Phone::new();
    // A word that the administrator's device gave in another organisation.
    let ours = phone.order(RevocationMode::Wipe);
    let order = ours.entries().last().unwrap();
    let mut foreign: Entry = codec::decode(order).unwrap();
    let elsewhere = OrganisationId::random(&SystemRandom);
    foreign.sign(&elsewhere, &phone.world.admin.secrets.signature);
    let foreign = OrderProof::new(vec![codec::encode(&foreign)])
        .to_bytes()
        .unwrap();
    assert_eq!(
        serve(&phone, phone.seal(&foreign)).await,
        Refusal::Proof(OrderRefusal::Refused(Junk::Signature))
    );
    // Sealed for another device's channel.
    let ours = ours.to_bytes().unwrap();
    let other = Phone::new();
    assert_eq!(serve(&phone, other.seal(&ours)).await, Refusal::Seal);

    let mut phone = Phone::new();
    let admin = phone.world.admin.clone();
    let colleague = phone.world.bench("Haematology bench");
    let seq = phone
        .world
        .ok(&admin, revoked(colleague.id, RevocationMode::Wipe));
    let proof = phone.prove(seq).to_bytes().unwrap();
    assert_eq!(
        serve(&phone, phone.seal(&proof)).await,
        Refusal::Proof(OrderRefusal::OtherDevice)
    );
    assert!(phone.opens());
}

#[tokio::test]
async fn a_stale_or_replayed_order_changes_nothing() {
    let mut phone = Phone::new();
    let proof = phone.order(RevocationMode::Wipe).to_bytes().unwrap();
    // The device has read beyond it since.
    let mut armed = phone.known();
    armed.authorities = Authorities::of(&phone.world.roster, phone.device.id);
    file::write(&phone.home, &Stub::Armed(Box::new(armed))).unwrap();
    assert_eq!(
        serve(&phone, phone.seal(&proof)).await,
        Refusal::Proof(OrderRefusal::Replayed)
    );
    assert!(phone.opens());
}

#[tokio::test]
async fn an_exclusion_without_a_wipe_and_junk_change_nothing() {
    let mut phone = Phone::new();
    let admin = phone.world.admin.clone();
    let body = Body::from(revoked(phone.device.id, RevocationMode::Revoke));
    let entry = phone
        .world
        .forge(admin.author(), &body, &admin.secrets.signature, |_| ());
    let only = OrderProof::new(vec![entry]).to_bytes().unwrap();
    assert_eq!(
        serve(&phone, phone.seal(&only)).await,
        Refusal::Proof(OrderRefusal::NotAnOrder)
    );
    let junk = phone.seal(&garbage(300));
    assert_eq!(
        serve(&phone, junk).await,
        Refusal::Proof(OrderRefusal::Malformed)
    );
    assert_eq!(serve(&phone, Vec::new()).await, Refusal::Seal);
    // A good order, sealed as if it were a certificate.
    let good = phone.order(RevocationMode::Wipe).to_bytes().unwrap();
    let organisation = phone.world.roster.anchor().organisation;
    let mislabelled = phone
        .channel
        .details()
        .seal(
            SealedFor::Certificate,
            &organisation,
            &phone.device.id,
            &good,
            &SystemRandom,
        )
        .unwrap();
    assert_eq!(serve(&phone, mislabelled).await, Refusal::Seal);
    // The same order with its author's name changed.
    let body = Body::from(revoked(phone.device.id, RevocationMode::Wipe));
    let other = phone.world.forge(
        Author::Device(DeviceId::random(&SystemRandom)),
        &body,
        &admin.secrets.signature,
        |_| (),
    );
    let renamed = phone.seal(&OrderProof::new(vec![other]).to_bytes().unwrap());
    assert!(matches!(serve(&phone, renamed).await, Refusal::Proof(_)));
    assert!(phone.opens());
}

#[tokio::test]
async fn the_first_refused_orders_are_kept_each_once_and_a_flood_changes_nothing_more() {
    let phone = Phone::new();
    let first = garbage(64);
    for _ in 0..3 {
        serve(&phone, first.clone()).await;
    }
    let kept = evidence(&phone.home).unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].sealed, first);
    assert_eq!(kept[0].reason, "the order is not sealed for this device");
    for _ in 0..20 {
        serve(&phone, garbage(64)).await;
    }
    let kept = evidence(&phone.home).unwrap();
    assert_eq!(kept.len(), 4);
    assert_eq!(kept[0].sealed, first, "the first is the most telling");
}
