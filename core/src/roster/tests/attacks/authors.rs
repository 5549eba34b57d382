//! Authors who had no right, or no longer.

use super::{Attack, left, pending};
use crate::base::{Digest, PersonId, RoleId};
use crate::roster::Junk;
use crate::roster::authorize::{Refusal, pack};
use crate::roster::kind::{
    ApprovalMode, DeviceApproved, DeviceRevoked, KeyRotated, PersonSuspended, Policy,
    RevocationMode, RoleDefined, RoleDefinition, RoleGranted, RoleRule, Subject,
};
use crate::roster::tests::fixture::{HOUR, person_details, terms, text};

pub(super) fn attacks() -> Vec<Attack> {
    vec![
        (
            "a nurse dismissing a physician",
            Junk::NoRight(Refusal::NoRole),
            |s| s.by(&s.nurse, left(&s.physician)),
        ),
        (
            "a nurse making herself administrator",
            Junk::NoRight(Refusal::NoRole),
            |s| {
                s.by(
                    &s.nurse,
                    RoleGranted {
                        holder: s.nurse.owner,
                        terms: terms(pack::ADMIN, None),
                    },
                )
            },
        ),
        (
            "a nurse changing the rules",
            Junk::NoRight(Refusal::NoRole),
            |s| {
                s.by(
                    &s.nurse,
                    Policy {
                        version: 2,
                        ..Policy::founding()
                    },
                )
            },
        ),
        (
            "a nurse rotating the roster key",
            Junk::NoRight(Refusal::NoRole),
            |s| {
                let zero = Digest::ZERO;
                let body = KeyRotated {
                    epoch: 1,
                    commitment: zero,
                    previous: vec![],
                    seals_root: zero,
                    seals: 0,
                    root_seal: None,
                };
                s.by(&s.nurse, body)
            },
        ),
        (
            "a nurse revoking a physician's device",
            Junk::NoRight(Refusal::NoRole),
            |s| {
                let body = DeviceRevoked {
                    device: s.physician.id,
                    mode: RevocationMode::Wipe,
                    suspect_since: None,
                    reason: None,
                };
                s.by(&s.nurse, body)
            },
        ),
        (
            "an author who left",
            Junk::NoRight(Refusal::DeviceRevoked),
            |s| {
                s.world.ok(&s.admin(), left(&s.nurse));
                s.tick_by(&s.nurse, |_| {})
            },
        ),
        (
            "an author who is suspended",
            Junk::NoRight(Refusal::OwnerSuspended),
            |s| {
                let person = s.nurse.person();
                s.world.ok(
                    &s.admin(),
                    PersonSuspended {
                        person,
                        suspended: true,
                        reason: None,
                    },
                );
                s.tick_by(&s.nurse, |_| {})
            },
        ),
        (
            "a revoked device",
            Junk::NoRight(Refusal::DeviceRevoked),
            |s| {
                let mode = RevocationMode::Revoke;
                s.world.ok(
                    &s.admin(),
                    DeviceRevoked {
                        device: s.nurse.id,
                        mode,
                        suspect_since: None,
                        reason: None,
                    },
                );
                s.tick_by(&s.nurse, |_| {})
            },
        ),
        (
            "a revoked device vouching for its person's next one",
            Junk::NoRight(Refusal::DeviceRevoked),
            |s| {
                let mode = RevocationMode::Revoke;
                s.world.ok(
                    &s.admin(),
                    DeviceRevoked {
                        device: s.nurse.id,
                        mode,
                        suspect_since: None,
                        reason: None,
                    },
                );
                let subject = Subject::Person(s.nurse.person());
                s.by(
                    &s.nurse,
                    s.world.invitation(subject, vec![], ApprovalMode::Instant).1,
                )
            },
        ),
        (
            "a suspended author with something nobody knows",
            Junk::NoRight(Refusal::OwnerSuspended),
            |s| {
                let person = s.nurse.person();
                s.world.ok(
                    &s.admin(),
                    PersonSuspended {
                        person,
                        suspended: true,
                        reason: None,
                    },
                );
                s.tick_by(&s.nurse, |e| e.kind = 9_999)
            },
        ),
        (
            "a pending device",
            Junk::NoRight(Refusal::DevicePending),
            |s| {
                let (invitation, body) = pending(s);
                s.world.ok(&s.admin(), body);
                let device = s.world.new_device(invitation.owner);
                s.world.enrol(&invitation, &device);
                s.tick_by(&device, |_| {})
            },
        ),
        (
            "a pending device approving itself",
            Junk::NoRight(Refusal::DevicePending),
            |s| {
                let (invitation, body) = pending(s);
                s.world.ok(&s.admin(), body);
                let device = s.world.new_device(invitation.owner);
                s.world.enrol(&invitation, &device);
                s.by(&device, DeviceApproved { device: device.id })
            },
        ),
        (
            "a role whose time is over",
            Junk::NoRight(Refusal::OutsideValidity),
            |s| {
                let mut role = terms(pack::SECURITY_OFFICIAL, None);
                role.until = Some(s.world.now.plus(HOUR));
                let officer = s.world.member("Joan Clarke", None, role);
                s.world.later(HOUR);
                s.by(
                    &officer,
                    DeviceRevoked {
                        device: s.nurse.id,
                        mode: RevocationMode::Revoke,
                        suspect_since: None,
                        reason: None,
                    },
                )
            },
        ),
        (
            "a charge nurse inviting for another unit",
            Junk::NoRight(Refusal::OutsideUnit),
            |s| {
                let charge = s.world.member(
                    "Mary Seacole",
                    Some("5W"),
                    terms(pack::CHARGE_NURSE, Some("5W")),
                );
                let subject = Subject::NewPerson(
                    PersonId::new([1; 16]),
                    person_details("New Comer", Some("6E")),
                );
                s.by(
                    &charge,
                    s.world.invitation(subject, vec![], ApprovalMode::Instant).1,
                )
            },
        ),
        (
            "a charge nurse granting a privileged role",
            Junk::NoRight(Refusal::NoRole),
            |s| {
                let charge = s.world.member(
                    "Mary Seacole",
                    Some("5W"),
                    terms(pack::CHARGE_NURSE, Some("5W")),
                );
                s.by(
                    &charge,
                    s.newcomer(
                        vec![terms(pack::CHARGE_NURSE, Some("5W"))],
                        ApprovalMode::Approval,
                    ),
                )
            },
        ),
        (
            "a charge nurse granting a role everywhere",
            Junk::NoRight(Refusal::OutsideUnit),
            |s| {
                let charge = s.world.member(
                    "Mary Seacole",
                    Some("5W"),
                    terms(pack::CHARGE_NURSE, Some("5W")),
                );
                s.by(
                    &charge,
                    s.newcomer(vec![terms(pack::NURSE, None)], ApprovalMode::Instant),
                )
            },
        ),
        (
            "a role defined to smuggle rights in",
            Junk::NoRight(Refusal::NoRole),
            |s| {
                let rule = RoleRule {
                    action: 26,
                    needs_relation: false,
                };
                let definition = RoleDefinition {
                    name: text("definer"),
                    rules: [rule].into(),
                };
                let role = RoleId::new([5; 16]);
                s.world.ok(&s.admin(), RoleDefined { role, definition });
                let definer = s.world.member("Ada Lovelace", None, terms(role, None));
                let rule = RoleRule {
                    action: 28,
                    needs_relation: false,
                };
                let definition = RoleDefinition {
                    name: text("definer"),
                    rules: [rule].into(),
                };
                s.by(&definer, RoleDefined { role, definition })
            },
        ),
    ]
}
