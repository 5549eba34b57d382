//! The lease of a device whose relay is not there.

use super::*;

/// A lease of 72 hours and 14 days.
fn lease(attested: Timestamp) -> Lease {
    Lease::new(attested, 72 * 3600, 14 * 24 * 3600)
}

#[test]
fn a_clock_turned_by_fifty_years_locks_destroys_nothing_and_is_forgiven_when_it_is_right() {
    let (desk, client) = Desk::nurse();
    drop(client);
    let now = desk.clock.now();
    desk.arm(lease(now));
    let before = desk.files();
    for (time, code_) in [
        (now.plus(YEARS), "lease.stale"),
        (now.minus(YEARS), "lease.clock"),
        (now.plus(4 * DAY), "lease.stale"),
    ] {
        desk.clock.set(time);
        for _ in 0..2 {
            assert_eq!(code(desk.open()), code_);
        }
        let after = desk.files();
        assert_eq!(after["vault.cbor"], before["vault.cbor"]);
        assert_eq!(after["stub.cbor"], before["stub.cbor"]);
        assert!(after.contains_key("sotto.db"));
    }
    desk.clock.set(now.plus(HOUR));
    desk.open().unwrap().people().unwrap();
}

#[test]
fn after_three_weeks_without_a_relay_every_device_is_locked_none_is_wiped_and_one_text_opens_each()
{
    let desks: Vec<Desk> = (0..3).map(|_| Desk::nurse().0).collect();
    let dir = tempfile::tempdir().unwrap();
    for desk in &desks {
        let now = desk.clock.now();
        desk.arm(lease(now));
        for _ in 0..21 {
            desk.clock.pass(DAY);
        }
        assert_eq!(desk.standing(), LeaseStanding::Stale);
        assert_eq!(code(desk.open()), "lease.stale");
        assert!(!wipe::begun(desk.path()).unwrap());
        // The root file is in a safe, and opens every device while every administrator's is locked.
        let anchor = *desk.world.roster.anchor();
        let cost = Cost {
            memory_kib: 64,
            passes: 1,
        };
        let file = RootFile::seal(
            anchor.organisation,
            &desk.world.root,
            now,
            "root words",
            cost,
            &SystemRandom,
        )
        .unwrap();
        let path = dir.path().join("root.txt");
        std::fs::write(&path, file.to_text()).unwrap();
        let made = desk.clock.now();
        let give = |words: &str, valid| by_root(&path, &secret(words), None, valid, made);
        assert_eq!(code(give("other", 7 * DAY)), "root.passphrase");
        assert_eq!(code(give("root words", 15 * DAY)), "lease.too_long");
        let text = give("root words", 7 * DAY).unwrap();
        let view = extend(desk.path(), &text, &*desk.clock).unwrap();
        assert_eq!(view.standing, LeaseStanding::Good);
        assert_eq!(view.until, Some(made.plus(7 * DAY)));
        desk.open().unwrap().people().unwrap();
        desk.clock.pass(7 * DAY);
        assert_eq!(code(desk.open()), "lease.stale");
        // Word from a colleague's device ends it too.
        wipe::amend(desk.path(), |armed| {
            let word = made.plus(6 * DAY);
            armed.lease.attested(word, word, None);
        })
        .unwrap();
        desk.open().unwrap().people().unwrap();
    }
}

#[test]
fn an_extension_that_is_not_for_this_device_or_not_by_an_administrator_changes_nothing() {
    let (desk, client) = Desk::nurse();
    drop(client);
    let now = desk.clock.now();
    desk.arm(lease(now));
    desk.clock.pass(4 * DAY);
    let made = desk.clock.now();
    let take = |text: &str| code(extend(desk.path(), text, &*desk.clock));
    let organisation = desk.world.roster.anchor().organisation;
    let stranger = SigningKey::random(&SystemRandom);
    let admin = Extender::Device(desk.world.admin.id);
    let forged = |by, key: &SigningKey| {
        let until = made.plus(DAY);
        LeaseExtension::make(organisation, None, until, made, by, key).unwrap()
    };
    assert_eq!(take("sotto-lease:AAAA"), "lease.extension");
    for forged in [
        forged(admin, &stranger),
        forged(Extender::Root, &stranger),
        forged(Extender::Device(desk.me.id), &desk.me.secrets.signature),
    ] {
        assert_eq!(take(&forged.to_text()), "lease.extension_refused");
    }
    assert_eq!(take(&desk.by_admin(now, made)), "lease.extension_over");
    assert_eq!(desk.lease(), lease(now));
    assert_eq!(take(&desk.by_admin(made, made.plus(DAY))), "");
    assert_eq!(desk.standing(), LeaseStanding::Good);
}

#[test]
fn a_new_extension_forgives_a_clock_that_had_run_ahead_and_taking_it_again_forgives_nothing() {
    let (desk, client) = Desk::nurse();
    drop(client);
    let now = desk.clock.now();
    let mut ahead = lease(now);
    ahead.tick(now.plus(YEARS));
    desk.arm(ahead);
    assert_eq!(code(desk.open()), "lease.clock");
    let text = desk.by_admin(now, now.plus(DAY));
    extend(desk.path(), &text, &*desk.clock).unwrap();
    desk.open().unwrap();
    // Whoever has the device and the text does not go on for ever by turning the clock back.
    desk.clock.pass(DAY);
    desk.open().unwrap();
    desk.clock.set(now);
    let again = extend(desk.path(), &text, &*desk.clock).unwrap();
    assert_eq!(again.standing, LeaseStanding::Clock);
    assert_eq!(code(desk.open()), "lease.clock");
}

#[test]
fn a_refusal_that_nothing_has_answered_erases_by_a_signed_time_and_the_own_clock_together() {
    let (desk, client) = Desk::nurse();
    drop(client);
    let now = desk.clock.now();
    let mut refused = lease(now);
    refused.refused(now.plus(HOUR), now.plus(HOUR));
    desk.arm(refused);
    // By the own clock alone.
    desk.clock.set(now.plus(YEARS));
    assert_eq!(code(desk.open()), "lease.stale");
    // By signed times alone, however often they come with a refusal.
    desk.clock.set(now.plus(4 * DAY));
    wipe::amend(desk.path(), |armed| {
        armed.lease.refused(now.plus(30 * DAY), now.plus(4 * DAY));
    })
    .unwrap();
    assert_eq!(code(desk.open()), "lease.stale");
    assert!(!wipe::begun(desk.path()).unwrap());
    // By both.
    desk.clock.set(now.plus(30 * DAY));
    assert_eq!(code(desk.open()), "device.wiped");
    assert!(wipe::begun(desk.path()).unwrap());
    let left = desk.files();
    assert!(!left.contains_key("vault.cbor") && !left.contains_key("sotto.db"));
    let Some(Stub::Certified(_)) = wipe::read(desk.path()).unwrap() else {
        panic!("it says what it did")
    };
}

#[test]
fn a_store_that_policy_wants_a_share_for_opens_without_while_none_could_be_left() {
    let (desk, client) = Desk::with(|mut world, nurse, _| {
        let admin = world.admin.clone();
        let policy = world.roster.policy().unwrap().clone();
        world.ok(&admin, policy.with(Setting::UnlockShare, Value::Number(1)));
        (world, nurse)
    });
    drop(client);
    let before = desk.files()["vault.cbor"].clone();
    desk.open().unwrap().people().unwrap();
    assert_eq!(desk.files()["vault.cbor"], before);
}

impl Desk {
    /// The nurse's device, with a wipe channel and what its store keeps of the stub.
    fn followed() -> Self {
        let (desk, client) = Self::nurse();
        desk.give_channel(&client);
        wipe::refresh(&client.engine().unwrap(), desk.path()).unwrap();
        desk
    }
    fn give_channel(&self, client: &Client) {
        let give = |tx: &crate::store::WriteTx<'_>| {
            let mut me = tx.device_self()?.unwrap();
            me.channel = Some(Secret::random(&SystemRandom));
            tx.put_device_self(&me)
        };
        let store = client.store().unwrap();
        store.write::<_, StoreError>("a test", give).unwrap();
    }
    fn stub(&self) -> std::path::PathBuf {
        self.path().join("stub.cbor")
    }
}

#[test]
fn a_deleted_or_older_stub_is_put_back_before_the_store_is_shown() {
    let desk = Desk::followed();
    let old = std::fs::read(desk.stub()).unwrap();
    // Two days later it was open once more.
    let now = desk.clock.now();
    desk.clock.pass(2 * DAY);
    let client = desk.open().unwrap();
    wipe::refresh(&client.engine().unwrap(), desk.path()).unwrap();
    drop(client);
    let held = desk.lease();
    let attacks: [&dyn Fn(); 3] = [
        &|| std::fs::remove_file(desk.stub()).unwrap(),
        &|| std::fs::write(desk.stub(), &old[..old.len() / 2]).unwrap(),
        &|| std::fs::write(desk.stub(), &old).unwrap(),
    ];
    for attack in attacks {
        // Over by the clock, and by the clock turned back.
        for (time, code_) in [
            (now.plus(5 * DAY), "lease.stale"),
            (now.plus(HOUR), "lease.clock"),
        ] {
            attack();
            desk.clock.set(time);
            assert_eq!(code(desk.open()), code_);
            assert_eq!(desk.lease(), held);
        }
    }
    // It was there all the time for whoever is let in.
    desk.clock.set(now.plus(2 * DAY));
    std::fs::remove_file(desk.stub()).unwrap();
    desk.open().unwrap().people().unwrap();
    assert_eq!(desk.lease().attested_at, held.attested_at);
}

#[test]
fn a_device_whose_stub_is_nowhere_is_locked_until_it_has_heard_fresh_word() {
    let (desk, client) = Desk::nurse();
    desk.give_channel(&client);
    drop(client);
    assert_eq!(code(desk.open()), "lease.stale");
    assert!(!desk.stub().exists());
}

#[test]
fn an_extension_from_the_future_is_told_from_one_that_is_over() {
    let (desk, client) = Desk::nurse();
    drop(client);
    let now = desk.clock.now();
    desk.arm(lease(now));
    let ahead = now.plus(2 * DAY);
    let text = desk.by_admin(ahead, ahead.plus(DAY));
    let refused = code(extend(desk.path(), &text, &*desk.clock));
    assert_eq!(refused, "lease.extension_ahead");
    assert_eq!(desk.lease(), lease(now));
}
