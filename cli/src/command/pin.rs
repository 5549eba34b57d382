//! `pin`: what proves that its owner is there, on a device whose key the keyring keeps.

use serde::Serialize;

use crate::context::Context;
use crate::failure::Outcome;

/// The PIN of this device.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Pin {
    /// Set or change the PIN; changing asks for the one before
    Set {
        /// Reads the new PIN from this file descriptor, one line
        #[arg(long, value_name = "N")]
        new_pin_fd: Option<u32>,
    },
    /// Whether one is set
    Status,
}

#[derive(Serialize)]
struct Answer {
    set: bool,
}

impl Pin {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Set { new_pin_fd } => {
                let client = context.open_as_owner()?;
                let pin = context
                    .secrets()
                    .new_file_passphrase(new_pin_fd, "Choose a PIN of at least six characters: ")?;
                client.set_pin(&pin)?;
                context.out.answer(&Answer { set: true }, || {
                    "The PIN is set. This device asks for it before it wipes, changes rules, invites or exports.".into()
                })
            }
            Self::Status => {
                let answer = Answer {
                    set: context.open()?.has_pin()?,
                };
                context.out.answer(&answer, || {
                    if answer.set {
                        "A PIN is set.".into()
                    } else {
                        "No PIN is set.".into()
                    }
                })
            }
        }
    }
}
