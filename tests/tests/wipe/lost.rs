//! P7: what a wipe leaves.

use std::thread;

use sotto_tests::Program;

use crate::ward::{ASK, CANARY, Image, PHONE, Ward, until_certified};

#[test]
fn a_locked_phone_obeys_its_order_without_being_unlocked_and_opens_nothing_afterwards() {
    let ward = Ward::new();
    let image = Image::of(&ward.phone, "before");
    let waiting = ward.lang.send("Wei Chen", "waits for the phone");
    let status = ward.status(PHONE);
    assert_eq!(status["stage"], "not ordered", "{status:#}");
    assert_eq!(ward.phone.run(&["standby", "--state"])["state"], "ready");
    let mut listening = ward.phone.command(Program::Client, &["standby"]);
    // No passphrase is anywhere near it.
    listening.env_remove("SOTTO_TEST_PASSPHRASE");
    thread::scope(|scope| {
        let standby = scope.spawn(|| ward.phone.finish(listening).good().json());
        let order = ward.order(PHONE);
        let wiped = standby.join().unwrap();
        assert_eq!(wiped["state"], "wiped", "{wiped:#}");
        assert_eq!(wiped["reported"], true, "{wiped:#}");
        let certificate = ward.certified(PHONE, &order);
        assert_eq!(certificate["sha256"], wiped["certificate"]);
    });
    image.assert_wiped(&ward.phone);
    ward.lang.sync();
    ward.lang.sync();
    assert_eq!(ward.lang.state(&waiting, "Wei Chen"), "revoked");
    let held = ward.admin().run(&["admin", "exposure", PHONE]);
    assert!(held.to_string().contains("Chen"), "{held:#}");
}

#[test]
fn a_running_phone_locks_itself_obeys_and_ends() {
    let ward = Ward::new();
    let image = Image::of(&ward.phone, "before");
    let mut running = ward.phone.start();
    running.wait_connected();
    let order = ward.order(PHONE);
    let ended = running.ended();
    assert!(!ended.success(), "{ended}");
    until_certified(&ward, PHONE);
    let _certificate = ward.certified(PHONE, &order);
    image.assert_wiped(&ward.phone);
}

#[test]
fn a_phone_that_was_off_is_wiped_by_the_first_command_that_meets_the_relay() {
    let ward = Ward::new();
    let image = Image::of(&ward.phone, "before");
    let order = ward.order(PHONE);
    let status = ward.status(PHONE);
    assert_eq!(status["stage"], "ordered", "{status:#}");
    ward.phone.try_run(&["sync"]).refused(3, "device.wiped");
    let _certificate = ward.certified(PHONE, &order);
    image.assert_wiped(&ward.phone);
    // Nothing comes back by asking again.
    let again = ward.phone.run(&ASK);
    assert_eq!(
        (&again["state"], &again["reported"]),
        (&"wiped".into(), &true.into())
    );
}

#[test]
fn the_order_is_first_ordered_then_reached_then_certified() {
    let ward = Ward::new();
    let order = ward.order(PHONE);
    assert_eq!(ward.status(PHONE)["stage"], "ordered");
    let died = ward.phone.crash("wipe.ordered", &ASK);
    assert!(matches!(died, sotto_tests::Crash::Reached), "{died:?}");
    let reached = ward.status(PHONE);
    assert_eq!(reached["stage"], "reached", "{reached:#}");
    assert!(reached["certificate"].is_null());
    ward.phone.run(&ASK);
    let _certificate = ward.certified(PHONE, &order);
}

#[test]
fn who_was_wiped_enrols_again_in_another_folder_and_reads_nothing_from_before() {
    let ward = Ward::new();
    ward.order(PHONE);
    ward.phone.run(&ASK);
    let invitation = ward
        .admin()
        .run(&["invite", "--next-device", "Wei Chen", "--in-person"]);
    let link = invitation["link"].as_str().unwrap();
    ward.phone
        .try_run(&["enroll", link, "--device", "again"])
        .refused(3, "device.wiped");
    let fresh = ward.organisation.device("new phone", "Wei Chen");
    fresh.run(&["enroll", link, "--device", "new phone"]);
    ward.lang.sync();
    ward.lang.send("Wei Chen", "after the loss");
    let all = [ward.admin(), &ward.lang, &fresh];
    ward.organisation
        .turns_until(&all, "the new phone reads", || {
            fresh.chat("Zoe Lang").is_some() && !fresh.texts("Zoe Lang").is_empty()
        });
    let texts = fresh.texts("Zoe Lang");
    assert_eq!(texts, ["after the loss"]);
    assert!(!texts.contains(&CANARY.to_owned()));
}
