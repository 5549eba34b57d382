//! What leaves an administrator's device when a phone is lost, and what comes back.

use std::time::Duration;

use sotto_wire::channel::{ChannelState, OrderState};
use sotto_wire::roster::Rotate;
use sotto_wire::{PublicKey, RelayTime, Sealed};
use tempfile::TempDir;

use super::append::Draft;
use super::certificate::{self, Stage};
use super::control::{self, Outcome, Standing};
use super::exclude::{self, Excluding};
use super::tests::founded;
use super::{AdminError, exposure, leave, rotation};
use crate::base::{DeviceId, OrganisationId, Owner, Secret, SigningKey, SystemRandom, Timestamp};
use crate::membership::Context;
use crate::roster::authorize::pack;
use crate::roster::kind::{
    ApprovalMode, Countersign, DeviceChannel, DeviceRevoked, Policy, RevocationMode, Setting,
    Subject, Value,
};
use crate::roster::tests::fixture::{DAY, Device, World, terms};
use crate::roster::{
    Action, Authorities, ChannelSecret, Keyring, OrderProof, Roster, SealedFor, VerifiedOrder,
};
use crate::store::table::device::DeviceSelf;
use crate::store::table::roster::RosterEntryRow;
use crate::store::{Store, StoreError, StoreOptions, WriteTx};
use crate::sync::{put_capability, put_keyring};
use crate::timeline::tests::fixture::{Ward, version};
use crate::vault::{DatabaseKey, Factors};
use crate::wipe::{Certificate, Erased, Method, Outcome as Became, Protection, Statement};

mod hindered;

/// An organisation in which a nurse's phone has a wipe channel, and the store of whoever acts.
struct Lost {
    world: World,
    phone: Device,
    channel: ChannelSecret,
    /// Who may order its wipe, as the phone knew it when it was lost.
    knew: Authorities,
    store: Store,
    _dir: TempDir,
}

impl Lost {
    fn in_world(mut world: World, phone: Device) -> Self {
        let channel = ChannelSecret::random(&SystemRandom);
        let details = channel.details();
        world.ok(&phone, DeviceChannel { channel: details });
        let knew = Authorities::of(&world.roster, phone.id);
        let dir = tempfile::tempdir().unwrap();
        let key = DatabaseKey::new(Secret::new([1; 32]));
        let store = Store::create(dir.path(), &key, StoreOptions::default()).unwrap();
        let mut keys = Keyring::new();
        keys.insert(world.key.clone());
        store
            .write::<_, StoreError>("a test", |tx| {
                put_keyring(tx, &keys)?;
                put_capability(tx, &Secret::new([7; 32]))
            })
            .unwrap();
        Self {
            world,
            phone,
            channel,
            knew,
            store,
            _dir: dir,
        }
    }
    fn new() -> Self {
        let (world, nurse, ..) = World::staffed();
        Self::in_world(world, nurse)
    }
    fn organisation(&self) -> OrganisationId {
        self.world.roster.anchor().organisation
    }
    fn me(&self, device: &Device) -> DeviceSelf {
        DeviceSelf {
            device: device.id,
            owner: device.owner,
            signing: device.secrets.signature.clone(),
            organisation: self.organisation(),
            root: self.world.roster.anchor().root,
            ..founded(Policy::founding()).0
        }
    }
    /// Works as a device does, with the log as it is now in its store.
    fn as_device<T>(
        &self,
        device: &Device,
        work: impl FnOnce(&WriteTx<'_>, &Context<'_>) -> T,
    ) -> T {
        let me = self.me(device);
        let context = Context {
            me: &me,
            roster: &self.world.roster,
            now: self.world.now,
            random: &SystemRandom,
        };
        let mut keys = Keyring::new();
        keys.insert(self.world.key.clone());
        self.store
            .write::<_, StoreError>("a test", |tx| {
                for (position, entry) in (0..).zip(&self.world.log) {
                    let entry = keys
                        .seal_entry(0, &me.organisation, entry, &SystemRandom)
                        .unwrap();
                    tx.put_roster_entry(&RosterEntryRow {
                        position,
                        entry,
                        verdict: 1,
                    })?;
                }
                Ok(work(tx, &context))
            })
            .unwrap()
    }
    /// What would be sent to the relay for an act of a device.
    fn rotation(&self, by: &Device, act: Option<&Excluding>) -> Result<Option<Rotate>, AdminError> {
        self.as_device(by, |tx, context| {
            let prepared = leave::prepare(tx, context, act)?;
            Ok(prepared.map(|(prepared, _)| sotto_wire::decode(&prepared.request).unwrap()))
        })
    }
    fn wipe(&self, mode: RevocationMode) -> Excluding {
        Excluding::Device(DeviceRevoked {
            device: self.phone.id,
            mode,
            suspect_since: None,
            reason: None,
        })
    }
    /// What the locked phone makes of what lies in its channel.
    fn obeys(&self, rotate: &Rotate) -> VerifiedOrder {
        let orders = rotate.orders.as_deref().unwrap_or_default();
        assert_eq!(orders.len(), 1);
        let details = self.channel.details();
        assert_eq!(orders[0].key.as_bytes(), details.key.as_bytes());
        let sealed = orders[0].order.as_bytes();
        let plain = details
            .open(
                SealedFor::Order,
                &self.organisation(),
                &self.phone.id,
                sealed,
            )
            .unwrap();
        let anchor = self.world.roster.anchor();
        OrderProof::from_bytes(&plain)
            .unwrap()
            .verify(
                &anchor.organisation,
                &anchor.root,
                &self.phone.id,
                &self.knew,
            )
            .unwrap()
    }
    fn closes(&self, rotate: &Rotate) -> bool {
        let alias = self.phone.secrets.contact_alias;
        rotate.close.len() == 1 && rotate.close[0].as_bytes() == alias.as_bytes()
    }
    /// The relay is told to give the share out no more.
    fn refuses(&self, rotate: &Rotate) -> bool {
        let details = self.channel.details();
        let refused = rotate.refuse.as_deref().unwrap_or_default();
        refused.len() == 1 && refused[0].as_bytes() == details.key.as_bytes()
    }
    /// The administrators' next device, a day old.
    fn second(&mut self) -> Device {
        let second = self
            .world
            .member("Ada Lovelace", None, terms(pack::ADMIN, None));
        self.world.later(DAY);
        second
    }
    fn two_for(&mut self, action: Action) {
        let admin = self.world.admin.clone();
        let policy = self.world.roster.policy().unwrap().clone();
        let codes = Value::Numbers(vec![u64::from(action.code())]);
        self.world
            .ok(&admin, policy.with(Setting::TwoAdministrators, codes));
    }
}

#[test]
fn one_operation_closes_the_mailbox_and_leaves_an_order_that_the_locked_phone_obeys() {
    let lost = Lost::new();
    let admin = lost.world.admin.clone();
    let act = lost.wipe(RevocationMode::Wipe);
    let rotate = lost.rotation(&admin, Some(&act)).unwrap().unwrap();
    assert!(lost.closes(&rotate) && lost.refuses(&rotate));
    assert_eq!(rotate.entries.len(), 2, "the order and the rotation");
    assert_eq!(rotate.seals.len(), 3, "everybody but the phone");
    let order = lost.obeys(&rotate);
    assert_eq!((order.mode, order.by), (RevocationMode::Wipe, admin.id));
    assert_eq!(order.second, None);
}

#[test]
fn who_is_only_excluded_or_leaves_gets_no_order_and_loses_the_share() {
    let lost = Lost::new();
    let admin = lost.world.admin.clone();
    for act in [
        lost.wipe(RevocationMode::Revoke),
        Excluding::Owner(lost.phone.owner),
        Excluding::Owners(vec![lost.phone.owner]),
    ] {
        let rotate = lost.rotation(&admin, Some(&act)).unwrap().unwrap();
        assert!(lost.closes(&rotate) && rotate.orders.is_none());
        assert!(lost.refuses(&rotate), "its share goes all the same");
    }
}

#[test]
fn a_phone_without_a_channel_is_excluded_and_gets_no_order() {
    let (world, nurse, physician, _) = World::staffed();
    let lost = Lost::in_world(world, nurse);
    let admin = lost.world.admin.clone();
    let act = Excluding::Device(DeviceRevoked {
        device: physician.id,
        mode: RevocationMode::Wipe,
        suspect_since: None,
        reason: None,
    });
    let rotate = lost.rotation(&admin, Some(&act)).unwrap().unwrap();
    assert_eq!((rotate.close.len(), rotate.orders), (1, None));
}

#[test]
fn the_order_of_somebodys_other_device_is_laid_by_an_administrators_device_within_seconds() {
    let mut lost = Lost::new();
    let other = lost.world.join(
        Subject::Person(lost.phone.person()),
        vec![],
        ApprovalMode::Instant,
    );
    let admin = lost.world.admin.clone();
    let wait = |lost: &Lost, by: &Device, later: Duration| {
        lost.as_device(by, |tx, context| {
            rotation::urgent(tx, context, context.now.plus(later)).unwrap()
        })
    };
    assert_eq!(wait(&lost, &admin, Duration::ZERO), None);
    let act = lost.wipe(RevocationMode::Wipe);
    lost.as_device(&other, |_, context| {
        let mut draft = Draft::new(context).unwrap();
        act.draft(&mut draft).unwrap();
    });
    let Excluding::Device(body) = act.clone() else {
        panic!("one device")
    };
    lost.world.ok(&other, body);

    // Her tablet may not replace the roster key; an administrator's device does, whoever comes first.
    assert_eq!(wait(&lost, &other, Duration::ZERO), None);
    assert!(wait(&lost, &admin, Duration::ZERO).unwrap() <= Duration::from_secs(6));
    let soon = Duration::from_secs(6);
    assert_eq!(wait(&lost, &admin, soon), Some(Duration::ZERO));
    lost.as_device(&admin, |tx, context| {
        assert!(rotation::due_here(tx, context, context.now.plus(soon)).unwrap());
    });
    let rotate = lost.rotation(&admin, None).unwrap().unwrap();
    assert!(lost.closes(&rotate));
    assert_eq!(
        rotate.entries.len(),
        1,
        "the order stands in the log already"
    );
    assert_eq!(lost.obeys(&rotate).by, other.id);
    // The same act by an administrator finds the entry and finishes the rest.
    let rotate = lost.rotation(&admin, Some(&act)).unwrap().unwrap();
    assert_eq!(rotate.entries.len(), 1);
    assert_eq!(lost.obeys(&rotate).by, other.id);
}

#[test]
fn where_two_are_needed_one_proposes_and_the_countersignature_is_the_order() {
    let mut lost = Lost::new();
    let second = lost.second();
    lost.two_for(Action::WipeDevice);
    let admin = lost.world.admin.clone();
    let act = lost.wipe(RevocationMode::Wipe);
    assert!(matches!(
        lost.rotation(&admin, Some(&act)),
        Err(AdminError::NeedsTwo)
    ));
    let Excluding::Device(body) = act else {
        panic!("one device")
    };
    let (proposal, entries) = lost.as_device(&admin, |_, context| {
        let mut draft = Draft::new(context).unwrap();
        let first = draft.act(body.clone(), None).unwrap();
        let again = draft.act(body.clone(), None).unwrap();
        assert_eq!(first, again, "the same proposal is made once");
        assert!(matches!(first, Outcome::Proposed { .. }));
        (first.seq(), draft.into_entries())
    });
    assert_eq!(entries.len(), 1);
    lost.world.push(entries[0].clone());

    let seen = |lost: &Lost, by: &Device| {
        lost.as_device(by, |_, context| control::list(context).unwrap().remove(0))
    };
    assert_eq!(seen(&lost, &admin).standing, Standing::Open);
    assert!(
        seen(&lost, &admin)
            .what
            .contains("exclude and wipe the device")
    );
    let refused = seen(&lost, &admin).may_countersign;
    assert!(
        matches!(refused, Err(AdminError::SamePerson)),
        "{refused:?}"
    );
    assert!(seen(&lost, &second).may_countersign.is_ok());

    let act = Excluding::Countersign(proposal);
    let rotate = lost.rotation(&second, Some(&act)).unwrap().unwrap();
    assert!(lost.closes(&rotate));
    let order = lost.obeys(&rotate);
    assert_eq!((order.by, order.second), (admin.id, Some(second.id)));

    lost.world.later(4 * DAY);
    assert_eq!(seen(&lost, &second).standing, Standing::Expired);
    assert!(matches!(
        lost.rotation(&second, Some(&act)),
        Err(AdminError::ProposalExpired)
    ));
}

#[test]
fn a_countersigned_act_is_not_done_again_and_a_device_does_not_exclude_itself() {
    let mut lost = Lost::new();
    let second = lost.second();
    lost.two_for(Action::WipeDevice);
    let admin = lost.world.admin.clone();
    let Excluding::Device(body) = lost.wipe(RevocationMode::Wipe) else {
        panic!("one device")
    };
    lost.world.together(&admin, &second, body);
    let proposal = *lost.world.roster.proposals().keys().next_back().unwrap();
    lost.as_device(&second, |_, context| {
        let mut draft = Draft::new(context).unwrap();
        let done = control::draft_countersign(&mut draft, proposal).unwrap();
        assert_eq!(done, Outcome::Done { seq: proposal });
        assert!(draft.is_empty());
        let before = draft.head();
        assert!(draft.add(Countersign { proposal }).is_err());
        assert_eq!(draft.head(), before, "a refused entry leaves no trace");
    });
    let own = Excluding::Device(DeviceRevoked {
        device: admin.id,
        mode: RevocationMode::Wipe,
        suspect_since: None,
        reason: None,
    });
    assert!(matches!(
        lost.rotation(&admin, Some(&own)),
        Err(AdminError::OwnDevice)
    ));
}

impl Lost {
    /// The phone is wiped by order of the administrator, and says so.
    fn certified(&mut self, receipt: &SigningKey, device: DeviceId) -> Vec<u8> {
        let revocation = self.world.roster.device(&self.phone.id).unwrap().revocation;
        let seq = revocation.unwrap().seq;
        let statement = Statement {
            organisation: self.organisation(),
            device,
            order: Some(VerifiedOrder {
                seq,
                time: self.world.now,
                mode: RevocationMode::Wipe,
                by: self.world.admin.id,
                second: None,
                entry_digest: self.world.roster.hash_at(seq).unwrap(),
            }),
            lapsed: None,
            began: self.world.now,
            ended: self.world.now,
            erased: vec![Erased {
                place: "database".into(),
                outcome: Became::Erased,
            }],
            protection: Protection(Factors::PASSPHRASE),
            unlocked_at: Some(self.world.now),
            method: Method::CryptographicErase,
        };
        let bytes = Certificate::sign(statement, receipt).to_bytes();
        self.channel
            .details()
            .seal(
                SealedFor::Certificate,
                &self.organisation(),
                &self.phone.id,
                &bytes,
                &SystemRandom,
            )
            .unwrap()
    }
    fn hears(&self, state: OrderState, certificates: Vec<Vec<u8>>) -> usize {
        let key = PublicKey::new(*self.channel.details().key.as_bytes());
        let answer = ChannelState {
            key,
            state,
            certificates: certificates.into_iter().map(Sealed::new).collect(),
        };
        let asked = (self.phone.id, key);
        let admin = self.world.admin.clone();
        self.as_device(&admin, |tx, context| {
            certificate::keep(tx, context, [(&asked, &answer)].into_iter()).unwrap()
        })
    }
    fn status(&self) -> certificate::WipeStatus {
        let admin = self.world.admin.clone();
        self.as_device(&admin, |tx, context| {
            let kept = certificate::evidence(tx, &self.phone.id).unwrap();
            certificate::status(context, self.phone.id, &kept.unwrap_or_default()).unwrap()
        })
    }
}

#[test]
fn a_wipe_is_ordered_then_reached_then_certified_and_a_forged_certificate_is_only_counted() {
    let mut lost = Lost::new();
    let admin = lost.world.admin.clone();
    assert_eq!(lost.status().stage, Stage::NotOrdered);
    let Excluding::Device(body) = lost.wipe(RevocationMode::Wipe) else {
        panic!("one device")
    };
    lost.world.ok(&admin, body);
    assert_eq!(lost.status().stage, Stage::Ordered);
    let at = RelayTime(lost.world.now.millis());
    assert_eq!(lost.hears(OrderState::Ordered(at), vec![]), 0);
    assert_eq!(lost.status().laid, Some(lost.world.now));
    lost.hears(OrderState::Fetched(at), vec![]);
    let reached = lost.status();
    assert_eq!(
        (reached.stage, reached.reached),
        (Stage::Reached, Some(lost.world.now))
    );
    assert!(reached.text.contains("no certificate"), "{}", reached.text);

    let stranger = SigningKey::random(&SystemRandom);
    let receipt = lost.phone.secrets.receipt.clone();
    let forged = lost.certified(&stranger, lost.phone.id);
    let of_another = lost.certified(&receipt, admin.id);
    assert_eq!(
        lost.hears(OrderState::Fetched(at), vec![forged, of_another]),
        0
    );
    assert_eq!(
        (lost.status().stage, lost.status().refused),
        (Stage::Reached, 2)
    );

    let genuine = lost.certified(&receipt, lost.phone.id);
    assert_eq!(
        lost.hears(OrderState::Fetched(at), vec![genuine.clone()]),
        1
    );
    assert_eq!(
        lost.hears(OrderState::Fetched(at), vec![genuine]),
        0,
        "kept once"
    );
    let certified = lost.status();
    assert_eq!(certified.stage, Stage::Certified);
    for words in [
        "NIST SP 800-88 Rev. 1",
        "or that no copy exists elsewhere",
        "certified by the device",
        "Florence Nightingale",
    ] {
        assert!(
            certified.text.contains(words),
            "{words}: {}",
            certified.text
        );
    }
    let kept = certified.certificate.unwrap();
    let read_again = Certificate::from_bytes(&kept.bytes).unwrap();
    assert!(read_again.verify(&receipt.verifying_key()).is_ok());
}

#[test]
fn the_log_is_searched_for_exclusions_since_the_key_in_force() {
    let mut lost = Lost::new();
    let admin = lost.world.admin.clone();
    let unserved = |roster: &Roster| exclude::unserved(roster).unwrap();
    assert!(unserved(&lost.world.roster).is_empty());
    let Excluding::Device(body) = lost.wipe(RevocationMode::Wipe) else {
        panic!("one device")
    };
    lost.world.ok(&admin, body);
    assert_eq!(unserved(&lost.world.roster), [lost.phone.id]);
    assert_eq!(
        exclude::unlaid(&lost.world.roster).unwrap(),
        Some(lost.world.now)
    );
    let rotate = lost.rotation(&admin, None).unwrap().unwrap();
    let rotation = crate::roster::Rotation::prepare(
        &lost.organisation(),
        &lost.world.key,
        &lost.world.roster.recipients().unwrap(),
        &SystemRandom,
    )
    .unwrap();
    assert_eq!(rotate.seals.len(), rotation.seals.len());
    lost.world.ok(&admin, rotation.body);
    assert!(unserved(&lost.world.roster).is_empty());
    assert_eq!(exclude::unlaid(&lost.world.roster).unwrap(), None);
}

#[test]
fn what_a_lost_device_may_hold_is_counted_from_what_is_known_here() {
    let ward = Ward::new();
    ward.text(&ward.nurse, "on my way");
    ward.card(&ward.bench, &version(1, "6.8"));
    let scan = |device: DeviceId| {
        let context = ward.context();
        ward.read(|tx| Ok(exposure::scan(tx, &context, device).unwrap()))
    };
    let nurse = scan(ward.nurse.id);
    assert_eq!(nurse.conversations, [ward.group]);
    assert_eq!(
        (nurse.messages, nurse.results, nurse.patients.len()),
        (2, 1, 1)
    );
    assert_eq!(nurse.last, Some(ward.now));
    // Somebody who was never seen here has nothing that is known here.
    let admin = scan(ward.world.admin.id);
    assert!(admin.conversations.is_empty());
    assert_eq!((admin.messages, admin.last), (0, None));
    let mine = scan(ward.physician.id);
    assert_eq!(
        mine.conversations.len(),
        2,
        "my own other conversations too"
    );
    assert!(matches!(ward.nurse.owner, Owner::Person(_)));
    assert!(Timestamp::default() < ward.now);
}
