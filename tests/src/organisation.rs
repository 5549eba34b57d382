//! An organisation: founded, with people and places who joined by invitations shown face to face.

use serde_json::Value;

use crate::device::Device;
use crate::wait::eventually;
use crate::world::World;

/// Somebody who is to join.
#[derive(Debug, Clone, Copy)]
pub struct Newcomer<'a> {
    /// A person's or a place's name.
    pub name: &'a str,
    /// Roles of the standard pack, such as `physician`.
    pub roles: &'a [&'a str],
    /// Unit, such as `5W`.
    pub unit: &'a str,
    /// Identifiers elsewhere, as `NPI=1234567893`.
    pub ids: &'a [&'a str],
    /// A ward station, lab bench or agent rather than a person.
    pub place: bool,
}

impl<'a> Newcomer<'a> {
    /// A physician on 5W.
    #[must_use]
    pub const fn physician(name: &'a str) -> Self {
        Self {
            name,
            roles: &["physician"],
            unit: "5W",
            ids: &[],
            place: false,
        }
    }

    /// A place with these roles.
    #[must_use]
    pub const fn place(name: &'a str, unit: &'a str, roles: &'a [&'a str]) -> Self {
        Self {
            name,
            roles,
            unit,
            ids: &[],
            place: true,
        }
    }
}

/// An organisation on a world's relay.
#[derive(Debug)]
pub struct Organisation {
    /// The first admin's device. The admin is called Ada Admin.
    pub admin: Device,
    /// Where everything happens.
    pub world: World,
}

impl Organisation {
    /// A world with a founded organisation in it.
    #[must_use]
    pub fn found() -> Self {
        Self::found_in(World::new())
    }

    /// Founds in this world.
    #[must_use]
    pub fn found_in(world: World) -> Self {
        Self::found_with(world, "warn")
    }

    /// The same, with all devices logging at this level.
    #[must_use]
    pub fn found_with(world: World, level: &str) -> Self {
        let admin = Device::new(world.folder(), "ada", "Ada Admin").logging(level);
        let root = world.folder().join("root.key");
        let (address, pin, token) = (world.address(), world.pin(), world.token());
        admin.run(&[
            "org",
            "found",
            "--name",
            "St. Elsewhere",
            "--relay",
            &address,
            "--pin",
            &pin,
            "--token",
            &token,
            "--admin",
            "Ada Admin",
            "--device",
            "ada",
            "--root-file",
            root.to_str().unwrap(),
        ]);
        Self { admin, world }
    }

    /// A device that is not enrolled yet, logging as the admin's does.
    #[must_use]
    pub fn device(&self, name: &str, owner: &str) -> Device {
        self.admin.beside(self.world.folder(), name, owner)
    }

    /// Invites somebody, shown face to face; gives the invitation.
    #[track_caller]
    pub fn invite(&self, newcomer: Newcomer<'_>) -> Value {
        let whom = if newcomer.place { "--place" } else { "--name" };
        let mut arguments = vec!["invite", whom, newcomer.name, "--in-person"];
        if !newcomer.unit.is_empty() {
            arguments.extend(["--unit", newcomer.unit]);
        }
        arguments.extend(newcomer.roles.iter().flat_map(|role| ["--role", *role]));
        arguments.extend(newcomer.ids.iter().flat_map(|id| ["--id", *id]));
        self.admin.run(&arguments)
    }

    /// Invites somebody and enrols their first device under this label.
    #[track_caller]
    pub fn enrol(&self, newcomer: Newcomer<'_>, label: &str) -> Device {
        let invitation = self.invite(newcomer);
        let device = self.device(label, newcomer.name);
        enrol(&device, &invitation);
        device
    }

    /// A physician, whose device is called as they are.
    #[track_caller]
    pub fn physician(&self, name: &str) -> Device {
        self.enrol(Newcomer::physician(name), name)
    }

    /// Another administrator: their device waits until the first one has compared the code.
    #[track_caller]
    pub fn administrator(&self, name: &str, label: &str) -> Device {
        let device = self.device(label, name);
        let newcomer = Newcomer {
            roles: &["admin"],
            unit: "",
            ..Newcomer::physician(name)
        };
        self.enrol_approved(&device, &self.invite(newcomer), &self.admin);
        device
    }

    /// Enrols a device that has to be approved, by who invited it.
    #[track_caller]
    pub fn enrol_approved(&self, device: &Device, invitation: &Value, by: &Device) {
        let link = invitation["link"].as_str().unwrap();
        let waits = device.run(&["enroll", link, "--device", &device.name, "--no-wait"]);
        assert_eq!(waits["state"], "awaiting_approval", "{waits:#}");
        let pending = by.run(&["approve"])["pending"][0].clone();
        let (number, code) = (&pending["invitation"], &pending["code"]);
        by.run(&[
            "approve",
            number.as_str().unwrap(),
            "--code",
            code.as_str().unwrap(),
        ]);
        let joined = device.run(&["enroll", "--continue"]);
        assert_eq!(joined["state"], "joined", "{joined:#}");
    }

    /// Another device of this one's owner, invited by it.
    #[track_caller]
    pub fn next_device(&self, of: &Device, label: &str) -> Device {
        let invitation = of.run(&["invite", "--next-device", "--in-person"]);
        let device = self.device(label, &of.owner);
        enrol(&device, &invitation);
        device
    }

    /// Lets every device talk to the relay in turn until something holds: for what takes its time on purpose, as the
    /// return of somebody whose last device was lost does.
    #[track_caller]
    pub fn turns_until(&self, devices: &[&Device], what: &str, mut holds: impl FnMut() -> bool) {
        eventually(what, || {
            devices.iter().for_each(|device| drop(device.sync()));
            holds().then_some(())
        });
    }

    /// Lets every device talk to the relay in turn until a whole turn brings nothing new to anybody: all that was under
    /// way has arrived. Panics where that never happens.
    #[track_caller]
    pub fn settle(&self, devices: &[&Device]) {
        let mut last = Vec::new();
        for _ in 0..TURNS {
            last = devices.iter().map(|device| device.sync()).collect();
            let quiet = |report: &Value| {
                let fields = [
                    "received", "sent", "receipts", "roster", "commits", "waiting",
                ];
                fields.iter().all(|field| report[field].as_u64() == Some(0))
            };
            if last.iter().all(quiet) {
                return;
            }
        }
        panic!("{TURNS} turns and still not quiet: {last:#?}");
    }
}

/// Turns of [`Organisation::settle`]: a message and its receipt take two, a welcome with its announcements four.
const TURNS: usize = 12;

/// Makes a device one of the organisation.
fn enrol(device: &Device, invitation: &Value) {
    let link = invitation["link"]
        .as_str()
        .expect("an invitation has a link");
    let state = device.run(&["enroll", link, "--device", &device.name]);
    assert_eq!(state["state"], "joined", "{state:#}");
}
