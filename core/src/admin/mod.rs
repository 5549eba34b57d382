//! What an administrator does to the roster over a running device: invite, approve, let go, exclude and wipe, give and
//! take rights, set the rules, renew the keys.
//!
//! Every act is an entry of the log. It is judged here, by the rules that every device applies, before it is appended,
//! so that a refusal has its reason; a lost race for the place in the log is repeated with the log as it is then. What
//! a crash can leave half done is committed beforehand, and the same call, or [`resume`], finishes it.

/// `Debug` that names the type alone: what these say is about people.
macro_rules! redacted {
    ($($name:ident),* $(,)?) => {
        $(impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        })*
    };
}

mod announce;
mod append;
mod approve;
pub mod certificate;
pub mod control;
mod describe;
pub mod dry_run;
mod error;
pub mod exclude;
pub mod exposure;
pub mod grants;
mod invite;
mod leave;
mod offers;
pub mod oversight;
pub mod people_csv;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod people_tests;
mod plan;
pub mod policy;
mod record;
pub mod recover;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod recover_tests;
pub mod rekey;
mod resume;
pub mod root;
mod rotation;
pub mod security;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
pub mod tick;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod upkeep_tests;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod wipe_tests;

pub use announce::announce_channel;
pub use approve::{Waiting, approve, pending_approvals};
pub use error::AdminError;
pub use invite::{Invitation, OpenInvitation, invitations, invite, invite_many};
pub use leave::{leave, order_waits, rotate_due_key, rotate_key};
pub use plan::{Invite, Invitee};
pub use resume::{resume, tend};

use std::time::Duration;

/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(30);
/// Lost races for a place in the log after which something else must be wrong.
const RACES: usize = 32;
