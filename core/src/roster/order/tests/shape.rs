//! Proofs that are no proofs.

use proptest::prelude::*;

use super::{Locked, chain, prove, wipe};
use crate::roster::kind::Tick;
use crate::roster::order::{MAX_ENTRIES, MAX_PROOF, OrderProof, OrderRefusal};
use crate::roster::{Body, Junk};

#[test]
fn entries_out_of_order_or_twice_are_no_proof() {
    let (mut scene, _) = Locked::set();
    let admin = scene.admin();
    let tick = scene.world.ok(&admin, Tick {});
    let seq = scene.world.ok(&admin, wipe(&scene.phone));
    let (tick, order) = (scene.bytes(tick), scene.bytes(seq));
    let malformed = Err(OrderRefusal::Malformed);
    let judge = |entries: Vec<&Vec<u8>>| {
        scene.judge(&OrderProof::new(entries.into_iter().cloned().collect()))
    };
    assert!(judge(vec![&tick, &order]).is_ok());
    assert_eq!(judge(vec![&order, &tick]), malformed);
    assert_eq!(judge(vec![&order, &order]), malformed);
    assert_eq!(judge(vec![&tick, &tick, &order]), malformed);
    assert_eq!(judge(vec![]), malformed);
    assert_eq!(judge(vec![&b"junk".to_vec(), &order]), malformed);
    let longer = [order.as_slice(), &[0]].concat();
    assert_eq!(judge(vec![&longer]), malformed);
    // Far beyond anything the log can have reached.
    let key = &admin.secrets.signature;
    let body = Body::from(wipe(&scene.phone));
    let far = scene
        .world
        .forge(admin.author(), &body, key, |entry| entry.seq = u64::MAX);
    assert_eq!(judge(vec![&far]), malformed);
}

#[test]
fn more_entries_or_bytes_than_a_proof_has_are_refused() {
    let (mut scene, _) = Locked::set();
    let admin = scene.admin();
    for _ in 0..MAX_ENTRIES {
        scene.world.ok(&admin, Tick {});
    }
    scene.world.ok(&admin, wipe(&scene.phone));
    let entries = chain(&scene.world);
    let last = entries.len() - MAX_ENTRIES;
    let anchor = *scene.world.roster.anchor();
    let judge = |entries: &[Vec<u8>]| {
        let proof = OrderProof::new(entries.to_vec());
        proof.verify(
            &anchor.organisation,
            &anchor.root,
            &scene.phone.id,
            &scene.knew,
        )
    };
    assert!(judge(&entries[last..]).is_ok());
    assert_eq!(judge(&entries[last - 1..]), Err(OrderRefusal::Oversize));
    assert!(
        OrderProof::new(entries[last - 1..].to_vec())
            .to_bytes()
            .is_err()
    );
    let big = vec![vec![0; 50_000]; 3];
    assert_eq!(judge(&big), Err(OrderRefusal::Oversize));
    assert_eq!(
        OrderProof::from_bytes(&vec![0; MAX_PROOF + 1]),
        Err(OrderRefusal::Oversize)
    );
    assert_eq!(
        OrderProof::from_bytes(b"junk"),
        Err(OrderRefusal::Malformed)
    );
}

#[test]
fn an_entry_with_a_wrong_signature_spoils_the_proof() {
    let (mut scene, second) = Locked::set();
    let admin = scene.admin();
    let key = &second.secrets.signature;
    let forged = scene
        .world
        .forge(admin.author(), &Body::from(Tick {}), key, |_| {});
    scene.world.ok(&admin, Tick {});
    let seq = scene.world.ok(&admin, wipe(&scene.phone));
    let proof = OrderProof::new(vec![forged, scene.bytes(seq)]);
    assert_eq!(scene.judge(&proof), Err(Junk::Signature.into()));
    let forged = scene
        .world
        .forge(admin.author(), &Body::from(wipe(&scene.phone)), key, |_| {});
    let proof = OrderProof::new(vec![forged]);
    assert_eq!(scene.judge(&proof), Err(Junk::Signature.into()));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn a_proof_altered_anywhere_is_not_obeyed(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let (mut scene, _) = Locked::set();
        let admin = scene.admin();
        let seq = scene.world.ok(&admin, wipe(&scene.phone));
        let mut bytes = prove(&scene.world, seq, Some(scene.knew.seq())).to_bytes().unwrap();
        let known = prove(&scene.world, seq, Some(scene.knew.seq())).known;
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let anchor = *scene.world.roster.anchor();
        if let Ok(proof) = OrderProof::from_bytes(&bytes) {
            let judged = proof.verify(&anchor.organisation, &anchor.root, &scene.phone.id, &scene.knew);
            // Naming somebody else beside the entries changes nothing, and nothing else may change.
            prop_assert!(judged.is_err() || proof.known != known);
        }
    }

    #[test]
    fn arbitrary_bytes_are_no_proof(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(proof) = OrderProof::from_bytes(&bytes) {
            prop_assert_eq!(proof.to_bytes().unwrap(), bytes);
        }
    }
}
