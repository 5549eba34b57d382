//! The wipe channel: its keys, and how an older device gets one.

use super::fixture::{Device, World};
use crate::base::{CryptoError, DeviceId, OrganisationId};
use crate::roster::kind::{ApprovalMode, DeviceChannel, DeviceDetails, Subject, Tick};
use crate::roster::{
    Author, Body, ChannelSecret, DeviceSecrets, Entry, Junk, Roster, RosterError, SealedFor,
    Verdict, Versioned,
};

fn channel(world: &World) -> DeviceChannel {
    DeviceChannel {
        channel: ChannelSecret::random(&world.random).details(),
    }
}

fn shown(world: &World, device: &Device) -> Option<crate::roster::ChannelDetails> {
    world.roster.device(&device.id).unwrap().details.channel
}

#[test]
fn what_is_sealed_for_a_channel_opens_there_for_its_purpose_only() {
    let world = World::found();
    let secret = ChannelSecret::random(&world.random);
    let details = secret.details();
    assert_eq!(details.key, secret.signing().verifying_key());
    let (organisation, device) = (OrganisationId::new([1; 16]), DeviceId::new([2; 16]));
    let order = SealedFor::Order;
    let sealed = details
        .seal(order, &organisation, &device, b"wipe", &world.random)
        .unwrap();
    let open = |details: &crate::roster::ChannelDetails, what, organisation, device| {
        details.open(what, &organisation, &device, &sealed)
    };
    let closed = Err(RosterError::Crypto(CryptoError::Open));
    assert_eq!(
        open(&details, order, organisation, device),
        Ok(b"wipe".to_vec())
    );
    let certificate = SealedFor::Certificate;
    assert_eq!(open(&details, certificate, organisation, device), closed);
    let elsewhere = OrganisationId::new([3; 16]);
    assert_eq!(open(&details, order, elsewhere, device), closed);
    let other = DeviceId::new([3; 16]);
    assert_eq!(open(&details, order, organisation, other), closed);
    let another = ChannelSecret::random(&world.random).details();
    assert_eq!(open(&another, order, organisation, device), closed);
    let printed = format!("{secret:?} {details:?}");
    assert_eq!(
        printed,
        "ChannelSecret(..) ChannelDetails { key: VerifyingKey(..), seal: ChannelSeal(..) }"
    );
    let stored = ChannelSecret::new(secret.secret().clone());
    assert_eq!(stored.details(), details);
}

#[test]
fn a_device_draws_a_channel_with_its_other_keys() {
    let world = World::found();
    let secrets = DeviceSecrets::generate(&world.random);
    let device = world.new_device(world.admin.owner);
    let label = super::fixture::text("phone");
    let details = secrets.details(device.id, device.owner, label).unwrap();
    assert_eq!(
        details.channel,
        secrets.channel.as_ref().map(ChannelSecret::details)
    );
    assert!(details.channel.is_some());
    let bytes = crate::base::codec::encode(&details);
    let read = crate::base::codec::decode::<DeviceDetails>(&bytes);
    assert_eq!(read, Ok(details));
}

#[test]
fn details_written_without_a_channel_keep_their_bytes() {
    let world = World::found();
    let details = world.admin.details();
    assert_eq!(details.channel, None);
    let bytes = crate::base::codec::encode(&details);
    assert_eq!(bytes[0], 0x87, "an array of seven, as release 0.1 wrote it");
    let read = crate::base::codec::decode::<DeviceDetails>(&bytes).unwrap();
    assert_eq!(read, details);
    // An explicit nothing in its place is not how it was written.
    let mut eighth = bytes.clone();
    eighth[0] = 0x88;
    eighth.push(0xf6);
    assert!(crate::base::codec::decode::<DeviceDetails>(&eighth).is_err());
}

#[test]
fn a_device_without_a_channel_adds_its_own_once() {
    let (mut world, nurse, ..) = World::staffed();
    let first = channel(&world);
    let seq = world.ok(&nurse, first.clone());
    assert_eq!(shown(&world, &nurse), Some(first.channel));
    let ignored = |seq| Verdict::Ignored { seq, kind: 33 };
    let another = channel(&world);
    assert_eq!(world.say(&nurse, another), ignored(seq + 1));
    assert_eq!(shown(&world, &nurse), Some(first.channel));
    // Nobody takes another device's channel.
    let admin = world.admin.clone();
    assert_eq!(world.say(&admin, first), ignored(seq + 2));
    assert_eq!(shown(&world, &admin), None);
    let restored = Roster::restore(&world.roster.snapshot()).unwrap();
    assert!(restored == world.roster);
}

/// Release 0.1 knows no kind 33 and chains what stands there. Whoever knows it must hold the same chain.
#[test]
fn whatever_release_0_1_chains_under_this_number_is_chained() {
    let (mut world, nurse, ..) = World::staffed();
    let good = Body::from(channel(&world)).to_bytes();
    for body in [
        b"whatever".to_vec(),
        Vec::new(),
        [good.as_slice(), &[0]].concat(),
    ] {
        let key = &nurse.secrets.signature;
        let bytes = world.forge(nurse.author(), &Body::from(Tick {}), key, |entry| {
            (entry.kind, entry.body) = (33, body.clone());
        });
        let seq = world.roster.head().unwrap().seq + 1;
        assert_eq!(world.push(bytes), Verdict::Ignored { seq, kind: 33 });
        assert_eq!(shown(&world, &nurse), None);
    }
    let bytes = world.forge(Author::Root, &channel(&world).into(), &world.root, |_| {});
    let seq = world.roster.head().unwrap().seq + 1;
    assert_eq!(world.push(bytes), Verdict::Ignored { seq, kind: 33 });
    // What 0.1 calls junk stays junk.
    let stranger = world.new_device(nurse.owner);
    let key = &stranger.secrets.signature;
    let bytes = world.forge(stranger.author(), &channel(&world).into(), key, |_| {});
    assert_eq!(world.push(bytes), Verdict::Junk(Junk::UnknownAuthor));
    let bytes = world.forge(nurse.author(), &channel(&world).into(), key, |_| {});
    assert_eq!(world.push(bytes), Verdict::Junk(Junk::Signature));
    let key = &nurse.secrets.signature;
    let bytes = world.forge(nurse.author(), &channel(&world).into(), key, |entry| {
        entry.critical = true;
    });
    assert!(matches!(world.push(bytes), Verdict::Junk(_)));
    let first = Entry::from_bytes(&world.log[0]).unwrap();
    assert_eq!(first.to_bytes().unwrap(), world.log[0]);
}

#[test]
fn an_enrolment_brings_a_channel_only_where_release_0_1_is_not_to_follow() {
    for (rules, taken) in [(2, true), (1, false)] {
        let (mut world, nurse, ..) = World::staffed();
        world.roster.oversight.rules = Some(Versioned::new(0, rules));
        let subject = Subject::Person(nurse.person());
        let (invitation, body) = world.invitation(subject, vec![], ApprovalMode::Instant);
        world.ok(&nurse, body);
        let mut device = world.new_device(nurse.owner);
        device.secrets.channel = Some(ChannelSecret::random(&world.random));
        let verdict = world.enrol(&invitation, &device);
        assert_eq!(
            matches!(verdict, Verdict::Valid { .. }),
            taken,
            "{verdict:?}"
        );
        if taken {
            assert_eq!(shown(&world, &device), device.details().channel);
        } else {
            assert_eq!(verdict, Verdict::Junk(Junk::Malformed));
            // Without one it comes in, and adds it afterwards.
            let channel = device.secrets.channel.take().unwrap().details();
            let verdict = world.enrol(&invitation, &device);
            assert!(matches!(verdict, Verdict::Valid { .. }));
            world.ok(&device, DeviceChannel { channel });
            assert_eq!(shown(&world, &device), Some(channel));
        }
    }
}
