//! What leaves the device for humans: links, words, codes, the root file.

use super::fixture::{World, relay};
use crate::base::{InvitationId, SigningKey, SystemRandom, Timestamp};
use crate::roster::kind::{ApprovalMode, Subject};
use crate::roster::rootfile::Cost;
use crate::roster::{InvitationLink, InvitationSecret, RootFile, RosterError, ShortCode, Words};

const CHEAP: Cost = Cost {
    memory_kib: 64,
    passes: 1,
};

fn link(in_person: bool) -> (InvitationLink, InvitationSecret) {
    let world = World::found();
    let secret = InvitationSecret::random(&SystemRandom);
    let id = InvitationId::random(&SystemRandom);
    let minimum = world.roster.head().unwrap();
    (
        InvitationLink::new(
            relay(),
            *world.roster.anchor(),
            minimum,
            id,
            &secret,
            in_person,
        ),
        secret,
    )
}

#[test]
fn a_travelling_link_needs_the_words_and_one_shown_face_to_face_has_them() {
    let (travelling, secret) = link(false);
    let read = InvitationLink::parse(&travelling.to_url()).unwrap();
    assert_eq!(read, travelling);
    assert_eq!(read.secret(None), Err(RosterError::Words { expected: 6 }));
    let told = Words::parse(&secret.words.reveal()).unwrap();
    let keys = read.secret(Some(&told)).unwrap().keys(&read.invitation);
    let expected = secret.keys(&travelling.invitation);
    assert_eq!(
        keys.signing.verifying_key(),
        expected.signing.verifying_key()
    );
    assert_eq!(
        keys.sealing_public().unwrap(),
        expected.sealing_public().unwrap()
    );
    assert_eq!(keys.take_hash(), expected.take_hash());

    let wrong = read
        .secret(Some(&Words::random(&SystemRandom)))
        .unwrap()
        .keys(&read.invitation);
    assert_ne!(
        wrong.signing.verifying_key(),
        expected.signing.verifying_key()
    );
    assert_ne!(wrong.take_hash(), expected.take_hash());

    let (shown, secret) = link(true);
    assert!(shown.in_person() && !travelling.in_person());
    assert_eq!(
        InvitationLink::parse(&shown.to_url())
            .unwrap()
            .secret(None)
            .unwrap(),
        secret
    );
}

#[test]
fn a_link_survives_a_mail_program_but_no_tampering() {
    let (link, _) = link(true);
    let url = link.to_url();
    let wrapped: String = url
        .chars()
        .enumerate()
        .map(|(i, c)| {
            if i % 76 == 75 {
                format!("{c}\r\n")
            } else {
                c.into()
            }
        })
        .collect();
    assert_eq!(
        InvitationLink::parse(&format!(" {wrapped}\n")).unwrap(),
        link
    );
    assert!(url.len() < 700, "{} characters fit a QR code", url.len());

    for bad in [
        "",
        "https://join#abc",
        "sotto://join#",
        "sotto://join#!!",
        &url[..url.len() - 4],
        &format!("{url}AA"),
    ] {
        assert_eq!(InvitationLink::parse(bad), Err(RosterError::Link), "{bad}");
    }
    // Each altered character gives another link or none, never this one.
    for at in super::super::link::PREFIX.len()..url.len() {
        let mut altered = url.clone().into_bytes();
        altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
        let read = InvitationLink::parse(&String::from_utf8(altered).unwrap());
        assert!(read.is_err() || read != Ok(link.clone()), "{at}");
    }
    let shown = format!("{link:?}");
    assert!(
        !shown.contains("relay.example") && shown.contains("Secret(..)"),
        "{shown}"
    );
}

#[test]
fn the_short_code_is_the_same_on_both_sides_and_another_for_another_device() {
    let world = World::found();
    let (invitation, body) = world.invitation(
        Subject::Person(world.admin.person()),
        vec![],
        ApprovalMode::Approval,
    );
    let device = world.new_device(invitation.owner);
    let claim = world.claim(&invitation, &device);
    let organisation = world.roster.anchor().organisation;
    let there = ShortCode::of(
        &organisation,
        &invitation.keys.signing.verifying_key(),
        &claim,
    )
    .unwrap();
    let here = ShortCode::of(&organisation, &body.key, &claim).unwrap();
    assert_eq!(there.words(), here.words());
    assert_eq!(here.words().split(' ').count(), 4);
    assert_eq!(here.digits().len(), 14);
    let ghost = world.claim(&invitation, &world.new_device(invitation.owner));
    assert_ne!(
        ShortCode::of(&organisation, &body.key, &ghost)
            .unwrap()
            .words(),
        here.words()
    );
}

#[test]
fn a_safety_code_changes_with_the_persons_devices() {
    let (mut world, nurse, ..) = World::staffed();
    let before = world.roster.person_safety_code(&nurse.person()).unwrap();
    assert_eq!(before.digits().len(), 35);
    let (invitation, body) = world.invitation(
        Subject::Person(nurse.person()),
        vec![],
        ApprovalMode::Instant,
    );
    world.ok(&nurse, body);
    let tablet = world.new_device(nurse.owner);
    world.enrol(&invitation, &tablet);
    assert_ne!(
        world
            .roster
            .person_safety_code(&nurse.person())
            .unwrap()
            .digits(),
        before.digits()
    );
    assert!(
        world.roster.device_safety_code(&tablet.id) != world.roster.device_safety_code(&nurse.id)
    );
}

#[test]
fn the_root_key_comes_back_from_its_file_with_the_passphrase_only() {
    let world = World::found();
    let organisation = world.roster.anchor().organisation;
    let made = Timestamp::from_millis(1_760_000_000_000);
    let file = RootFile::seal(
        organisation,
        &world.root,
        made,
        "correct horse",
        CHEAP,
        &SystemRandom,
    )
    .unwrap();
    let text = file.to_text();
    let read = RootFile::parse(&text.replace('\n', "\r\n")).unwrap();
    assert_eq!(read.anchor, *world.roster.anchor());
    assert_eq!(
        read.open("correct horse").unwrap().verifying_key(),
        world.root.verifying_key()
    );
    assert_eq!(
        read.open("wrong horse").err(),
        Some(RosterError::Passphrase)
    );

    for (from, to) in [
        ("t=1", "t=2"),
        ("made: 1", "made: 2"),
        ("sealed: A", "sealed: B"),
        ("SOTTO", "OTTO"),
    ] {
        let altered = text.replacen(from, to, 1);
        assert!(
            altered != text && RootFile::parse(&altered) == Err(RosterError::RootFile),
            "{from}"
        );
    }
    assert_eq!(RootFile::parse(""), Err(RosterError::RootFile));
    let seed = crate::base::codec::hex(world.root.seed().expose());
    assert!(!text.contains(&seed));
}

#[test]
fn a_root_file_cannot_ask_for_unbounded_memory() {
    let root = SigningKey::random(&SystemRandom);
    let organisation = World::found().roster.anchor().organisation;
    let dear = Cost {
        memory_kib: u32::MAX,
        passes: 1,
    };
    let made = Timestamp::default();
    assert_eq!(
        RootFile::seal(organisation, &root, made, "x", dear, &SystemRandom),
        Err(RosterError::Cost)
    );
}
