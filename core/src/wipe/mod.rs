//! The lost phone: an order to destroy this device, verified and carried out without opening the store, and the
//! certificate that says so.
//!
//! Beside the store lies the *stub*, readable without unlocking: who this device is, where its relay is, the secret of
//! its wipe channel, the key that signs the certificate, who may order the wipe, and the lease. While the store is open
//! the stub is kept true ([`refresh`]). A locked, excluded or just started device asks its channel ([`Attend`]), judges
//! what lies there by the stub alone ([`judge`]), and carries it out ([`carry_out`]): first the order is made durable,
//! then the key is destroyed, then everything else, then the certificate is signed and the key that signed it goes too,
//! then the relay is told. Each step is durable before the next; whoever comes after a crash goes on ([`resume`]), and
//! nothing is opened in between ([`begun`]).
//!
//! The open store keeps a copy of the stub ([`known`]). One that was deleted, damaged or replaced by an older one is put
//! back from it before anything of the store is shown ([`put_back`]).
//!
//! What fails verification changes nothing and is kept as evidence.

mod attend;
mod certificate;
mod error;
mod evidence;
mod file;
mod line;
mod mirror;
mod places;
mod refresh;
mod steps;
mod stub;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
pub(crate) mod tests;

pub use attend::{Attend, Attended, begun, judge, read};
pub use certificate::{Certificate, Method, Statement};
pub use error::WipeError;
pub use evidence::{Evidence, Refusal, evidence};
pub use mirror::{Known, known, put_back};
pub use places::{Erase, EraseError, Erased, Failure, Outcome, Place};
pub use refresh::{amend, note_accepted, note_unlocked, open_channel, protection, refresh};
pub use steps::{Forget, Tools, carry_out, lapse, resume, resume_key};
pub use stub::{Armed, Certified, Identity, Protection, Step, Stub, Underway, Wiped, lease_of};
