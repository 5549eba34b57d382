//! Orders that are not to be obeyed, whoever carries them.

use super::{Locked, chain, proposal, prove, wipe};
use crate::base::{DeviceId, PersonId};
use crate::roster::authorize::{Action, Refusal, pack};
use crate::roster::kind::{
    ApprovalMode, Countersign, DeviceApproved, DeviceRevoked, PersonLeft, RevocationMode,
    RoleGranted, RoleWithdrawn, Setting, Subject, Tick, Value,
};
use crate::roster::order::{Authorities, OrderProof, OrderRefusal};
use crate::roster::tests::fixture::{DAY, HOUR, World, person_details, terms};
use crate::roster::{Author, Body, Entry, Junk};

fn no_role() -> OrderRefusal {
    OrderRefusal::Refused(Junk::NoRight(Refusal::NoRole))
}

fn alone(bytes: Vec<u8>) -> OrderProof {
    OrderProof::new(vec![bytes])
}

#[test]
fn an_old_order_is_not_obeyed_again() {
    let (mut scene, _) = Locked::set();
    let admin = scene.admin();
    let seq = scene.world.ok(&admin, wipe(&scene.phone));
    let proof = prove(&scene.world, seq, None);
    scene.knew = Authorities::of(&scene.world.roster, scene.phone.id);
    assert_eq!(scene.judge(&proof), Err(OrderRefusal::Replayed));
}

#[test]
fn an_order_of_another_organisation_is_not_obeyed() {
    let (mut scene, _) = Locked::set();
    let admin = scene.admin();
    let seq = scene.world.ok(&admin, wipe(&scene.phone));
    let proof = alone(scene.bytes(seq));
    let anchor = *scene.world.roster.anchor();
    let (organisation, root) = (anchor.organisation, anchor.root);
    let other = crate::base::OrganisationId::new([9; 16]);
    let zero = crate::base::Digest::ZERO;
    let phone = scene.phone.id;
    let foreign = Err(OrderRefusal::Foreign);
    assert_eq!(proof.verify(&other, &root, &phone, &scene.knew), foreign);
    assert_eq!(
        proof.verify(&organisation, &zero, &phone, &scene.knew),
        foreign
    );
    assert_eq!(
        proof.verify(&organisation, &root, &admin.id, &scene.knew),
        foreign
    );
    // The same words signed for another organisation.
    let mut entry = Entry::from_bytes(&scene.bytes(seq)).unwrap();
    entry.sign(&other, &admin.secrets.signature);
    let proof = alone(entry.to_bytes().unwrap());
    assert_eq!(scene.judge(&proof), Err(Junk::Signature.into()));
    // A device that never knew its organisation obeys nobody.
    scene.knew = Authorities::of(&crate::roster::Roster::new(anchor), phone);
    assert_eq!(scene.judge(&proof), foreign);
}

#[test]
fn an_order_for_another_device_is_not_obeyed() {
    let (mut scene, second) = Locked::set();
    let admin = scene.admin();
    let seq = scene.world.ok(&admin, wipe(&second));
    let proof = prove(&scene.world, seq, None);
    assert_eq!(scene.judge(&proof), Err(OrderRefusal::OtherDevice));
}

#[test]
fn an_exclusion_without_wipe_is_no_order() {
    let (mut scene, _) = Locked::set();
    let admin = scene.admin();
    let mut body = wipe(&scene.phone);
    body.mode = RevocationMode::Revoke;
    let seq = scene.world.ok(&admin, body);
    let proof = alone(scene.bytes(seq));
    assert_eq!(scene.judge(&proof), Err(OrderRefusal::NotAnOrder));
    let seq = scene.world.ok(&admin, Tick {});
    let proof = alone(scene.bytes(seq));
    assert_eq!(scene.judge(&proof), Err(OrderRefusal::NotAnOrder));
    let entries = chain(&scene.world);
    let entry = |seq: u64| entries.get(usize::try_from(seq).unwrap()).cloned();
    for seq in [seq - 1, seq, seq + 1] {
        let built = OrderProof::build(&scene.world.roster, &entry, seq, None);
        assert_eq!(built.err(), Some(crate::roster::RosterError::Proof));
    }
}

#[test]
fn who_lost_the_right_before_the_last_contact_is_not_obeyed() {
    let (mut scene, second) = Locked::set();
    let admin = scene.admin();
    // A right that was granted while the device listened, and ended while it listened.
    let order = Body::from(wipe(&scene.phone));
    let person = second.person();
    let record = scene.world.roster.person(&person).unwrap();
    let (holder, grant) = (second.owner, record.grants[0].id);
    let history = chain(&scene.world);
    scene.world.ok(&admin, RoleWithdrawn { holder, grant });
    scene.knew = Authorities::of(&scene.world.roster, scene.phone.id);
    let forged = scene
        .world
        .forge(second.author(), &order, &second.secrets.signature, |_| {});
    assert!(scene.judge(&alone(forged.clone())).is_err());
    // All that once gave the right, shown again.
    let mut entries = history[1..].to_vec();
    entries.push(forged);
    assert!(scene.judge(&OrderProof::new(entries)).is_err());
    // The same for who left.
    scene.world.ok(&admin, PersonLeft { person });
    scene.knew = Authorities::of(&scene.world.roster, scene.phone.id);
    let forged = scene
        .world
        .forge(second.author(), &order, &second.secrets.signature, |_| {});
    assert!(scene.judge(&alone(forged)).is_err());
}

#[test]
fn an_excluded_device_is_not_obeyed_after_its_owner_was_promoted() {
    let (mut world, nurse, physician, _) = World::staffed();
    let admin = world.admin.clone();
    let stolen = physician.clone();
    let lost = DeviceRevoked {
        mode: RevocationMode::Revoke,
        ..wipe(&stolen)
    };
    world.ok(&admin, lost);
    let mut scene = Locked::phone_of(world, nurse);
    let granted = scene.world.ok(
        &admin,
        RoleGranted {
            holder: stolen.owner,
            terms: terms(pack::ADMIN, None),
        },
    );
    let order = Body::from(wipe(&scene.phone));
    let forged = scene
        .world
        .forge(stolen.author(), &order, &stolen.secrets.signature, |_| {});
    let mut proof = OrderProof::new(vec![scene.bytes(granted), forged]);
    proof.known = vec![
        super::super::Known::Owner(stolen.owner),
        super::super::Known::Device(
            stolen.id,
            stolen.secrets.signature.verifying_key(),
            stolen.owner,
        ),
    ];
    assert_eq!(scene.judge(&proof), Err(Junk::UnknownAuthor.into()));
}

#[test]
fn a_member_without_the_right_is_not_obeyed() {
    let (world, nurse, physician, _) = World::staffed();
    let scene = Locked::phone_of(world, nurse);
    let order = Body::from(wipe(&scene.phone));
    let forged = scene.world.forge(
        physician.author(),
        &order,
        &physician.secrets.signature,
        |_| {},
    );
    let mut proof = alone(forged);
    assert_eq!(scene.judge(&proof), Err(Junk::UnknownAuthor.into()));
    proof.known = vec![
        super::super::Known::Owner(physician.owner),
        super::super::Known::Device(
            physician.id,
            physician.secrets.signature.verifying_key(),
            physician.owner,
        ),
    ];
    assert_eq!(scene.judge(&proof), Err(no_role()));
    // Nor is a device that names a known owner and was never theirs.
    let impostor = scene.world.new_device(physician.owner);
    let forged = scene.world.forge(
        impostor.author(),
        &order,
        &impostor.secrets.signature,
        |_| {},
    );
    let mut proof = alone(forged);
    let key = impostor.secrets.signature.verifying_key();
    proof.known = vec![super::super::Known::Device(
        impostor.id,
        key,
        impostor.owner,
    )];
    assert_eq!(scene.judge(&proof), Err(Junk::UnknownAuthor.into()));
}

#[test]
fn nobody_grants_themselves_the_right_or_is_invited_to_it_by_who_may_not() {
    let (mut scene, _) = Locked::set();
    let charge = scene.world.member(
        "Mary Seacole",
        Some("5W"),
        terms(pack::CHARGE_NURSE, Some("5W")),
    );
    scene.knew = Authorities::of(&scene.world.roster, scene.phone.id);
    let order = Body::from(wipe(&scene.phone));
    let sign = |world: &World, seq: u64, author, body: &Body, key| {
        let seq = world.roster.head().unwrap().seq + seq;
        world.forge(author, body, key, |entry| entry.seq = seq)
    };
    let key = &charge.secrets.signature;
    let granted = Body::from(RoleGranted {
        holder: charge.owner,
        terms: terms(pack::ADMIN, None),
    });
    let proof = OrderProof::new(vec![
        sign(&scene.world, 1, charge.author(), &granted, key),
        sign(&scene.world, 2, charge.author(), &order, key),
    ]);
    assert_eq!(scene.judge(&proof), Err(no_role()));
    // An accomplice, invited with the role by who may invite nurses only.
    let subject = Subject::NewPerson(PersonId::new([8; 16]), person_details("Ac Complice", None));
    let roles = vec![terms(pack::ADMIN, None)];
    let (invitation, invited) = scene
        .world
        .invitation(subject, roles, ApprovalMode::Approval);
    let accomplice = scene.world.new_device(invitation.owner);
    let claim = Body::from(scene.world.claim(&invitation, &accomplice));
    let approved = Body::from(DeviceApproved {
        device: accomplice.id,
    });
    let invitation_key = &invitation.keys.signing;
    let proof = OrderProof::new(vec![
        sign(&scene.world, 1, charge.author(), &invited.into(), key),
        sign(
            &scene.world,
            2,
            Author::Invitation(invitation.id),
            &claim,
            invitation_key,
        ),
        sign(&scene.world, 3, charge.author(), &approved, key),
        sign(
            &scene.world,
            4,
            accomplice.author(),
            &order,
            &accomplice.secrets.signature,
        ),
    ]);
    assert_eq!(scene.judge(&proof), Err(Junk::UnknownAuthor.into()));
}

#[test]
fn a_device_that_waits_for_approval_is_not_obeyed() {
    let (mut scene, _) = Locked::set();
    let admin = scene.admin();
    let subject = Subject::NewPerson(PersonId::new([8; 16]), person_details("Lise Meitner", None));
    let roles = vec![terms(pack::ADMIN, None)];
    let (invitation, body) = scene
        .world
        .invitation(subject, roles, ApprovalMode::Approval);
    let invited = scene.world.ok(&admin, body);
    let device = scene.world.new_device(invitation.owner);
    scene.world.enrol(&invitation, &device);
    let order = Body::from(wipe(&scene.phone));
    let forged = scene
        .world
        .forge(device.author(), &order, &device.secrets.signature, |_| {});
    let proof = OrderProof::new(vec![scene.bytes(invited), scene.bytes(invited + 1), forged]);
    let pending = Junk::NoRight(Refusal::DevicePending);
    assert_eq!(scene.judge(&proof), Err(pending.into()));
}

/// Wipes need two, and Grace Hopper has a second device.
fn dual() -> (
    Locked,
    crate::roster::tests::fixture::Device,
    crate::roster::tests::fixture::Device,
) {
    let (mut world, nurse, ..) = World::staffed();
    let second = world.member("Ada Lovelace", None, terms(pack::ADMIN, None));
    let admin = world.admin.clone();
    let subject = Subject::Person(admin.person());
    let tablet = world.join(subject, vec![], ApprovalMode::Approval);
    let codes = vec![u64::from(Action::WipeDevice.code())];
    let rules = world.roster.policy().unwrap().clone();
    world.ok(
        &admin,
        rules.with(Setting::TwoAdministrators, Value::Numbers(codes)),
    );
    world.later(DAY);
    (Locked::phone_of(world, nurse), second, tablet)
}

#[test]
fn one_administrator_is_not_obeyed_where_two_are_asked_for() {
    let (scene, ..) = dual();
    let admin = scene.admin();
    let order = Body::from(wipe(&scene.phone));
    let forged = scene
        .world
        .forge(admin.author(), &order, &admin.secrets.signature, |_| {});
    assert_eq!(scene.judge(&alone(forged)), Err(Junk::NeedsTwo.into()));
}

#[test]
fn a_person_does_not_countersign_themself_through_a_second_device() {
    let (mut scene, _, tablet) = dual();
    let admin = scene.admin();
    let body = proposal(&scene.world, wipe(&scene.phone));
    let proposed = scene.world.ok(&admin, body);
    let agreed = Body::from(Countersign { proposal: proposed });
    let forged = scene
        .world
        .forge(tablet.author(), &agreed, &tablet.secrets.signature, |_| {});
    let proof = OrderProof::new(vec![scene.bytes(proposed), forged]);
    assert_eq!(scene.judge(&proof), Err(Junk::SamePerson.into()));
}

#[test]
fn an_administrator_made_by_the_proposer_within_the_day_does_not_countersign() {
    let (mut scene, ..) = dual();
    let admin = scene.admin();
    let puppet = scene
        .world
        .member("Pup Pet", None, terms(pack::ADMIN, None));
    let body = proposal(&scene.world, wipe(&scene.phone));
    let proposed = scene.world.ok(&admin, body);
    let agreed = Body::from(Countersign { proposal: proposed });
    let forged = scene
        .world
        .forge(puppet.author(), &agreed, &puppet.secrets.signature, |_| {});
    let mut entries = chain(&scene.world)[1..].to_vec();
    entries.push(forged.clone());
    let expected = Err(Junk::NewAdministrator.into());
    assert_eq!(scene.judge(&OrderProof::new(entries)), expected);
    // Also where the device had read of the new administrator.
    scene.knew = Authorities::of(&scene.world.roster, scene.phone.id);
    assert_eq!(scene.judge(&alone(forged)), expected);
}

#[test]
fn a_countersign_without_its_proposal_is_no_order() {
    let (mut scene, second, _) = dual();
    let admin = scene.admin();
    let body = proposal(&scene.world, wipe(&scene.phone));
    let proposed = scene.world.ok(&admin, body);
    let seq = scene.world.ok(&second, Countersign { proposal: proposed });
    let proof = alone(scene.bytes(seq));
    assert_eq!(scene.judge(&proof), Err(OrderRefusal::NoProposal));
}

#[test]
fn a_proposal_that_expired_by_log_time_is_not_carried_out() {
    let (mut scene, second, _) = dual();
    let admin = scene.admin();
    let body = proposal(&scene.world, wipe(&scene.phone));
    let proposed = scene.world.ok(&admin, body);
    scene.world.later(HOUR);
    let agreed = Body::from(Countersign { proposal: proposed });
    let forged = scene
        .world
        .forge(second.author(), &agreed, &second.secrets.signature, |_| {});
    let proof = OrderProof::new(vec![scene.bytes(proposed), forged.clone()]);
    assert_eq!(scene.judge(&proof), Err(Junk::Expired.into()));
    // Nor is its time turned back below what the device had seen.
    scene.world.ok(&admin, Tick {});
    scene.knew = Authorities::of(&scene.world.roster, scene.phone.id);
    let late = scene.world.forge(
        second.author(),
        &agreed,
        &second.secrets.signature,
        |entry| entry.time = entry.time.minus(HOUR),
    );
    assert!(scene.judge(&alone(late)).is_err());
}

#[test]
fn the_root_key_and_an_invitation_order_nothing() {
    let (scene, _) = Locked::set();
    let order = Body::from(wipe(&scene.phone));
    let forged = scene
        .world
        .forge(Author::Root, &order, &scene.world.root, |_| {});
    assert_eq!(scene.judge(&alone(forged)), Err(Junk::WrongAuthor.into()));
    let nobody = Author::Device(DeviceId::new([1; 16]));
    let forged = scene.world.forge(nobody, &order, &scene.world.root, |_| {});
    assert_eq!(scene.judge(&alone(forged)), Err(Junk::UnknownAuthor.into()));
}

#[test]
fn what_the_device_itself_ordered_before_it_was_locked_is_obeyed() {
    let (mut scene, _) = Locked::set();
    let phone = scene.phone.clone();
    let seq = scene.world.ok(&phone, wipe(&phone));
    assert_eq!(scene.obeys(seq).by, phone.id);
}
