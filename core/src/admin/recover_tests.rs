//! The only administrator is lost: every step as a device takes it, and what stands against it.

use std::time::Duration;

use tempfile::TempDir;

use super::AdminError;
use super::append::Draft;
use super::exclude::Excluding;
use super::recover::{self, Announce, Kept, Plan, Standing, Successor};
use super::root::{self, Consent, Request, Rotated};
use super::tests::founded;
use super::tick::{self, Decision};
use super::{leave, offers};
use crate::base::{Secret, SigningKey, SystemRandom, Timestamp, codec};
use crate::enrol::Offer;
use crate::membership::Context;
use crate::roster::authorize::pack;
use crate::roster::kind::{
    DeviceRevoked, Policy, RecoveryVetoed, RevocationMode, RulesAdopted, Tick,
};
use crate::roster::tests::fixture::{DAY, Device, HOUR, Invitation, World, terms};
use crate::roster::{Junk, Keyring, RosterKey, Verdict, root_seal};
use crate::store::table::device::DeviceSelf;
use crate::store::{Store, StoreError, StoreOptions, WriteTx};
use crate::sync::{put_capability, put_keyring};
use crate::vault::DatabaseKey;

const MINUTES: Duration = Duration::from_secs(600);

/// A practice whose administrator fell into the sea with the only device that could do anything.
struct Practice {
    world: World,
    nurse: Device,
    physician: Device,
    store: Store,
    _dir: TempDir,
}

impl Practice {
    fn in_world(mut world: World) -> Self {
        let nurse = world.member("Florence Nightingale", None, terms(pack::NURSE, None));
        let physician = world.member("Elizabeth Blackwell", None, terms(pack::PHYSICIAN, None));
        let dir = tempfile::tempdir().unwrap();
        let key = DatabaseKey::new(Secret::new([1; 32]));
        let store = Store::create(dir.path(), &key, StoreOptions::default()).unwrap();
        let mut keys = Keyring::new();
        keys.insert(world.key.clone());
        store
            .write::<_, StoreError>("a test", |tx| put_keyring(tx, &keys))
            .unwrap();
        Self {
            world,
            nurse,
            physician,
            store,
            _dir: dir,
        }
    }
    fn new() -> Self {
        Self::in_world(World::found_sealed())
    }
    fn root(&self) -> SigningKey {
        self.world.root.clone()
    }
    fn me(&self, device: &Device) -> DeviceSelf {
        DeviceSelf {
            device: device.id,
            owner: device.owner,
            signing: device.secrets.signature.clone(),
            sealing: device.secrets.sealing.seed().clone(),
            organisation: self.world.roster.anchor().organisation,
            root: self.world.roster.anchor().root,
            ..founded(Policy::founding()).0
        }
    }
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
        self.store
            .write::<_, StoreError>("a test", |tx| Ok(work(tx, &context)))
            .unwrap()
    }
    /// Drafts as a device does and appends. Says how many entries it were.
    fn enter<T>(
        &mut self,
        device: &Device,
        work: impl FnOnce(&mut Draft<'_>) -> Result<T, AdminError>,
    ) -> Result<(T, usize), AdminError> {
        let (value, entries) = self.as_device(device, |_, context| {
            let mut draft = Draft::new(context)?;
            let value = work(&mut draft)?;
            Ok::<_, AdminError>((value, draft.into_entries()))
        })?;
        let count = entries.len();
        for entry in entries {
            assert!(matches!(self.world.push(entry), Verdict::Valid { .. }));
        }
        Ok((value, count))
    }
    fn draw(&self, plan: &Plan, before: Option<Kept>) -> Result<Kept, AdminError> {
        let nurse = self.nurse.clone();
        self.as_device(&nurse, |_, context| plan.draw(context, before))
    }
    fn announced(&mut self) -> (Plan, Kept, u64) {
        let (root, nurse) = (self.root(), self.nurse.clone());
        let plan = Plan::new(&request()).unwrap();
        let kept = self.draw(&plan, None).unwrap();
        let (seq, count) = self
            .enter(&nurse, |draft| plan.announce(draft, &root, &kept))
            .unwrap();
        assert_eq!(count, 1);
        (plan, kept, seq)
    }
    fn done(&mut self, kept: &Kept) -> Result<usize, AdminError> {
        let (root, nurse) = (self.root(), self.nurse.clone());
        self.enter(&nurse, |draft| recover::draft_done(draft, &root, kept))
            .map(|((), count)| count)
    }
    fn decides(&self, device: &Device, now: Timestamp) -> Decision {
        tick::decide(&self.world.roster, &self.me(device), now)
    }
    /// What a device that is connected then does for log time.
    fn tends(&mut self, device: &Device, now: Timestamp) -> bool {
        let Decision::Tick(at) = self.decides(device, now) else {
            return false;
        };
        let tick = |draft: &mut Draft<'_>| {
            draft.now = at;
            draft.add(Tick {})
        };
        assert_eq!(self.enter(device, tick).unwrap().1, 1);
        true
    }
    fn standing(&self) -> Standing {
        self.as_device(&self.nurse, |_, context| recover::list(context)[0].standing)
    }
    /// The delay passes, and the others have been connected since.
    fn delay_passes(&mut self) {
        self.world.later(HOUR * 72 + MINUTES);
        for device in [self.nurse.clone(), self.physician.clone()] {
            let now = self.world.now;
            assert!(self.tends(&device, now));
            self.world.later(Duration::from_secs(1));
        }
    }
}

fn request() -> Announce {
    Announce {
        successor: Successor::New {
            name: "Rosalind Franklin".into(),
            unit: String::new(),
        },
        reason: "the only administrator's phone is at the bottom of the sea".into(),
        valid: DAY * 7,
        in_person: false,
        adopt_rules: false,
    }
}

#[test]
fn with_the_root_file_a_new_administrator_comes_and_excludes_the_device_that_was_lost() {
    let mut practice = Practice::new();
    let (root, nurse, physician) = (
        practice.root(),
        practice.nurse.clone(),
        practice.physician.clone(),
    );
    let lost = practice.world.admin.clone();
    let (_, kept, _) = practice.announced();
    assert_eq!(practice.standing(), Standing::Waits);
    assert!(matches!(
        practice.done(&kept),
        Err(AdminError::RecoveryTooSoon)
    ));

    // The time comes; each of two others says so, and a third would not be needed.
    practice.world.later(HOUR * 72 + MINUTES);
    let now = practice.world.now;
    assert!(practice.tends(&nurse, now));
    assert!(!practice.tends(&nurse, now.plus(HOUR)), "once is enough");
    assert!(matches!(
        practice.done(&kept),
        Err(AdminError::RecoveryTooSoon)
    ));
    practice.world.later(HOUR);
    let now = practice.world.now;
    assert!(practice.tends(&physician, now));
    assert_eq!(practice.decides(&lost, now.plus(HOUR)), Decision::Nothing);
    assert_eq!(practice.standing(), Standing::Ready);
    assert_eq!(practice.done(&kept).unwrap(), 1);
    assert_eq!(practice.done(&kept).unwrap(), 0, "again is no error");
    assert_eq!(practice.standing(), Standing::Done);

    // The offer holds what the root key opened; the device that leaves it keeps nothing of it.
    let capability = recover::capability(&practice.world.roster, &root).unwrap();
    assert_eq!(capability, World::capability());
    let keys = kept.drawn.keys();
    let (create, epoch) = practice
        .as_device(&nurse, |tx, context| {
            offers::prepare(
                tx,
                context,
                kept.drawn.id,
                keys.take_hash(),
                Some(&capability),
            )
        })
        .unwrap()
        .unwrap();
    assert_eq!(epoch, Some(0));
    let padded = keys
        .sealing
        .open("invitation offer", create.offer.as_bytes())
        .unwrap();
    let offer: Offer = codec::decode(sotto_content::padding::unpad(&padded).unwrap()).unwrap();
    let gift = offer.gift.unwrap();
    assert_eq!(gift.admin_capability, Some(capability));

    // Whoever has link and words enrols with it, at once.
    let invitation = Invitation {
        id: kept.drawn.id,
        keys,
        owner: offer.owner,
    };
    let device = practice.world.new_device(invitation.owner);
    assert!(matches!(
        practice.world.enrol(&invitation, &device),
        Verdict::Valid { .. }
    ));
    let act = Excluding::Device(DeviceRevoked {
        device: lost.id,
        mode: RevocationMode::Revoke,
        suspect_since: None,
        reason: None,
    });
    let rotate = practice.as_device(&device, |tx, context| {
        put_capability(tx, &gift.admin_capability.unwrap()).unwrap();
        let (prepared, _) = leave::prepare(tx, context, Some(&act)).unwrap().unwrap();
        sotto_wire::decode::<sotto_wire::roster::Rotate>(&prepared.request).unwrap()
    });
    assert_eq!(rotate.entries.len(), 2, "the exclusion and the new key");
    assert_eq!(
        rotate.seals.len(),
        3,
        "everybody but the device that was lost"
    );
    assert_eq!(
        rotate.close[0].as_bytes(),
        lost.secrets.contact_alias.as_bytes()
    );
    assert_eq!(
        rotate.admin_capability.expose(),
        World::capability().expose()
    );
}

#[test]
fn a_veto_stops_it_and_it_may_be_announced_again() {
    let mut practice = Practice::new();
    let (root, nurse) = (practice.root(), practice.nurse.clone());
    let (plan, kept, seq) = practice.announced();
    practice.delay_passes();
    assert_eq!(practice.standing(), Standing::Ready);
    let admin = practice.world.admin.clone();
    let veto = RecoveryVetoed {
        announcement: seq,
        reason: None,
    };
    assert!(matches!(
        practice.enter(&nurse, |draft| draft.add(veto.clone())),
        Err(AdminError::NotPermitted(_))
    ));
    practice.enter(&admin, |draft| draft.add(veto)).unwrap();
    assert_eq!(practice.standing(), Standing::Vetoed);
    assert!(matches!(
        practice.done(&kept),
        Err(AdminError::RecoveryOver)
    ));
    let other = practice.draw(&plan, Some(kept.clone())).unwrap();
    assert_ne!(other.drawn.id, kept.drawn.id, "other secrets");
    practice
        .enter(&nurse, |draft| plan.announce(draft, &root, &other))
        .unwrap();
    assert_eq!(practice.standing(), Standing::Waits);
}

#[test]
fn each_step_can_be_repeated_after_a_crash_and_the_secrets_stay_the_same() {
    let mut practice = Practice::new();
    let (root, nurse) = (practice.root(), practice.nurse.clone());
    let plan = Plan::new(&request()).unwrap();
    // Drawn and committed, and nothing left yet.
    let kept = practice.draw(&plan, None).unwrap();
    let again = practice.draw(&plan, Some(kept.clone())).unwrap();
    assert_eq!(again.drawn.id, kept.drawn.id);
    let (seq, _) = practice
        .enter(&nurse, |draft| plan.announce(draft, &root, &again))
        .unwrap();
    // It left, and the answer was lost.
    let again = practice.draw(&plan, Some(kept.clone())).unwrap();
    let (same, count) = practice
        .enter(&nurse, |draft| plan.announce(draft, &root, &again))
        .unwrap();
    assert_eq!((same, count), (seq, 0));
    // Somebody asks for something else meanwhile: the secrets of the first are not overwritten.
    let other = Plan::new(&Announce {
        reason: "another".into(),
        ..request()
    })
    .unwrap();
    assert!(matches!(
        practice.draw(&other, Some(kept.clone())),
        Err(AdminError::RecoveryWaits)
    ));
    // Nobody finished it in time: then it is over, and they are free again.
    practice.world.later(DAY * 12);
    for device in [nurse.clone(), practice.physician.clone()] {
        practice.world.ok(&device, Tick {});
    }
    assert_eq!(practice.standing(), Standing::Expired);
    assert!(practice.draw(&other, Some(kept.clone())).is_ok());
    assert!(matches!(
        practice.done(&kept),
        Err(AdminError::RecoveryOver)
    ));
}

#[test]
fn another_root_key_announces_and_opens_nothing() {
    let mut practice = Practice::new();
    let nurse = practice.nurse.clone();
    let stranger = SigningKey::random(&SystemRandom);
    let plan = Plan::new(&request()).unwrap();
    let kept = practice.draw(&plan, None).unwrap();
    assert!(matches!(
        practice.enter(&nurse, |draft| plan.announce(draft, &stranger, &kept)),
        Err(AdminError::WrongRoot)
    ));
    assert_eq!(recover::capability(&practice.world.roster, &stranger), None);
}

#[test]
fn a_thief_with_the_root_file_and_no_device_of_the_organisation_gets_nothing_into_the_log() {
    let mut practice = Practice::new();
    let (root, nurse) = (practice.root(), practice.nurse.clone());
    let plan = Plan::new(&request()).unwrap();
    let kept = practice.draw(&plan, None).unwrap();
    let entry = practice.as_device(&nurse, |_, context| {
        let mut draft = Draft::new(context).unwrap();
        plan.announce(&mut draft, &root, &kept).unwrap();
        draft.into_entries().remove(0)
    });
    // Even with the log's newest hash by heart: entries count only under the roster key, which the file does not hold.
    let organisation = practice.world.roster.anchor().organisation;
    let mut guessed = Keyring::new();
    guessed.insert(RosterKey::random(0, &SystemRandom));
    let sealed = guessed
        .seal_entry(0, &organisation, &entry, &SystemRandom)
        .unwrap();
    let mut keys = Keyring::new();
    keys.insert(practice.world.key.clone());
    let next = practice.world.roster.next_position();
    assert_eq!(
        practice.world.roster.ingest(next, &sealed, &keys),
        Verdict::Junk(Junk::WrongKey)
    );
}

#[test]
fn an_organisation_of_the_first_rules_is_recovered_with_the_newest_if_that_is_asked_for() {
    let mut practice = Practice::in_world(World::found());
    let (root, nurse) = (practice.root(), practice.nurse.clone());
    let plan = Plan::new(&request()).unwrap();
    let kept = practice.draw(&plan, None).unwrap();
    assert!(matches!(
        practice.enter(&nurse, |draft| plan.announce(draft, &root, &kept)),
        Err(AdminError::NotAdopted)
    ));
    let plan = Plan::new(&Announce {
        adopt_rules: true,
        ..request()
    })
    .unwrap();
    let (_, count) = practice
        .enter(&nurse, |draft| plan.announce(draft, &root, &kept))
        .unwrap();
    assert_eq!(count, 2);
    practice.delay_passes();
    assert_eq!(practice.done(&kept).unwrap(), 1);
    // Its log never held a seal for the root key.
    assert_eq!(recover::capability(&practice.world.roster, &root), None);
}

#[test]
fn a_device_moves_log_time_on_only_where_something_is_due_and_after_a_wait_of_its_own() {
    let mut practice = Practice::new();
    let (nurse, physician) = (practice.nurse.clone(), practice.physician.clone());
    let start = practice.world.now;
    assert_eq!(
        practice.decides(&nurse, start.plus(DAY / 2)),
        Decision::Nothing
    );
    let (_, _, seq) = practice.announced();
    let due = practice.world.roster.recoveries()[&seq].announced.effective;
    let turn = |practice: &Practice, device: &Device| {
        let seconds = (0..=600).map(Duration::from_secs);
        let mut turns = seconds.filter(|wait| {
            let now = due.plus(*wait);
            practice.decides(device, now) == Decision::Tick(now)
        });
        turns.next().unwrap()
    };
    let (one, other) = (turn(&practice, &nurse), turn(&practice, &physician));
    assert_ne!(one, other);
    // A second look tells the same.
    assert_eq!(turn(&practice, &nurse), one);
}

#[test]
fn nobody_confirms_a_log_that_is_far_ahead_of_their_own_clock() {
    let mut practice = Practice::new();
    let (nurse, physician) = (practice.nurse.clone(), practice.physician.clone());
    let (_, kept, _) = practice.announced();
    let truly = practice.world.now;
    // A thief's device says that three days are over.
    practice.world.later(HOUR * 73);
    practice.world.ok(&nurse, Tick {});
    // The log follows one clock for a day.
    let log = practice.world.roster.log_time().unwrap();
    practice.world.now = truly.plus(HOUR);
    let now = practice.world.now;
    assert_eq!(practice.decides(&physician, now), Decision::Ahead(log));
    assert!(matches!(
        practice.done(&kept),
        Err(AdminError::RecoveryTooSoon)
    ));
    practice.as_device(&physician, |tx, context| {
        assert_eq!(tick::ahead(tx).unwrap(), None);
        tick::remember(tx, context, log).unwrap();
        tick::remember(tx, context, log).unwrap();
        let ahead = tick::ahead(tx).unwrap().unwrap();
        assert_eq!((ahead.log, ahead.seen), (log, now));
    });
    // A few minutes are nothing; but then there is nothing to say either.
    let near = log.minus(Duration::from_secs(300));
    assert_eq!(practice.decides(&physician, near), Decision::Nothing);
}

#[test]
fn neither_a_relay_nor_a_clock_alone_makes_time_pass() {
    let (own, relay) = (Timestamp::from_millis(5_000), Timestamp::from_millis(9_000));
    assert_eq!(tick::believed(own, relay), own);
    assert_eq!(tick::believed(relay, own), own);
}

/// Two administrators, of whom the second has been one for days.
fn two() -> (Practice, Device, Device) {
    let mut practice = Practice::new();
    let first = practice.world.admin.clone();
    let second = practice
        .world
        .member("Ada Lovelace", None, terms(pack::ADMIN, None));
    practice.world.later(DAY * 2);
    practice.world.ok(&first, Tick {});
    (practice, first, second)
}

fn asks(practice: &mut Practice, by: &Device, new: &SigningKey) -> Request {
    let root = practice.root();
    let (outcome, count) = practice
        .enter(by, |draft| root::draft_rotate(draft, &root, new, &[]))
        .unwrap();
    assert_eq!(count, 0, "nothing leaves");
    let Rotated::NeedsConsent(request) = outcome else {
        panic!("another must agree")
    };
    Request::parse(&format!("  {}\n", request.to_text())).unwrap()
}

#[test]
fn a_new_root_key_needs_another_administrators_text_and_then_the_old_one_signs_nothing() {
    let (mut practice, first, second) = two();
    let (old, new) = (practice.root(), SigningKey::random(&SystemRandom));
    let request = asks(&mut practice, &first, &new);
    assert!(request.to_text().len() < 300);
    let agree = |practice: &Practice, device: &Device| {
        practice.as_device(device, |_, context| root::consent(context, &request))
    };
    assert!(matches!(
        agree(&practice, &practice.nurse),
        Err(AdminError::NotPermitted(_))
    ));
    let consent = agree(&practice, &second).unwrap();
    let consent = Consent::parse(&consent.to_text()).unwrap();
    // The log moves on meanwhile.
    practice.world.later(HOUR);
    practice.world.ok(&second, Tick {});
    let consents = [consent];
    let rotate = |practice: &mut Practice, new: &SigningKey, consents: &[Consent]| {
        practice.enter(&first, |draft| {
            root::draft_rotate(draft, &old, new, consents)
        })
    };
    let other = SigningKey::random(&SystemRandom);
    assert!(matches!(
        rotate(&mut practice, &other, &consents),
        Err(AdminError::RootToken)
    ));
    assert_eq!(
        rotate(&mut practice, &new, &consents).unwrap(),
        (Rotated::Done, 1)
    );
    let again = rotate(&mut practice, &new, &consents).unwrap();
    assert_eq!(again, (Rotated::Done, 0));
    let own = practice.world.roster.organisation().unwrap();
    assert_eq!(own.root, new.verifying_key());
    assert_eq!(own.root_sealing, Some(root_seal::public(&new).unwrap()));
    assert!(own.key.due);
    assert!(matches!(
        rotate(&mut practice, &other, &[]),
        Err(AdminError::WrongRoot)
    ));
}

#[test]
fn a_text_of_another_organisation_or_history_or_none_at_all_is_refused() {
    let (mut practice, first, second) = two();
    let new = SigningKey::random(&SystemRandom);
    let request = asks(&mut practice, &first, &new);
    // The same organisation as another log tells it.
    let mut forked = two().0;
    let entries = forked.world.roster.head().unwrap().seq;
    let stranger = forked.world.admin.clone();
    forked.world.later(HOUR);
    forked.world.ok(&stranger, Tick {});
    let ahead = asks(&mut forked, &stranger, &new);
    let refused = practice.as_device(&second, |_, context| root::consent(context, &ahead));
    assert!(matches!(refused, Err(AdminError::RootToken)));
    assert!(forked.world.roster.head().unwrap().seq > entries);
    for text in [
        "",
        "sotto-root-request:",
        "sotto-root-request:!!",
        "sotto-lease:AAAA",
    ] {
        assert!(matches!(Request::parse(text), Err(AdminError::RootToken)));
        assert!(matches!(Consent::parse(text), Err(AdminError::RootToken)));
    }
    assert!(matches!(
        Consent::parse(&request.to_text()),
        Err(AdminError::RootToken)
    ));
    let consent = practice
        .as_device(&second, |_, context| root::consent(context, &request))
        .unwrap();
    assert_eq!(
        format!("{request:?} {consent:?}"),
        "Request(..) Consent(..)"
    );
}

#[test]
fn a_root_key_is_not_replaced_by_the_first_rules() {
    let mut practice = Practice::in_world(World::found());
    let (root, admin) = (practice.root(), practice.world.admin.clone());
    let new = SigningKey::random(&SystemRandom);
    let rotate = |practice: &mut Practice| {
        practice.enter(&admin, |draft| root::draft_rotate(draft, &root, &new, &[]))
    };
    assert!(matches!(rotate(&mut practice), Err(AdminError::NotAdopted)));
    practice.world.root_says(RulesAdopted { rules: 2 });
    assert_eq!(rotate(&mut practice).unwrap(), (Rotated::Done, 1));
}
