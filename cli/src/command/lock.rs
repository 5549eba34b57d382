//! `lock`: ends the running process of this folder. A command that is not `run` holds no key after it has ended, so
//! nothing else is there to lock.

use std::time::Duration;

use serde::Serialize;

use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::{parse, running};

#[derive(Debug, clap::Args)]
pub(crate) struct Lock {
    /// How long to wait until it has ended
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = parse::duration)]
    wait: Duration,
}

#[derive(Serialize)]
struct Locked {
    locked: bool,
    was_running: bool,
}

impl Lock {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        if !context.exists()? {
            return Err(Failure::not_found(
                "store.not_found",
                "there is no store in this folder",
            ));
        }
        let was_running = running::stop(context.home(), self.wait)?;
        context.out.answer(
            &Locked {
                locked: true,
                was_running,
            },
            || {
                if was_running {
                    "`sotto run` has ended and its keys are gone from memory.".into()
                } else {
                    "Nothing was running for this folder; it is locked.".into()
                }
            },
        )
    }
}
