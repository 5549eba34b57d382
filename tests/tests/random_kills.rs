//! Devices and relay are killed at random moments while messages flow in both directions. The moments are drawn from a
//! printed seed; what lies between them is the machine's, so a seed repeats the choice and not the run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)] // a test that cannot go on fails; each round is told

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use sotto_tests::{Device, Ledger, Organisation, Running, Seed, eventually};

const GROUP: &str = "Ward round";
const ROUNDS: usize = 12;

fn start(device: &Device) -> Running {
    let mut running = device.start();
    running.wait_connected();
    running
}

#[test]
fn no_message_is_lost_or_shown_twice_while_devices_and_relay_are_killed_at_random_moments() {
    let mut seed = Seed::printed("random kills");
    let organisation = Organisation::found();
    let chen = organisation.physician("Wei Chen");
    let lang = organisation.physician("Zoe Lang");
    organisation.settle(&[&organisation.admin, &chen, &lang]);
    let all = [&organisation.admin, &chen, &lang];
    chen.run(&[
        "chat",
        "new",
        "--title",
        GROUP,
        "--member",
        "Zoe Lang",
        "Ada Admin",
    ]);
    organisation.settle(&all);
    let ledger = Mutex::new(Ledger::default());
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for device in [&chen, &lang] {
            let (ledger, over) = (&ledger, &over);
            scope.spawn(move || {
                let mut n = 0;
                while !over.load(Ordering::SeqCst) {
                    n += 1;
                    let text = format!("{} {n}", device.name);
                    // Stored is promised, wherever the relay is and whoever else holds the store.
                    let _stored = device.try_run(&["send", GROUP, &text]).good();
                    ledger.lock().unwrap().sent(device, &text);
                }
            });
        }
        // Ends the senders also where something below panics.
        let _end = SetOnDrop(&over);
        let mut running = [Some(start(&chen)), Some(start(&lang))];
        for round in 0..ROUNDS {
            // Some more messages come in before the blow, as many as the seed says.
            let moments = 1 + seed.below(4);
            for _ in 0..moments {
                let lang = running[1].as_mut().unwrap();
                lang.wait("something happens", |event| {
                    (event["event"] == "message").then_some(())
                });
            }
            match seed.below(3) {
                0 => {
                    println!("round {round}: the relay, after {moments}");
                    organisation.world.kill_relay();
                    organisation.world.start_relay();
                }
                victim => {
                    let place = usize::try_from(victim).unwrap() - 1;
                    let device = [&chen, &lang][place];
                    println!("round {round}: {}, after {moments}", device.name);
                    running[place].take().unwrap().kill();
                    running[place] = Some(start(device));
                }
            }
        }
    });
    eventually("all has left and arrived", || {
        let reports: Vec<_> = all.iter().map(|device| device.sync()).collect();
        reports
            .iter()
            .all(|report| report["waiting"] == 0 && report["received"] == 0)
            .then_some(())
    });
    organisation.settle(&all);
    let ledger = ledger.into_inner().unwrap();
    println!("{} messages", ledger.len());
    assert!(ledger.len() >= ROUNDS);
    ledger.check(GROUP, &all);
    for device in all {
        assert!(device.held().is_empty(), "{:#?}", device.held());
    }
}

struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
