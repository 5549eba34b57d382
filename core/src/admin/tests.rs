//! What is judged on this device before anything leaves it.

use std::time::Duration;

use super::AdminError;
use super::append::Draft;
use super::plan::{self, Invite, Invitee, Plan};
use crate::base::{
    DeviceId, Digest, InvitationId, OrganisationId, Owner, PersonId, Secret, Signature, SigningKey,
    SystemRandom, Timestamp, VerifyingKey,
};
use crate::membership::Context;
use crate::roster::authorize::pack;
use crate::roster::key::SealedAs;
use crate::roster::kind::{
    ApprovalMode, Founded, PersonDetails, PlaceKind, Policy, RelayDescriptor, Setting, Value,
};
use crate::roster::state::root_fingerprint;
use crate::roster::{
    Anchor, DeviceSecrets, FORMAT, InvitationSecret, Keyring, Name, Roster, RosterKey, Text, Unit,
};
use crate::store::table::device::DeviceSelf;

pub(super) const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// A founded organisation as its first device knows it.
pub(super) fn founded(policy: Policy) -> (DeviceSelf, Roster) {
    let random = &SystemRandom;
    let (organisation, person, device) = (
        OrganisationId::random(random),
        PersonId::random(random),
        DeviceId::random(random),
    );
    let (root, secrets, key) = (
        SigningKey::random(random),
        DeviceSecrets::generate(random),
        RosterKey::random(0, random),
    );
    let owner = Owner::Person(person);
    let body = Founded {
        format: FORMAT,
        organisation,
        name: Name::new("St. Elsewhere").unwrap(),
        root: root.verifying_key(),
        relay: RelayDescriptor {
            address: Text::new("https://relay.example").unwrap(),
            pins: vec![Digest::new([1; 32])],
            signing_key: VerifyingKey::new([2; 32]),
            tenant: [3; 16],
        },
        admin: person,
        details: PersonDetails {
            name: Name::new("Ada").unwrap(),
            unit: None,
            title: None,
            phone: None,
            external: Default::default(),
        },
        roles: vec![],
        device: secrets
            .details(device, owner, Text::new("desk").unwrap())
            .unwrap(),
        device_proof: Signature::new([0; 64]),
        policy,
        key_commitment: key.commitment(),
        root_sealing: None,
        root_seal: None,
    };
    let entry = body
        .into_entry(NOW, &root, &secrets.signature)
        .to_bytes()
        .unwrap();
    let anchor = Anchor {
        organisation,
        root: root_fingerprint(&root.verifying_key()),
    };
    let sealed = key
        .seal(SealedAs::Entry, &organisation, &entry, random)
        .unwrap();
    let mut keys = Keyring::new();
    keys.insert(key);
    let mut roster = Roster::new(anchor);
    roster.ingest(0, &sealed, &keys);
    let me = DeviceSelf {
        organisation,
        tenant: [3; 16],
        device,
        owner,
        signing: secrets.signature.clone(),
        sealing: secrets.sealing.seed().clone(),
        receipt: secrets.receipt.clone(),
        mailbox: [4; 16],
        mailbox_key: SigningKey::random(random),
        contact_alias: *secrets.contact_alias.as_bytes(),
        root: anchor.root,
        generation: [5; 16],
        next_generation: [5; 16],
        enrolled: true,
        channel: None,
    };
    (me, roster)
}

pub(super) fn person(name: &str, roles: &[&str]) -> Invite {
    Invite {
        invitee: Invitee::Person {
            name: name.into(),
            unit: "5W".into(),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            external_ids: vec![("urn:staff".into(), name.into())],
        },
        approval: false,
        valid: Duration::from_secs(3600),
        in_person: true,
    }
}

/// The mode and life that an invitation gets, and the draft's end.
fn drafted(
    draft: &mut Draft<'_>,
    invite: &Invite,
) -> Result<(ApprovalMode, Timestamp, Owner), AdminError> {
    let plan = Plan::new(invite)?;
    let (id, owner) = (
        InvitationId::random(&SystemRandom),
        plan.owner(&SystemRandom),
    );
    plan.draft(
        draft,
        id,
        owner,
        &InvitationSecret::random(&SystemRandom).keys(&id),
    )?;
    let record = &draft.roster().invitations()[&id];
    Ok((record.mode, record.expires, owner))
}

fn with_draft<T>(policy: Policy, work: impl FnOnce(&mut Draft<'_>) -> T) -> T {
    let (me, roster) = founded(policy);
    let context = Context {
        me: &me,
        roster: &roster,
        now: NOW,
        random: &SystemRandom,
    };
    work(&mut Draft::new(&context).unwrap())
}

#[test]
fn a_privileged_role_waits_for_approval_whatever_was_asked_and_an_ordinary_one_does_not() {
    with_draft(Policy::founding(), |draft| {
        assert_eq!(
            drafted(draft, &person("Bob", &["physician"])).unwrap().0,
            ApprovalMode::Instant
        );
        assert_eq!(
            drafted(draft, &person("Dora", &["nurse", "Admin"]))
                .unwrap()
                .0,
            ApprovalMode::Approval
        );
        let asked = Invite {
            approval: true,
            ..person("Eve", &["nurse"])
        };
        assert_eq!(drafted(draft, &asked).unwrap().0, ApprovalMode::Approval);
        let (_, _, owner) = drafted(draft, &person("Fay", &["charge nurse@5W"])).unwrap();
        let grants = draft.roster().grants_of(owner);
        assert_eq!(
            (grants.len(), grants[0].terms.unit.clone()),
            (1, Some(Unit::new("5W").unwrap()))
        );
    });
    let lenient = Policy::founding();
    let lenient = Policy {
        version: 1,
        ..lenient.with(Setting::ApprovePrivileged, Value::Number(0))
    };
    with_draft(lenient, |draft| {
        assert_eq!(
            drafted(draft, &person("Dora", &["admin"])).unwrap().0,
            ApprovalMode::Approval
        );
    });
    let strict = Policy {
        version: 1,
        ..Policy::founding().with(Setting::ApproveAll, Value::Number(1))
    };
    with_draft(strict, |draft| {
        assert_eq!(
            drafted(draft, &person("Bob", &["physician"])).unwrap().0,
            ApprovalMode::Approval
        );
    });
}

#[test]
fn an_invitation_lives_no_longer_than_policy_says() {
    with_draft(Policy::founding(), |draft| {
        let long = Invite {
            valid: Duration::from_secs(10_000 * 24 * 3600),
            ..person("Bob", &[])
        };
        let (_, expires, _) = drafted(draft, &long).unwrap();
        assert_eq!(expires.since(NOW), Duration::from_secs(14 * 24 * 3600));
        let none = Invite {
            valid: Duration::ZERO,
            ..person("Eve", &[])
        };
        assert!(matches!(drafted(draft, &none), Err(AdminError::Refused(_))));
    });
}

#[test]
fn what_a_request_gets_wrong_is_told_apart() {
    with_draft(Policy::founding(), |draft| {
        assert!(matches!(
            drafted(draft, &person("Bob", &["wizard"])),
            Err(AdminError::UnknownRole)
        ));
        assert!(matches!(
            drafted(draft, &person(" ", &[])),
            Err(AdminError::Text("name"))
        ));
        drafted(draft, &person("Bob", &["physician", "physician"])).unwrap();
        assert!(matches!(
            drafted(draft, &person("Bob", &[])),
            Err(AdminError::ExternalIdTaken)
        ));
        let nobody = Owner::Person(PersonId::random(&SystemRandom));
        let next = Invite {
            invitee: Invitee::NextDevice(nobody),
            ..person("x", &[])
        };
        assert!(matches!(drafted(draft, &next), Err(AdminError::NoOwner)));
    });
}

#[test]
fn a_place_is_what_its_roles_make_it_and_comes_into_the_log_with_its_invitation() {
    with_draft(Policy::founding(), |draft| {
        let place = |name: &str, role: &str| Invite {
            invitee: Invitee::Place {
                name: name.into(),
                unit: String::new(),
                roles: vec![role.into()],
            },
            ..person("x", &[])
        };
        for (role, kind) in [
            ("laboratory", PlaceKind::BENCH),
            ("nurse", PlaceKind::WARD_STATION),
            ("agent", PlaceKind::AGENT),
        ] {
            let (_, _, owner) = drafted(draft, &place(role, role)).unwrap();
            let Owner::Place(id) = owner else {
                panic!("a place")
            };
            assert_eq!(draft.roster().place(&id).unwrap().details.kind, kind);
            assert_eq!(
                draft.roster().grants_of(owner)[0].terms.role,
                pack::by_name(role).unwrap().id
            );
        }
    });
}

#[test]
fn the_same_list_of_requests_is_recognised_and_another_is_not() {
    let one = [person("Bob", &["nurse"]), person("Eve", &["nurse"])];
    assert_eq!(plan::digest(&one), plan::digest(&one.clone()));
    assert_ne!(plan::digest(&one), plan::digest(&one[..1]));
    let other = [
        person("Bob", &["nurse"]),
        Invite {
            in_person: false,
            ..person("Eve", &["nurse"])
        },
    ];
    assert_ne!(plan::digest(&one), plan::digest(&other));
}

#[test]
fn neither_link_nor_words_nor_name_are_printed() {
    let invitation = super::Invitation {
        id: InvitationId::random(&SystemRandom),
        owner: Owner::Person(PersonId::random(&SystemRandom)),
        name: "Bob Canary".into(),
        link: "sotto://join#canary".into(),
        words: Some("canary".into()),
        expires: NOW,
        approval: false,
    };
    let shown = format!("{invitation:?} {:?}", Secret::<32>::new([1; 32]));
    assert!(!shown.to_lowercase().contains("canary"), "{shown}");
}
