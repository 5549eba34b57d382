//! The bytes a signature covers are part of the contract.
#![allow(clippy::unwrap_used, missing_docs)]

use sotto_wire::{
    Digest, Epoch, Generation, GrantId, IdempotencyId, MailboxId, Nonce, PublicKey, RelayTime,
    Sealed,
};
use sotto_wire::{SlotId, TenantId, signed};

#[test]
fn a_signed_time_covers_its_label_and_the_time() {
    assert_eq!(signed::time(RelayTime(1)).bytes(), b"sotto/time\0\x81\x01");
    assert_eq!(signed::time(RelayTime(1)).label(), "time");
    assert_eq!(signed::time(RelayTime(1)).message(), b"\x81\x01");
}

#[test]
fn queued_covers_intent_payload_and_time() {
    let bytes = signed::queued(
        &IdempotencyId::new([7; 16]),
        &Digest::new([8; 32]),
        RelayTime(-1),
    )
    .bytes();
    let expected = [
        b"sotto/queued\0\x83\x50".as_slice(),
        &[7; 16],
        b"\x58\x20",
        &[8; 32],
        b"\x20",
    ]
    .concat();
    assert_eq!(bytes, expected);
}

#[test]
fn a_certificate_is_signed_for_its_nonce_organisation_and_channel() {
    let bytes = signed::channel_certify(
        &Nonce::new([3; 32]),
        &TenantId::new([1; 16]),
        &PublicKey::new([7; 32]),
        &Digest::new([8; 32]),
    )
    .bytes();
    let expected = [
        b"sotto/channel-certify\0\x84\x58\x20".as_slice(),
        &[3; 32],
        b"\x50",
        &[1; 16],
        b"\x58\x20",
        &[7; 32],
        b"\x58\x20",
        &[8; 32],
    ]
    .concat();
    assert_eq!(bytes, expected);
}

#[test]
fn a_share_is_signed_for_its_channel_whether_there_is_one_or_not() {
    let open = |share: Option<&Sealed>| {
        signed::channel_open(
            &TenantId::new([1; 16]),
            &PublicKey::new([7; 32]),
            share,
            RelayTime(2),
        )
        .bytes()
    };
    let start = [
        b"sotto/channel-open\0\x84\x50".as_slice(),
        &[1; 16],
        b"\x58\x20",
        &[7; 32],
    ]
    .concat();
    assert_eq!(open(None), [&start[..], b"\xf6\x02"].concat());
    let share = Sealed::new(vec![9]);
    assert_eq!(open(Some(&share)), [&start[..], b"\x41\x09\x02"].concat());
}

#[test]
fn no_two_purposes_share_a_prefix() {
    let tenant = TenantId::new([1; 16]);
    let grant = GrantId::new([2; 16]);
    let generation = Generation::new([4; 16]);
    let all = [
        signed::time(RelayTime(0)),
        signed::queued(
            &IdempotencyId::new([0; 16]),
            &Digest::new([0; 32]),
            RelayTime(0),
        ),
        signed::session(
            &Nonce::new([3; 32]),
            &tenant,
            &MailboxId::new([5; 16]),
            &generation,
            &generation,
        ),
        signed::slot_read(&tenant, &SlotId::new([6; 16]), Epoch(1), RelayTime(2)),
        signed::grant_take(&tenant, &grant, &PublicKey::new([7; 32])),
        signed::grant_request(&tenant, &grant, &Sealed::new(vec![1])),
        signed::grant_poll(&tenant, &grant, RelayTime(3)),
        signed::channel_open(&tenant, &PublicKey::new([7; 32]), None, RelayTime(3)),
        signed::channel_poll(&Nonce::new([3; 32]), &tenant, &PublicKey::new([7; 32])),
        signed::channel_certify(
            &Nonce::new([3; 32]),
            &tenant,
            &PublicKey::new([7; 32]),
            &Digest::new([8; 32]),
        ),
    ];
    let mut labels: Vec<_> = all.iter().map(|one| one.label()).collect();
    labels.sort_unstable();
    labels.dedup();
    assert_eq!(labels.len(), all.len());
}

#[test]
fn debug_shows_no_byte_of_an_id_or_of_ciphertext() {
    let text = format!(
        "{:?} {:?}",
        TenantId::new([0xAB; 16]),
        Sealed::new(vec![0xCD; 5])
    );
    assert_eq!(text, "TenantId(..) Sealed(5 bytes)");
}
