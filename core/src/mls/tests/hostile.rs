use openmls::group::MlsGroup;
use openmls::prelude::{
    Extensions, KeyPackageIn, LeafNodeIndex, LeafNodeParameters, MlsMessageBodyIn, MlsMessageIn,
    NewSignerBundle, ProtocolVersion, tls_codec::DeserializeBytes,
};
use openmls_traits::OpenMlsProvider;
use proptest::prelude::*;

use super::support::{Device, Room, now, staged};
use crate::base::{Secret, SigningKey};
use crate::mls::provider::Provider;
use crate::mls::{
    Change, Error, Group, Identity, ProcessError, Refusal, StagedJoin, Suite, config, key_package,
    peek, resync,
};

/// What device 0 makes with the engine itself, past our own rules.
fn by_hand(
    room: &Room,
    make: impl FnOnce(&mut MlsGroup, &Provider<'_>, &Identity<'_>) -> Vec<u8>,
) -> Vec<u8> {
    let device = &room.devices[0];
    device.on(room.id, |g| {
        g.run(|group, p| Ok::<_, Error>(make(group, p, &device.identity())))
            .unwrap()
    })
}

fn refused(room: &Room, message: &[u8]) -> Refusal {
    let honest = &room.devices[1];
    let verdict = honest.process(room.id, message);
    assert_eq!(honest.on(room.id, |g| g.epoch()), 1);
    match verdict {
        Err(ProcessError::Unauthorised(why)) => why,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_proposal_outside_a_commit_is_refused_and_not_kept() {
    let room = Room::of(3);
    let proposal = by_hand(&room, |group, p, identity| {
        group
            .propose_remove_member(p, identity, LeafNodeIndex::new(2))
            .unwrap()
            .0
            .to_bytes()
            .unwrap()
    });
    assert_eq!(refused(&room, &proposal), Refusal::Proposal);
    assert!(!room.devices[1].on(room.id, |g| g.inner.has_pending_proposals()));
    // The proposer itself cannot encrypt now, and says why.
    let blocked = room.devices[0].on(room.id, |g| {
        g.encrypt(&room.devices[0].identity(), b"x").unwrap_err()
    });
    assert!(matches!(blocked, Error::PendingProposal));
    let by_reference = by_hand(&room, |group, p, identity| {
        group
            .commit_to_pending_proposals(p, identity)
            .unwrap()
            .0
            .to_bytes()
            .unwrap()
    });
    assert!(matches!(
        room.devices[1].process(room.id, &by_reference),
        Err(ProcessError::JunkCommit)
    ));
}

#[test]
fn a_commit_that_changes_the_group_context_is_refused() {
    let room = Room::of(2);
    let commit = by_hand(&room, |group, p, identity| {
        group
            .update_group_context_extensions(p, Extensions::empty(), identity)
            .unwrap()
            .0
            .to_bytes()
            .unwrap()
    });
    assert_eq!(refused(&room, &commit), Refusal::ProposalKind);
}

#[test]
fn a_committer_that_changes_its_key_is_refused() {
    let room = Room::of(2);
    let commit = by_hand(&room, |group, p, identity| {
        let key = SigningKey::from_seed(Secret::new([88; 32]));
        let other = Identity {
            device: identity.device,
            key: &key,
        };
        let bundle = NewSignerBundle {
            signer: &other,
            credential_with_key: other.credential(),
        };
        let made = group
            .self_update_with_new_signer(p, identity, bundle, LeafNodeParameters::default())
            .unwrap();
        made.into_commit().to_bytes().unwrap()
    });
    assert_eq!(refused(&room, &commit), Refusal::IdentityChange);
}

fn add_by_hand(room: &Room, identity: &Identity<'_>) -> Vec<u8> {
    let helper = Device::new(200);
    let package = helper.write(|tx| {
        key_package::generate(tx, identity, Suite::default(), 1, false, now())
            .unwrap()
            .remove(0)
    });
    by_hand(room, |group, p, own| {
        let MlsMessageBodyIn::KeyPackage(package) =
            MlsMessageIn::tls_deserialize_exact_bytes(&package)
                .unwrap()
                .extract()
        else {
            panic!()
        };
        let package = KeyPackageIn::validate(package, p.crypto(), ProtocolVersion::Mls10).unwrap();
        group
            .add_members(p, own, &[package])
            .unwrap()
            .0
            .to_bytes()
            .unwrap()
    })
}

#[test]
fn a_second_leaf_for_a_device_is_refused() {
    let room = Room::of(2);
    let key = SigningKey::from_seed(Secret::new([88; 32]));
    let commit = add_by_hand(
        &room,
        &Identity {
            device: room.devices[1].id,
            key: &key,
        },
    );
    assert_eq!(refused(&room, &commit), Refusal::DuplicateDevice);
}

#[test]
fn joining_from_outside_without_an_old_leaf_is_refused() {
    let room = Room::of(2);
    let (a, stranger) = (&room.devices[0], Device::new(9));
    let info = a.on(room.id, |g| g.export_group_info(&a.identity()).unwrap());
    let commit = stranger.lose(|tx| {
        let provider = Provider::new(tx.conn());
        let MlsMessageBodyIn::GroupInfo(info) = MlsMessageIn::tls_deserialize_exact_bytes(&info)
            .unwrap()
            .extract()
        else {
            panic!()
        };
        let capabilities = config::capabilities();
        let (_, bundle) = MlsGroup::external_commit_builder()
            .with_config(config::join())
            .build_group(&provider, info, stranger.identity().credential())
            .unwrap()
            .leaf_node_parameters(
                LeafNodeParameters::builder()
                    .with_capabilities(capabilities)
                    .build(),
            )
            .load_psks(provider.storage())
            .unwrap()
            .build(
                provider.rand(),
                provider.crypto(),
                &stranger.identity(),
                |_| true,
            )
            .unwrap()
            .finalize(&provider)
            .unwrap();
        bundle.into_commit().to_bytes().unwrap()
    });
    assert_eq!(refused(&room, &commit), Refusal::NotAResync);
}

#[test]
fn an_altered_message_opens_nowhere_and_spoils_nothing() {
    let room = Room::of(2);
    let mut message = room.devices[0].send(room.id, b"true");
    let honest = message.clone();
    *message.last_mut().unwrap() ^= 1;
    let verdict = room.devices[1].process(room.id, &message);
    assert!(matches!(
        verdict,
        Err(ProcessError::Undecryptable { epoch: 1 })
    ));
    assert_eq!(room.devices[1].read(room.id, &honest).1, b"true");
}

/// Bytes of every kind that a device receives, and the receiver's group at an epoch where they are due.
fn traffic() -> (Room, Vec<Vec<u8>>) {
    let room = Room::with_suite(2, Suite::Classical);
    let a = &room.devices[0];
    let message = a.send(room.id, b"text");
    let add = [room.devices[1].key_package(Suite::Classical)];
    let info = a.on(room.id, |g| g.export_group_info(&a.identity()).unwrap());
    let external = a.lose(|tx| resync(tx, &a.identity(), &info, b"").unwrap().commit);
    let change = Change {
        add: &add,
        remove: &[room.devices[1].id],
        update: true,
    };
    let staged = a.stage(room.id, change);
    let [package] = add;
    (
        room,
        vec![
            message,
            package,
            info,
            external,
            staged.commit,
            staged.welcome.unwrap(),
        ],
    )
}

#[test]
fn malformed_bytes_are_refused_and_never_panic() {
    let (room, traffic) = traffic();
    let b = &room.devices[1];
    let feed = |bytes: &[u8]| {
        b.lose(|tx| {
            let _ = peek(bytes);
            let _ = key_package::inspect(bytes, now());
            let _ = StagedJoin::open(tx, bytes).map(drop);
            let mut group = Group::load(tx, room.id).unwrap().unwrap();
            let _ = group.process(bytes);
            let _ = group.encrypt(&b.identity(), b"still works").unwrap();
        });
        b.lose(|tx| drop(resync(tx, &b.identity(), bytes, b"")));
    };
    let cases = (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        any::<u8>(),
        any::<prop::sample::Index>(),
    );
    let config = ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |((which, at, flip, cut) in cases, noise in prop::collection::vec(any::<u8>(), 0..96))| {
        feed(&noise);
        let mut bytes = traffic[which.index(traffic.len())].clone();
        let at = at.index(bytes.len());
        bytes[at] ^= flip | 1;
        feed(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        feed(&bytes);
    });
    let due = b.on(room.id, |g| staged(g.process(&traffic[4]).unwrap()));
    assert!(due.removes_me && !due.external);
}
