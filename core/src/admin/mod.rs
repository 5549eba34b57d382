//! What an administrator does to the roster over a running device: invite, approve, let go, renew the key.
//!
//! Every act is an entry of the log. It is judged here, by the rules that every device applies, before it is appended,
//! so that a refusal has its reason; a lost race for the place in the log is repeated with the log as it is then. What
//! a crash can leave half done is committed beforehand, and the same call, or [`resume`], finishes it.

mod append;
mod approve;
mod error;
mod invite;
mod leave;
mod offers;
mod plan;
mod resume;
#[cfg(test)]
mod tests;

pub use approve::{Waiting, approve, forward, pending_approvals};
pub use error::AdminError;
pub use invite::{Invitation, invite, invite_many};
pub use leave::{leave, rotate_key};
pub use plan::{Invite, Invitee};
pub use resume::resume;

use std::time::Duration;

/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(30);
/// Lost races for a place in the log after which something else must be wrong.
const RACES: usize = 32;
