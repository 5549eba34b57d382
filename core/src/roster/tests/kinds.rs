//! The formats: each kind there and back, and the bytes they had when they were published.

use std::fmt::Write as _;

use super::fixture::{DAY, World, person_details, relay, terms, text, unit};
use crate::base::{
    DeviceId, Digest, DutyId, OrganisationId, PersonId, PlaceId, RoleId, Signature, sha256,
};
use crate::roster::Owner;
use crate::roster::authorize::pack;
use crate::roster::kind::{
    Approval, ApprovalMode, Availability, Body, CampaignAnswered, CampaignOpened, Countersign,
    Decision, DeviceApproved, DeviceChannel, DeviceRevoked, DutyDefined, DutyHandedOff,
    DutyScheduled, ElevationGranted, ElevationRequested, ExceptionGranted, Founded, GrantRef,
    InvitationWithdrawn, KINDS, KeyRotated, PartnerChanged, PersonAdded, PersonChanged, PersonLeft,
    PersonSuspended, PlaceAdded, PlaceChanged, PlaceClosed, PlaceDetails, PlaceDuty, PlaceKind,
    Policy, Proposal, Recertified, RecoveryAnnounced, RecoveryDone, RecoveryVetoed, Refused,
    RelayChanged, RevocationMode, RoleDefined, RoleDefinition, RoleGranted, RoleRetired, RoleRule,
    RoleWithdrawn, RootRotated, RulesAdopted, Setting, Shift, Subject, Tick, Value,
};

fn bodies() -> Vec<Body> {
    let world = World::found();
    let (person, place, device) = (
        PersonId::new([1; 16]),
        PlaceId::new([2; 16]),
        DeviceId::new([3; 16]),
    );
    let (role, duty, zero) = (RoleId::new([4; 16]), DutyId::new([5; 16]), Digest::ZERO);
    let owner = Owner::Person(person);
    let time = world.now;
    let key = world.root.verifying_key();
    let signature = Signature::new([6; 64]);
    let details = person_details("Ada Lovelace", Some("5W"));
    let place_details = PlaceDetails {
        name: text("Agent"),
        kind: PlaceKind::AGENT,
        unit: Some(unit("IT")),
        phone: None,
        duties: [PlaceDuty::AUDIT_CUSTODY, PlaceDuty(77)].into(),
        external: [].into(),
    };
    let (invitation, mut invited) = world.invitation(
        Subject::NewPerson(person, details.clone()),
        vec![terms(pack::NURSE, Some("5W"))],
        ApprovalMode::Approval,
    );
    invited.roles[0].until = Some(time.plus(DAY));
    let claim = world.claim(&invitation, &world.admin);
    let first = crate::roster::Entry::from_bytes(&world.log[0]).unwrap();
    let Some(Body::Founded(founded)) = Body::from_bytes(1, &first.body).unwrap() else {
        panic!("founded")
    };
    let shift = Shift {
        holder: owner,
        from: time,
        until: time.plus(DAY),
    };
    let policy = Policy::silent()
        .with(Setting::EscalationSteps, Value::Numbers(vec![60, 120]))
        .with(Setting::ReadBack, Value::PerUnit(vec![(unit("5W"), 1)]))
        .with(
            Setting::AttachmentKinds,
            Value::Words(vec![text("image/png")]),
        );
    vec![
        Founded::clone(&founded).into(),
        RootRotated {
            root: key,
            proof: signature,
            approvals: vec![Approval { device, signature }],
            root_sealing: None,
            follows: None,
        }
        .into(),
        RecoveryAnnounced {
            subject: Subject::NewPerson(person, details.clone()),
            invitation: invitation.id,
            key,
            sealing_key: invited.sealing_key.clone(),
            effective: time,
            expires: time.plus(DAY),
            reason: text("lost"),
        }
        .into(),
        RecoveryVetoed {
            announcement: 7,
            reason: None,
        }
        .into(),
        RecoveryDone { announcement: 7 }.into(),
        invited.into(),
        PersonAdded {
            person,
            details: details.clone(),
        }
        .into(),
        PersonChanged { person, details }.into(),
        PersonLeft { person }.into(),
        PersonSuspended {
            person,
            suspended: true,
            reason: Some(text("review")),
        }
        .into(),
        InvitationWithdrawn {
            invitation: invitation.id,
        }
        .into(),
        Recertified {
            person,
            campaign: text("2025"),
            due: time,
        }
        .into(),
        CampaignOpened {
            campaign: text("2025"),
            unit: Some(unit("5W")),
            due: time,
        }
        .into(),
        CampaignAnswered {
            campaign: text("2025"),
            person,
            decision: Decision::Withdraw,
        }
        .into(),
        PlaceAdded {
            place,
            details: place_details.clone(),
        }
        .into(),
        PlaceChanged {
            place,
            details: place_details,
        }
        .into(),
        PlaceClosed { place }.into(),
        claim.into(),
        DeviceApproved { device }.into(),
        DeviceRevoked {
            device,
            mode: RevocationMode::Wipe,
            suspect_since: Some(9),
            reason: None,
        }
        .into(),
        DeviceChannel {
            channel: crate::roster::ChannelSecret::new(crate::base::Secret::new([7; 32])).details(),
        }
        .into(),
        RoleDefined {
            role,
            definition: RoleDefinition {
                name: text("x"),
                rules: [RoleRule {
                    action: 1,
                    needs_relation: true,
                }]
                .into(),
            },
        }
        .into(),
        RoleGranted {
            holder: owner,
            terms: terms(role, None),
        }
        .into(),
        RoleWithdrawn {
            holder: Owner::Place(place),
            grant: GrantRef { seq: 7, index: 1 },
        }
        .into(),
        RoleRetired { role }.into(),
        ExceptionGranted {
            holder: owner,
            first: role,
            second: pack::AUDITOR,
            until: time,
            reason: text("small practice"),
        }
        .into(),
        ElevationRequested {
            role,
            unit: Some(unit("5W")),
            seconds: 3_600,
            reason: text("night shift"),
        }
        .into(),
        ElevationGranted { request: 8 }.into(),
        DutyDefined {
            duty,
            name: text("on call"),
            unit: None,
            desk: Some(place),
            phone: None,
            active: true,
        }
        .into(),
        DutyScheduled {
            duty,
            from: time,
            until: time.plus(DAY),
            shifts: vec![shift],
        }
        .into(),
        DutyHandedOff {
            duty,
            from: owner,
            to: Owner::Place(place),
        }
        .into(),
        Availability {
            person,
            available: false,
            until: Some(time),
            deputy: None,
        }
        .into(),
        policy.into(),
        Proposal {
            kind: 13,
            body: vec![1, 2],
            expires: time,
            reason: None,
        }
        .into(),
        Countersign { proposal: 8 }.into(),
        Refused {
            proposal: 8,
            reason: None,
        }
        .into(),
        RulesAdopted { rules: 2 }.into(),
        KeyRotated {
            epoch: 1,
            commitment: zero,
            previous: vec![1],
            seals_root: zero,
            seals: 2,
            root_seal: None,
        }
        .into(),
        PartnerChanged {
            organisation: OrganisationId::new([8; 16]),
            name: text("Clinic"),
            root: key,
            relay: relay(),
            active: true,
        }
        .into(),
        Tick {}.into(),
        RelayChanged { relay: relay() }.into(),
    ]
}

#[test]
fn every_kind_comes_back_as_it_was_in_its_published_bytes() {
    let bodies = bodies();
    assert_eq!(
        bodies.iter().map(Body::kind).collect::<Vec<_>>(),
        KINDS.iter().map(|k| k.0).collect::<Vec<_>>()
    );
    let mut out = String::new();
    for body in &bodies {
        let bytes = body.to_bytes();
        assert_eq!(
            Body::from_bytes(body.kind(), &bytes).unwrap().as_ref(),
            Some(body),
            "{}",
            body.name()
        );
        // A byte more or less is not this body.
        assert!(Body::from_bytes(body.kind(), &[bytes.as_slice(), &[0]].concat()).is_err());
        assert!(Body::from_bytes(body.kind(), &bytes[..bytes.len() - 1]).is_err());
        let critical = if body.critical() {
            "critical"
        } else {
            "optional"
        };
        writeln!(
            out,
            "{:>2} {critical} {:>5} {} {}",
            body.kind(),
            bytes.len(),
            sha256(&bytes),
            body.name()
        )
        .unwrap();
    }
    let golden = include_str!("../golden/kinds.txt");
    assert!(out == golden, "golden/kinds.txt should be:\n{out}");
}

#[test]
fn nothing_of_a_body_is_printed() {
    for body in bodies() {
        let shown = format!("{body:?}");
        for secret in [
            "Ada",
            "Lovelace",
            "5W",
            "4711",
            "hospital",
            "relay.example",
            "Grace",
            "review",
            "image",
        ] {
            assert!(!shown.contains(secret), "{}: {shown}", body.name());
        }
    }
}
