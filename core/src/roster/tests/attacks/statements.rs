//! Statements that make no sense at this point, whoever signs them.

use super::{Attack, enrolment, left, pending};
use crate::base::{Digest, PersonId, RoleId, Secret, SigningKey};
use crate::roster::authorize::pack;
use crate::roster::kind::{
    ApprovalMode, DeviceApproved, DeviceRevoked, GrantRef, InvitationWithdrawn, KeyRotated,
    PersonAdded, PersonChanged, Policy, RevocationMode, RoleDefined, RoleDefinition, RoleGranted,
    RoleWithdrawn, Subject, Tick,
};
use crate::roster::tests::fixture::{DAY, person_details, terms, text};
use crate::roster::{Author, Body, Junk};

pub(super) fn attacks() -> Vec<Attack> {
    vec![
        ("an invitation used twice", Junk::InvitationUsed, |s| {
            let (invitation, body) = pending(s);
            s.world.ok(&s.admin(), body);
            let first = s.world.new_device(invitation.owner);
            s.world.enrol(&invitation, &first);
            let second = s.world.new_device(invitation.owner);
            enrolment(s, &invitation, &second)
        }),
        ("an invitation expired by log time", Junk::Expired, |s| {
            let (invitation, body) = pending(s);
            s.world.ok(&s.admin(), body);
            s.world.later(DAY);
            let device = s.world.new_device(invitation.owner);
            enrolment(s, &invitation, &device)
        }),
        ("an invitation taken back", Junk::InvitationVoid, |s| {
            let (invitation, body) = pending(s);
            s.world.ok(&s.admin(), body);
            s.world.ok(
                &s.admin(),
                InvitationWithdrawn {
                    invitation: invitation.id,
                },
            );
            let device = s.world.new_device(invitation.owner);
            enrolment(s, &invitation, &device)
        }),
        (
            "an invitation whose author left",
            Junk::InvitationVoid,
            |s| {
                let (invitation, body) = s.world.invitation(
                    Subject::Person(s.nurse.person()),
                    vec![],
                    ApprovalMode::Instant,
                );
                s.world.ok(&s.nurse.clone(), body);
                s.world.ok(&s.admin(), left(&s.nurse));
                let device = s.world.new_device(invitation.owner);
                enrolment(s, &invitation, &device)
            },
        ),
        (
            "an invitation whose author was revoked",
            Junk::InvitationVoid,
            |s| {
                let second = s
                    .world
                    .member("Ada Lovelace", None, terms(pack::ADMIN, None));
                let (invitation, body) = pending(s);
                s.world.ok(&second, body);
                let mode = RevocationMode::Revoke;
                s.world.ok(
                    &s.admin(),
                    DeviceRevoked {
                        device: second.id,
                        mode,
                        suspect_since: None,
                        reason: None,
                    },
                );
                let device = s.world.new_device(invitation.owner);
                enrolment(s, &invitation, &device)
            },
        ),
        (
            "a device enrolled for somebody else than invited",
            Junk::WrongOwner,
            |s| {
                let (invitation, body) = pending(s);
                s.world.ok(&s.admin(), body);
                let device = s.world.new_device(s.admin().owner);
                enrolment(s, &invitation, &device)
            },
        ),
        (
            "an enrolment without the device's own signature",
            Junk::Signature,
            |s| {
                let (invitation, body) = pending(s);
                s.world.ok(&s.admin(), body);
                let device = s.world.new_device(invitation.owner);
                let mut claim = s.world.claim(&invitation, &device);
                claim.device_proof = claim.invitation_proof;
                s.by(&s.admin(), claim)
            },
        ),
        (
            "an enrolment carried by an administrator without the invitation's key",
            Junk::Signature,
            |s| {
                let (mut invitation, body) = pending(s);
                s.world.ok(&s.admin(), body);
                let device = s.world.new_device(invitation.owner);
                invitation.keys.signing = SigningKey::from_seed(Secret::new([8; 32]));
                let claim = s.world.claim(&invitation, &device);
                s.by(&s.admin(), claim)
            },
        ),
        (
            "an enrolment without any invitation",
            Junk::UnknownSubject,
            |s| {
                let (invitation, _) = pending(s);
                let device = s.world.new_device(s.admin().owner);
                let claim = s.world.claim(&invitation, &device);
                s.by(&s.admin(), claim)
            },
        ),
        (
            "an invitation's key saying something else",
            Junk::WrongAuthor,
            |s| {
                let (invitation, body) = pending(s);
                s.world.ok(&s.admin(), body);
                s.world.forge(
                    Author::Invitation(invitation.id),
                    &Body::from(Tick {}),
                    &invitation.keys.signing,
                    |_| {},
                )
            },
        ),
        ("a device id that is taken", Junk::IdTaken, |s| {
            let (invitation, body) = pending(s);
            s.world.ok(&s.admin(), body);
            let mut device = s.world.new_device(invitation.owner);
            device.id = s.nurse.id;
            enrolment(s, &invitation, &device)
        }),
        ("a signature key that is taken", Junk::KeyTaken, |s| {
            let (invitation, body) = pending(s);
            s.world.ok(&s.admin(), body);
            let mut device = s.world.new_device(invitation.owner);
            device.secrets.signature = s.nurse.secrets.signature.clone();
            enrolment(s, &invitation, &device)
        }),
        ("a contact alias that is taken", Junk::KeyTaken, |s| {
            let (invitation, body) = pending(s);
            s.world.ok(&s.admin(), body);
            let mut device = s.world.new_device(invitation.owner);
            device.secrets.contact_alias = s.nurse.secrets.contact_alias;
            enrolment(s, &invitation, &device)
        }),
        ("a person id that is taken", Junk::IdTaken, |s| {
            s.by(
                &s.admin(),
                PersonAdded {
                    person: s.nurse.person(),
                    details: person_details("Else", None),
                },
            )
        }),
        (
            "an external id that is another person's",
            Junk::ExternalIdTaken,
            |s| {
                let details = person_details("Florence Nightingale", None);
                s.by(
                    &s.admin(),
                    PersonAdded {
                        person: PersonId::new([3; 16]),
                        details,
                    },
                )
            },
        ),
        (
            "an external id taken over by a change",
            Junk::ExternalIdTaken,
            |s| {
                let details = person_details("Florence Nightingale", None);
                s.by(
                    &s.admin(),
                    PersonChanged {
                        person: s.physician.person(),
                        details,
                    },
                )
            },
        ),
        (
            "an instant invitation with a privileged role",
            Junk::ApprovalRequired,
            |s| {
                s.by(
                    &s.admin(),
                    s.newcomer(vec![terms(pack::ADMIN, None)], ApprovalMode::Instant),
                )
            },
        ),
        (
            "an instant next device of an administrator",
            Junk::ApprovalRequired,
            |s| {
                let subject = Subject::Person(s.admin().person());
                s.by(
                    &s.admin(),
                    s.world.invitation(subject, vec![], ApprovalMode::Instant).1,
                )
            },
        ),
        (
            "an invitation that outlives the rules",
            Junk::OutOfBounds,
            |s| {
                let mut body = s.newcomer(vec![], ApprovalMode::Instant);
                body.expires = s.world.now.plus(DAY * 15);
                s.by(&s.admin(), body)
            },
        ),
        ("an invitation id that is taken", Junk::IdTaken, |s| {
            let (invitation, body) = pending(s);
            s.world.ok(&s.admin(), body);
            let mut again = s.newcomer(vec![], ApprovalMode::Instant);
            again.invitation = invitation.id;
            s.by(&s.admin(), again)
        }),
        ("a role nobody defined", Junk::UnknownSubject, |s| {
            let role = RoleId::new([6; 16]);
            s.by(
                &s.admin(),
                RoleGranted {
                    holder: s.nurse.owner,
                    terms: terms(role, None),
                },
            )
        }),
        ("a role of the pack redefined", Junk::IdTaken, |s| {
            let definition = RoleDefinition {
                name: text("nurse"),
                rules: [].into(),
            };
            s.by(
                &s.admin(),
                RoleDefined {
                    role: pack::NURSE,
                    definition,
                },
            )
        }),
        (
            "the last administrator leaving",
            Junk::LastAdministrator,
            |s| s.by(&s.admin(), left(&s.admin())),
        ),
        (
            "the last administrator's role withdrawn",
            Junk::LastAdministrator,
            |s| {
                let grant = GrantRef { seq: 0, index: 0 };
                s.by(
                    &s.admin(),
                    RoleWithdrawn {
                        holder: s.admin().owner,
                        grant,
                    },
                )
            },
        ),
        ("approving a device twice", Junk::WrongState, |s| {
            s.by(&s.admin(), DeviceApproved { device: s.nurse.id })
        }),
        ("dismissing somebody twice", Junk::WrongState, |s| {
            s.world.ok(&s.admin(), left(&s.nurse));
            s.by(&s.admin(), left(&s.nurse))
        }),
        ("a policy version that skips", Junk::PolicyVersion, |s| {
            s.by(
                &s.admin(),
                Policy {
                    version: 3,
                    ..Policy::founding()
                },
            )
        }),
        ("a rotation to the same epoch", Junk::Rotation, |s| {
            let zero = Digest::ZERO;
            let body = KeyRotated {
                epoch: 0,
                commitment: zero,
                previous: vec![],
                seals_root: zero,
                seals: 0,
                root_seal: None,
            };
            s.by(&s.admin(), body)
        }),
    ]
}
