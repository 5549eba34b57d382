//! Random histories: what the log calls an order is obeyed, and what it calls junk is not.

use proptest::prelude::*;

use super::{chain, prove, wipe};
use crate::base::RoleId;
use crate::roster::authorize::{Action, Actor, Scope, pack};
use crate::roster::kind::{
    PersonChanged, PersonSuspended, RoleGranted, RoleWithdrawn, Setting, Subject, Tick, Value,
};
use crate::roster::order::{Authorities, Known, MAX_ENTRIES, OrderProof};
use crate::roster::record::GrantState;
use crate::roster::tests::fixture::{Device, HOUR, World, person_details, terms};
use crate::roster::{Body, Verdict};

const ROLES: [RoleId; 4] = [
    pack::NURSE,
    pack::CHARGE_NURSE,
    pack::SECURITY_OFFICIAL,
    pack::ADMIN,
];
const UNITS: [Option<&str>; 3] = [None, Some("5W"), Some("6E")];

/// One random step; steps that the rules forbid leave junk behind, as in life.
fn step(world: &mut World, devices: &mut Vec<Device>, (what, who, detail): (u8, u8, u8)) {
    let pick = |n: u8| devices[usize::from(n) % devices.len()].clone();
    let (actor, other) = (pick(who), pick(detail));
    let role = ROLES[usize::from(detail) % ROLES.len()];
    let unit = UNITS[usize::from(who) % UNITS.len()];
    world.later(HOUR);
    let admin = Actor::device(world.admin.id);
    let acts = [
        Action::Invite,
        Action::ApproveDevice,
        Action::GrantRole,
        Action::GrantPrivilegedRole,
    ];
    let may = |action: &Action| world.roster.may(admin, *action, &Scope::organisation());
    // The founder may have lost the right to invite; then nobody comes.
    let invites = acts.iter().all(|action| may(action).is_ok());
    match what % 9 {
        0 | 1 if invites => {
            let name = format!("Member {}", devices.len());
            devices.push(world.member(&name, unit, terms(role, unit)));
        }
        2 => drop(world.say(
            &actor,
            RoleGranted {
                holder: other.owner,
                terms: terms(role, unit),
            },
        )),
        3 => {
            let grants = world.roster.grants_of(other.owner).to_vec();
            let live = |g: &&crate::roster::record::Grant| g.state.now() == Some(&GrantState::Live);
            if let Some(grant) = grants.iter().find(live) {
                let body = RoleWithdrawn {
                    holder: other.owner,
                    grant: grant.id,
                };
                world.say(&actor, body);
            }
        }
        4 => drop(world.say(
            &actor,
            PersonSuspended {
                person: other.person(),
                suspended: detail % 2 == 0,
                reason: None,
            },
        )),
        5 => {
            let name = format!("Moved {}", other.person());
            let details = person_details(&name, unit);
            let person = other.person();
            world.say(&actor, PersonChanged { person, details });
        }
        6 => {
            let codes = if detail % 3 == 0 {
                vec![u64::from(Action::WipeDevice.code())]
            } else {
                vec![]
            };
            let rules = world.roster.policy().unwrap().clone();
            let value = Value::Numbers(codes);
            world.say(&actor, rules.with(Setting::TwoAdministrators, value));
        }
        7 if invites => {
            let owner = other.owner;
            if world.roster.view().unwrap().owner_acts(owner).is_ok() {
                let subject = Subject::Person(other.person());
                let mode = crate::roster::kind::ApprovalMode::Approval;
                devices.push(world.join(subject, vec![], mode));
            }
        }
        _ => drop(world.say(&actor, Tick {})),
    }
}

/// Whether somebody could have ordered it at any point since the device last read: that it cannot see taken back.
fn could_since(world: &World, knew: &Authorities, author: &Device, target: &Device) -> bool {
    let head = world.roster.head().unwrap().seq;
    let units = UNITS.map(|u| u.map(crate::roster::tests::fixture::unit));
    (knew.seq()..=head).any(|seq| {
        let view = world.roster.at(seq).unwrap();
        let may = |unit: &Option<crate::roster::Unit>| {
            let scope = Scope::unit(unit.as_ref());
            view.may(Actor::device(author.id), Action::WipeDevice, &scope)
                .is_ok()
        };
        let own = author.owner == target.owner && view.confirmed(author.id).is_ok();
        own || units.iter().any(may)
    })
}

fn everybody(world: &World) -> Vec<Known> {
    let mut known = Vec::new();
    for record in world.roster.devices().values() {
        let details = &record.details;
        known.push(Known::Owner(details.owner));
        known.push(Known::Device(
            details.device,
            details.signature_key,
            details.owner,
        ));
    }
    known
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn an_order_the_log_holds_for_valid_is_obeyed_and_junk_is_not(
        before in prop::collection::vec(any::<(u8, u8, u8)>(), 0..12),
        after in prop::collection::vec(any::<(u8, u8, u8)>(), 0..12),
    ) {
        let (mut world, nurse, physician, _) = World::staffed();
        let mut devices = vec![world.admin.clone(), nurse, physician];
        for one in before {
            step(&mut world, &mut devices, one);
        }
        let targets = devices.clone();
        let counts = |d: &Device| world.roster.view().unwrap().confirmed(d.id).is_ok();
        let knew: Vec<_> = targets
            .iter()
            .filter(|d| counts(d))
            .map(|d| (d.clone(), Authorities::of(&world.roster, d.id)))
            .collect();
        for one in after {
            step(&mut world, &mut devices, one);
        }
        let anchor = *world.roster.anchor();
        for (target, knew) in &knew {
            for author in &devices {
                let order = Body::from(wipe(target));
                let key = &author.secrets.signature;
                let bytes = world.forge(author.author(), &order, key, |_| {});
                let mut after = World {
                    roster: world.roster.clone(),
                    random: crate::roster::tests::fixture::Seeded::new(),
                    root: world.root.clone(),
                    key: world.key.clone(),
                    admin: world.admin.clone(),
                    now: world.now,
                    log: world.log.clone(),
                };
                let verify = |proof: &OrderProof| {
                    proof.verify(&anchor.organisation, &anchor.root, &target.id, knew)
                };
                match after.push(bytes.clone()) {
                    Verdict::Valid { seq, .. } => {
                        for hint in [None, Some(knew.seq())] {
                            let judged = verify(&prove(&after, seq, hint));
                            prop_assert_eq!(judged.map(|o| o.seq), Ok(seq));
                        }
                    }
                    Verdict::Junk(reason) => {
                        if could_since(&world, knew, author, target)
                            && reason != crate::roster::Junk::NeedsTwo
                        {
                            continue;
                        }
                        let entries = chain(&world);
                        let since = usize::try_from(knew.seq()).unwrap() + 1;
                        let since = since.max((entries.len() + 1).saturating_sub(MAX_ENTRIES));
                        let mut shown = entries.get(since..).unwrap_or_default().to_vec();
                        shown.push(bytes);
                        let mut proof = OrderProof::new(shown);
                        proof.known = everybody(&world);
                        prop_assert!(verify(&proof).is_err(), "{reason:?}");
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    }
}
