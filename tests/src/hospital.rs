//! An organisation of hundreds of devices in one process: the library's clients over a real relay, for tests and
//! measurements of size.

use std::path::PathBuf;
use std::time::Duration;

use sotto_core::{
    Client, DeviceId, Exclude, FoundOrganisation, Invite, Invitee, Owner, Proxy, RelayAddress,
    RevokeDevice, Unlock,
};
use zeroize::Zeroizing;

use crate::device::{Device, PASSPHRASE};
use crate::world::World;

/// How long one round with the relay may take: a loaded machine is no defect.
pub const ROUND: Duration = Duration::from_secs(110);

/// Everything comes from one address here, and one device is claimed hundreds of times.
const RATES: [&str; 10] = [
    "--rate-claimed-alias=1000000",
    "--burst-claimed-alias=1000000",
    "--rate-grant=1000000",
    "--burst-grant=1000000",
    "--rate-channel=1000000",
    "--burst-channel=1000000",
    "--rate-stranger=1000000",
    "--burst-stranger=1000000",
    "--rate-claim=1000000",
    "--burst-claim=1000000",
];

/// One device: where it lives, and its open store.
#[derive(Debug)]
pub struct Member {
    /// Its home folder.
    pub device: Device,
    /// Its store.
    pub client: Client,
    /// Whose it is.
    pub owner: Owner,
}

/// An organisation. The first member is its administrator.
#[derive(Debug)]
pub struct Hospital {
    /// All devices.
    pub members: Vec<Member>,
    /// The relay.
    pub world: World,
}

impl Hospital {
    /// Founds, and enrols until there are so many devices, each of its own person.
    pub async fn grow(devices: usize) -> Self {
        let world = World::with(&RATES);
        let device = Device::new(world.folder(), "ada", "Ada Admin");
        let client = create(&device);
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
            admin_name: "Ada Admin".into(),
            device_label: "ada".into(),
            root_file: world.folder().join("root.key"),
            root_passphrase: Zeroizing::new(PASSPHRASE.to_owned()),
        };
        client.found(request).await.unwrap();
        client.sync_once(ROUND).await.unwrap();
        let owner = client.find_owner("Ada Admin").unwrap();
        let mut hospital = Self {
            members: vec![Member {
                device,
                client,
                owner,
            }],
            world,
        };
        hospital.enrol(devices - 1).await;
        hospital
    }

    /// The administrator's client.
    #[must_use]
    pub fn admin(&self) -> &Client {
        &self.members[0].client
    }

    /// Enrols so many persons, each with a device.
    pub async fn enrol(&mut self, count: usize) {
        let first = self.members.len();
        let requests = (first..first + count).map(|number| Invite {
            invitee: Invitee::Person {
                name: format!("Member {number}"),
                unit: "5W".into(),
                roles: vec!["physician".into()],
                external_ids: Vec::new(),
            },
            approval: false,
            valid: Duration::from_secs(24 * 3600),
            in_person: true,
        });
        let invitations = self.admin().invite_many(requests.collect()).await.unwrap();
        for (offset, invitation) in invitations.into_iter().enumerate() {
            let name = format!("Member {}", first + offset);
            let device = Device::new(self.world.folder(), &name, &name);
            let client = create(&device);
            client.join(&invitation.link, None, &name).await.unwrap();
            self.members.push(Member {
                owner: client.find_owner(&name).unwrap(),
                device,
                client,
            });
        }
        self.admin().sync_once(ROUND).await.unwrap();
    }

    /// The identifier of a member's device.
    #[must_use]
    pub fn id(&self, number: usize) -> DeviceId {
        let label = &self.members[number].device.name;
        self.admin().find_device(label).unwrap()
    }

    /// One round of these members, in this order.
    pub async fn sync(&self, numbers: impl IntoIterator<Item = usize>) {
        for number in numbers {
            self.members[number].client.sync_once(ROUND).await.unwrap();
        }
    }

    /// An exclusion of this member's device.
    #[must_use]
    pub fn exclusion(&self, number: usize, mode: Exclude) -> RevokeDevice {
        RevokeDevice {
            device: self.id(number),
            mode,
            suspect_since: None,
            reason: None,
        }
    }

    /// Where a member's store is.
    #[must_use]
    pub fn home(&self, number: usize) -> PathBuf {
        self.members[number].device.home().to_owned()
    }
}

/// What opens every store here.
#[must_use]
pub fn unlock() -> Unlock {
    Unlock::Passphrase(Zeroizing::new(PASSPHRASE.to_owned()))
}

fn create(device: &Device) -> Client {
    Client::builder(device.home())
        .insecure_fast_kdf()
        .proxy(Proxy::None)
        .create(unlock())
        .unwrap()
}

pub(crate) fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    let digits = (0..N).map(|place| u8::from_str_radix(&hex[2 * place..2 * place + 2], 16));
    let bytes: Vec<u8> = digits.map(Result::unwrap).collect();
    bytes.try_into().unwrap()
}
