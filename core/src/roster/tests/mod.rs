//! The floor's tests: a small organisation, and everything that is tried against it.

mod attacks;
mod campaigns;
mod channel;
mod clock;
mod control;
mod dual;
mod duties;
mod elevation;
mod files;
pub(crate) mod fixture;
mod hostile;
mod kinds;
mod lease;
mod lifecycle;
mod policy;
mod reach;
mod recovery;
mod rights;
mod root_seal;
mod rotation;
mod segregation;
mod suspicion;
