//! `people`, `devices`, `held`: tables.

use serde::Serialize;
use sotto_core::{DeviceView, HeldView, PersonView};

use crate::context::Context;
use crate::failure::Outcome;
use crate::output::moment::NEVER;
use crate::output::table::Table;
use crate::output::text::short;

#[derive(Serialize)]
struct People {
    people: Vec<PersonView>,
}

#[derive(Serialize)]
struct Devices {
    devices: Vec<DeviceView>,
}

#[derive(Serialize)]
struct Held {
    held: Vec<HeldView>,
}

pub(crate) fn people(context: &Context) -> Outcome {
    let list = People {
        people: context.open()?.people()?,
    };
    context.out.answer(&list, || {
        let mut table = Table::new(&["NAME", "UNIT", "ROLES", "STATE", "DEVICES", "KIND", "ID"]);
        for person in &list.people {
            let name = if person.me {
                format!("{} (you)", person.name)
            } else {
                person.name.clone()
            };
            let (unit, roles) = (or_dash(&person.unit), person.roles.join(", "));
            let devices = person.devices.to_string();
            table.row([
                &name,
                unit,
                or_dash(&roles),
                &person.state,
                &devices,
                person.kind,
                &person.id,
            ]);
        }
        table.render("Nobody is here yet.")
    })
}

pub(crate) fn devices(context: &Context) -> Outcome {
    let list = Devices {
        devices: context.open()?.devices()?,
    };
    context.out.answer(&list, || {
        let mut table = Table::new(&["DEVICE", "OF", "STATE", "SAFETY CODE", "ID"]);
        for device in &list.devices {
            let label = if device.this {
                format!("{} (this one)", device.label)
            } else {
                device.label.clone()
            };
            table.row([
                &label,
                &device.owner_name,
                &device.state,
                &device.safety_code,
                &device.id,
            ]);
        }
        table.render("There is no device yet.")
    })
}

pub(crate) fn held(context: &Context) -> Outcome {
    let list = Held {
        held: context.open()?.held()?,
    };
    context.out.answer(&list, || {
        let mut table = Table::new(&["NO", "SINCE", "CAUSE", "CONVERSATION", "KEPT AS"]);
        for held in &list.held {
            let (number, since) = (held.number.to_string(), context.out.wall.at(&held.since));
            let conversation = held.conversation.as_deref().map_or(NEVER, short);
            let kept = if held.refused { "evidence" } else { "waiting" };
            table.row([&number, &since, held.cause, conversation, kept]);
        }
        table.render("No message is held.")
    })
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { NEVER } else { text }
}
