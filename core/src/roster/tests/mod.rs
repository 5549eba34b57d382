//! The floor's tests: a small organisation, and everything that is tried against it.

mod attacks;
mod control;
mod duties;
mod files;
pub(crate) mod fixture;
mod hostile;
mod kinds;
mod lifecycle;
mod rights;
mod rotation;
mod suspicion;
