//! The floor's tests: a ward with a roster, a real store, and whatever anybody may send.

mod changes;
mod expiry;
pub(crate) mod fixture;
mod hostile;
mod statements;
mod versions;
mod waiting;
