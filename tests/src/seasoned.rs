//! An organisation whose two administrators have had their rights for days: made by clocks that were put back.

use std::sync::Arc;
use std::time::Duration;

use sotto_core::base::{Clock, SystemClock, Timestamp};
use sotto_core::{Client, FoundOrganisation, Invite, Invitee, JoinView, Proxy, RelayAddress};
use zeroize::Zeroizing;

use crate::device::{Device, PASSPHRASE};
use crate::hospital::{ROUND, bytes, unlock};
use crate::organisation::Organisation;
use crate::program::Program;
use crate::world::World;

/// Longer than a right has to be old, shorter than a lease.
const AGO: Duration = Duration::from_secs(2 * 24 * 3600);

/// The system's clock, put back.
struct Back(SystemClock);

impl Clock for Back {
    fn now(&self) -> Timestamp {
        self.0.now().minus(AGO)
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }
}

impl Organisation {
    /// Founded two days ago by Ada Admin, who made this person an administrator the same day.
    #[must_use]
    pub fn found_two_days_ago(second: &str, label: &str) -> (Self, Device) {
        let world = World::new();
        let offset = format!("-{}", AGO.as_millis());
        world.start_relay_as(
            Program::CrashingRelay,
            &[("SOTTO_CLOCK_OFFSET_MS", &offset)],
        );
        let admin = Device::new(world.folder(), "ada", "Ada Admin");
        let bea = Device::new(world.folder(), label, second);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(begin(&world, &admin, &bea));
        drop(runtime);
        world.start_relay();
        (Self { admin, world }, bea)
    }
}

async fn begin(world: &World, admin: &Device, second: &Device) {
    let ada = create(admin);
    let address = world.address();
    let (host, port) = address.rsplit_once(':').unwrap();
    let request = FoundOrganisation {
        name: "St. Elsewhere".into(),
        relay: RelayAddress {
            host: host.into(),
            port: port.parse().unwrap(),
            pins: vec![bytes(&world.pin())],
        },
        registration_token: bytes(&world.token()),
        admin_name: admin.owner.clone(),
        device_label: admin.name.clone(),
        root_file: world.folder().join("root.key"),
        root_passphrase: Zeroizing::new(PASSPHRASE.to_owned()),
    };
    ada.found(request).await.unwrap();
    let invitation = ada
        .invite(Invite {
            invitee: Invitee::Person {
                name: second.owner.clone(),
                unit: String::new(),
                roles: vec!["admin".into()],
                external_ids: Vec::new(),
            },
            approval: true,
            valid: AGO,
            in_person: true,
        })
        .await
        .unwrap();
    let bea = create(second);
    let joined = bea.join(&invitation.link, None, &second.name).await;
    assert!(matches!(joined, Ok(JoinView::AwaitingApproval { .. })));
    for waiting in ada.pending_approvals().await.unwrap() {
        ada.approve(waiting.invitation.parse().unwrap())
            .await
            .unwrap();
    }
    bea.await_approval(ROUND).await.unwrap();
    for client in [&bea, &ada, &bea] {
        client.sync_once(ROUND).await.unwrap();
    }
    ada.lock().unwrap();
    bea.lock().unwrap();
}

fn create(device: &Device) -> Client {
    Client::builder(device.home())
        .insecure_fast_kdf()
        .proxy(Proxy::None)
        .clock(Arc::new(Back(SystemClock::default())))
        .create(unlock())
        .unwrap_or_else(|error| panic!("{error}"))
}
