//! Devices of one organisation, each with a store of its own, and a relay that is a table in memory: what the floors
//! below do together, without a network. The engine's requests over a real relay are proven by the whole-system tests.

mod attachments;
mod conversations;
mod faults;
mod hostile;
mod redacted;
mod rotation;
mod running;
mod waiting;
mod world;
