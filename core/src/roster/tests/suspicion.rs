//! What falls with a lost device.

use super::fixture::{Device, World, person_details, terms};
use crate::base::PersonId;
use crate::roster::authorize::{Action, Actor, Refusal, Scope, pack};
use crate::roster::kind::{
    ApprovalMode, DeviceApproved, DeviceRevoked, RevocationMode, RoleGranted, Subject,
};
use crate::roster::record::InvitationState;
use crate::roster::{Junk, Verdict};

fn revoked(device: &Device, mode: RevocationMode, suspect_since: Option<u64>) -> DeviceRevoked {
    DeviceRevoked {
        device: device.id,
        mode,
        suspect_since,
        reason: None,
    }
}

#[test]
fn any_other_device_of_the_person_may_revoke_a_lost_one() {
    let (mut world, nurse, physician, _) = World::staffed();
    let (invitation, body) = world.invitation(
        Subject::Person(nurse.person()),
        vec![],
        ApprovalMode::Instant,
    );
    world.ok(&nurse, body);
    let tablet = world.new_device(nurse.owner);
    world.enrol(&invitation, &tablet);
    assert_eq!(
        world.say(&physician, revoked(&nurse, RevocationMode::Revoke, None)),
        Verdict::Junk(Junk::NoRight(Refusal::NoRole))
    );
    world.ok(&tablet, revoked(&nurse, RevocationMode::Wipe, None));
    assert_eq!(
        world.roster.view().unwrap().confirmed(nurse.id),
        Err(Refusal::DeviceRevoked)
    );
    assert!(world.roster.rotation_due(world.now));
}

#[test]
fn a_revoked_device_can_still_be_ordered_to_wipe_once() {
    let (mut world, nurse, ..) = World::staffed();
    let admin = world.admin.clone();
    world.ok(&admin, revoked(&nurse, RevocationMode::Revoke, None));
    assert_eq!(
        world.say(&admin, revoked(&nurse, RevocationMode::Revoke, None)),
        Verdict::Junk(Junk::WrongState)
    );
    world.ok(&admin, revoked(&nurse, RevocationMode::Wipe, None));
    assert_eq!(
        world
            .roster
            .device(&nurse.id)
            .unwrap()
            .revocation
            .unwrap()
            .mode,
        RevocationMode::Wipe
    );
    assert_eq!(
        world.say(&admin, revoked(&nurse, RevocationMode::Wipe, None)),
        Verdict::Junk(Junk::WrongState)
    );
}

#[test]
fn what_a_suspect_device_signed_since_is_suspended_with_it_and_what_that_signed_too() {
    let (mut world, nurse, ..) = World::staffed();
    let admin = world.admin.clone();
    let second = world.member("Ada Lovelace", None, terms(pack::ADMIN, None));
    let invite = |world: &mut World, by: &Device, name: &str, roles| {
        let subject =
            Subject::NewPerson(PersonId::random(&world.random), person_details(name, None));
        let (invitation, body) = world.invitation(subject, roles, ApprovalMode::Approval);
        (world.ok(by, body), invitation)
    };
    // Honest work before.
    let (_, before) = invite(
        &mut world,
        &second,
        "Honest Before",
        vec![terms(pack::NURSE, None)],
    );
    let honest = world.new_device(before.owner);
    world.enrol(&before, &honest);
    world.ok(&second, DeviceApproved { device: honest.id });
    // Then the device is lost: it invites an administrator, who invites a ghost, and leaves an invitation open.
    let (since, first) = invite(
        &mut world,
        &second,
        "Mal Lory",
        vec![terms(pack::ADMIN, None)],
    );
    let mallory = world.new_device(first.owner);
    world.enrol(&first, &mallory);
    world.ok(&second, DeviceApproved { device: mallory.id });
    let (_, next) = invite(&mut world, &mallory, "Gh Ost", vec![]);
    let ghost = world.new_device(next.owner);
    world.enrol(&next, &ghost);
    world.ok(&mallory, DeviceApproved { device: ghost.id });
    let (_, open) = invite(&mut world, &mallory, "Op En", vec![]);
    world.ok(
        &second,
        RoleGranted {
            holder: nurse.owner,
            terms: terms(pack::AUDITOR, None),
        },
    );

    let order = revoked(&second, RevocationMode::Wipe, Some(since));
    world.ok(&admin, order);
    let view = world.roster.view().unwrap();
    let found = [&second, &mallory, &ghost, &honest, &nurse].map(|d| view.confirmed(d.id).err());
    let (gone, held) = (Some(Refusal::DeviceRevoked), Some(Refusal::DeviceSuspended));
    assert_eq!(found, [gone, held, held, None, None]);
    assert_eq!(
        world.roster.invitations()[&open.id].state,
        InvitationState::Void
    );
    let audit = view.may(
        Actor::device(nurse.id),
        Action::ReadAudit,
        &Scope::organisation(),
    );
    assert_eq!(audit, Err(Refusal::NoRole), "the grant fell too");

    // An administrator lifts what turns out honest.
    world.ok(&admin, DeviceApproved { device: ghost.id });
    assert!(world.roster.view().unwrap().confirmed(ghost.id).is_ok());
}

#[test]
fn suspicion_cannot_begin_in_the_future() {
    let (mut world, nurse, ..) = World::staffed();
    let admin = world.admin.clone();
    let order = revoked(&nurse, RevocationMode::Revoke, Some(1_000));
    assert_eq!(world.say(&admin, order), Verdict::Junk(Junk::OutOfBounds));
}
