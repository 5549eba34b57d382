//! `admin events`: what should make an administrator look.

use serde::Serialize;
use sotto_core::SecurityEventView;

use crate::context::Context;
use crate::failure::Outcome;
use crate::output::moment::NEVER;
use crate::output::table::Table;
use crate::output::text::short;

#[derive(Serialize)]
struct Events {
    events: Vec<SecurityEventView>,
}

pub(super) fn run(context: &Context) -> Outcome {
    let list = Events {
        events: context.open()?.security_events()?,
    };
    context.out.answer(&list, || {
        let mut table = Table::new(&["AT", "KIND", "TIMES", "CONVERSATION", "WHAT"]);
        for one in &list.events {
            table.row([
                &context.out.wall.maybe(one.at.as_deref()),
                one.kind,
                &one.count.to_string(),
                one.conversation.as_deref().map_or(NEVER, short),
                &one.words,
            ]);
        }
        table.render("Nothing on this device asks to be looked at.")
    })
}
